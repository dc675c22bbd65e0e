import type { Client } from '../api/client';
import { ownProblem } from '../api/problem';
import type { Operation, OperationResult, ProblemBody, TrashEntry } from '../api/types';
import { freeNames } from '../lib/file-name';
import { baseName, joinPath, partsOf } from '../lib/path';
import type { Store } from '../lib/store';
import { text } from '../lib/text';
import type { Folders } from '../state/folders';
import type { Pages } from '../state/pages';
import type { Router } from '../state/route';
import type { SelectionModel } from '../state/selection';
import { nameProblem } from './changes';
import type { Sending } from './sending';
import type { Toasts } from './toasts';
import type { Dialog } from './types';
import type { Undoing } from './undoing';

/** Brings back what lies in the trash. */
export interface Restoring {
  /**
   * To where it was. One that cannot go there is asked about; of several a message says how
   * many could not, and they stay chosen.
   */
  restore(entries: readonly TrashEntry[]): Promise<void>;
  /** Asks for the folder, and for one entry its name too. */
  ask(entries: readonly TrashEntry[], problem?: ProblemBody): void;
}

export interface RestoringOptions {
  readonly client: Client;
  readonly sending: Sending;
  readonly folders: Folders;
  readonly trash: Pages<TrashEntry>;
  readonly selection: SelectionModel;
  readonly router: Router;
  readonly dialog: Store<Dialog | undefined>;
  readonly toasts: Toasts;
  readonly undoing: Undoing;
  onChange(): void;
}

/** Times that what lay in a folder of the trash is tried again once that is back. */
const rounds = 8;

export function createRestoring(options: RestoringOptions): Restoring {
  const { client, sending, folders, trash, selection, router, dialog, toasts, undoing } = options;
  const underWay = new Set<string>();

  /** What became of each, in our words; what is under way already is left out. */
  async function bringBack(
    entries: readonly TrashEntry[],
    to: (entry: TrashEntry) => string | undefined,
  ): Promise<ReadonlyMap<TrashEntry, OperationResult>> {
    const results = new Map<TrashEntry, OperationResult>();
    const mine = entries.filter((entry) => !underWay.has(entry.id));
    for (const entry of mine) underWay.add(entry.id);
    let left: readonly TrashEntry[] = mine;
    try {
      // A folder comes before what was in it: the trash lists it first, unless it went first.
      for (let round = 0; left.length > 0 && round < rounds; round++) {
        const sent = await sending.send(left.map((entry) => operationOf(entry, to(entry))));
        const refused = sent.map((result) => 'problem' in result && isHomeless(result.problem));
        left.forEach((entry, i) => {
          results.set(
            entry,
            restoreInOurWords(sent[i] ?? { problem: ownProblem('app', { title: '' }) }),
          );
        });
        if (refused.every(Boolean)) break;
        left = left.filter((_, i) => refused[i]);
      }
    } finally {
      for (const entry of mine) underWay.delete(entry.id);
    }
    const back = entries.filter((entry) => isDone(results.get(entry)));
    trash.drop(new Set(back.map((entry) => entry.id)));
    trash.refresh();
    for (const place of new Set(back.map((e) => placeOf(e, to(e)).folder))) {
      void folders.refresh(place);
    }
    options.onChange();
    return results;
  }

  function report(
    results: ReadonlyMap<TrashEntry, OperationResult>,
    to: (entry: TrashEntry) => string | undefined,
  ): void {
    const back = [...results].flatMap(([entry, result]) => (isDone(result) ? [entry] : []));
    const refused = [...results.values()].flatMap((r) => ('problem' in r ? [r.problem] : []));
    const [why] = refused;
    if (back.length === 0) {
      if (!why) return;
      const unknown = why.code === 'network'; // what is refused was answered
      toasts.show('failed', unknown ? text.did.unknown : text.did.none(why.title));
      return;
    }
    const places = new Set(back.map((entry) => placeOf(entry, to(entry)).folder));
    const [folder] = places;
    const [first] = back;
    const only = places.size === 1 && folder !== undefined ? folder : undefined;
    const name = first ? placeOf(first, to(first)).name : '';
    const done = text.did.restored(
      back.length,
      name,
      only === undefined ? undefined : baseName(only) || text.files.top,
    );
    const words = why ? text.did.notAll(done, refused.length, why.title) : done;
    const undo = undoing.remember({ did: done, ...wayBack(results, back, to) });
    const show = {
      label: text.trash.show,
      run() {
        if (only === undefined) return;
        router.go({ view: 'files', path: only });
        selection.want(back.map((entry) => entry.id));
      },
    };
    const offers = only === undefined ? [] : [show];
    toasts.show(why ? 'failed' : 'done', words, ...offers, undoing.offer(undo));
  }

  function ask(entries: readonly TrashEntry[], problem?: ProblemBody): void {
    const [first] = entries;
    if (!first) return;
    const one = entries.length === 1;
    const taken = problem?.code === 'exists';
    dialog.set({
      kind: 'restore-to',
      entries,
      // A folder that is gone cannot be shown: the way begins at the top then.
      folder: first.gone || (problem && !taken) ? '' : first.from,
      ...(one && { name: taken ? freeNames(first.name).next().value : first.name }),
      ...(problem && { problem }),
      async submit(folder, name) {
        const fault = name === undefined ? undefined : nameProblem(name);
        if (fault) return fault;
        const to = (entry: TrashEntry) => joinPath(folder, (one && name) || entry.name);
        const person = client.person;
        const results = await bringBack(entries, to);
        if (client.person !== person) return undefined; // another has the page now
        const refused = [...results.values()].flatMap((r) => ('problem' in r ? [r.problem] : []));
        if (results.size > 0 && refused.length === results.size) return refused[0];
        dialog.set(undefined);
        report(results, to);
        return undefined;
      },
      cancel: () => dialog.set(undefined),
    });
  }

  return {
    ask,
    async restore(entries) {
      const home = () => undefined;
      const person = client.person;
      const results = await bringBack(entries, home);
      if (client.person !== person) return;
      const [only] = entries;
      const result = only && results.get(only);
      if (entries.length === 1 && only && result && 'problem' in result) {
        // Nobody is asked on another page than where they began.
        const here = router.get().view === 'trash' && dialog.get() === undefined;
        if (here && (result.problem.code === 'exists' || isHomeless(result.problem))) {
          return ask(entries, result.problem);
        }
      }
      report(results, home);
    },
  };
}

