import { useCallback, useSyncExternalStore } from 'react';
import type { Observable } from '../lib/observable';
import type { Snapshot, Uploads } from '../upload/types';

/** The value now; renders again when it changes. */
export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(
    useCallback((listener: () => void) => observable.subscribe(listener), [observable]),
    () => observable.get(),
  );
}

/** The uploads now. While bytes flow this renders up to ten times a second: keep it low in the tree. */
export function useUploads(uploads: Uploads): Snapshot {
  return useSyncExternalStore(
    useCallback((listener: () => void) => uploads.subscribe(listener), [uploads]),
    () => uploads.snapshot(),
  );
}

/** One number or word of the uploads; renders again only when that changes. */
export function useUploadsPart<T extends string | number | boolean | undefined>(
  uploads: Uploads,
  part: (snapshot: Snapshot) => T,
): T {
  return useSyncExternalStore(
    useCallback((listener: () => void) => uploads.subscribe(listener), [uploads]),
    () => part(uploads.snapshot()),
  );
}
