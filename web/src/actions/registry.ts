import type { Client } from '../api/client';
import type { Entry, Snapshot, TrashEntry } from '../api/types';
import type { Clock } from '../lib/clock';
import type { Host } from '../lib/host';
import { joinPath, parentOf } from '../lib/path';
import type { Store } from '../lib/store';
import { text } from '../lib/text';
import type { FolderModel } from '../state/folder-view';
import type { Folders } from '../state/folders';
import { createPages, type Pages } from '../state/pages';
import type { PastModel } from '../state/past';
import type { Router } from '../state/route';
import type { SelectionModel } from '../state/selection';
import type { SpaceModel } from '../state/space';
import type { UnfinishedModel } from '../state/unfinished';
import type { Changes } from './changes';
import { shortcuts } from './keys';
import type { Purging } from './purging';
import type { Restoring } from './restoring';
import type { Snapshots } from './snapshots';
import type { Action, ActionId, Dialog, Picking, Tree } from './types';
import type { Undoing } from './undoing';
import type { Unfinishing } from './unfinishing';

/** What the actions act on. */
export interface ActionContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly host: Host;
  readonly router: Router;
  readonly folders: Folders;
  readonly folder: FolderModel;
  readonly selection: SelectionModel;
  readonly trash: Pages<TrashEntry>;
  readonly trashSelection: SelectionModel;
  readonly now: Tree;
  readonly past: Tree;
  readonly pastModel: PastModel;
  readonly pastSelection: SelectionModel;
  readonly snapshots: Pages<Snapshot>;
  readonly snapshotSelection: SelectionModel<Snapshot>;
  readonly space: SpaceModel;
  readonly unfinished: UnfinishedModel;
  readonly restoring: Restoring;
  readonly purging: Purging;
  readonly unfinishing: Unfinishing;
  readonly snapshotting: Snapshots;
  readonly changes: Changes;
  readonly undoing: Undoing;
  readonly dialog: Store<Dialog | undefined>;
  readonly picking: Store<Picking | undefined>;
}

type Deed = Pick<Action, 'enabled' | 'run'> & { readonly danger?: boolean };

/** Milliseconds between two downloads: browsers drop those that come at once. */
const apart = 400;

