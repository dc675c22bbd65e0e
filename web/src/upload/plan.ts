import type { Client } from '../api/client';
import { ownProblem, problemOf } from '../api/problem';
import type { Entry, Operation, ProblemBody } from '../api/types';
import { freeNames, nameFault } from '../lib/file-name';
import { baseName, isWithin, joinPath, movedPath, parentOf, partsOf } from '../lib/path';
import { text } from '../lib/text';
import { type Item, keyOf, targetOf } from './item';

/** Paths in one request. */
const batch = 1000;

/** What planning asks of the server; each call waits until there is an answer. */
export interface Planner extends Pick<Client, 'operations' | 'lookup' | 'plan'> {
  /** What it is for was not cancelled meanwhile; if it was, nothing is asked any more. */
  wanted(): boolean;
}

/** A name that is taken. */
export interface Taken {
  readonly item: Item;
  readonly there: Entry;
}

/** What is found out, batch by batch, so that free names need not wait for the rest. */
export interface Findings {
  free(items: readonly Item[]): void;
  taken(found: readonly Taken[]): void;
  /** A file of that size and time is there already. */
  same(items: readonly Item[]): void;
  /** The server has a part of it, by this id. */
  begun(item: Item, id: string): void;
  refused(item: Item, problem: ProblemBody): void;
  /** Whether another file of ours goes there. */
  claimed(path: string): boolean;
  /** The item goes into another folder, since a file has the name of its own. */
  moved(item: Item, folder: string): void;
  /** A folder that no file of the drop lies in. */
  refusedFolder(path: string, problem: ProblemBody): void;
}

/** Why a path cannot be stored; undefined: it can. */
export function pathProblem(path: string): ProblemBody | undefined {
  for (const name of partsOf(path)) {
    const fault = nameFault(name);
    if (fault) return ownProblem('invalid-name', text.problems.name[fault]);
  }
  return path === '' ? ownProblem('invalid-name', text.problems.name.empty) : undefined;
}

/**
 * Makes the folders, then looks which names are taken. folders: those to be made even if no
 * file goes there, as whole paths. base: the folder dropped into, which is not made.
 */
export async function plan(
  items: readonly Item[],
  folders: readonly string[],
  base: string,
  planner: Planner,
  findings: Findings,
): Promise<void> {
  const good: Item[] = [];
  const wanted = new Set<string>();
  const closed = new Map<string, ProblemBody>();
  for (const folder of folders) {
    const problem = folder === '' ? undefined : pathProblem(folder);
    if (problem) closed.set(folder, problem);
    else wanted.add(folder);
  }
  for (const item of items) {
    const problem = pathProblem(targetOf(item));
    if (problem) findings.refused(item, problem);
    else {
      good.push(item);
      if (item.folder !== item.base) wanted.add(item.folder);
    }
  }
  await makeFolders([...wanted], planner, closed);
  const renamed = await besideFiles(closed, base, planner, findings);
  if (renamed.size > 0) {
    const there = (folder: string) => {
      for (const [from, to] of renamed) {
        if (isWithin(folder, from)) return movedPath(folder, from, to);
      }
      return undefined;
    };
    for (const item of good) {
      const to = there(item.folder);
      if (to !== undefined && !item.gone) findings.moved(item, to);
    }
    for (const folder of closed.keys()) if (there(folder) !== undefined) closed.delete(folder);
    const again = [...wanted].flatMap((folder) => there(folder) ?? []);
    await makeFolders(again, planner, closed);
  }
  const open = good.filter((item) => {
    const problem = closedAbove(item.folder, closed);
    if (problem) findings.refused(item, problem);
    return !problem;
  });
  tellFolders(items, closed, findings);
  for (let at = 0; at < open.length; at += batch) {
    const some = open.slice(at, at + batch).filter((item) => !item.gone);
    if (some.length === 0) continue;
    try {
      const files = some.map((item) => ({
        ...{ path: targetOf(item), size: item.size, mtime: item.file?.lastModified ?? 0 },
      }));
      const plans = await planner.plan(files);
      const free: Item[] = [];
      const same: Item[] = [];
      const taken: Taken[] = [];
      for (const [i, item] of some.entries()) {
        const { state = 'new', entry: there, upload } = plans[i] ?? {};
        if (state === 'same') same.push(item);
        else if (there) taken.push({ item, there });
        else free.push(item);
        if (upload && !item.gone) findings.begun(item, upload.id);
      }
      findings.same(same);
      findings.free(free);
      findings.taken(taken);
    } catch (error) {
      for (const item of some) findings.refused(item, problemOf(error));
    }
  }
}

