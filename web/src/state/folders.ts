import { QueryClient, QueryObserver } from '@tanstack/query-core';
import type { Client } from '../api/client';
import { isPassing, Problem } from '../api/problem';
import type { Listing } from '../api/types';
import { isWithin, parentOf } from '../lib/path';

type FolderKey = readonly ['folder', string];
export type FolderObserver = QueryObserver<Listing, Error, Listing, Listing, FolderKey>;

/** Milliseconds between two looks at what is shown, while the page is visible. */
export const lookAgain = 15_000;
/** After a failure. */
export const lookSoon = 5_000;

/** The listings that the app knows: the one place that holds what the server said. */
export interface Folders {
  readonly queries: QueryClient;
  /** Watches a folder; setOptions(optionsOf(path)) turns it to another. */
  observe(path: string): FolderObserver;
  optionsOf(path: string): ReturnType<typeof optionsFor>;
  /** Reads it, from what is known if that is younger than so many milliseconds. */
  read(path: string, freshFor?: number): Promise<Listing>;
  /** What is known now. */
  known(path: string): Listing | undefined;
  /** Asks again for folders and those above them, if they are shown; marks them old else. */
  refresh(...paths: readonly string[]): Promise<void>;
  /**
   * Changes what is known of a folder before the server did it. The returned function takes
   * the change back; it does nothing when something newer is known.
   */
  change(path: string, edit: (entries: Listing['entries']) => Listing['entries']): () => void;
  /** Holds back asking while changes are on their way: the answers would be of before. */
  holding<T>(work: () => Promise<T>): Promise<T>;
  /** Asks again for all that is shown, and marks the rest old: anything may have changed. */
  refreshAll(): void;
  /** Forgets folders that are no longer where they were. */
  forget(path: string): void;
  /** Forgets everything: another person comes. */
  clear(): void;
}

/** How the server is asked, whatever for. */
export const asking = {
  // A server at home is reached without the internet too.
  networkMode: 'always' as const,
  staleTime: 0,
  retry: (failures: number, error: Error) =>
    failures < 2 && error instanceof Problem && isPassing(error.body),
  retryDelay: (attempt: number) => 500 * 2 ** attempt,
  refetchOnWindowFocus: true,
};

function optionsFor(client: Client, queries: QueryClient, held: () => boolean, path: string) {
  const queryKey: FolderKey = ['folder', path];
  return {
    ...asking,
    queryKey,
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      client.listing(path, queries.getQueryData<Listing>(queryKey), signal),
    // Comparing 100,000 rows costs 100 ms, and If-None-Match has told already.
    structuralSharing: false,
    gcTime: 10 * 60_000,
    refetchInterval: (query: { state: { error: Error | null } }) => {
      if (held()) return false as const;
      return query.state.error ? lookSoon : lookAgain;
    },
    refetchIntervalInBackground: false,
  };
}

export function createFolders(client: Client): Folders {
  const queries = new QueryClient();
  let holds = 0;
  const keyOf = (path: string): FolderKey => ['folder', path];
  const optionsOf = (path: string) => optionsFor(client, queries, () => holds > 0, path);
  const known = (path: string) => queries.getQueryData<Listing>(keyOf(path));

  async function refresh(...paths: readonly string[]): Promise<void> {
    await queries.invalidateQueries({
      predicate: (query) => {
        const [kind, at] = query.queryKey;
        if (kind !== 'folder' || typeof at !== 'string') return false;
        return paths.some((path) => isWithin(path, at));
      },
    });
  }

  return {
    queries,
    optionsOf,
    known,
    refresh,
    refreshAll: () => void queries.invalidateQueries({ queryKey: ['folder'] }),
    observe: (path) => new QueryObserver(queries, optionsOf(path)),
    read: (path, freshFor = 0) =>
      queries.fetchQuery({ ...optionsOf(path), staleTime: freshFor, retry: false }),
    change(path, edit) {
      const before = known(path);
      if (!before) return () => {};
      // An answer that is under way is of before the change. Not awaited: cancelling marks
      // it at once, and what is typed next must see the change.
      void queries.cancelQueries({ queryKey: keyOf(path) }, { revert: true });
      // Without an ETag: the server must not be asked whether this, which it never said, is new.
      const after: Listing = Object.freeze({
        ...before,
        etag: '',
        entries: Object.freeze(edit(before.entries)),
      });
      queries.setQueryData(keyOf(path), after);
      return () => {
        if (known(path) === after) queries.setQueryData(keyOf(path), before);
      };
    },
    async holding(work) {
      holds++;
      try {
        return await work();
      } finally {
        holds--;
      }
    },
    forget(path) {
      queries.removeQueries({
        type: 'inactive',
        predicate: (query) => {
          const [kind, at] = query.queryKey;
          return kind === 'folder' && typeof at === 'string' && isWithin(at, path);
        },
      });
      void refresh(parentOf(path));
    },
    clear: () => queries.clear(),
  };
}
