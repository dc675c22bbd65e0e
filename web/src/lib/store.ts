import type { Observable } from './observable';

/** An Observable that its owner can set. */
export interface Store<T> extends Observable<T> {
  /** Tells the listeners, unless it is the same value as before. */
  set(value: T): void;
}

export function createStore<T>(initial: T): Store<T> {
  const listeners = createListeners();
  let value = initial;
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      listeners.tell();
    },
    subscribe: listeners.add,
  };
}

/** Functions to be called when something changed. */
export interface Listeners {
  add(listener: () => void): () => void;
  tell(): void;
}

export function createListeners(): Listeners {
  const all = new Set<{ run: () => void }>();
  return {
    add(run) {
      const entry = { run }; // the same function may listen twice
      all.add(entry);
      return () => {
        all.delete(entry);
      };
    },
    tell() {
      // A copy: a listener may end its own subscription or another's.
      for (const entry of [...all]) if (all.has(entry)) entry.run();
    },
  };
}
