import { Camera, CloudOff, FolderOpen, FolderX, SearchX } from 'lucide-react';
import type { Session } from '../api/types';
import { actionIcons } from '../components/action-icons';
import { useApp } from '../components/app-context';
import { AppHeader } from '../components/app-header';
import { Breadcrumbs } from '../components/breadcrumbs';
import { Button } from '../components/button';
import { FileGrid } from '../components/file-grid';
import { FilterBox } from '../components/filter-box';
import { Notice } from '../components/notice';
import { PastBanner } from '../components/past-banner';
import { Skeleton } from '../components/skeleton';
import { PastToolbar } from '../components/toolbar';
import { useObservable } from '../components/use-observable';
import { text } from '../lib/text';
import styles from './files.module.css';
import { FolderCount } from './folder-count';
import { useAppKeys } from './use-app-keys';
import { useListFocus } from './use-list-focus';

/** A folder as it was in a snapshot. */
export function SnapshotPage({ session }: { session: Session }) {
  const app = useApp();
  const route = useObservable(app.route);
  const { path, state } = useObservable(app.past.folder);
  const snapshots = useObservable(app.snapshots);
  const id = route.view === 'snapshot' ? route.id : '';
  const snapshot = snapshots.rows.find((one) => one.id === id);
  useAppKeys();
  useListFocus(state, `${id}/${path}`);

  return (
    <div className={styles.page}>
      <AppHeader session={session}>
        <FilterBox tree={app.past} />
      </AppHeader>
      <main className={styles.main} tabIndex={-1}>
        <div className={styles.bar}>
          <div className={styles.where}>
            <Breadcrumbs
              tree={app.past}
              path={path}
              top={snapshot?.name ?? text.snapshots.banner}
              icon={Camera}
            />
            <FolderCount tree={app.past} />
          </div>
          <PastToolbar />
        </div>
        {(snapshot || snapshots.state === 'loading') && (
          <PastBanner snapshot={snapshot} path={path} />
        )}
        <div className={styles.contents}>
          <Contents />
        </div>
      </main>
    </div>
  );
}

/** The address leads nowhere; it would not by trying again. */
const goneCodes: ReadonlySet<string> = new Set(['not-found', 'not-a-folder', 'invalid-name']);

function Contents() {
  const app = useApp();
  const { path, state, problem, rows, listing, filter } = useObservable(app.past.folder);
  const { rows: all } = useObservable(app.snapshots);
  const route = useObservable(app.route);
  const words = text.snapshots;
  if (state === 'loading') return <Skeleton />;
  if (state === 'failed' && goneCodes.has(problem?.code ?? '')) {
    const there = route.view === 'snapshot' && all.some(({ id }) => id === route.id);
    return (
      <Notice alert icon={FolderX} title={words.gone.title} body={words.gone.body}>
        {there && path && (
          <Button onClick={() => app.go(app.past.route(''))}>{words.gone.top}</Button>
        )}
        <Button look="primary" onClick={() => app.go({ view: 'snapshots' })}>
          {words.all}
        </Button>
      </Notice>
    );
  }
  if (state === 'failed') {
    return (
      <Notice alert icon={CloudOff} title={problem?.title} body={problem?.detail}>
        <Button look="primary" icon={actionIcons.refresh} onClick={() => app.actions.refresh.run()}>
          {text.files.retry}
        </Button>
      </Notice>
    );
  }
  if (rows.length > 0) return <FileGrid tree={app.past} />;
  if (filter && listing && listing.entries.length > 0) {
    return (
      <Notice
        icon={SearchX}
        title={text.files.noMatch.title(filter)}
        body={text.files.noMatch.body}
      >
        <Button onClick={() => app.past.filter('')}>{text.files.clearFilter}</Button>
      </Notice>
    );
  }
  return <Notice icon={FolderOpen} title={words.emptyFolder.title} body={words.emptyFolder.body} />;
}
