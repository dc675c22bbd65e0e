import { text } from '../lib/text';
import styles from './skeleton.module.css';

const widths = ['38%', '52%', '30%', '61%', '44%', '57%', '35%', '48%'];

/** Rows to come. Not shown at once: most folders are there before it would be. */
export function Skeleton({ words = text.files.loading }: { words?: string }) {
  return (
    <div className={styles.skeleton}>
      <p role="status" className="visually-hidden">
        {words}
      </p>
      {widths.map((width) => (
        <div key={width} className={styles.row} aria-hidden="true">
          <span className={styles.icon} />
          <span className={styles.name} style={{ width }} />
        </div>
      ))}
    </div>
  );
}
