import styles from './file-name.module.css';
import { namePartsOf } from './name-parts';

/** A name on one line: when it is too long its middle goes, so that the end, with the extension, is seen. */
export function FileName({ name }: { name: string }) {
  const [start, end] = namePartsOf(name);
  return (
    <bdi className={styles.name}>
      <span className={end ? styles.start : styles.whole}>{start}</span>
      {end && <span className={styles.end}>{end}</span>}
    </bdi>
  );
}
