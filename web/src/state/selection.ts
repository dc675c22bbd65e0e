import type { Entry } from '../api/types';
import { createStore } from '../lib/store';
import type { Row, Selection, SelectionState } from './types';

export interface SelectionModel<T extends Row = Entry> extends Selection {
  /**
   * The rows have changed. present: the ids of the whole folder, filtered out or not; what
   * is not among them is forgotten. A filtered row is not chosen while it is hidden: nobody
   * deletes what they do not see.
   */
  show(rows: readonly T[], present: readonly T[]): void;
  /** Another folder is shown. */
  reset(): void;
  /** Chooses these, as soon as they are there. */
  want(ids: readonly string[]): void;
  /** The chosen rows, in their order. */
  chosen(): readonly T[];
}

const nothing: SelectionState = Object.freeze({ ids: new Set<string>(), focus: undefined });

export function createSelection<T extends Row = Entry>(): SelectionModel<T> {
  const store = createStore<SelectionState>(nothing);
  let rows: readonly T[] = [];
  let places = new Map<string, number>(); // of the rows, by id
  let kept = new Set<string>(); // chosen, hidden ones too
  let anchor: string | undefined;
  let focusPlace = 0;
  let wanted: readonly string[] = [];

  function publish(focus: string | undefined): void {
    const ids = new Set<string>();
    for (const id of kept) if (places.has(id)) ids.add(id);
    const now = store.get();
    const place = focus === undefined ? undefined : places.get(focus);
    if (place !== undefined) focusPlace = place;
    if (now.focus === focus && sameSet(now.ids, ids)) return;
    store.set(Object.freeze({ ids, focus }));
  }

  function range(from: number, to: number): Set<string> {
    const ids = rows.slice(Math.min(from, to), Math.max(from, to) + 1).map((row) => row.id);
    return new Set(ids);
  }

  function extendTo(place: number): void {
    const start = anchor === undefined ? undefined : places.get(anchor);
    if (start === undefined) anchor = rows[place]?.id;
    kept = range(start ?? place, place);
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    chosen: () => rows.filter((row) => store.get().ids.has(row.id)),
    reset() {
      kept = new Set();
      anchor = undefined;
      focusPlace = 0;
      wanted = [];
      publish(undefined);
    },
    want(ids) {
      wanted = ids;
      if (ids.some((id) => places.has(id))) this.show(rows, rows);
    },
    show(next, present) {
      if (next !== rows) {
        rows = next;
        places = new Map(next.map((row, place) => [row.id, place]));
      }
      if (kept.size > 0) {
        const there = next === present ? places : new Set(present.map((entry) => entry.id));
        for (const id of [...kept]) if (!there.has(id)) kept.delete(id);
      }
      const found = wanted.filter((id) => places.has(id));
      if (found.length > 0) {
        kept = new Set(found);
        wanted = [];
        anchor = found[0];
        return publish(found[0]);
      }
      const { focus } = store.get();
      if (focus === undefined || places.has(focus)) return publish(focus);
      // The focused row is gone: the one that took its place has the focus, so that the
      // arrow keys go on from here.
      publish(rows[Math.min(focusPlace, rows.length - 1)]?.id);
    },
    choose(id, how) {
      const place = places.get(id);
      if (place === undefined) return;
      if (how === 'range') {
        extendTo(place);
      } else if (how === 'toggle') {
        kept = new Set(kept);
        if (!kept.delete(id)) kept.add(id);
        anchor = id;
      } else {
        kept = new Set([id]);
        anchor = id;
      }
      publish(id);
    },
    move(by, extend) {
      if (rows.length === 0) return;
      const { focus } = store.get();
      const from = focus === undefined ? undefined : places.get(focus);
      const last = rows.length - 1;
      let to: number;
      if (by === 'first') to = 0;
      else if (by === 'last') to = last;
      else if (from === undefined) to = by < 0 ? last : 0;
      else to = Math.max(0, Math.min(last, from + by));
      const id = rows[to]?.id;
      if (id === undefined) return;
      if (extend) {
        if (anchor === undefined || !places.has(anchor)) anchor = focus ?? id;
        extendTo(to);
      } else {
        kept = new Set([id]);
        anchor = id;
      }
      publish(id);
    },
    all() {
      kept = new Set(kept);
      for (const row of rows) kept.add(row.id);
      anchor = rows[0]?.id;
      publish(store.get().focus ?? rows[0]?.id);
    },
    none() {
      kept = new Set();
      anchor = undefined;
      publish(store.get().focus);
    },
  };
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const id of a) if (!b.has(id)) return false;
  return true;
}
