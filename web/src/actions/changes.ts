import type { Client } from '../api/client';
import { ownProblem, problemOf } from '../api/problem';
import type { Entry, Operation, OperationResult, ProblemBody } from '../api/types';
import { nameFault } from '../lib/file-name';
import { baseName, isWithin, joinPath } from '../lib/path';
import { text } from '../lib/text';
import type { Folders } from '../state/folders';
import type { SelectionModel } from '../state/selection';
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
  canUndo(): boolean;
  /** Takes the last change back that was not yet. */
  undo(): void;
  /** There is nothing to undo any more. */
  clear(): void;
}

export interface ChangesOptions {
  readonly client: Client;
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
}

const batch = 1000;
const remembered = 50;

/** Why the server would not take a name; undefined: it would. */
export function nameProblem(name: string): ProblemBody | undefined {
  const fault = nameFault(name);
  return fault && ownProblem('invalid-name', text.problems.name[fault]);
}

export function createChanges(options: ChangesOptions): Changes {
  const { client, folders, selection, toasts } = options;
  let undos: Undo[] = [];
  let provisional = 0;

  /** Sends in order; what could not be sent counts as refused. */
  async function sendAll(operations: readonly Operation[]): Promise<OperationResult[]> {
    const results: OperationResult[] = [];
    for (let at = 0; at < operations.length; at += batch) {
      const some = operations.slice(at, at + batch);
      try {
        results.push(...(await client.operations(some)));
      } catch (error) {
        const problem = problemOf(error);
        while (results.length < operations.length) results.push({ problem });
      }
    }
    return results;
  }

  /** Shows a change, sends it, and takes back on the screen what was refused. */
  async function act(
    operations: readonly Operation[],
    touched: readonly string[],
    show: () => readonly (() => void)[],
  ): Promise<OperationResult[]> {
    return folders.holding(async () => {
      const takeBack = show();
      const results = await sendAll(operations);
      if (results.some((result) => 'problem' in result)) for (const back of takeBack) back();
      // Each of them is asked for anew in any case: what the server says is what counts.
      for (const folder of new Set(touched)) void folders.refresh(folder);
      options.onChange();
      return results;
    });
  }

  async function takeBack(undo: Undo): Promise<void> {
    if (!undos.includes(undo)) return; // done already, by the message or the key
    undos = undos.filter((other) => other !== undo);
    const results = await act(undo.operations, undo.folders, () => []);
    const refused = results.flatMap((r) => ('problem' in r ? [r.problem] : []));
    selection.want(results.flatMap((r) => ('entry' in r && r.entry ? [r.entry.id] : [])));
    report(text.did.undone, results.length - refused.length, refused);
  }

  function report(done: string, n: number, refused: readonly ProblemBody[], undo?: Undo): void {
    const why = refused[0]?.title;
    if (n === 0 && why) {
      toasts.show('failed', text.did.none(why));
      return;
    }
    const words = why ? text.did.notAll(done, refused.length, why) : done;
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
      const [result] = await act([{ op: 'mkdir', path }], [folder], () => [
        folders.change(folder, (entries) =>
          entries.some((entry) => entry.name === name) ? entries : [...entries, draft],
        ),
      ]);
      if (!result || 'problem' in result) return result?.problem;
      selection.want([result.entry?.id ?? result.node]);
      return undefined;
    },
    async rename(folder, entry, name) {
      if (name === entry.name) return undefined;
      const fault = nameProblem(name);
      if (fault) return fault;
      const from = joinPath(folder, entry.name);
      const to = joinPath(folder, name);
      const [result] = await act([{ op: 'move', from, to }], [folder], () => [
        folders.change(folder, (entries) =>
          entries.map((e) => (e.id === entry.id ? Object.freeze({ ...e, name }) : e)),
        ),
      ]);
      if (!result || 'problem' in result) return result?.problem;
      folders.forget(from);
      const back: Operation = { op: 'move', from: to, to: from };
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
        }),
      );
      const results = await act(operations, [from, to], () => [
        folders.change(from, (all) => all.filter((entry) => !ids.has(entry.id))),
        folders.change(to, (all) => [...all.filter((e) => !ids.has(e.id)), ...entries]),
      ]);
      const moved = entries.filter((_, i) => results[i] && !('problem' in results[i]));
      const refused = results.flatMap((r) => ('problem' in r ? [r.problem] : []));
      if (moved.length === 0) return refused[0];
      for (const entry of moved) if (entry.folder) folders.forget(joinPath(from, entry.name));
      const back = moved.map(
        (entry): Operation => ({
          op: 'move',
          from: joinPath(to, entry.name),
          to: joinPath(from, entry.name),
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
    async remove(folder, entries) {
      if (entries.length === 0) return;
      const ids = new Set(entries.map((entry) => entry.id));
      const operations = entries.map(
        (entry): Operation => ({ op: 'remove', path: joinPath(folder, entry.name) }),
      );
      const results = await act(operations, [folder], () => [
        folders.change(folder, (all) => all.filter((entry) => !ids.has(entry.id))),
      ]);
      const gone = entries.filter((_, i) => results[i] && !('problem' in results[i]));
      const refused = results.flatMap((r) => ('problem' in r ? [r.problem] : []));
      for (const entry of gone) if (entry.folder) folders.forget(joinPath(folder, entry.name));
      const back = results.flatMap((r): Operation[] =>
        'problem' in r ? [] : [{ op: 'restore', node: r.node }],
      );
      const undo = back.length > 0 && remember({ operations: back, folders: [folder] });
      report(
        text.did.deleted(gone.length, gone[0]?.name ?? ''),
        gone.length,
        refused,
        undo || undefined,
      );
    },
  };
}
