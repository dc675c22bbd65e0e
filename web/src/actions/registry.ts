import type { Client } from '../api/client';
import type { Entry, TrashEntry } from '../api/types';
import type { Clock } from '../lib/clock';
import type { Host } from '../lib/host';
import { joinPath, parentOf } from '../lib/path';
import type { Store } from '../lib/store';
import { text } from '../lib/text';
import type { FolderModel } from '../state/folder-view';
import type { Folders } from '../state/folders';
import { createPages, type Pages } from '../state/pages';
import type { Router } from '../state/route';
import type { SelectionModel } from '../state/selection';
import type { SpaceModel } from '../state/space';
import type { Changes } from './changes';
import { shortcuts } from './keys';
import type { Purging } from './purging';
import type { Restoring } from './restoring';
import type { Action, ActionId, Dialog } from './types';
import type { Undoing } from './undoing';

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
  readonly space: SpaceModel;
  readonly restoring: Restoring;
  readonly purging: Purging;
  readonly changes: Changes;
  readonly undoing: Undoing;
  readonly dialog: Store<Dialog | undefined>;
  readonly picking: Store<'files' | 'folder' | undefined>;
}

type Deed = Pick<Action, 'enabled' | 'run'> & { readonly danger?: boolean };

/** Milliseconds between two downloads: browsers drop those that come at once. */
const apart = 400;

/** Every command of the app: toolbar, context menu and keyboard read this one list. */
export function createActions(context: ActionContext): Readonly<Record<ActionId, Action>> {
  const { client, clock, host, router, folder, selection, changes, dialog, picking } = context;
  const { folders, trash, trashSelection, space, restoring, purging, undoing } = context;
  const here = () => folder.get().path;
  const chosen = () => selection.chosen();
  const shown = () => router.get().view === 'files' && folder.get().state === 'ready';
  const some = () => shown() && selection.get().ids.size > 0;
  const one = () => shown() && selection.get().ids.size === 1;
  const inTrash = () => router.get().view === 'trash';
  const onStorage = () => router.get().view === 'storage';
  const use = () => (onStorage() ? space.get().use : undefined);
  const someTrash = () => inTrash() && trashSelection.get().ids.size > 0;
  const chosenTrash = () => {
    const { ids } = trashSelection.get();
    return trash.get().rows.filter((row) => ids.has(row.id));
  };
  const close = () => dialog.set(undefined);

  /** Closes the dialog when it worked, and hands the reason back to it when not. */
  const closing = async <T>(work: Promise<T | undefined>) => {
    const problem = await work;
    if (!problem) close();
    return problem;
  };

  const focused = (): Entry | undefined => {
    const { focus, ids } = selection.get();
    if (ids.size > 1) return undefined;
    const [only] = chosen();
    return only ?? folder.get().rows.find((row) => row.id === focus);
  };

  const deeds: Readonly<Record<ActionId, Deed>> = {
    open: {
      enabled: () => shown() && focused() !== undefined,
      run() {
        const entry = focused();
        if (!entry) return;
        const path = joinPath(here(), entry.name);
        if (entry.folder) router.go({ view: 'files', path });
        else host.open(client.contentHref(path, false));
      },
    },
    download: {
      enabled: () => some() && chosen().every((entry) => !entry.folder),
      run() {
        const folderPath = here();
        chosen()
          .filter((entry) => !entry.folder)
          .forEach((entry, i) => {
            const href = client.contentHref(joinPath(folderPath, entry.name), true);
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
            host.download(client.contentHref(path, true, version.id), entry.name),
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
    'select-all': {
      enabled: () =>
        (inTrash() ? trash.get() : folder.get()).rows.length > 0 && (inTrash() || shown()),
      run: () => (inTrash() ? trashSelection : selection).all(),
    },
    up: {
      enabled: () => router.get().view === 'files' && here() !== '',
      run: () => router.go({ view: 'files', path: parentOf(here()) }),
    },
    refresh: {
      enabled: () => router.get().view !== 'connect',
      run: () => (inTrash() ? trash : onStorage() ? space : folder).refresh(),
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
