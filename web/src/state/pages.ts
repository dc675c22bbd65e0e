import {
  type InfiniteData,
  InfiniteQueryObserver,
  type InfiniteQueryObserverResult,
  type QueryClient,
} from '@tanstack/query-core';
import { isPassing, problemOf } from '../api/problem';
import type { Page } from '../api/types';
import type { Observable } from '../lib/observable';
import { createStore } from '../lib/store';
import { asking, lookAgain, lookSoon } from './folders';
import type { PagesView } from './types';

/** A list read page by page, from its newest row on. It is asked for while somebody watches. */
export interface Pages<T> extends Observable<PagesView<T>> {
  /** Reads on, if there is more. */
  more(): void;
  /** Asks for all that was read anew, if somebody watches. */
  refresh(): void;
  /** Leaves rows out before the server's next answer does. */
  drop(ids: ReadonlySet<string>): void;
}

export interface PagesOptions<T> {
  readonly queries: QueryClient;
  readonly key: readonly string[];
  read(before: number | undefined, signal: AbortSignal): Promise<Page<T>>;
  /** Hears of the rows before those who watch do. */
  onRows?(rows: readonly T[]): void;
}

type Data<T> = InfiniteData<Page<T>, number | undefined>;

export function createPages<T extends { readonly id: string }>(options: PagesOptions<T>): Pages<T> {
  const { queries, key } = options;
  const noRows: readonly T[] = Object.freeze([]);
  const store = createStore<PagesView<T>>(
    Object.freeze({ state: 'loading', rows: noRows, more: false, refreshing: false }),
  );
  let watching = 0;
  let wanted = false; // more is
  let observer: ReturnType<typeof observe> | undefined;
  let stop = () => {};
  let flat: { readonly data: Data<T>; readonly rows: readonly T[] } | undefined;

  const observe = () =>
    new InfiniteQueryObserver<Page<T>, Error, Data<T>, readonly string[], number | undefined>(
      queries,
      {
        ...asking,
        queryKey: key,
        queryFn: ({ pageParam, signal }) => options.read(pageParam, signal),
        initialPageParam: undefined,
        getNextPageParam: (last) => last.next ?? undefined,
        structuralSharing: false,
        gcTime: 60_000,
        // All that was read is asked for anew: of a long list only when somebody comes back.
        refetchInterval: (query) => {
          if (query.state.error) return lookSoon;
          return (query.state.data?.pages.length ?? 0) > 1 ? false : lookAgain;
        },
        refetchIntervalInBackground: false,
      },
    );

  function rowsOf(data: Data<T>): readonly T[] {
    if (flat?.data !== data) {
      // What moves while pages are read may stand on two of them.
      const byId = new Map<string, T>();
      for (const page of data.pages) for (const row of page.rows) byId.set(row.id, row);
      flat = { data, rows: Object.freeze([...byId.values()]) };
    }
    return flat.rows;
  }

  function publish(): void {
    const result = observer?.getCurrentResult();
    if (!result) return;
    const next = viewOf(result, result.data ? rowsOf(result.data) : noRows);
    if (!same(store.get(), next)) {
      options.onRows?.(next.rows);
      store.set(Object.freeze(next));
    }
    readOn();
  }

  /** Not while something is asked: that may be of before a change. */
  function readOn(): void {
    const result = observer?.getCurrentResult();
    if (!wanted || !result?.hasNextPage || result.isFetching || result.error) return;
    wanted = false;
    void observer?.fetchNextPage();
  }

  return {
    get: store.get,
    subscribe(listener) {
      const end = store.subscribe(listener);
      if (watching++ === 0) {
        observer = observe();
        stop = observer.subscribe(publish);
        publish();
      }
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        end();
        if (--watching > 0) return;
        stop();
        wanted = false;
        observer = undefined;
      };
    },
    more() {
      wanted = store.get().more;
      readOn();
    },
    refresh: () => void queries.invalidateQueries({ queryKey: key }),
    drop(ids) {
      void queries.cancelQueries({ queryKey: key }, { revert: true });
      queries.setQueryData<Data<T>>(key, (data) => {
        const without = (page: Page<T>) => ({
          ...page,
          rows: page.rows.filter((row) => !ids.has(row.id)),
        });
        return data && { ...data, pages: data.pages.map(without) };
      });
    },
  };
}

function viewOf<T>(
  result: InfiniteQueryObserverResult<Data<T>, Error>,
  rows: readonly T[],
): PagesView<T> {
  const error = result.error ?? (result.data ? null : result.failureReason);
  const problem = error && problemOf(error);
  const refreshing = result.isFetching;
  // As a folder: what is known stays in view while the server is away.
  if (result.data && (!problem || isPassing(problem) || problem.status === 401)) {
    const more = result.hasNextPage;
    return { state: 'ready', rows, more, refreshing, ...(problem && { problem }) };
  }
  const none = { rows: [], more: false, refreshing };
  if (problem && result.isError) return { ...none, state: 'failed', problem };
  return { ...none, state: 'loading' };
}

function same<T>(a: PagesView<T>, b: PagesView<T>): boolean {
  return (
    a.state === b.state &&
    a.problem === b.problem &&
    (a.rows === b.rows || (a.rows.length === 0 && b.rows.length === 0)) &&
    a.more === b.more &&
    a.refreshing === b.refreshing
  );
}
