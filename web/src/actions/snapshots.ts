import type { Client } from '../api/client';
import { isPassing, ownProblem } from '../api/problem';
import type {
  Entry,
  Operation,
  OperationResult,
  ProblemBody,
  Snapshot,
  Undone,
} from '../api/types';
import type { Clock } from '../lib/clock';
import { freeNames } from '../lib/file-name';
import { baseName, joinPath } from '../lib/path';
import type { Store } from '../lib/store';
import { text } from '../lib/text';
import type { Folders } from '../state/folders';
import type { Pages } from '../state/pages';
import type { SelectionModel } from '../state/selection';
import { nameProblem } from './changes';
import type { Sending } from './sending';
import type { Toasts } from './toasts';
import type { BringBack, Dialog } from './types';
import type { Undo, Undoing } from './undoing';

/** Keeps moments of all files, and makes files again what they were in one. */
export interface Snapshots {
  /** Asks for a name. */
  take(): void;
  /** Asks before they go. */
  drop(some: readonly Snapshot[]): void;
  /** Asks before a folder (entries: only these in it) becomes what it was; '' is everything. */
  bringBack(snapshot: Snapshot, folder: string, entries?: readonly Entry[]): void;
}

export interface SnapshotsOptions {
  readonly client: Client;
  readonly sending: Sending;
  readonly clock: Clock;
  readonly folders: Folders;
  readonly snapshots: Pages<Snapshot>;
  readonly selection: SelectionModel<Snapshot>;
  readonly dialog: Store<Dialog | undefined>;
  readonly toasts: Toasts;
  readonly undoing: Undoing;
  /** After files changed, for what shows the usage and the trash. */
  onChange(): void;
}

const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { client, sending, clock, folders, snapshots, selection, dialog, toasts, undoing } =
    options;
  const close = () => dialog.set(undefined);

  /** By the time of now; the names of those that are there are taken. */
  function proposal(): string {
    const taken = new Set(snapshots.get().rows.map(({ name }) => name));
    const name = moment.format(clock.now());
    if (!taken.has(name)) return name;
    for (const free of freeNames(name)) if (!taken.has(free)) return free;
    return name;
  }

  return {
    take() {
      dialog.set({
        kind: 'take-snapshot',
        proposal: proposal(),
        async submit(name) {
          const fault = nameProblem(name);
          if (fault) return fault;
          const person = client.person;
          const [result] = await sending.send([{ op: 'make-snapshot', name }]);
          if (client.person !== person) return undefined; // another has the page now
          snapshots.refresh();
          if (!result || 'problem' in result) return result && takenInOurWords(result.problem);
          if (result.snapshot) selection.want([result.snapshot]);
          close();
          toasts.show('done', text.did.snapshotTaken(name));
          return undefined;
        },
        cancel: close,
      });
    },
    drop(some) {
      const [first] = some;
      if (!first) return;
      dialog.set({
        kind: 'drop-snapshots',
        snapshots: some,
        async submit() {
          const person = client.person;
          const results = await sending.send(
            some.map(({ id }): Operation => ({ op: 'drop-snapshot', snapshot: id })),
          );
          if (client.person !== person) return undefined;
          const gone = some.filter((_, i) => isGone(results[i]));
          snapshots.drop(new Set(gone.map(({ id }) => id)));
          snapshots.refresh();
          const refused = results.flatMap((r) => ('problem' in r && !isGone(r) ? [r.problem] : []));
          const [why] = refused;
          if (why && gone.length === 0) return why;
          close();
          const done = text.did.snapshotsDropped(gone.length, gone[0]?.name ?? first.name);
          const words = why ? text.did.notAll(done, refused.length, why.title) : done;
          toasts.show(why ? 'failed' : 'done', words);
          return undefined;
        },
        cancel: close,
      });
    },
    bringBack(snapshot, folder, entries) {
      const what: BringBack = { folder, ...(entries && { entries }) };
      const paths = entries ? entries.map(({ name }) => joinPath(folder, name)) : [folder];
      let undo: Undo | undefined;
      /** An answer was lost, or a refusal came half-way: nobody knows what was done before. */
      let unsure = false;
      const asked: Dialog = {
        kind: 'bring-back',
        snapshot,
        what,
        async submit() {
          const person = client.person;
          const results = await sending.send(
            paths.map((path): Operation => ({ op: 'revert', snapshot: snapshot.id, path })),
          );
          if (client.person !== person) return {};
          folders.refreshAll();
          options.onChange();
          const [refused] = results.flatMap((r) => ('problem' in r ? [r.problem] : []));
          const looking = dialog.get() === asked;
          if (refused && results.every((r) => 'problem' in r)) {
            unsure ||= isPassing(refused) && refused.code !== 'locked';
            const problem = broughtBackInOurWords(refused);
            if (!looking) toasts.show('failed', unsure ? text.did.unknown : problem.title);
            return { problem };
          }
          const back = results.flatMap((r) => ('undone' in r && r.undone ? [r.undone] : []));
          const operations = back
            .filter(({ upto }) => upto > 0)
            .map(({ after, upto }): Operation => ({ op: 'undo', after, upto }))
            .reverse();
          if (operations.length > 0 && !unsure) {
            const name = nameOf(what);
            const did = text.did.broughtBack(name, paths.length, snapshot.name);
            const subjects = operations.map(() => ({ id: '', name: name ?? text.files.top }));
            undo = undoing.remember({ did, operations, subjects, folders: [] });
          }
          if (!looking && undo) toasts.show('done', undo.did, undoing.offer(undo));
          return { undone: together(results, paths), canUndo: undo !== undefined };
        },
        undo() {
          close();
          if (undo) void undoing.takeBack(undo);
        },
        cancel() {
          close();
          // The way back stays at hand for a moment.
          if (undo) toasts.show('done', undo.did, undoing.offer(undo));
        },
      };
      dialog.set(asked);
    },
  };
}

/** Of the one thing that is brought back; undefined: everything, or several. */
export function nameOf({ folder, entries }: BringBack): string | undefined {
  if (!entries) return baseName(folder) || undefined;
  return entries.length === 1 ? entries[0]?.name : undefined;
}

/** What was done of several; what was refused is left as it is. */
function together(results: readonly OperationResult[], paths: readonly string[]): Undone {
  const sum = { placed: 0, trashed: 0, written: 0, leftOut: 0 };
  const left = results.flatMap((result, i) => {
    if ('problem' in result) {
      sum.leftOut++;
      const name = baseName(paths[i] ?? '');
      return [{ name, why: broughtBackInOurWords(result.problem).title }];
    }
    if (!result.undone) return [];
    for (const part of ['placed', 'trashed', 'written', 'leftOut'] as const) {
      sum[part] += result.undone[part];
    }
    return result.undone.left;
  });
  return { ...sum, left, after: 0, upto: 0 };
}

/** What is not there any more has gone, whoever did it. */
function isGone(result: OperationResult | undefined): boolean {
  return result !== undefined && (!('problem' in result) || result.problem.code === 'not-found');
}

function takenInOurWords(problem: ProblemBody): ProblemBody {
  return problem.code === 'exists'
    ? { ...ownProblem('exists', text.problems.snapshots.taken), status: problem.status }
    : problem;
}

function broughtBackInOurWords(problem: ProblemBody): ProblemBody {
  const words = text.problems.snapshots;
  if (problem.code === 'no-parent' || problem.code === 'not-a-folder') {
    return { ...problem, ...words.homeless };
  }
  return problem.code === 'not-found' ? { ...problem, ...words.gone } : problem;
}
