import { ownProblem, problemOf } from '../api/problem';
import type { Operation, ProblemBody } from '../api/types';
import { nameFault } from '../lib/file-name';
import { baseName, isWithin, joinPath, movedPath, parentOf, partsOf } from '../lib/path';
import { text } from '../lib/text';
import { findFreeNames } from './free-names';
import { keyOf } from './item';
import { type Planner, together } from './planner';

/**
 * The folders of a drop. What becomes of one holds for all that comes of the drop later: it is
 * made once, gets another name once if a file has its own, and is refused once.
 */
export interface Folders {
  /** The folder dropped into, which is not made. */
  readonly base: string;
  /** Makes those that are not made yet. claimed: whether another file of ours goes to a path. */
  make(
    folders: Iterable<string>,
    planner: Planner,
    claimed: (path: string) => boolean,
  ): Promise<void>;
  /** Where a folder of the drop lies: under another name, if a file has its own. */
  placeOf(folder: string): string;
  /** Why nothing can go into it: it, or one above it, could not be made. */
  problemOf(folder: string): ProblemBody | undefined;
  /** A file goes there, and tells what becomes of the folder. */
  fill(folder: string): void;
  /** Those that could not be made although no file tells of it. */
  untold(): readonly (readonly [path: string, problem: ProblemBody])[];
}

/** Why a path cannot be stored; undefined: it can. */
export function pathProblem(path: string): ProblemBody | undefined {
  for (const name of partsOf(path)) {
    const fault = nameFault(name);
    if (fault) return ownProblem('invalid-name', text.problems.name[fault]);
  }
  return path === '' ? ownProblem('invalid-name', text.problems.name.empty) : undefined;
}

export function createFolders(base: string): Folders {
  const made = new Set<string>();
  const closed = new Map<string, ProblemBody>();
  /** From the name in the drop to the free one, for the topmost that had to change. */
  const renamed = new Map<string, string>();
  /** The new names: a folder of the drop that has one of them is another one. */
  const given = new Set<string>();
  const told = new Set<string>();

  function placeOf(folder: string): string {
    for (const [from, to] of renamed) {
      if (isWithin(folder, from)) return movedPath(folder, from, to);
    }
    return folder;
  }

  /** Adds those that could not be made to closed, and why. */
  async function ask(folders: readonly string[], planner: Planner): Promise<void> {
    const paths = deepest(folders);
    for (let at = 0; at < paths.length && planner.wanted(); at += together) {
      const some = paths.slice(at, at + together);
      const operations = some.map((path): Operation => ({ op: 'mkdir', path, parents: true }));
      try {
        const results = await planner.operations(operations);
        for (const [i, result] of results.entries()) {
          if ('problem' in result) closed.set(some[i] ?? '', result.problem);
        }
      } catch (error) {
        for (const path of some) closed.set(path, problemOf(error));
      }
    }
  }

  /** Those above a path, itself too, that may have another name. */
  function ownAbove(path: string): string[] {
    return upwards(path).filter((folder) => folder !== base && isWithin(folder, base));
  }

  /** Of those that could not be made, and those above them, the ones that are files. */
  async function filesAmong(folders: readonly string[], planner: Planner): Promise<string[]> {
    const suspects = new Set<string>();
    for (const path of folders) {
      const code = closed.get(path)?.code;
      if (code !== 'not-a-folder' && code !== 'exists') continue;
      for (const folder of ownAbove(path)) suspects.add(folder);
    }
    const all = [...suspects];
    const files: string[] = [];
    for (let at = 0; at < all.length; at += together) {
      const some = all.slice(at, at + together);
      const entries = await planner.lookup(some);
      files.push(...some.filter((_, i) => entries[i] && !entries[i].folder));
    }
    return files;
  }

  /** All below a folder stays together. */
  async function rename(
    folders: readonly string[],
    planner: Planner,
    claimed: (path: string) => boolean,
  ): Promise<void> {
    const some = folders.map((path) => ({
      ...{ name: baseName(path), folder: parentOf(path), gone: false },
    }));
    const taken = (path: string) => given.has(keyOf(path)) || claimed(path);
    await findFreeNames(some, planner, taken, ({ name, folder }, free) => {
      if (free === undefined) return;
      const to = joinPath(folder, free);
      given.add(keyOf(to));
      renamed.set(joinPath(folder, name), to);
    });
  }

  return {
    base,
    placeOf,
    async make(folders, planner, claimed) {
      const wanted: string[] = [];
      const doubles = new Set<string>();
      for (const folder of folders) {
        if (folder === '' || made.has(folder)) continue;
        made.add(folder);
        const problem = pathProblem(folder);
        if (problem) closed.set(folder, problem);
        else wanted.push(folder);
        if (given.size === 0 || placeOf(folder) !== folder) continue;
        const double = ownAbove(folder).find((path) => given.has(keyOf(path)));
        if (double !== undefined) doubles.add(double);
      }
      if (wanted.length === 0) return;
      try {
        await rename([...doubles], planner, claimed);
        await ask(wanted.map(placeOf), planner);
        await rename(await filesAmong(wanted, planner), planner, claimed);
      } catch {
        // They stay closed, for the reason that is known.
      }
      const again = wanted.filter((folder) => closed.has(folder) && placeOf(folder) !== folder);
      for (const folder of again) closed.delete(folder);
      await ask(again.map(placeOf), planner);
    },
    problemOf(folder) {
      if (closed.size === 0) return undefined;
      for (const path of upwards(folder)) {
        const problem = closed.get(path);
        if (problem) return problem;
      }
      return undefined;
    },
    fill(folder) {
      if (!told.has(folder)) for (const path of upwards(folder)) told.add(path);
    },
    untold: () => [...closed].filter(([path]) => !told.has(path)),
  };
}

/** Without those that are made on the way to another. */
function deepest(folders: readonly string[]): string[] {
  const above = new Set<string>();
  for (const folder of folders) {
    const parts = partsOf(folder);
    for (let n = 1; n < parts.length; n++) above.add(parts.slice(0, n).join('/'));
  }
  return folders.filter((folder) => folder !== '' && !above.has(folder));
}

/** The folder and all above it, without the top. */
function upwards(folder: string): string[] {
  const parts = partsOf(folder);
  return parts.map((_, n) => parts.slice(0, parts.length - n).join('/'));
}
