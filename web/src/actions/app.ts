import { type Client, createClient } from '../api/client';
import { problemOf } from '../api/problem';
import type { Snapshot, TrashEntry } from '../api/types';
import { type Clock, systemClock } from '../lib/clock';
import { compareNames } from '../lib/collate';
import { browserHost, type Host } from '../lib/host';
import { baseName, isWithin, parentOf } from '../lib/path';
import { createStore } from '../lib/store';
import { text } from '../lib/text';
import { throttle } from '../lib/throttle';
import { createFolderModel } from '../state/folder-view';
import { createFolders } from '../state/folders';
import { createLive } from '../state/live';
import { createPages } from '../state/pages';
import { createPast } from '../state/past';
import { createRouter, hashOf, setUpToken } from '../state/route';
import { createSelection } from '../state/selection';
import { createSession } from '../state/session';
import { createSorting } from '../state/sorting';
import { createSpace } from '../state/space';
import { createUnfinished } from '../state/unfinished';
import { readDrop, readFileList } from '../upload/enumerate';
import { createUploads } from '../upload/manager';
import type { Transport } from '../upload/transport';
import { createTusTransport } from '../upload/tus-transport';
import { createChanges } from './changes';
import { actionFor } from './keys';
import { createPurging } from './purging';
import { createActions } from './registry';
import { createRestoring } from './restoring';
import { createSending } from './sending';
import { createSnapshots } from './snapshots';
import { createToasts } from './toasts';
import type { App, Dialog, Picking, Tree } from './types';
import { createUndoing } from './undoing';
import { createUnfinishing } from './unfinishing';

/** Where the app lives. All of it may be left out in a browser. */
export interface AppOptions {
  readonly baseURI?: string;
  readonly host?: Host;
  readonly clock?: Clock;
  readonly fetch?: typeof fetch;
  /** How bytes travel; made with the client that knows the token. */
  transport?(client: Client): Transport;
  /** Keys are called as on a Mac. */
  readonly apple?: boolean;
}

/** Milliseconds between two looks at what others change. */
const changesRefresh = 250;
/** Milliseconds between two looks at the folder shown while uploads end in it. */
const uploadsRefresh = 1000;
const usageRefresh = 5000;
const listingFresh = 10_000;

