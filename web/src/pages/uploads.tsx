import { CloudCheck, CloudOff } from 'lucide-react';
import { useEffect } from 'react';
import type { Session } from '../api/types';
import { actionIcons } from '../components/action-icons';
import { useApp } from '../components/app-context';
import { AppHeader } from '../components/app-header';
import { Button } from '../components/button';
import { Complaint } from '../components/complaint';
import { formatSize } from '../components/format';
import { Notice } from '../components/notice';
import { Skeleton } from '../components/skeleton';
import { UnfinishedList } from '../components/unfinished-list';
import { arrivedOf } from '../components/unfinished-words';
import { useDrop } from '../components/use-drop';
import { useObservable } from '../components/use-observable';
import { text } from '../lib/text';
import styles from './uploads.module.css';
import { useAppKeys } from './use-app-keys';
import { useListFocus } from './use-list-focus';

/** The uploads that broke off, from every device: to go on with, or to discard. */
export function UploadsPage({ session }: { session: Session }) {
  const app = useApp();
  const { state } = useObservable(app.unfinished);
  useAppKeys();
  useDrop(undefined); // nothing: it is not known where to
  useListFocus(state, '');
  useEffect(() => scrollTo(0, 0), []); // the page before may have been at its end

  return (
    <div className={styles.page}>
      <AppHeader session={session} />
      <main className={styles.main} tabIndex={-1}>
        <div className={styles.head}>
          <div className={styles.where}>
            <h1 className={styles.title}>{text.unfinished.title}</h1>
            <Count />
          </div>
          <DiscardAll />
        </div>
        <Contents />
      </main>
    </div>
  );
}

/** How many there are; said aloud when it changes. */
function Count() {
  const app = useApp();
  const { rows, state } = useObservable(app.unfinished);
  return (
    <p role="status" className={styles.count}>
      {state === 'ready' &&
        rows.length > 0 &&
        text.unfinished.sum(rows.length, formatSize(arrivedOf(rows)))}
    </p>
  );
}

function DiscardAll() {
  const app = useApp();
  useObservable(app.unfinished); // what is enabled depends on it
  const action = app.actions['discard-uploads'];
  if (!action.enabled()) return null;
  return (
    <Button
      icon={actionIcons['discard-uploads']}
      className={styles.danger}
      onClick={() => action.run()}
    >
      {action.label}
    </Button>
  );
}

function Contents() {
  const app = useApp();
  const { state, problem, rows, more, here } = useObservable(app.unfinished);
  const words = text.unfinished;
  if (state === 'loading') return <Skeleton words={words.loading} />;
  if (state === 'failed') {
    return (
      <Notice alert icon={CloudOff} title={problem?.title} body={problem?.detail}>
        <Button look="primary" icon={actionIcons.refresh} onClick={() => app.actions.refresh.run()}>
          {text.files.retry}
        </Button>
      </Notice>
    );
  }
  const others = here > 0 && <p className={styles.note}>{words.here(here)}</p>;
  if (rows.length === 0) {
    return (
      <>
        <Complaint problem={problem} />
        <Notice icon={CloudCheck} title={words.empty.title} body={words.empty.body} />
        {others}
      </>
    );
  }
  return (
    <>
      <p className={styles.lead}>{words.lead}</p>
      <Complaint problem={problem} />
      <section className={styles.card} aria-label={words.title}>
        <UnfinishedList rows={rows} />
      </section>
      {more && <p className={styles.note}>{words.more(rows.length + here)}</p>}
      {others}
    </>
  );
}
