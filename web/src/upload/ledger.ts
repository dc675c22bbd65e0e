import { type Item, isOpen } from './item';
import type { UploadItem } from './types';

/** Sums over all items, kept up to date with each change. */
export interface Sums {
  files: number;
  done: number;
  failed: number;
  open: number;
  paused: number;
  sending: number;
  bytes: number;
  acked: number;
  sent: number;
  /** Bytes that open items still have to bring. */
  left: number;
}

type Visible = Partial<Pick<Item, 'name' | 'folder' | 'acked' | 'sent' | 'state' | 'problem'>>;

/**
 * All items, what the view sees of them, and their sums. A change costs O(1), whatever the
 * number of items; views() copies an array of references.
 */
export interface Ledger {
  readonly items: readonly Item[];
  readonly sums: Readonly<Sums>;
  /** Acknowledged bytes since the beginning; only grows, also when items are taken away. */
  readonly gained: number;
  get(id: number): Item | undefined;
  add(items: readonly Item[]): void;
  /** problem: undefined takes the problem away. acked may only grow. */
  set(item: Item, change: Visible): void;
  remove(items: ReadonlySet<Item>): void;
  views(): readonly UploadItem[];
}

export function createLedger(): Ledger {
  let items: Item[] = [];
  let views: UploadItem[] = [];
  const byId = new Map<number, Item>();
  const dirty = new Set<Item>();
  let sums = noSums();
  let gained = 0;

  function count(item: Item, sign: 1 | -1): void {
    if (item.state === 'skipped') return;
    const open = isOpen(item.state);
    sums.files += sign;
    if (item.state === 'done') sums.done += sign;
    if (item.state === 'failed') sums.failed += sign;
    if (item.state === 'paused') sums.paused += sign;
    if (item.state === 'sending') sums.sending += sign;
    if (open) {
      sums.open += sign;
      sums.left += sign * (item.size - item.acked);
    }
    sums.bytes += sign * item.size;
    sums.acked += sign * item.acked;
    sums.sent += sign * item.sent;
  }

  return {
    get items() {
      return items;
    },
    get sums() {
      return sums;
    },
    get gained() {
      return gained;
    },
    get: (id) => byId.get(id),
    add(more) {
      if (sums.open === 0) {
        // A new beginning: what was taken off the list counts no longer.
        sums = noSums();
        for (const item of items) count(item, 1);
      }
      for (const item of more) {
        item.place = items.length;
        items.push(item);
        views.push(viewOf(item));
        byId.set(item.id, item);
        count(item, 1);
      }
    },
    set(item, change) {
      if (item.gone) return;
      count(item, -1);
      const before = item.acked;
      Object.assign(item, change);
      item.acked = Math.max(before, item.acked);
      item.sent = Math.max(item.acked, item.sent);
      gained += item.acked - before;
      count(item, 1);
      dirty.add(item);
    },
    remove(some) {
      for (const item of some) {
        item.gone = true;
        byId.delete(item.id);
        dirty.delete(item);
        count(item, -1);
        // While others are open the sums must not fall: what has arrived stays in them.
        if (item.state === 'done') {
          sums.files++;
          sums.done++;
          sums.bytes += item.size;
        } else {
          sums.bytes += item.acked;
        }
        sums.acked += item.acked;
        sums.sent += item.acked;
      }
      // The views of the others stay the same objects.
      views = views.filter((_, place) => !items[place]?.gone);
      items = items.filter((item) => !item.gone);
      for (const [place, item] of items.entries()) item.place = place;
      if (items.length === 0) sums = noSums();
    },
    views() {
      for (const item of dirty) views[item.place] = viewOf(item);
      dirty.clear();
      return views.slice();
    },
  };
}

function noSums(): Sums {
  return {
    files: 0,
    done: 0,
    failed: 0,
    open: 0,
    paused: 0,
    sending: 0,
    bytes: 0,
    acked: 0,
    sent: 0,
    left: 0,
  };
}

function viewOf(item: Item): UploadItem {
  return Object.freeze({
    id: item.id,
    name: item.name,
    folder: item.folder,
    size: item.size,
    acked: item.acked,
    sent: item.sent,
    state: item.state,
    ...(item.problem && { problem: item.problem }),
  });
}
