import type { Client } from '../api/client';
import { isPassing } from '../api/problem';
import type { Operation, OperationResult, ProblemBody, Undone } from '../api/types';
import { freeNames } from '../lib/file-name';
import { baseName, joinPath, parentOf } from '../lib/path';
import { text } from '../lib/text';
import type { Folders } from '../state/folders';
import type { SelectionModel } from '../state/selection';
import { restoreInOurWords } from './restoring';
import type { Sending } from './sending';
import { type Subject, settle } from './settling';
import type { Toasts } from './toasts';

/** Takes back what was done last, then what was done before that. */
export interface Undoing {
  /** One change is one thing to undo, however many entries it was about. */
  remember(undo: Undo): Undo;
  /** Takes one back, unless it was already. A message says what became of it. */
  takeBack(undo: Undo): Promise<void>;
  /** For a message about a change. */
  offer(undo: Undo): { label: string; run(): void };
  canUndo(): boolean;
  /** Takes the last change back that was not yet. */
  undo(): void;
  /** There is nothing to undo any more. */
  clear(): void;
}

/** The way back from a change. */
export interface Undo {
  /** What was done, in the words that were said of it. */
  readonly did: string;
  readonly operations: readonly Operation[];
  /** What each operation is about. */
  readonly subjects: readonly Subject[];
  /** Folders that look different after it. */
  readonly folders: readonly string[];
  /** Where each operation of kind restore puts its entry back. */
  readonly places?: readonly string[];
}

export interface UndoingOptions {
  readonly client: Client;
  readonly sending: Sending;
  readonly folders: Folders;
  readonly selection: SelectionModel;
  readonly toasts: Toasts;
  /** After each, for what shows the usage and the trash. */
  onChange(): void;
}

const remembered = 50;
/** Names tried for what is restored while its name is taken. */
const freeNamesTried = 20;
/** Refusals that will be the same the next time. */
const final: ReadonlySet<string> = new Set(['not-found', 'precondition-failed', 'root']);

