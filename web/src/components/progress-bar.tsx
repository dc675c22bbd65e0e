import { percentOf } from './format';
import styles from './progress-bar.module.css';

interface ProgressBarProps {
  label: string;
  /** What people hear instead of the number. */
  words: string;
  /** Bytes: safe on the server (solid), handed to the connection (light), all. */
  acked: number;
  sent: number;
  total: number;
  state: string;
  testId: string;
}

/** How far an upload is. Solid is what the server has on disk, light what is on its way. */
export function ProgressBar({ label, words, acked, sent, total, state, testId }: ProgressBarProps) {
  const part = (bytes: number) =>
    total > 0 ? Math.min(1, bytes / total) : state === 'done' ? 1 : 0;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={state === 'done' ? 100 : percentOf(acked, total)}
      aria-valuetext={words}
      data-testid={testId}
      data-acked={acked}
      data-sent={sent}
      data-total={total}
      data-state={state}
      className={styles.bar}
    >
      <div className={styles.sent} style={{ width: `${part(sent) * 100}%` }} />
      <div className={styles.acked} style={{ width: `${part(acked) * 100}%` }} />
    </div>
  );
}
