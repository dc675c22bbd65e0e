import type { Clock } from '../lib/clock';
import type { Observable } from '../lib/observable';
import { createStore } from '../lib/store';
import type { Toast } from './types';

/** Short messages that go by themselves. */
export interface Toasts extends Observable<readonly Toast[]> {
  /** offers: such as Undo; one is run, at most once, and the message goes with it. */
  show(kind: Toast['kind'], words: string, ...offers: readonly Offer[]): void;
  dismiss(id: number): void;
  /** Takes away the message that makes this offer: it came to nothing. */
  withdraw(offer: Offer): void;
  clear(): void;
}

type Offer = NonNullable<Toast['offers']>[number];

/** Milliseconds that a message stays. */
const stays = { done: 6000, failed: 15_000, offer: 10_000 };
const atOnce = 4;

export function createToasts(clock: Clock): Toasts {
  const store = createStore<readonly Toast[]>([]);
  const offered = new Map<Offer, number>();
  let next = 1;
  const dismiss = (id: number) => {
    const left = store.get().filter((toast) => toast.id !== id);
    if (left.length < store.get().length) store.set(left);
    for (const [offer, toast] of offered) if (toast === id) offered.delete(offer);
  };
  return {
    get: store.get,
    subscribe: store.subscribe,
    dismiss,
    withdraw(offer) {
      const id = offered.get(offer);
      if (id !== undefined) dismiss(id);
    },
    clear() {
      offered.clear();
      store.set([]);
    },
    show(kind, words, ...offers) {
      const id = next++;
      for (const offer of offers) offered.set(offer, id);
      let used = false;
      const toast: Toast = {
        id,
        text: words,
        kind,
        ...(offers.length > 0 && {
          offers: offers.map((offer) => ({
            label: offer.label,
            run() {
              if (used) return;
              used = true;
              dismiss(id);
              offer.run();
            },
          })),
        }),
      };
      store.set([...store.get(), toast].slice(-atOnce));
      clock.after(offers.length > 0 ? stays.offer : stays[kind], () => dismiss(id));
    },
  };
}
