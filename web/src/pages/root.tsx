import { Tooltip } from 'radix-ui';
import type { App, Route } from '../actions/types';
import { AppContext } from '../components/app-context';
import { AsItWasDialog } from '../components/as-it-was-dialog';
import { BringBackDialog } from '../components/bring-back-dialog';
import { ConflictDialog } from '../components/conflict-dialog';
import { DiscardDialog } from '../components/discard-dialog';
import { DropSnapshotsDialog } from '../components/drop-snapshots-dialog';
import { DropVersionsDialog } from '../components/drop-versions-dialog';
import { FilePickers } from '../components/file-pickers';
import { MoveDialog } from '../components/move-dialog';
import { NameDialog } from '../components/name-dialog';
import { OtherFileDialog } from '../components/other-file-dialog';
import { PurgeDialog } from '../components/purge-dialog';
import { RestoreDialog } from '../components/restore-dialog';
import { Toasts } from '../components/toasts';
import { UploadPanel } from '../components/upload-panel';
import { UploadWatch } from '../components/upload-watch';
import { useObservable, useUploadsPart } from '../components/use-observable';
import { VersionsDialog } from '../components/versions-dialog';
import { text } from '../lib/text';
import { ConnectPage } from './connect';
import { ExpiredDialog } from './expired';
import { FilesPage } from './files';
import { SetUpPage } from './set-up';
import { SignInPage } from './sign-in';
import { SnapshotPage } from './snapshot';
import { SnapshotsPage } from './snapshots';
import { StoragePage } from './storage';
import { TrashPage } from './trash';
import { UploadsPage } from './uploads';
import { LoadingPage, UnreachablePage } from './waiting';

/** The whole view. */
export function Root({ app }: { app: App }) {
  return (
    <AppContext value={app}>
      <Tooltip.Provider delayDuration={500}>
        <Page app={app} />
      </Tooltip.Provider>
    </AppContext>
  );
}

function Page({ app }: { app: App }) {
  const state = useObservable(app.session);
  const route = useObservable(app.route);

  switch (state.kind) {
    case 'loading':
      return <LoadingPage />;
    case 'unreachable':
      return <UnreachablePage />;
    case 'setup':
      return <SetUpPage token={state.token} />;
    case 'signed-out':
      return route.view === 'connect' ? <ConnectPage session={undefined} /> : <SignInPage />;
    case 'signed-in':
      return (
        <>
          {route.view === 'connect' && <ConnectPage session={state.session} />}
          {route.view === 'trash' && <TrashPage session={state.session} />}
          {route.view === 'snapshots' && <SnapshotsPage session={state.session} />}
          {route.view === 'snapshot' && <SnapshotPage session={state.session} />}
          {route.view === 'uploads' && <UploadsPage session={state.session} />}
          {route.view === 'storage' && <StoragePage session={state.session} />}
          {route.view === 'files' && <FilesPage session={state.session} />}
          <FilePickers />
          <UploadWatch title={titleOf(route)} />
          <Toasts />
          <UploadPanel />
          <Questions app={app} />
          {state.expired && <ExpiredDialog session={state.session} />}
        </>
      );
  }
}

/** The dialog that waits for an answer, if any. */
function Questions({ app }: { app: App }) {
  const dialog = useObservable(app.dialog);
  const asking = useUploadsPart(app.uploads, (s) => s.conflicts !== undefined);
  const conflicts = app.uploads.snapshot().conflicts;
  switch (dialog?.kind) {
    case 'move':
      return <MoveDialog dialog={dialog} />;
    case 'restore-to':
      return <RestoreDialog dialog={dialog} />;
    case 'purge':
      return <PurgeDialog dialog={dialog} />;
    case 'drop-versions':
      return <DropVersionsDialog dialog={dialog} />;
    case 'versions':
      return <VersionsDialog dialog={dialog} />;
    case 'as-it-was':
      return <AsItWasDialog dialog={dialog} />;
    case 'bring-back':
      return <BringBackDialog dialog={dialog} />;
    case 'drop-snapshots':
      return <DropSnapshotsDialog dialog={dialog} />;
    case 'discard-uploads':
      return <DiscardDialog dialog={dialog} />;
    case 'other-file':
      return <OtherFileDialog dialog={dialog} />;
    case 'new-folder':
    case 'rename':
    case 'take-snapshot':
      return <NameDialog dialog={dialog} />;
  }
  return asking && conflicts ? <ConflictDialog conflicts={conflicts} /> : null;
}

function titleOf(route: Route): string {
  if (route.view === 'connect') return text.page.title(text.me.connect);
  if (route.view === 'trash') return text.page.title(text.trash.title);
  if (route.view === 'snapshots') return text.page.title(text.snapshots.title);
  if (route.view === 'snapshot') {
    return text.page.title(route.path.split('/').pop() || text.snapshots.banner);
  }
  if (route.view === 'uploads') return text.page.title(text.unfinished.title);
  if (route.view === 'storage') return text.page.title(text.storage.title);
  return text.page.title(route.path.split('/').pop() || text.files.top);
}
