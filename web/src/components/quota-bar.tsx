import type { Usage } from '../api/types';
import { text } from '../lib/text';
import { formatSize } from './format';
import styles from './quota-bar.module.css';

/** Above it the bar warns. */
const nearlyFull = 0.9;

/** How much of the quota is used, as words and, where there is a quota, as a bar. */
export function QuotaBar({ id, usage }: { id: string; usage: Usage }) {
  const { used, quota, available } = usage;
  const words = text.storage;
  const part = quota > 0 ? Math.min(1, used / quota) : 0;
  const title =
    quota > 0 ? words.usedOf(formatSize(used), formatSize(quota)) : words.used(formatSize(used));
  return (
    <div className={styles.quota}>
      <div className={styles.words}>
        <h2 id={id} className={styles.title}>
          {title}
        </h2>
        <p className={styles.free}>
          {quota > 0 ? words.free(formatSize(available)) : words.freeOfDisk(formatSize(available))}
        </p>
      </div>
      {quota > 0 && (
        <div aria-hidden="true" className={styles.bar}>
          <div
            className={part > nearlyFull ? styles.nearlyFull : styles.filled}
            style={{ width: `${used > 0 ? Math.max(part * 100, 0.5) : 0}%` }}
          />
        </div>
      )}
    </div>
  );
}
