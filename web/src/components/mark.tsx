import styles from './mark.module.css';

/** The three stones. Decoration: the name always stands beside it. */
export function Mark() {
  return (
    <svg className={styles.mark} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <ellipse cx="16" cy="25" rx="12" ry="4.6" />
      <ellipse cx="15" cy="15.4" rx="8.6" ry="3.8" />
      <ellipse cx="16.8" cy="7" rx="5.3" ry="3.1" />
    </svg>
  );
}
