import { QueryObserver } from '@tanstack/query-core';
import type { Client } from '../api/client';
import type { Listing } from '../api/types';
import { createFolderModel, type FolderModel } from './folder-view';
import { asking, type Folders } from './folders';
import type { SelectionModel } from './selection';
import type { Sorting } from './sorting';

/** A folder as it was in a snapshot. */
export interface PastModel extends Omit<FolderModel, 'show'> {
  /** Shows a folder of a snapshot. undefined: none, and nothing is asked for. */
  show(at: { readonly id: string; readonly path: string } | undefined): void;
}

type PastKey = readonly ['past', string, string];

export function createPast(
  client: Client,
  { queries }: Pick<Folders, 'queries'>,
  sorting: Sorting,
  selection: SelectionModel,
): PastModel {
  let snapshot: string | undefined;
  const model = createFolderModel({ observe }, sorting, selection);

  function observe(path: string) {
    const id = snapshot ?? '';
    const queryKey: PastKey = ['past', id, path];
    return new QueryObserver<Listing, Error, Listing, Listing, PastKey>(queries, {
      ...asking,
      queryKey,
      queryFn: ({ signal }) =>
        client.listing(path, queries.getQueryData<Listing>(queryKey), signal, id),
      structuralSharing: false,
      gcTime: 60_000,
      // It does not change: asked anew it would only tell that the snapshot was deleted.
      staleTime: 60_000,
    });
  }

  return {
    get: model.get,
    subscribe: model.subscribe,
    filter: model.filter,
    refresh: model.refresh,
    show(at) {
      if (at?.id !== snapshot) model.show(undefined); // the same path of another one
      snapshot = at?.id;
      model.show(at?.path);
    },
  };
}
