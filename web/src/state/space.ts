import { type QueryClient, QueryObserver } from '@tanstack/query-core';
import { isPassing, problemOf } from '../api/problem';
import type { SpaceUse } from '../api/types';
import type { Observable } from '../lib/observable';
import { createStore } from '../lib/store';
import { asking, lookSoon } from './folders';
import type { SpaceView } from './types';

/** Milliseconds between two looks: it costs the server more than a folder does. */
const lookSeldom = 60_000;

/** What takes the person's space. It is asked for while somebody watches. */
export interface SpaceModel extends Observable<SpaceView> {
  /** Asks anew, if somebody watches. */
  refresh(): void;
  /** Another person comes: shows nothing until it has asked for theirs. */
  clear(): void;
}

export interface SpaceOptions {
  readonly queries: QueryClient;
  read(signal: AbortSignal): Promise<SpaceUse>;
}

const key = ['space'] as const;

export function createSpace({ queries, read }: SpaceOptions): SpaceModel {
  const loading: SpaceView = Object.freeze({ state: 'loading', refreshing: false });
  const store = createStore<SpaceView>(loading);
  let watching = 0;
  let stop = () => {};
  let observer: ReturnType<typeof observe> | undefined;

  const observe = () =>
    new QueryObserver<SpaceUse, Error, SpaceUse, SpaceUse, typeof key>(queries, {
      ...asking,
      queryKey: key,
      queryFn: ({ signal }) => read(signal),
      gcTime: 60_000,
      refetchInterval: (query) => (query.state.error ? lookSoon : lookSeldom),
      refetchIntervalInBackground: false,
    });

  function publish(): void {
    const result = observer?.getCurrentResult();
    if (!result) return;
    const next = viewOf(result);
    const now = store.get();
    if (
      now.state !== next.state ||
      now.problem !== next.problem ||
      now.use !== next.use ||
      now.refreshing !== next.refreshing
    ) {
      store.set(Object.freeze(next));
    }
  }

  function watch(): void {
    observer = observe();
    stop = observer.subscribe(publish);
    publish();
  }

  return {
    get: store.get,
    subscribe(listener) {
      const end = store.subscribe(listener);
      if (watching++ === 0) watch();
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        end();
        if (--watching > 0) return;
        stop();
        observer = undefined;
      };
    },
    refresh: () => void queries.invalidateQueries({ queryKey: key }),
    clear() {
      stop();
      observer = undefined;
      queries.removeQueries({ queryKey: key });
      store.set(loading);
      if (watching > 0) watch();
    },
  };
}

type Result = ReturnType<QueryObserver<SpaceUse, Error>['getCurrentResult']>;

function viewOf(result: Result): SpaceView {
  const use = result.data;
  const error = result.error ?? (use ? null : result.failureReason);
  const problem = error && problemOf(error);
  const refreshing = result.isFetching;
  // As a folder: what is known stays in view while the server is away.
  if (use && (!problem || isPassing(problem) || problem.status === 401)) {
    return { state: 'ready', use, refreshing, ...(problem && { problem }) };
  }
  if (problem && result.isError) return { state: 'failed', problem, refreshing };
  return { state: 'loading', refreshing };
}
