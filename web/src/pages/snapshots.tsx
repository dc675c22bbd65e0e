import { Camera, CloudOff } from 'lucide-react';
import type { Session } from '../api/types';
import { actionIcons } from '../components/action-icons';
import { useApp } from '../components/app-context';
import { AppHeader } from '../components/app-header';
import { Button } from '../components/button';
import { Notice } from '../components/notice';
import { Skeleton } from '../components/skeleton';
import { SnapshotGrid } from '../components/snapshot-grid';
import { SnapshotsToolbar } from '../components/toolbar';
import { useObservable } from '../components/use-observable';
import { text } from '../lib/text';
import styles from './files.module.css';
import { useAppKeys } from './use-app-keys';
import { useListFocus } from './use-list-focus';

/** The moments that were kept. */
export function SnapshotsPage({ session }: { session: Session }) {
  const app = useApp();
  const { state } = useObservable(app.snapshots);
  useAppKeys();
  useListFocus(state, '');

  return (
    <div className={styles.page}>
      <AppHeader session={session} />
      <main className={styles.main} tabIndex={-1}>
        <div className={styles.bar}>
          <div className={styles.where}>
            <h1 className={styles.title}>{text.snapshots.title}</h1>
            <Count />
          </div>
          <SnapshotsToolbar />
        </div>
        <div className={styles.contents}>
          <Contents />
        </div>
      </main>
    </div>
  );
}

/** How many there are; said aloud when it changes. */
function Count() {
  const app = useApp();
  const { rows, state } = useObservable(app.snapshots);
  const { ids } = useObservable(app.snapshotSelection);
  return (
    <p role="status" className={styles.count}>
      {state === 'ready' && rows.length > 0 && text.snapshots.count(rows.length)}
      {ids.size > 0 && (
        <span className="visually-hidden">, {text.files.chosenCount(ids.size)}</span>
      )}
    </p>
  );
}

function Contents() {
  const app = useApp();
  const { state, problem, rows } = useObservable(app.snapshots);
  if (state === 'loading') return <Skeleton words={text.snapshots.loading} />;
  if (state === 'failed') {
    return (
      <Notice alert icon={CloudOff} title={problem?.title} body={problem?.detail}>
        <Button look="primary" icon={actionIcons.refresh} onClick={() => app.actions.refresh.run()}>
          {text.files.retry}
        </Button>
      </Notice>
    );
  }
  if (rows.length > 0) return <SnapshotGrid />;
  const take = app.actions['take-snapshot'];
  return (
    <Notice icon={Camera} title={text.snapshots.empty.title} body={text.snapshots.empty.body}>
      <Button look="primary" icon={actionIcons['take-snapshot']} onClick={() => take.run()}>
        {take.label}
      </Button>
    </Notice>
  );
}
