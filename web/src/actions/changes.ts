import type { Client } from '../api/client';
import { isPassing, ownProblem } from '../api/problem';
import type { Entry, Operation, OperationResult, ProblemBody, Version } from '../api/types';
import { freeNames, nameFault } from '../lib/file-name';
import { baseName, isWithin, joinPath, parentOf } from '../lib/path';
import { text } from '../lib/text';
import type { Folders } from '../state/folders';
import type { SelectionModel } from '../state/selection';
import type { Sending } from './sending';
import type { Toasts } from './toasts';

/** What a person does to files and folders. All of it shows at once and can be undone. */
export interface Changes {
  /** Answers why not, for the dialog that asked; undefined: done. */
  newFolder(folder: string, name: string): Promise<ProblemBody | undefined>;
  rename(folder: string, entry: Entry, name: string): Promise<ProblemBody | undefined>;
  /** Into another folder. If only some of it could be moved, a message says so. */
  move(from: string, entries: readonly Entry[], to: string): Promise<ProblemBody | undefined>;
  /** Into the trash. Messages say what became of it. */
  remove(folder: string, entries: readonly Entry[]): Promise<void>;
  /** Makes an older version the current one, if the file holds what it is seen to hold. */
  restoreVersion(
    folder: string,
    entry: Entry,
    version: Version,
    current: Version,
  ): Promise<ProblemBody | undefined>;
  canUndo(): boolean;
  /** Takes the last change back that was not yet. */
  undo(): void;
  /** There is nothing to undo any more. */
  clear(): void;
}

export interface ChangesOptions {
  readonly client: Client;
  readonly sending: Sending;
  readonly folders: Folders;
  readonly selection: SelectionModel;
  readonly toasts: Toasts;
  /** After each change, for what shows the usage. */
  onChange(): void;
}

interface Undo {
  readonly operations: readonly Operation[];
  /** Folders that look different after it. */
  readonly folders: readonly string[];
  /** Where each operation of kind restore puts its entry back. */
  readonly places?: readonly string[];
}

const batch = 1000;
const remembered = 50;
/** Names tried for what is restored while its name is taken. */
const freeNamesTried = 20;

/** Why the server would not take a name; undefined: it would. */
export function nameProblem(name: string): ProblemBody | undefined {
  const fault = nameFault(name);
  return fault && ownProblem('invalid-name', text.problems.name[fault]);
}

