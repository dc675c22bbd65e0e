import { CloudOff, FolderOpen, FolderX, SearchX } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { Session } from '../api/types';
import { actionIcons } from '../components/action-icons';
import { useApp } from '../components/app-context';
import { AppHeader } from '../components/app-header';
import { Breadcrumbs } from '../components/breadcrumbs';
import { Button } from '../components/button';
import { DropHint } from '../components/drop-hint';
import { FileGrid } from '../components/file-grid';
import { FilterBox } from '../components/filter-box';
import { focusHome } from '../components/focus-home';
import { Notice } from '../components/notice';
import { Skeleton } from '../components/skeleton';
import { Toolbar } from '../components/toolbar';
import { useDrop } from '../components/use-drop';
import { useObservable } from '../components/use-observable';
import { text } from '../lib/text';
import styles from './files.module.css';
import { FolderCount } from './folder-count';
import { useAppKeys } from './use-app-keys';

/** One folder: where it is, what can be done, what is in it. */
export function FilesPage({ session }: { session: Session }) {
  const app = useApp();
  const { path, state } = useObservable(app.folder);
  const over = useDrop(state === 'ready' ? path : undefined);
  useAppKeys();

  // Opening a folder takes the row away that had the focus: it goes on among the new rows.
  const before = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (state === 'loading') return;
    const moved = before.current !== undefined && before.current !== path;
    before.current = path;
    if (!moved) return;
    // A list that is new in the page has its rows a moment later.
    requestAnimationFrame(() => {
      const active = document.activeElement;
      if (active === null || active.matches('body, main')) focusHome(null);
    });
  }, [path, state]);

  return (
    <div className={styles.page}>
      <AppHeader session={session}>
        <FilterBox tree={app.now} />
      </AppHeader>
      <main className={styles.main} tabIndex={-1}>
        <div className={styles.bar}>
          <div className={styles.where}>
            <Breadcrumbs tree={app.now} path={path} />
            <FolderCount tree={app.now} />
          </div>
          <Toolbar />
        </div>
        <div className={styles.contents}>
          <Contents dropping={over === path ? undefined : over} />
          {over !== undefined && <DropHint to={over} here={over === path} />}
        </div>
      </main>
    </div>
  );
}

/** The address leads nowhere; it would not by trying again. */
const goneCodes: ReadonlySet<string> = new Set(['not-found', 'not-a-folder', 'invalid-name']);

function Contents({ dropping }: { dropping: string | undefined }) {
  const app = useApp();
  const { path, state, problem, rows, listing, filter } = useObservable(app.folder);
  const { actions } = app;

  if (state === 'loading') return <Skeleton />;
  if (state === 'failed' && goneCodes.has(problem?.code ?? '')) {
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    return (
      <Notice alert icon={FolderX} title={text.files.gone.title} body={text.files.gone.body}>
        {parent && (
          <Button onClick={() => app.go({ view: 'files', path: parent })}>
            {text.files.gone.parent}
          </Button>
        )}
        {path && (
          <Button look="primary" onClick={() => app.go({ view: 'files', path: '' })}>
            {text.files.gone.top}
          </Button>
        )}
      </Notice>
    );
  }
  if (state === 'failed') {
    return (
      <Notice alert icon={CloudOff} title={problem?.title} body={problem?.detail}>
        <Button look="primary" icon={actionIcons.refresh} onClick={() => actions.refresh.run()}>
          {text.files.retry}
        </Button>
      </Notice>
    );
  }
  if (rows.length > 0) return <FileGrid tree={app.now} dropping={dropping} />;
  if (filter && listing && listing.entries.length > 0) {
    return (
      <Notice
        icon={SearchX}
        title={text.files.noMatch.title(filter)}
        body={text.files.noMatch.body}
      >
        <Button onClick={() => app.filter('')}>{text.files.clearFilter}</Button>
      </Notice>
    );
  }
  const upload = actions['upload-files'];
  const uploadFolder = actions['upload-folder'];
  return (
    <Notice icon={FolderOpen} title={text.files.empty.title} body={text.files.empty.body}>
      <Button look="primary" icon={actionIcons['upload-files']} onClick={() => upload.run()}>
        {upload.label}
      </Button>
      <Button icon={actionIcons['upload-folder']} onClick={() => uploadFolder.run()}>
        {uploadFolder.label}
      </Button>
    </Notice>
  );
}