export function createUndoing(options: UndoingOptions): Undoing {
  const { client, sending, folders, selection, toasts } = options;
  let undos: readonly Undo[] = [];
  const offers = new WeakMap<Undo, ReturnType<Undoing['offer']>>();
  /** Raised when another person has the page: what comes back from before says nothing. */
  let era = 0;

  function remember(undo: Undo): Undo {
    undos = [...undos, undo].slice(-remembered);
    return undo;
  }

  function offer(undo: Undo) {
    const made = { label: text.actions.undo, run: () => void takeBack(undo) };
    offers.set(undo, made);
    return made;
  }

  async function takeBack(undo: Undo): Promise<void> {
    if (!undos.includes(undo)) return; // done already, by the message or the key
    undos = undos.filter((other) => other !== undo);
    const offered = offers.get(undo);
    if (offered) toasts.withdraw(offered); // the key was quicker
    const mine = era;
    const sent = await folders.holding(() => sending.send(undo.operations));
    for (const folder of new Set(undo.folders)) void folders.refresh(folder);
    if (undo.operations.some(({ op }) => op === 'undo')) folders.refreshAll();
    options.onChange();
    if (mine !== era) return;
    const place = (op: Operation, i: number) => {
      if (op.op === 'remove' || op.op === 'restore-version') return op.path;
      return undo.places?.[i] ?? ('to' in op ? (op.to ?? '') : '');
    };
    const unsure = undo.operations.some(({ op }) => op === 'restore-version' || op === 'undo');
    const settled = unsure
      ? sent // a file is at its path whatever it holds, and nobody knows where all the others were
      : await settle(client, undo.operations, undo.subjects, sent, place);
    const results = settled.map((result, i) =>
      undo.operations[i]?.op === 'restore' ? restoreInOurWords(result) : result,
    );
    if (mine !== era) return;
    const freed = await restoreElsewhere(undo, results);
    if (mine !== era) return;
    selection.want(results.flatMap((r) => ('entry' in r && r.entry ? [r.entry.id] : [])));
    report(undo, results, freed);
  }

  /** Restores what lost its name to something else under a free one; changes results. */
  async function restoreElsewhere(
    undo: Undo,
    results: OperationResult[],
  ): Promise<string | undefined> {
    let last: string | undefined;
    for (const [i, op] of undo.operations.entries()) {
      const result = results[i];
      const place = undo.places?.[i];
      if (op.op !== 'restore' || place === undefined || !result || !('problem' in result)) continue;
      if (result.problem.code !== 'exists') continue;
      let tried = 0;
      for (const name of freeNames(baseName(place))) {
        const to = joinPath(parentOf(place), name);
        const [next] = await sending.send([{ ...op, to }]);
        if (!next || tried++ === freeNamesTried) break;
        results[i] = next;
        if (!('problem' in next)) last = name;
        if (!('problem' in next) || next.problem.code !== 'exists') break;
      }
    }
    if (last !== undefined) for (const folder of undo.folders) void folders.refresh(folder);
    return last;
  }

  function report(
    undo: Undo,
    results: readonly OperationResult[],
    freed: string | undefined,
  ): void {
    const refused = results.flatMap((r, i) =>
      'problem' in r ? [{ name: undo.subjects[i]?.name ?? '', problem: r.problem, i }] : [],
    );
    const left = results.flatMap((r) => ('undone' in r && r.undone ? [r.undone] : []));
    const leftOut = left.reduce((sum, one) => sum + one.leftOut, 0);
    if (refused.length === 0 && leftOut > 0) {
      toasts.show('failed', text.did.undoneButNot(leftAsIs(left, leftOut)));
      return;
    }
    if (refused.length === 0) {
      const words = freed === undefined ? text.did.undone(undo.did) : text.did.restoredAs(freed);
      toasts.show('done', words);
      return;
    }
    const words =
      refused.length === results.length
        ? text.did.notUndone(whichAndWhy(refused, results.length === 1))
        : text.did.undoneButNot(whichAndWhy(refused, false));
    // What could not be taken back yet can be tried again.
    const kept = refused.filter(({ problem }) => mayWork(problem)).map(({ i }) => i);
    if (kept.length === 0) {
      toasts.show('failed', words);
      return;
    }
    const of = <T>(all: readonly T[]) => kept.flatMap((i) => all[i] ?? []);
    const again = remember({
      did: undo.did,
      folders: undo.folders,
      operations: of(undo.operations),
      subjects: of(undo.subjects),
      ...(undo.places && { places: kept.map((i) => undo.places?.[i] ?? '') }),
    });
    toasts.show('failed', words, offer(again));
  }

  return {
    remember,
    takeBack,
    offer,
    canUndo: () => undos.length > 0,
    undo() {
      const last = undos.at(-1);
      if (last) void takeBack(last);
    },
    clear() {
      undos = [];
      era++;
    },
  };
}

function mayWork(problem: ProblemBody): boolean {
  return isPassing(problem) || !final.has(problem.code);
}

interface Refused {
  readonly name: string;
  readonly problem: ProblemBody;
}

/** Names that a message has room for. */
const named = 3;

/** What an undo of many changes left as it is. */
function leftAsIs(all: readonly Undone[], count: number): string {
  const shown = all.flatMap(({ left }) => left).slice(0, named);
  return text.did.each(
    shown.map(({ name, why }) => text.did.because(text.did.which([name], 0), why)),
    count - shown.length,
  );
}

/** “a” and “b”: Why. Each with its own reason if they differ. */
function whichAndWhy(refused: readonly Refused[], only: boolean): string {
  const [first] = refused;
  const why = first?.problem.title ?? '';
  if (only) return why;
  const shown = refused.slice(0, named);
  const left = refused.length - shown.length;
  const alike = refused.every(({ problem }) => problem.title === why);
  if (alike)
    return text.did.because(
      text.did.which(
        shown.map(({ name }) => name),
        left,
      ),
      why,
    );
  return text.did.each(
    shown.map(({ name, problem }) => text.did.because(text.did.which([name], 0), problem.title)),
    left,
  );
}
