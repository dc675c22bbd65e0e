import type { Client } from '../api/client';
import { isPassing, ownProblem } from '../api/problem';
import type { Entry, Operation, OperationResult, ProblemBody, Version } from '../api/types';
import { nameFault } from '../lib/file-name';
import { isJunk } from '../lib/junk';
import { baseName, isWithin, joinPath } from '../lib/path';
import { text } from '../lib/text';
import type { Folders } from '../state/folders';
import type { SelectionModel } from '../state/selection';
import type { Sending } from './sending';
import { settle } from './settling';
import type { Toasts } from './toasts';
import type { Undo, Undoing } from './undoing';

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
  /** Another person has the page: what is under way says nothing any more. */
  clear(): void;
}

export interface ChangesOptions {
  readonly client: Client;
  readonly sending: Sending;
  readonly folders: Folders;
  readonly selection: SelectionModel;
  readonly toasts: Toasts;
  readonly undoing: Undoing;
  /** After each change, for what shows the usage. */
  onChange(): void;
}

/** Why the server would not take a name; undefined: it would. */
export function nameProblem(name: string): ProblemBody | undefined {
  const fault = nameFault(name);
  return fault && ownProblem('invalid-name', text.problems.name[fault]);
}

export function createChanges(options: ChangesOptions): Changes {
  const { client, sending, folders, selection, toasts, undoing } = options;
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

  function report(done: string, n: number, refused: readonly ProblemBody[], undo?: Undo): void {
    const why = refused[0];
    if (n === 0 && why) {
      // Nobody can say: the way back stays open, in case it was done.
      const unknown = isPassing(why) && undo !== undefined;
      toasts.show('failed', unknown ? text.did.unknown : text.did.none(why.title));
      return;
    }
    const words = why ? text.did.notAll(done, refused.length, why.title) : done;
    toasts.show(why ? 'failed' : 'done', words, ...(undo ? [undoing.offer(undo)] : []));
  }

  return {
    clear() {
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
      const made = result.entry;
      if (!made) return undefined;
      selection.want([made.id]);
      // Only while nothing is in it.
      const operations: Operation[] = [{ op: 'remove', path, ifMatch: made.etag }];
      const subjects = [{ id: made.id, name }];
      undoing.remember({ did: text.did.made(name), operations, subjects, folders: [folder] });
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
      const [result] = await settle(client, [operation], [entry], sent);
      if (!result || 'problem' in result) return result?.problem;
      folders.forget(from);
      const back: Operation = { op: 'move', from: to, to: from, ...onlyThis(entry) };
      const did = text.did.renamed(name);
      const subjects = [{ id: entry.id, name }];
      const undo = { did, operations: [back], subjects, folders: [folder] };
      report(did, 1, [], undoing.remember(undo));
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
      const results = await settle(client, operations, entries, sent);
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
      const did = text.did.moved(moved.length, moved[0]?.name ?? '', place);
      const undo = { did, operations: back, subjects: moved, folders: [from, to] };
      report(did, moved.length, refused, undoing.remember(undo));
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
      const did = text.did.versionRestored(entry.name);
      const undo = { did, operations, subjects: [entry], folders: [folder] };
      report(did, 1, [], undoing.remember(undo));
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
      const results = await settle(client, operations, entries, sent);
      const gone = entries.filter((_, i) => results[i] && !('problem' in results[i]));
      const refused = results.flatMap((r) => ('problem' in r ? [r.problem] : []));
      for (const entry of gone) if (entry.folder) folders.forget(joinPath(folder, entry.name));
      // What may have been done without an answer can be restored as well.
      const perhaps = entries.filter((_, i) => !isRefusedForSure(results[i]));
      const did = text.did.deleted(
        gone.length || perhaps.length,
        (gone[0] ?? perhaps[0])?.name ?? '',
      );
      // A file of this kind does not go to the trash.
      const kept = perhaps.filter((entry) => entry.folder || !isJunk(entry.name));
      const undo =
        kept.length > 0
          ? undoing.remember({
              did,
              operations: kept.map((entry): Operation => ({ op: 'restore', node: entry.id })),
              subjects: kept,
              places: kept.map((entry) => joinPath(folder, entry.name)),
              folders: [folder],
            })
          : undefined;
      report(did, gone.length, refused, undo);
    },
  };
}

/** A file is meant as it was seen; what a folder holds may change meanwhile. */
function onlyThis(entry: Entry): { ifMatch?: string } {
  return entry.folder || entry.etag === '' ? {} : { ifMatch: entry.etag };
}

function isRefusedForSure(result: OperationResult | undefined): boolean {
  return result !== undefined && 'problem' in result && !isPassing(result.problem);
}
