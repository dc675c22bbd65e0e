import type { Item } from './item';

/** What can be sent, in its order; what had a place before comes first. */
export interface Queue {
  /** Adds those that wait and do not stand in it. */
  add(items: readonly Item[], first: boolean): void;
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
