import { type QueryClient, QueryObserver } from '@tanstack/query-core';
import { isPassing, problemOf } from '../api/problem';
import type { UnfinishedUpload, UnfinishedUploads } from '../api/types';
import type { Clock } from '../lib/clock';
import type { Observable } from '../lib/observable';
import { createStore } from '../lib/store';
import { throttle } from '../lib/throttle';
import { asking, lookAgain, lookSoon } from './folders';
import type { Unfinished, UnfinishedView } from './types';

/** Milliseconds between two looks while nothing but their number is shown. */
const lookSeldom = 60_000;
/** Between a sign of an upload that is not known and the next one that is looked at. */
const newcomers = 5000;
/** What has grown within so many milliseconds is growing. */
const movingFor = 10_000;

/**
 * The unfinished uploads of a person, without those that this page has in hand. They are asked
 * for while somebody watches.
 */
export interface UnfinishedModel extends Observable<UnfinishedView> {
  /** Asks anew, if somebody watches; resolves when the answer shows. */
  refresh(): Promise<void>;
  /** Leaves some out before the server's next answer does. */
  drop(ids: ReadonlySet<string>): void;
  /** So many bytes of some, by their ids, are on the server's disk. */
  moved(offsets: ReadonlyMap<string, number>): void;
  /** This page may have others in hand now. */
  look(): void;
  /** Another person comes: shows nothing until it has asked for theirs. */
  clear(): void;
}

export interface UnfinishedOptions {
  readonly queries: QueryClient;
  readonly clock: Clock;
  read(signal: AbortSignal): Promise<UnfinishedUploads>;
  /** Ids of those that this page has in hand. */
  own(): ReadonlySet<string>;
  /** The list itself is shown, not only how many there are. */
  closely(): boolean;
}

const key = ['uploads'] as const;

