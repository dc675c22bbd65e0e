import { CloudOff, Trash2 } from 'lucide-react';
import type { Session } from '../api/types';
import { actionIcons } from '../components/action-icons';
import { useApp } from '../components/app-context';
import { AppHeader } from '../components/app-header';
import { Button } from '../components/button';
import { Notice } from '../components/notice';
import { Skeleton } from '../components/skeleton';
import { TrashToolbar } from '../components/toolbar';
import { TrashGrid } from '../components/trash-grid';
import { useObservable } from '../components/use-observable';
import { text } from '../lib/text';
import styles from './files.module.css';
import { useAppKeys } from './use-app-keys';
import { useListFocus } from './use-list-focus';

/** What was deleted and can be put back. */
export function TrashPage({ session }: { session: Session }) {
  const app = useApp();
  const { state } = useObservable(app.trash);
  useAppKeys();
  useListFocus(state, '');

  return (
    <div className={styles.page}>
      <AppHeader session={session} />
      <main className={styles.main} tabIndex={-1}>
        <div className={styles.bar}>
          <div className={styles.where}>
            <h1 className={styles.title}>{text.trash.title}</h1>
            <Count />
          </div>
          <TrashToolbar />
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
  const { rows, more, state } = useObservable(app.trash);
  const { ids } = useObservable(app.trashSelection);
  const words = more ? text.trash.loaded(rows.length) : text.files.items(rows.length);
  return (
    <p role="status" className={styles.count}>
      {state === 'ready' && rows.length > 0 && words}
      {ids.size > 0 && (
        <span className="visually-hidden">, {text.files.chosenCount(ids.size)}</span>
      )}
    </p>
  );
}

function Contents() {
  const app = useApp();
  const { state, problem, rows } = useObservable(app.trash);
  if (state === 'loading') return <Skeleton words={text.trash.loading} />;
  if (state === 'failed') {
    return (
      <Notice alert icon={CloudOff} title={problem?.title} body={problem?.detail}>
        <Button look="primary" icon={actionIcons.refresh} onClick={() => app.actions.refresh.run()}>
          {text.files.retry}
        </Button>
      </Notice>
    );
  }
  if (rows.length > 0) return <TrashGrid />;
  return <Notice icon={Trash2} title={text.trash.empty.title} body={text.trash.empty.body} />;
}
