import type { Item } from './item';

/** What can be sent, in its order; what had a place before comes first. */
export interface Queue {
  /** Adds those that wait and do not stand in it. */
  add(items: readonly Item[], first: boolean): void;
  /** What stands in it, in its order; some of it may not be to be sent any more. */
  all(): Iterable<Item>;
  /** The next one that can be sent. It stays where it is until next(). */
  peek(): Item | undefined;
  next(): void;
}

/** busy: it is being sent, whatever stands here. */
export function createQueue(busy: (item: Item) => boolean): Queue {
  const front: Item[] = [];
  let back: Item[] = [];
  let head = 0;

  function next(): void {
    const item = front.shift() ?? back[head++];
    if (item) item.queued = false;
    if (head > 1000 || head >= back.length) {
      back = back.slice(head);
      head = 0;
    }
  }

  return {
    add(items, first) {
      for (const item of items) {
        if (item.queued || item.state !== 'waiting') continue;
        item.queued = true;
        (first ? front : back).push(item);
      }
    },
    *all() {
      yield* front;
      for (let at = head; at < back.length; at++) if (back[at]) yield back[at] as Item;
    },
    peek() {
      for (;;) {
        const item = front[0] ?? back[head];
        if (!item || (item.state === 'waiting' && !item.gone && !busy(item))) return item;
        next();
      }
    },
    next,
  };
}