/** Every command of the app: toolbar, context menu and keyboard read this one list. */
export function createActions(context: ActionContext): Readonly<Record<ActionId, Action>> {
  const { client, clock, host, router, folder, selection, changes, dialog, picking } = context;
  const { folders, trash, trashSelection, space, restoring, purging, undoing } = context;
  const { snapshots, snapshotSelection, snapshotting, pastModel, pastSelection } = context;
  const { unfinished, unfinishing } = context;
  const here = () => folder.get().path;
  const chosen = () => selection.chosen();
  const shown = () => router.get().view === 'files' && folder.get().state === 'ready';
  const some = () => shown() && selection.get().ids.size > 0;
  const one = () => shown() && selection.get().ids.size === 1;
  const inTrash = () => router.get().view === 'trash';
  const onStorage = () => router.get().view === 'storage';
  const onUploads = () => router.get().view === 'uploads';
  const use = () => (onStorage() ? space.get().use : undefined);
  const someTrash = () => inTrash() && trashSelection.get().ids.size > 0;
  const chosenTrash = () => {
    const { ids } = trashSelection.get();
    return trash.get().rows.filter((row) => ids.has(row.id));
  };
  const onSnapshots = () => router.get().view === 'snapshots';
  const inSnapshot = () => router.get().view === 'snapshot';
  /** The folders that one goes through, once they are there. */
  const tree = () => {
    const at = inSnapshot() ? context.past : context.now;
    const there = at.past || router.get().view === 'files';
    return there && at.folder.get().state === 'ready' ? at : undefined;
  };
  const inTree = () => (inSnapshot() ? pastSelection : selection).chosen();
  const pathOf = (at: Tree, entry: Entry) => joinPath(at.folder.get().path, entry.name);
  /** The snapshot that is meant: the one that is looked into, or the only one chosen. */
  const snapshot = () => {
    const route = router.get();
    if (route.view === 'snapshot') return snapshots.get().rows.find(({ id }) => id === route.id);
    const [only, another] = onSnapshots() ? snapshotSelection.chosen() : [];
    return another ? undefined : only;
  };
  const list = () => {
    if (inTrash()) return { rows: trash.get().rows, selection: trashSelection };
    if (onSnapshots()) return { rows: snapshots.get().rows, selection: snapshotSelection };
    const at = tree();
    return at && { rows: at.folder.get().rows, selection: at.selection };
  };
  const close = () => dialog.set(undefined);

  /** Closes the dialog when it worked, and hands the reason back to it when not. */
  const closing = async <T>(work: Promise<T | undefined>) => {
    const problem = await work;
    if (!problem) close();
    return problem;
  };

  const focused = (): Entry | undefined => {
    const at = tree();
    if (!at) return undefined;
    const { focus, ids } = at.selection.get();
    if (ids.size > 1) return undefined;
    const [only] = inTree();
    return only ?? at.folder.get().rows.find((row) => row.id === focus);
  };

  const deeds: Readonly<Record<ActionId, Deed>> = {
    open: {
      enabled: () => (onSnapshots() ? snapshot() : focused()) !== undefined,
      run() {
        const whole = onSnapshots() ? snapshot() : undefined;
        if (whole) return router.go({ view: 'snapshot', id: whole.id, path: '' });
        const at = tree();
        const entry = focused();
        if (!at || !entry) return;
        const path = pathOf(at, entry);
        if (entry.folder) router.go(at.route(path));
        else host.open(at.contentHref(path, false));
      },
    },
    download: {
      enabled: () =>
        tree() !== undefined && inTree().length > 0 && inTree().every((entry) => !entry.folder),
      run() {
        const at = tree();
        if (!at) return;
        inTree()
          .filter((entry) => !entry.folder)
          .forEach((entry, i) => {
            const href = at.contentHref(pathOf(at, entry), true);
            if (i === 0) host.download(href, entry.name);
            else clock.after(i * apart, () => host.download(href, entry.name));
          });
      },
    },
    'new-folder': {
      enabled: shown,
      run() {
        const parent = here();
        dialog.set({
          kind: 'new-folder',
          submit: (name) => closing(changes.newFolder(parent, name)),
          cancel: close,
        });
      },
    },
    'upload-files': { enabled: shown, run: () => picking.set('files') },
    'upload-folder': { enabled: shown, run: () => picking.set('folder') },
    rename: {
      enabled: one,
      run() {
        const [entry] = chosen();
        const parent = here();
        if (!entry) return;
        dialog.set({
          kind: 'rename',
          entry,
          submit: (name) => closing(changes.rename(parent, entry, name)),
          cancel: close,
        });
      },
    },
    move: {
      enabled: some,
      run() {
        const entries = chosen();
        const from = here();
        dialog.set({
          kind: 'move',
          entries,
          from,
          submit: (to) => closing(changes.move(from, entries, to)),
          cancel: close,
        });
      },
    },
    versions: {
      enabled: () => one() && chosen().every((entry) => !entry.folder),
      run() {
        const [entry] = chosen();
        if (!entry) return;
        const parent = here();
        const path = joinPath(parent, entry.name);
        const versions = createPages({
          queries: folders.queries,
          key: ['versions', entry.id, path],
          read: (before, signal) => client.versions(path, before, signal),
        });
        dialog.set({
          kind: 'versions',
          entry,
          versions,
          more: versions.more,
          refresh: versions.refresh,
          download: (version) =>
            host.download(client.contentHref(path, true, { version: version.id }), entry.name),
          async restore(version) {
            const [current] = versions.get().rows;
            if (!current) return undefined;
            const problem = await closing(changes.restoreVersion(parent, entry, version, current));
            if (problem) versions.refresh(); // what it holds may be new
            return problem;
          },
          async drop(version) {
            const problem = await purging.dropVersion(path, version);
            if (!problem) versions.drop(new Set([version.id]));
            versions.refresh();
            return problem;
          },
          cancel: close,
        });
      },
    },
    'as-it-was': {
      enabled: one,
      run() {
        const [entry] = chosen();
        if (!entry) return;
        const parent = here();
        const path = joinPath(parent, entry.name);
        const found = createPages({
          queries: folders.queries,
          key: ['as-it-was', path],
          read: async (_, signal) => ({ rows: await client.asItWas(path, signal), next: null }),
        });
        dialog.set({
          kind: 'as-it-was',
          entry,
          snapshots: found,
          refresh: found.refresh,
          open({ id, entry: was }) {
            router.go({ view: 'snapshot', id, path: was.folder ? path : parent });
            if (!was.folder) pastSelection.want([was.id]);
          },
          cancel: close,
        });
      },
    },
    delete: {
      danger: true,
      enabled: some,
      run: () => void changes.remove(here(), chosen()),
    },
    restore: { enabled: someTrash, run: () => void restoring.restore(chosenTrash()) },
    'restore-to': { enabled: someTrash, run: () => restoring.ask(chosenTrash()) },
    purge: { danger: true, enabled: someTrash, run: () => purging.ask(chosenTrash()) },
    'empty-trash': {
      danger: true,
      enabled: () => (inTrash() ? trash.get().rows.length : (use()?.trash.entries ?? 0)) > 0,
      run: () => void purging.askAll(),
    },
    'drop-versions': {
      danger: true,
      enabled: () => (use()?.versions.entries ?? 0) > 0,
      run: purging.askVersions,
    },
    'take-snapshot': {
      enabled: () => onSnapshots() && snapshots.get().state === 'ready',
      run: snapshotting.take,
    },
    'bring-back': {
      enabled: () => snapshot() !== undefined && (onSnapshots() || tree() !== undefined),
      run() {
        const from = snapshot();
        if (!from) return;
        const at = tree();
        const entries = at ? inTree() : [];
        const path = at?.folder.get().path ?? '';
        snapshotting.bringBack(from, path, entries.length > 0 ? entries : undefined);
      },
    },
    'drop-snapshot': {
      danger: true,
      enabled: () => onSnapshots() && snapshotSelection.get().ids.size > 0,
      run: () => snapshotting.drop(snapshotSelection.chosen()),
    },
    'discard-uploads': {
      danger: true,
      enabled: () => onUploads() && unfinished.get().rows.some(({ moving }) => !moving),
      run: () => unfinishing.discardAll(),
    },
    'select-all': {
      enabled: () => (list()?.rows.length ?? 0) > 0,
      run: () => list()?.selection.all(),
    },
    up: {
      enabled: () => inSnapshot() || (router.get().view === 'files' && here() !== ''),
      run() {
        const route = router.get();
        if (route.view !== 'snapshot') router.go({ view: 'files', path: parentOf(here()) });
        else if (route.path === '') router.go({ view: 'snapshots' });
        else router.go({ ...route, path: parentOf(route.path) });
      },
    },
    refresh: {
      enabled: () => router.get().view !== 'connect',
      run() {
        if (inTrash()) trash.refresh();
        else if (onStorage()) space.refresh();
        else if (onSnapshots()) snapshots.refresh();
        else if (onUploads()) void unfinished.refresh();
        else (inSnapshot() ? pastModel : folder).refresh();
      },
    },
    undo: { enabled: () => undoing.canUndo(), run: () => undoing.undo() },
  };

  const actions = {} as Record<ActionId, Action>;
  for (const id of Object.keys(deeds) as ActionId[]) {
    const { enabled, run, danger } = deeds[id];
    const shortcut = shortcuts[id];
    actions[id] = Object.freeze({
      id,
      label: text.actions[id],
      ...(shortcut !== undefined && { shortcut }),
      ...(danger && { danger }),
      enabled,
      run() {
        if (enabled()) run();
      },
    });
  }
  return Object.freeze(actions);
}