function operationOf(entry: TrashEntry, to: string | undefined): Operation {
  return { op: 'restore', node: entry.id, ...(to !== undefined && { to }) };
}

function placeOf(entry: TrashEntry, to: string | undefined) {
  if (to === undefined) return { folder: entry.from, name: entry.name };
  return { folder: to.slice(0, Math.max(0, to.lastIndexOf('/'))), name: baseName(to) };
}

/** Into the trash again: what lies in a folder before that, so that each is there by itself. */
function wayBack(
  results: ReadonlyMap<TrashEntry, OperationResult>,
  back: readonly TrashEntry[],
  to: (entry: TrashEntry) => string | undefined,
) {
  const found = back.map((entry) => {
    const { folder, name } = placeOf(entry, to(entry));
    const result = results.get(entry);
    const now = result && 'entry' in result ? result.entry : undefined;
    const ifMatch = now && !now.folder ? now.etag : undefined;
    return { id: entry.id, name, folder, path: joinPath(folder, name), ifMatch };
  });
  const subjects = found.sort((a, b) => partsOf(b.path).length - partsOf(a.path).length);
  return {
    subjects,
    operations: subjects.map(
      ({ path, ifMatch }): Operation => ({
        op: 'remove',
        path,
        ...(ifMatch !== undefined && { ifMatch }),
      }),
    ),
    folders: [...new Set(subjects.map(({ folder }) => folder))],
  };
}

function isDone(result: OperationResult | undefined): boolean {
  return result !== undefined && !('problem' in result);
}

/** There is no folder to put it into. */
function isHomeless(problem: ProblemBody): boolean {
  return problem.code === 'no-parent' || problem.code === 'not-a-folder';
}

/** Why something could not be restored, said of a restore. */
export function restoreInOurWords(result: OperationResult): OperationResult {
  if (!('problem' in result)) return result;
  const { problem } = result;
  const words = text.problems.restore;
  if (problem.code === 'exists') return { problem: { ...problem, ...words.taken } };
  if (isHomeless(problem)) return { problem: { ...problem, ...words.homeless } };
  if (problem.code === 'not-found') return { problem: { ...problem, ...words.gone } };
  return result;
}
