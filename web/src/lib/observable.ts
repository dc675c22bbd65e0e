/** A value that can be watched; React reads it with useSyncExternalStore. */
export interface Observable<T> {
  /** The same object until it changed. */
  get(): T;
  subscribe(listener: () => void): () => void;
}