export function createUnfinished(options: UnfinishedOptions): UnfinishedModel {
  const { queries, clock } = options;
  const loading: UnfinishedView = Object.freeze({
    ...{ state: 'loading', rows: Object.freeze([]), more: false, here: 0, refreshing: false },
  });
  const store = createStore<UnfinishedView>(loading);
  let watching = 0;
  let stop = () => {};
  let observer: ReturnType<typeof observe> | undefined;
  /** The answer that was looked at last. */
  let seen: UnfinishedUploads | undefined;
  /** The most that is known of each that is listed, and when it was seen to grow. */
  let offsets = new Map<string, number>();
  let grown = new Map<string, number>();
  let settle = () => {};
  /** What this page had in hand, and what of that it has no more: it is to be asked about. */
  let mine: ReadonlySet<string> = new Set();
  let left = new Set<string>();

  const observe = () =>
    new QueryObserver<UnfinishedUploads, Error, UnfinishedUploads, UnfinishedUploads, typeof key>(
      queries,
      {
        ...asking,
        queryKey: key,
        queryFn: ({ signal }) => options.read(signal),
        structuralSharing: false,
        gcTime: 60_000,
        refetchInterval: (query) => {
          if (query.state.error) return lookSoon;
          return options.closely() ? lookAgain : lookSeldom;
        },
        refetchIntervalInBackground: false,
      },
    );

  /** Takes what a new answer says of how far they are. */
  function study({ uploads }: UnfinishedUploads): void {
    const before = offsets;
    offsets = new Map();
    const still = new Map<string, number>();
    for (const { id, offset, arriving } of uploads) {
      const was = before.get(id);
      const grows = arriving || (was !== undefined && offset > was);
      const since = grows ? clock.now() : grown.get(id);
      if (since !== undefined) still.set(id, since);
      offsets.set(id, Math.max(offset, was ?? 0));
    }
    grown = still;
    left = new Set();
  }

  const isMoving = (id: string) => clock.now() - (grown.get(id) ?? -movingFor) < movingFor;

  function rowsOf(uploads: readonly UnfinishedUpload[], own: ReadonlySet<string>): Unfinished[] {
    const known = new Map(store.get().rows.map((row) => [row.id, row]));
    return uploads.flatMap((upload) => {
      const { id } = upload;
      if (own.has(id) || left.has(id)) return [];
      const now = { ...upload, offset: offsets.get(id) ?? upload.offset, moving: isMoving(id) };
      const row = known.get(id);
      return [row && sameRow(row, now) ? row : Object.freeze(now)];
    });
  }

  function publish(): void {
    const result = observer?.getCurrentResult();
    if (!result) return;
    if (result.data && result.data !== seen) {
      seen = result.data;
      study(seen);
    }
    const next = viewOf(result);
    if (!same(store.get(), next)) store.set(Object.freeze(next));
    settle();
    settle = next.rows.some((row) => row.moving) ? clock.after(movingFor, publish) : () => {};
  }

  function viewOf(result: Result): UnfinishedView {
    const error = result.error ?? (result.data ? null : result.failureReason);
    const problem = error && problemOf(error);
    const refreshing = result.isFetching;
    // As a folder: what is known stays in view while the server is away.
    if (result.data && (!problem || isPassing(problem) || problem.status === 401)) {
      const { uploads, more } = result.data;
      const own = options.own();
      const rows = rowsOf(uploads, own);
      const here = uploads.filter(({ id }) => own.has(id)).length;
      return { state: 'ready', rows, more, here, refreshing, ...(problem && { problem }) };
    }
    const none = { rows: [], more: false, here: 0, refreshing };
    if (problem && result.isError) return { ...none, state: 'failed', problem };
    return { ...none, state: 'loading' };
  }

  function watch(): void {
    observer = observe();
    stop = observer.subscribe(publish);
    publish();
  }

  async function refresh(): Promise<void> {
    await queries.invalidateQueries({ queryKey: key });
    publish();
  }
  const lookForNew = throttle(clock, newcomers, refresh);

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
        settle();
        observer = undefined;
      };
    },
    refresh,
    drop(ids) {
      void queries.cancelQueries({ queryKey: key }, { revert: true });
      queries.setQueryData<UnfinishedUploads>(key, (data) => {
        return data && { ...data, uploads: data.uploads.filter(({ id }) => !ids.has(id)) };
      });
      publish();
    },
    moved(some) {
      if (!seen || watching === 0) return;
      const own = options.own();
      for (const [id, offset] of some) {
        const before = offsets.get(id);
        if (before === undefined) {
          if (!own.has(id)) lookForNew();
        } else if (offset > before) {
          offsets.set(id, offset);
          grown.set(id, clock.now());
        }
      }
      publish();
    },
    look() {
      const before = mine;
      mine = options.own();
      const some = [...before].filter((id) => !mine.has(id) && offsets.has(id));
      for (const id of some) left.add(id);
      if (some.length > 0) lookForNew(); // finished, dropped, or only given up here
      publish();
    },
    clear() {
      stop();
      settle();
      observer = undefined;
      seen = undefined;
      offsets = new Map();
      grown = new Map();
      mine = new Set();
      left = new Set();
      queries.removeQueries({ queryKey: key });
      store.set(loading);
      if (watching > 0) watch();
    },
  };
}

type Result = ReturnType<QueryObserver<UnfinishedUploads, Error>['getCurrentResult']>;

function sameRow(a: Unfinished, b: Unfinished): boolean {
  return (
    a.offset === b.offset && a.moving === b.moving && a.size === b.size && a.expires === b.expires
  );
}

function same(a: UnfinishedView, b: UnfinishedView): boolean {
  return (
    a.state === b.state &&
    a.problem === b.problem &&
    a.rows.length === b.rows.length &&
    a.rows.every((row, i) => row === b.rows[i]) &&
    a.more === b.more &&
    a.here === b.here &&
    a.refreshing === b.refreshing
  );
}