/** Puts everything below the view together and asks who is signed in. */
export function createApp(options: AppOptions = {}): App {
  const baseURI = options.baseURI ?? document.baseURI;
  const host = options.host ?? browserHost();
  const clock = options.clock ?? systemClock;
  const apple = options.apple ?? /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? '');

  const client = createClient({
    baseURI,
    ...(options.fetch && { fetch: options.fetch }),
    onUnauthorized: () => session.expired(),
    renew: () => session.renew(),
  });
  const folders = createFolders(client);
  const router = createRouter(host);
  const sorting = createSorting(host);
  const selection = createSelection();
  const folder = createFolderModel(folders, sorting, selection);
  const trashSelection = createSelection();
  const trash = createPages<TrashEntry>({
    queries: folders.queries,
    key: ['trash'],
    read: client.trash,
    onRows: (rows) => trashSelection.show(rows, rows),
  });
  const pastSelection = createSelection();
  const pastModel = createPast(client, folders, sorting, pastSelection);
  const snapshotSelection = createSelection<Snapshot>();
  const snapshots = createPages<Snapshot>({
    queries: folders.queries,
    key: ['snapshots'],
    read: async (_, signal) => ({ rows: await client.snapshots(signal), next: null }),
    onRows: (rows) => snapshotSelection.show(rows, rows),
  });
  const now: Tree = Object.freeze({
    ...{ folder, selection, past: false, filter: folder.filter },
    route: (path: string) => ({ view: 'files', path }) as const,
    contentHref: (path: string, download: boolean) => client.contentHref(path, download),
  });
  const snapshotId = () => {
    const route = router.get();
    return route.view === 'snapshot' ? route.id : '';
  };
  const past: Tree = Object.freeze({
    ...{ folder: pastModel, selection: pastSelection, past: true, filter: pastModel.filter },
    route: (path: string) => ({ view: 'snapshot', id: snapshotId(), path }) as const,
    contentHref: (path: string, download: boolean) =>
      client.contentHref(path, download, { snapshot: snapshotId() }),
  });
  const space = createSpace({ queries: folders.queries, read: client.space });
  const toasts = createToasts(clock);
  const dialog = createStore<Dialog | undefined>(undefined);
  const picking = createStore<Picking | undefined>(undefined);

  const lookAtUsage = throttle(clock, usageRefresh, () => {
    space.refresh();
    return session.refresh();
  });
  const changed = new Set<string>();
  const look = async () => {
    const paths = [...changed];
    changed.clear();
    trash.refresh();
    lookAtUsage();
    await folders.refresh(...paths);
  };
  // Throttled, or a listing that takes longer than the next change comes never ended.
  const lookAtChanged = throttle(clock, changesRefresh, look);
  // Most of what changes then is what this page sends.
  const lookWhileSending = throttle(clock, uploadsRefresh, look);
  const live = createLive({
    stream: host.stream,
    href: client.href('api/v1/events'),
    onFolders(paths) {
      for (const path of paths) changed.add(path);
      if (uploads.snapshot().totals.open > 0) lookWhileSending();
      else lookAtChanged();
    },
    onAll() {
      folders.refreshAll();
      trash.refresh();
      void unfinished.refresh();
      lookAtUsage();
    },
    onOffsets(some) {
      const offsets = new Map(some.map(({ id, offset }) => [id, offset]));
      uploads.confirm(offsets);
      unfinished.moved(offsets);
    },
  });
  const lookAtFolder = throttle(clock, uploadsRefresh, () => folders.refresh(folder.get().path));

  const uploads = createUploads({
    client,
    clock,
    transport: options.transport?.(client) ?? createTusTransport(client),
    addressOf: (id) => client.href(`tus/${id}`),
    largestPart: host.small ? 4 << 20 : undefined,
    onOnline: host.onOnline,
    onUnauthorized: () => session.expired(),
    renew: () => session.renew(),
    onStored(path) {
      if (isWithin(path, folder.get().path)) lookAtFolder();
      lookAtUsage();
    },
    onFull: (problem) =>
      toasts.show('failed', [problem.title, problem.detail].filter(Boolean).join(' ')),
  });
  const unfinished = createUnfinished({
    queries: folders.queries,
    clock,
    read: client.uploads,
    own: uploads.begun,
    closely: () => router.get().view === 'uploads',
  });
  // Those that are begun here leave the list, and those that are cancelled may come back to it.
  const lookAtUnfinished = throttle(clock, uploadsRefresh, async () => unfinished.look());
  uploads.subscribe(lookAtUnfinished);
  const sending = createSending(client);
  const onChange = () => {
    lookAtUsage();
    trash.refresh();
  };
  const undoing = createUndoing({ client, sending, folders, selection, toasts, onChange });
  const changes = createChanges({
    client,
    sending,
    folders,
    selection,
    toasts,
    undoing,
    onChange,
  });
  const restoring = createRestoring({
    client,
    sending,
    folders,
    trash,
    selection,
    router,
    dialog,
    toasts,
    undoing,
    onChange: lookAtUsage,
  });
  const snapshotting = createSnapshots({
    client,
    sending,
    clock,
    folders,
    snapshots,
    selection: snapshotSelection,
    dialog,
    toasts,
    undoing,
    onChange,
  });
  const unfinishing = createUnfinishing({
    client,
    uploads,
    list: unfinished,
    router,
    dialog,
    picking,
    toasts,
    onChange: () => lookAtUsage(),
  });
  const purging = createPurging({
    client,
    sending,
    trash,
    router,
    dialog,
    toasts,
    onChange: space.refresh,
  });

  /** Uploads that ended because another person signed in; undefined: nobody did. */
  let stopped: number | undefined;
  const session = createSession({
    client,
    clock,
    setUpToken: setUpToken(host.address(), baseURI),
    onEnter(entered) {
      if (stopped !== undefined) {
        toasts.show('failed', text.did.someoneElse(entered.user.name, stopped));
        stopped = undefined;
      }
      if (setUpToken(host.address(), baseURI) !== undefined) {
        host.replace(hashOf({ view: 'files', path: '' }));
      }
      uploads.signedIn();
      follow();
      live.start();
      void folders.queries.invalidateQueries();
    },
    onLeave() {
      live.stop();
      // Another person in the page of the first, not a signing out.
      if (session.get().kind === 'signed-in') stopped = uploads.snapshot().totals.open;
      uploads.cancel();
      uploads.clear();
      changes.clear();
      undoing.clear();
      toasts.clear();
      dialog.set(undefined);
      folder.show(undefined);
      leaveTrash();
      leaveSnapshots();
      unfinishing.forget();
      folders.clear();
      space.clear();
      unfinished.clear();
      router.go({ view: 'files', path: '' });
    },
  });

  let watchTrash: (() => void) | undefined;
  function leaveTrash(): void {
    watchTrash?.();
    watchTrash = undefined;
    trashSelection.reset();
  }

  let watchSnapshots: (() => void) | undefined;
  function leaveSnapshots(): void {
    watchSnapshots?.();
    watchSnapshots = undefined;
    pastModel.show(undefined);
    snapshotSelection.reset();
  }

  /** Shows the folder that the address names, or the trash, as soon as somebody is signed in. */
  function follow(): void {
    const route = router.get();
    if (session.get().kind !== 'signed-in') return;
    if (route.view === 'files') folder.show(route.path);
    if (route.view === 'uploads') void unfinished.refresh();
    if (route.view === 'trash') watchTrash ??= trash.subscribe(() => {});
    else leaveTrash();
    if (route.view === 'snapshots' || route.view === 'snapshot') {
      watchSnapshots ??= snapshots.subscribe(() => {});
      pastModel.show(route.view === 'snapshot' ? route : undefined);
    } else leaveSnapshots();
  }
  router.subscribe(() => {
    dialog.set(undefined);
    const before = folder.get().path;
    const pastBefore = pastModel.get().path;
    follow();
    const route = router.get();
    if (route.view === 'snapshot' && pastBefore !== '' && parentOf(pastBefore) === route.path) {
      const { listing } = pastModel.get();
      const left = listing?.entries.find((e) => e.name === baseName(pastBefore));
      if (left) pastSelection.want([left.id]);
    }
    // From a folder to the one above: the folder one comes from is the one to go on from.
    if (route.view === 'files' && before !== '' && parentOf(before) === route.path) {
      const left = folders.known(route.path)?.entries.find((e) => e.name === baseName(before));
      if (left) selection.want([left.id]);
    }
  });

  const actions = createActions({
    client,
    clock,
    host,
    router,
    folders,
    folder,
    selection,
    trash,
    trashSelection,
    now,
    past,
    pastModel,
    pastSelection,
    snapshots,
    snapshotSelection,
    space,
    unfinished,
    restoring,
    purging,
    unfinishing,
    snapshotting,
    changes,
    undoing,
    dialog,
    picking,
  });

  host.onOnline(() => session.wake());
  host.onFocus(() => session.wake());
  host.guard(() => uploads.snapshot().totals.open > 0);
  session.start();

  return {
    session,
    route: router,
    folder,
    selection,
    trash,
    trashSelection,
    now,
    past,
    snapshots,
    snapshotSelection,
    space,
    uploads,
    unfinished,
    toasts,
    dialog,
    picking,
    actions,
    signIn: session.signIn,
    setUp: session.setUp,
    async signOut(everywhere) {
      uploads.cancel(); // while it may still tell the server to drop them
      try {
        await session.signOut(everywhere);
      } catch (error) {
        toasts.show('failed', problemOf(error).title);
      }
    },
    go: router.go,
    href: (route) => new URL(hashOf(route), baseURI).href,
    sortBy: sorting.by,
    filter: folder.filter,
    moreTrash: trash.more,
    async folders(path) {
      const listing = await folders.read(path, listingFresh);
      return listing.entries
        .filter((entry) => entry.folder)
        .sort((a, b) => compareNames(a.name, b.name));
    },
    resume: unfinishing.resume,
    discard: (upload) => unfinishing.discard([upload]),
    pick(files) {
      const what = picking.get();
      picking.set(undefined);
      if (what === 'again') return unfinishing.picked(files?.[0]);
      if (!files || files.length === 0) return;
      void uploads.add(folder.get().path, readFileList(files));
    },
    drop(data, into) {
      // In the event itself: afterwards the browser empties data.
      void uploads.add(into ?? folder.get().path, readDrop(data, clock));
    },
    dismiss: toasts.dismiss,
    key(event) {
      if (dialog.get() || session.get().kind !== 'signed-in') return false;
      const id = actionFor(event, apple, (action) => actions[action].enabled());
      if (!id) return false;
      event.preventDefault();
      actions[id].run();
      return true;
    },
  };
}
