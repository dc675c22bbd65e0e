import type { QueryObserverResult } from '@tanstack/query-core';
import { isPassing, problemOf } from '../api/problem';
import type { Entry, Listing } from '../api/types';
import type { Observable } from '../lib/observable';
import { createStore } from '../lib/store';
import type { FolderObserver } from './folders';
import { createRows } from './rows';
import type { SelectionModel } from './selection';
import type { Sorting } from './sorting';
import type { FolderView } from './types';

/** What the list shows, put together from the listing, the order and the filter. */
export interface FolderModel extends Observable<FolderView> {
  /** Shows another folder; the filter ends. undefined: none, and nothing is asked for. */
  show(path: string | undefined): void;
  filter(text: string): void;
  /** Asks the server now. */
  refresh(): void;
}

/** Where the listings come from: Folders, or those of a snapshot. */
export interface Watched {
  observe(path: string): Pick<FolderObserver, 'getCurrentResult' | 'subscribe' | 'refetch'>;
}

const noRows: readonly Entry[] = Object.freeze([]);

export function createFolderModel(
  folders: Watched,
  sorting: Sorting,
  selection: SelectionModel,
): FolderModel {
  const rows = createRows();
  let path: string | undefined;
  let filter = '';
  let observer: ReturnType<Watched['observe']> | undefined;
  let stop = () => {};
  const store = createStore<FolderView>(
    Object.freeze({
      path: '',
      state: 'loading',
      rows: noRows,
      sort: sorting.get(),
      filter,
      refreshing: false,
    }),
  );

  function publish(): void {
    const result = observer?.getCurrentResult();
    if (path === undefined || !result) return;
    const next = viewOf(path, result, sorting, filter, rows);
    if (!same(store.get(), next)) {
      // First the selection: who hears of the rows reads it too.
      selection.show(next.rows, next.listing?.entries ?? noRows);
      store.set(Object.freeze(next));
    }
  }

  sorting.subscribe(publish);

  return {
    get: store.get,
    subscribe: store.subscribe,
    show(next) {
      if (next === path) return;
      path = next;
      filter = '';
      stop();
      observer = undefined;
      stop = () => {};
      if (next === undefined) return;
      selection.reset();
      const watched = folders.observe(next);
      observer = watched;
      stop = watched.subscribe(publish);
      publish();
    },
    filter(text) {
      filter = text;
      publish();
    },
    refresh() {
      void observer?.refetch();
    },
  };
}

function viewOf(
  path: string,
  result: QueryObserverResult<Listing, Error>,
  sorting: Sorting,
  filter: string,
  rows: ReturnType<typeof createRows>,
): FolderView {
  const sort = sorting.get();
  const shared = { path, sort, filter, refreshing: result.isFetching };
  const listing = result.data;
  // While it is tried again, the reason stands in failureReason and not yet in error.
  const error = result.error ?? (listing ? null : result.failureReason);
  const problem = error && problemOf(error);
  // What is known stays in view while the server is away, but not when it says that the
  // folder is gone.
  if (listing && (!problem || isPassing(problem) || problem.status === 401)) {
    return {
      ...shared,
      state: 'ready',
      listing,
      rows: rows.of(listing, sort, filter),
      ...(problem && { problem }),
    };
  }
  if (problem && result.isError) return { ...shared, state: 'failed', problem, rows: noRows };
  return { ...shared, state: 'loading', rows: noRows };
}

function same(a: FolderView, b: FolderView): boolean {
  return (
    a.path === b.path &&
    a.state === b.state &&
    a.problem === b.problem &&
    a.listing === b.listing &&
    a.rows === b.rows &&
    a.sort === b.sort &&
    a.filter === b.filter &&
    a.refreshing === b.refreshing
  );
}
