import type { Client } from '../api/client';
import type { Entry } from '../api/types';
import type { Clock } from '../lib/clock';
import type { Host } from '../lib/host';
import { joinPath, parentOf } from '../lib/path';
import type { Store } from '../lib/store';
import { text } from '../lib/text';
import type { FolderModel } from '../state/folder-view';
import type { Router } from '../state/route';
import type { SelectionModel } from '../state/selection';
import type { Changes } from './changes';
import { shortcuts } from './keys';
import type { Action, ActionId, Dialog } from './types';

/** What the actions act on. */
export interface ActionContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly host: Host;
  readonly router: Router;
  readonly folder: FolderModel;
  readonly selection: SelectionModel;
  readonly changes: Changes;
  readonly dialog: Store<Dialog | undefined>;
  readonly picking: Store<'files' | 'folder' | undefined>;
}

type Deed = Pick<Action, 'enabled' | 'run'> & { readonly danger?: boolean };

/** Milliseconds between two downloads: browsers drop those that come at once. */
const apart = 400;

/** Every command of the app: toolbar, context menu and keyboard read this one list. */
export function createActions(context: ActionContext): Readonly<Record<ActionId, Action>> {
  const { client, clock, host, router, folder, selection, changes, dialog, picking } = context;
  const here = () => folder.get().path;
  const chosen = () => selection.chosen();
  const shown = () => router.get().view === 'files' && folder.get().state === 'ready';
  const some = () => shown() && selection.get().ids.size > 0;
  const one = () => shown() && selection.get().ids.size === 1;
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
    delete: {
      danger: true,
      enabled: some,
      run: () => void changes.remove(here(), chosen()),
    },
    'select-all': {
      enabled: () => shown() && folder.get().rows.length > 0,
      run: () => selection.all(),
    },
    up: {
      enabled: () => router.get().view === 'files' && here() !== '',
      run: () => router.go({ view: 'files', path: parentOf(here()) }),
    },
    refresh: { enabled: () => router.get().view === 'files', run: () => folder.refresh() },
    undo: { enabled: () => changes.canUndo(), run: () => changes.undo() },
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
