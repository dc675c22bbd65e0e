import { problemOf } from '../api/problem';
import type { Entry, ProblemBody } from '../api/types';
import { type Folders, pathProblem } from './folders';
import { type Item, targetOf } from './item';
import { type Planner, together } from './planner';

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
}

/**
 * Makes the folders, then looks which names are taken. empty: folders to be made even if no
 * file goes there, as whole paths. folders: what is known of the drop's folders so far.
 */
export async function plan(
  items: readonly Item[],
  empty: readonly string[],
  folders: Folders,
  planner: Planner,
  findings: Findings,
): Promise<void> {
  const good: Item[] = [];
  const wanted = new Set(empty);
  for (const item of items) {
    const problem = pathProblem(targetOf(item));
    if (problem) findings.refused(item, problem);
    else {
      good.push(item);
      if (item.folder !== folders.base) wanted.add(item.folder);
    }
  }
  await folders.make(wanted, planner, findings.claimed);
  const open: Item[] = [];
  for (const item of good) {
    const place = folders.placeOf(item.folder);
    if (place !== item.folder && !item.gone) findings.moved(item, place);
    const problem = folders.problemOf(item.folder);
    if (problem) findings.refused(item, problem);
    else open.push(item);
  }
  for (const item of items) folders.fill(item.folder);
  for (let at = 0; at < open.length; at += together) {
    const some = open.slice(at, at + together).filter((item) => !item.gone);
    if (some.length > 0) await look(some, planner, findings);
  }
}

/** Asks what is at the places of some items, no more than fit into a request. */
async function look(some: readonly Item[], planner: Planner, findings: Findings): Promise<void> {
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
