import type { Client } from '../api/client';
import { freeNames } from '../lib/file-name';
import { joinPath } from '../lib/path';
import type { Item } from './item';
import { together } from './planner';

/** Names that are tried for one file before it is given up, and of one file in one request. */
const mostNames = 2000;
const eachAtMost = 100;

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
    const each = Math.max(1, Math.min(eachAtMost, Math.floor(together / left.length)));
    const some = left.slice(0, together);
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
    const entries = paths.length > 0 ? await planner.lookup(paths.slice(0, together)) : [];
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
