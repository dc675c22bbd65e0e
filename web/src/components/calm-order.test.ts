import { describe, expect, it } from 'vitest';
import type { ItemState, UploadItem } from '../upload/types';
import { createCalmOrder, rowNow } from './calm-order';

const item = (id: number, state: ItemState): UploadItem => ({
  ...{ id, name: `f${id}`, folder: '', size: 1, acked: 0, sent: 0, state },
});

const many = (n: number, state: (id: number) => ItemState) =>
  Array.from({ length: n }, (_, i) => item(i + 1, state(i + 1)));

const ids = (rows: readonly UploadItem[]) => rows.slice(0, 3).map(({ id }) => id);

describe('the order of rows', () => {
  it('follows each change of a few', () => {
    const order = createCalmOrder();
    const waiting = many(5, () => 'waiting');
    expect(ids(order(waiting, 0, 0))).toEqual([1, 2, 3]);
    const later = many(5, (id) => (id === 4 ? 'sending' : 'waiting'));
    expect(ids(order(later, 0, 1))).toEqual([4, 1, 2]);
  });

  it('of many stays for a second', () => {
    const order = createCalmOrder();
    const first = order(
      many(5000, () => 'waiting'),
      0,
      1000,
    );
    const later = many(6000, (id) => (id === 4 ? 'sending' : 'done'));
    expect(order(later, 0, 1999)).toBe(first);
    expect(ids(order(later, 0, 2000))).toEqual([4, 1, 2]);
  });

  it('shows at once what has failed', () => {
    const order = createCalmOrder();
    order(
      many(100, () => 'waiting'),
      0,
      0,
    );
    const later = many(100, (id) => (id === 4 ? 'failed' : 'waiting'));
    expect(ids(order(later, 1, 1))).toEqual([4, 1, 2]);
  });

  it('is made anew when something was taken away, though as much has come', () => {
    const order = createCalmOrder();
    const all = many(100, () => 'waiting');
    order(all, 0, 0);
    const others = [...all.slice(1), item(101, 'waiting'), item(102, 'waiting')];
    expect(ids(order(others, 0, 1))).toEqual([2, 3, 4]);
    expect(ids(order([], 0, 2))).toEqual([]);
  });

  it('does not hold on to a time that has not come: clocks are set', () => {
    const order = createCalmOrder();
    const all = many(100, () => 'waiting');
    order(all, 0, 1e12);
    expect(ids(order([...all.slice(0, 99), item(100, 'sending')], 0, 5))).toEqual([100, 1, 2]);
  });

  it('finds what a row is now', () => {
    const now = [item(2, 'done'), item(5, 'sending'), item(9, 'waiting')];
    expect(rowNow(now, item(5, 'waiting'))).toBe(now[1]);
    expect(rowNow(now, item(9, 'waiting'))).toBe(now[2]);
    for (const id of [1, 3, 10]) expect(rowNow(now, item(id, 'waiting'))).toBeUndefined();
    expect(rowNow([], item(1, 'waiting'))).toBeUndefined();
  });
});
