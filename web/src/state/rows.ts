import type { Entry, Listing } from '../api/types';
import { compareNames, foldName } from '../lib/collate';
import { isJunk } from '../lib/junk';
import type { Sort, SortKey } from './types';

/**
 * Makes the rows of a listing: folders first, sorted, filtered, without what programs leave
 * beside people's files, unless the filter is how its name begins. O(n log n) when the listing
 * is new, O(n) when only the filter or the direction changed. The rows are frozen, and the
 * same array as long as nothing changed.
 */
export interface Rows {
  of(listing: Listing, sort: Sort, filter: string): readonly Entry[];
}

export function createRows(): Rows {
  let sorted: { listing: Listing; key: SortKey; entries: Entry[] } | undefined;
  let folded: { listing: Listing; names: Map<Entry, string> } | undefined;
  let last: { listing: Listing; sort: Sort; filter: string; rows: readonly Entry[] } | undefined;

  function inOrder(listing: Listing, key: SortKey): Entry[] {
    if (sorted?.listing === listing && sorted.key === key) return sorted.entries;
    const former = sorted?.key === key && sorted.listing.path === listing.path ? sorted : undefined;
    const entries = former ? keepOrder(former.entries, listing) : listing.entries.slice();
    entries.sort(comparers[key]);
    sorted = { listing, key, entries };
    return entries;
  }

  function matching(entries: readonly Entry[], listing: Listing, filter: string): Entry[] {
    const wanted = foldName(filter.trim());
    if (wanted === '') return entries.filter((entry) => !isHidden(entry));
    if (folded?.listing !== listing) {
      folded = { listing, names: new Map(listing.entries.map((e) => [e, foldName(e.name)])) };
    }
    const names = folded.names;
    return entries.filter((entry) => {
      const name = names.get(entry) ?? '';
      return isHidden(entry) ? name.startsWith(wanted) : name.includes(wanted);
    });
  }

  return {
    of(listing, sort, filter) {
      if (
        last?.listing === listing &&
        last.filter === filter &&
        last.sort.key === sort.key &&
        last.sort.descending === sort.descending
      ) {
        return last.rows;
      }
      const all = matching(inOrder(listing, sort.key), listing, filter);
      if (sort.descending) all.reverse();
      const folders = all.filter((entry) => entry.folder);
      const rows = Object.freeze(folders.concat(all.filter((entry) => !entry.folder)));
      last = { listing, sort, filter, rows };
      return rows;
    },
  };
}

function isHidden(entry: Entry): boolean {
  return !entry.folder && isJunk(entry.name);
}

/** How many entries a listing has for people to see. */
export function countShown(listing: Listing): number {
  return listing.entries.reduce((n, entry) => (isHidden(entry) ? n : n + 1), 0);
}

const comparers: Readonly<Record<SortKey, (a: Entry, b: Entry) => number>> = {
  name: byName,
  size: (a, b) => a.size - b.size || byName(a, b),
  mtime: (a, b) => a.mtime - b.mtime || byName(a, b),
};

function byName(a: Entry, b: Entry): number {
  // The collator may call different names equal, and the order must not depend on chance.
  return compareNames(a.name, b.name) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/**
 * The new listing in the order of the former: a sort that finds nearly everything in place
 * already takes O(n) comparisons.
 */
function keepOrder(former: readonly Entry[], listing: Listing): Entry[] {
  const left = new Map(listing.entries.map((entry) => [entry.id, entry]));
  const kept: Entry[] = [];
  for (const { id } of former) {
    const entry = left.get(id);
    if (entry && left.delete(id)) kept.push(entry);
  }
  return kept.concat([...left.values()]);
}
