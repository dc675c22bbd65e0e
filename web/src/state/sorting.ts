import type { Host } from '../lib/host';
import { createStore, type Store } from '../lib/store';
import type { Sort, SortKey } from './types';

const key = 'cairn.sort';
const keys: readonly SortKey[] = ['name', 'size', 'mtime'];

/** The order of lists, remembered by the browser. */
export interface Sorting extends Omit<Store<Sort>, 'set'> {
  /** The same key again turns the order round. */
  by(key: SortKey): void;
}

export function createSorting(host: Host): Sorting {
  const store = createStore<Sort>(read(host.recall(key)));
  return {
    get: store.get,
    subscribe: store.subscribe,
    by(wanted) {
      const now = store.get();
      // Newest and largest first: that is what one looks for in these columns.
      const descending = now.key === wanted ? !now.descending : wanted !== 'name';
      store.set({ key: wanted, descending });
      host.remember(key, JSON.stringify(store.get()));
    },
  };
}

function read(text: string | undefined): Sort {
  try {
    const sort = JSON.parse(text ?? '') as Partial<Sort> | null;
    const known = keys.find((k) => k === sort?.key);
    if (known) return { key: known, descending: sort?.descending === true };
  } catch {
    // Nothing, or something else's: the default.
  }
  return { key: 'name', descending: false };
}