/** Adds the folders that could not be made to closed, and why. */
async function makeFolders(
  folders: readonly string[],
  planner: Planner,
  closed: Map<string, ProblemBody>,
): Promise<void> {
  const paths = deepest(folders);
  for (let at = 0; at < paths.length && planner.wanted(); at += batch) {
    const some = paths.slice(at, at + batch);
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

/**
 * New names for folders of the drop that cannot be made because a file has theirs. All
 * below a folder stays together.
 */
async function besideFiles(
  closed: ReadonlyMap<string, ProblemBody>,
  base: string,
  planner: Planner,
  findings: Findings,
): Promise<Map<string, string>> {
  const renamed = new Map<string, string>();
  const suspects = new Set<string>();
  for (const [path, { code }] of closed) {
    if (code !== 'not-a-folder' && code !== 'exists') continue;
    for (const folder of upwards(path)) {
      if (folder !== base && isWithin(folder, base)) suspects.add(folder);
    }
  }
  try {
    const files: { name: string; folder: string; gone: false }[] = [];
    const all = [...suspects];
    for (let at = 0; at < all.length; at += batch) {
      const some = all.slice(at, at + batch);
      const entries = await planner.lookup(some);
      for (const [i, path] of some.entries()) {
        const there = entries[i];
        if (!there || there.folder) continue;
        files.push({ name: baseName(path), folder: parentOf(path), gone: false });
      }
    }
    const used = new Set<string>();
    const claimed = (path: string) => used.has(keyOf(path)) || findings.claimed(path);
    await findFreeNames(files, planner, claimed, ({ name, folder }, free) => {
      if (free === undefined) return;
      const to = joinPath(folder, free);
      used.add(keyOf(to));
      renamed.set(joinPath(folder, name), to);
    });
  } catch {
    // They stay closed, for the reason that is known.
  }
  return renamed;
}

/** Of those with files in them, the files tell; the others must not go unmentioned. */
function tellFolders(
  items: readonly Item[],
  closed: ReadonlyMap<string, ProblemBody>,
  findings: Findings,
): void {
  if (closed.size === 0) return;
  const told = new Set<string>();
  for (const item of items) for (const folder of upwards(item.folder)) told.add(folder);
  for (const [path, problem] of closed) {
    if (!told.has(path)) findings.refusedFolder(path, problem);
  }
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

/** Why nothing can go into a folder: it, or one above it, could not be made. */
function closedAbove(
  folder: string,
  closed: ReadonlyMap<string, ProblemBody>,
): ProblemBody | undefined {
  if (closed.size === 0) return undefined;
  for (const path of upwards(folder)) {
    const problem = closed.get(path);
    if (problem) return problem;
  }
  return undefined;
}

/** The folder and all above it, without the top. */
function upwards(folder: string): string[] {
  const parts = partsOf(folder);
  return parts.map((_, n) => parts.slice(0, parts.length - n).join('/'));
}

/** Names that are tried for one file before it is given up, and of one file in one request. */
const mostNames = 2000;
const together = 100;

/**
 * Finds a free name beside the taken one for each. claimed: whether another file of ours
 * goes there already; use takes the name at once, so that the next one sees it.
 */
export async function findFreeNames<T extends Pick<Item, 'name' | 'folder' | 'gone'>>(
  items: readonly T[],
  planner: Pick<Client, 'lookup'>,
  claimed: (path: string) => boolean,
  use: (item: T, name: string | undefined) => void,
): Promise<void> {
  let left = items.map((item) => ({ item, names: freeNames(item.name), tried: 0 }));
  while (left.length > 0) {
    // One name each while there are many, several for the few that are left.
    const each = Math.max(1, Math.min(together, Math.floor(batch / left.length)));
    const some = left.slice(0, batch);
    const candidates = some.map((search) => {
      const names: string[] = [];
      while (names.length < each) {
        const name = search.names.next().value;
        if (search.tried++ > mostNames) break;
        if (!claimed(joinPath(search.item.folder, name))) names.push(name);
      }
      return names;
    });
    const paths = some.flatMap(({ item }, i) =>
      (candidates[i] ?? []).map((name) => joinPath(item.folder, name)),
    );
    const entries = paths.length > 0 ? await planner.lookup(paths.slice(0, batch)) : [];
    let at = 0;
    const solved = new Set<T>();
    for (const [i, search] of some.entries()) {
      const names = candidates[i] ?? [];
      const free = names.find((name, n) => {
        const known = entries[at + n];
        return known === null && !claimed(joinPath(search.item.folder, name));
      });
      at += names.length;
      if (free !== undefined || names.length === 0) {
        solved.add(search.item);
        use(search.item, free);
      }
    }
    left = left.filter(({ item }) => !solved.has(item) && !item.gone);
  }
}