export function createChanges(options: ChangesOptions): Changes {
  const { client, sending, folders, selection, toasts } = options;
  let undos: Undo[] = [];
  let provisional = 0;
  /** Raised when another person has the page: what comes back from before says nothing. */
  let era = 0;

  /** Shows a change, sends it, and takes back on the screen what was refused. */
  async function act(
    operations: readonly Operation[],
    touched: readonly string[],
    show: () => readonly (() => void)[],
  ): Promise<OperationResult[]> {
    return folders.holding(async () => {
      const takeBack = show();
      const results = await sending.send(operations);
      if (results.some((result) => 'problem' in result)) for (const back of takeBack) back();
      // Each of them is asked for anew in any case: what the server says is what counts.
      for (const folder of new Set(touched)) void folders.refresh(folder);
      options.onChange();
      return results;
    });
  }

  /**
   * The answer may be lost of what was done: looks where the entries are now. What still
   * cannot be told stays refused, by the network.
   */
  async function settle(
    operations: readonly Operation[],
    entries: readonly Entry[],
    results: readonly OperationResult[],
  ): Promise<OperationResult[]> {
    const lost = results.flatMap((r, i) => ('problem' in r && isPassing(r.problem) ? [i] : []));
    const settled = [...results];
    for (let at = 0; at < lost.length; at += batch) {
      const some = lost.slice(at, at + batch);
      const paths = some.map((i) => {
        const op = operations[i];
        return op?.op === 'remove' ? op.path : op && 'to' in op ? (op.to ?? '') : '';
      });
      try {
        const there = await client.lookup(paths);
        some.forEach((i, k) => {
          const entry = entries[i];
          const here = there[k]?.id === entry?.id;
          const done = operations[i]?.op === 'remove' ? !here : here;
          if (entry && done) settled[i] = { node: entry.id };
          else settled[i] = { problem: notDone(results[i]) };
        });
      } catch {
        break;
      }
    }
    return settled;
  }

  async function takeBack(undo: Undo): Promise<void> {
    if (!undos.includes(undo)) return; // done already, by the message or the key
    undos = undos.filter((other) => other !== undo);
    const mine = era;
    const results = await act(undo.operations, undo.folders, () => []);
    if (mine !== era) return;
    const freed = await restoreElsewhere(undo, results);
    const refused = results.flatMap((r) => ('problem' in r ? [r.problem] : []));
    selection.want(results.flatMap((r) => ('entry' in r && r.entry ? [r.entry.id] : [])));
    const [why] = refused;
    if (!why) {
      toasts.show('done', freed === undefined ? text.did.undone : text.did.restoredAs(freed));
      return;
    }
    // What could not be taken back yet can be tried again.
    const kept = undo.operations.flatMap((_, i) => (isRefused(results[i]) ? [i] : []));
    const again = remember({
      folders: undo.folders,
      operations: kept.flatMap((i) => undo.operations[i] ?? []),
      ...(undo.places && { places: kept.map((i) => undo.places?.[i] ?? '') }),
    });
    toasts.show('failed', text.did.notUndone(why.title), {
      label: text.actions.undo,
      run: () => void takeBack(again),
    });
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

  function report(done: string, n: number, refused: readonly ProblemBody[], undo?: Undo): void {
    const why = refused[0];
    if (n === 0 && why) {
      // Nobody can say: the way back stays open, in case it was done.
      const unknown = isPassing(why) && undo !== undefined;
      toasts.show('failed', unknown ? text.did.unknown : text.did.none(why.title));
      return;
    }
    const words = why ? text.did.notAll(done, refused.length, why.title) : done;
    toasts.show(
      why ? 'failed' : 'done',
      words,
      undo && { label: text.actions.undo, run: () => void takeBack(undo) },
    );
  }

  function remember(undo: Undo): Undo {
    undos = [...undos, undo].slice(-remembered);
    return undo;
  }

  return {
    canUndo: () => undos.length > 0,
    undo() {
      const last = undos.at(-1);
      if (last) void takeBack(last);
    },
    clear() {
      undos = [];
      era++;
    },
    async newFolder(folder, name) {
      const fault = nameProblem(name);
      if (fault) return fault;
      const path = joinPath(folder, name);
      const draft: Entry = Object.freeze({
        id: `new-${++provisional}`,
        name,
        folder: true,
        size: 0,
        files: 0,
        mtime: Date.now(),
        etag: '',
      });
      const mine = era;
      const [result] = await act([{ op: 'mkdir', path }], [folder], () => [
        folders.change(folder, (entries) =>
          entries.some((entry) => entry.name === name) ? entries : [...entries, draft],
        ),
      ]);
      if (mine !== era) return undefined;
      if (!result || 'problem' in result) return result?.problem;
      const made = result.entry?.id ?? result.node;
      if (made !== undefined) selection.want([made]);
      return undefined;
    },
    async rename(folder, entry, name) {
      if (name === entry.name) return undefined;
      const fault = nameProblem(name);
      if (fault) return fault;
      const from = joinPath(folder, entry.name);
      const to = joinPath(folder, name);
      const mine = era;
      const operation: Operation = { op: 'move', from, to, ...onlyThis(entry) };
      const sent = await act([operation], [folder], () => [
        folders.change(folder, (entries) =>
          entries.map((e) => (e.id === entry.id ? Object.freeze({ ...e, name }) : e)),
        ),
      ]);
      if (mine !== era) return undefined;
      const [result] = await settle([operation], [entry], sent);
      if (!result || 'problem' in result) return result?.problem;
      folders.forget(from);
      const back: Operation = { op: 'move', from: to, to: from, ...onlyThis(entry) };
      report(text.did.renamed(name), 1, [], remember({ operations: [back], folders: [folder] }));
      return undefined;
    },
    async move(from, entries, to) {
      if (to === from) return ownProblem('same', text.problems.sameFolder);
      const paths = entries.map((entry) => joinPath(from, entry.name));
      if (entries.some((entry, i) => entry.folder && isWithin(to, paths[i] ?? ''))) {
        return ownProblem('into-itself', text.problems.intoItself);
      }
      const ids = new Set(entries.map((entry) => entry.id));
      const operations = entries.map(
        (entry): Operation => ({
          op: 'move',
          from: joinPath(from, entry.name),
          to: joinPath(to, entry.name),
          ...onlyThis(entry),
        }),
      );
      const mine = era;
      const sent = await act(operations, [from, to], () => [
        folders.change(from, (all) => all.filter((entry) => !ids.has(entry.id))),
        folders.change(to, (all) => [...all.filter((e) => !ids.has(e.id)), ...entries]),
      ]);
      if (mine !== era) return undefined;
      const results = await settle(operations, entries, sent);
      const moved = entries.filter((_, i) => results[i] && !('problem' in results[i]));
      const refused = results.flatMap((r) => ('problem' in r ? [r.problem] : []));
      if (moved.length === 0) return refused[0];
      for (const entry of moved) if (entry.folder) folders.forget(joinPath(from, entry.name));
      const back = moved.map(
        (entry): Operation => ({
          op: 'move',
          from: joinPath(to, entry.name),
          to: joinPath(from, entry.name),
          ...onlyThis(entry),
        }),
      );
      const place = to === '' ? text.files.top : baseName(to);
      report(
        text.did.moved(moved.length, moved[0]?.name ?? '', place),
        moved.length,
        refused,
        remember({ operations: back, folders: [from, to] }),
      );
      return undefined;
    },
    async restoreVersion(folder, entry, version, current) {
      const path = joinPath(folder, entry.name);
      const to = (id: string, ifMatch: string): Operation => ({
        op: 'restore-version',
        path,
        version: id,
        ifMatch,
      });
      const mine = era;
      const [result] = await act([to(version.id, current.id)], [folder], () => []);
      if (mine !== era) return undefined;
      if (!result || 'problem' in result) return result?.problem;
      const operations = result.entry ? [to(current.id, result.entry.etag)] : [];
      const undo = remember({ operations, folders: [folder] });
      report(text.did.versionRestored(entry.name), 1, [], undo);
      return undefined;
    },
    async remove(folder, entries) {
      if (entries.length === 0) return;
      const ids = new Set(entries.map((entry) => entry.id));
      const operations = entries.map(
        (entry): Operation => ({
          op: 'remove',
          path: joinPath(folder, entry.name),
          ...onlyThis(entry),
        }),
      );
      const mine = era;
      const sent = await act(operations, [folder], () => [
        folders.change(folder, (all) => all.filter((entry) => !ids.has(entry.id))),
      ]);
      if (mine !== era) return;
      const results = await settle(operations, entries, sent);
      const gone = entries.filter((_, i) => results[i] && !('problem' in results[i]));
      const refused = results.flatMap((r) => ('problem' in r ? [r.problem] : []));
      for (const entry of gone) if (entry.folder) folders.forget(joinPath(folder, entry.name));
      // What may have been done without an answer can be restored as well.
      const perhaps = entries.filter((_, i) => !isRefusedForSure(results[i]));
      const undo =
        perhaps.length > 0 &&
        remember({
          operations: perhaps.map((entry): Operation => ({ op: 'restore', node: entry.id })),
          places: perhaps.map((entry) => joinPath(folder, entry.name)),
          folders: [folder],
        });
      report(
        text.did.deleted(gone.length, gone[0]?.name ?? ''),
        gone.length,
        refused,
        undo || undefined,
      );
    },
  };
}

/** A file is meant as it was seen; what a folder holds may change meanwhile. */
function onlyThis(entry: Entry): { ifMatch?: string } {
  return entry.folder || entry.etag === '' ? {} : { ifMatch: entry.etag };
}

function isRefused(result: OperationResult | undefined): boolean {
  return result === undefined || 'problem' in result;
}

function isRefusedForSure(result: OperationResult | undefined): boolean {
  return result !== undefined && 'problem' in result && !isPassing(result.problem);
}

/** It was looked for and is as before: not a matter of chance any more. */
function notDone(result: OperationResult | undefined): ProblemBody {
  const title = result && 'problem' in result ? result.problem.title : '';
  return ownProblem('not-done', { title });
}
