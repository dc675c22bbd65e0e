import type { Clock } from '../lib/clock';
import type { Observable } from '../lib/observable';
import { createStore } from '../lib/store';
import type { Toast } from './types';

/** Short messages that go by themselves. */
export interface Toasts extends Observable<readonly Toast[]> {
  /** offer: such as Undo; run at most once, and the message goes with it. */
  show(kind: Toast['kind'], words: string, offer?: { label: string; run(): void }): void;
  dismiss(id: number): void;
  clear(): void;
}

/** Milliseconds that a message stays. */
const stays = { done: 6000, failed: 15_000, offer: 10_000 };
const atOnce = 4;

export function createToasts(clock: Clock): Toasts {
  const store = createStore<readonly Toast[]>([]);
  let next = 1;
  const dismiss = (id: number) => {
    const left = store.get().filter((toast) => toast.id !== id);
    if (left.length < store.get().length) store.set(left);
  };
  return {
    get: store.get,
    subscribe: store.subscribe,
    dismiss,
    clear: () => store.set([]),
    show(kind, words, offer) {
      const id = next++;
      let used = false;
      const toast: Toast = {
        id,
        text: words,
        kind,
        ...(offer && {
          action: {
            label: offer.label,
            run() {
              if (used) return;
              used = true;
              dismiss(id);
              offer.run();
            },
          },
        }),
      };
      store.set([...store.get(), toast].slice(-atOnce));
      clock.after(offer ? stays.offer : stays[kind], () => dismiss(id));
    },
  };
}
