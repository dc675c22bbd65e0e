import { Camera } from 'lucide-react';
import type { Snapshot } from '../api/types';
import { text } from '../lib/text';
import { useApp } from './app-context';
import { formatFullDate } from './format';
import styles from './past-banner.module.css';

interface PastBannerProps {
  /** undefined: it is looked for. */
  snapshot: Snapshot | undefined;
  path: string;
}

/** Says that what is shown is a moment of the past, which one, and how to leave it. */
export function PastBanner({ snapshot, path }: PastBannerProps) {
  const app = useApp();
  const words = text.snapshots;
  return (
    <aside className={styles.banner} aria-label={words.banner} data-testid="past">
      <Camera aria-hidden="true" />
      <p className={styles.words}>
        {snapshot ? (
          <>
            <strong>
              <bdi>{snapshot.name}</bdi>
            </strong>
            <span>{words.asOf(formatFullDate(snapshot.created))}</span>
          </>
        ) : (
          <span>{words.looking}</span>
        )}
      </p>
      <p className={styles.ways}>
        <a href={app.href({ view: 'snapshots' })}>{words.all}</a>
        <a href={app.href({ view: 'files', path })}>{words.now}</a>
      </p>
    </aside>
  );
}
