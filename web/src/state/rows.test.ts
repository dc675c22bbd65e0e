import { expect, test } from 'vitest';
import type { Entry, Listing } from '../api/types';
import { countShown, createRows } from './rows';
import type { Sort } from './types';

let next = 0;

function entry(name: string, more: Partial<Entry> = {}): Entry {
  return {
    id: `${next++}`,
    name,
    folder: false,
    size: 0,
    files: 0,
    mtime: 0,
    etag: '',
    ...more,
  };
}

function listing(...entries: Entry[]): Listing {
  return { path: '', id: '0', etag: 'x', entries };
}

const byName: Sort = { key: 'name', descending: false };
const names = (rows: readonly Entry[]) => rows.map((row) => row.name);

const sample = listing(
  entry('b10', { size: 5, mtime: 3 }),
  entry('b9', { size: 7, mtime: 2 }),
  entry('Zoo', { folder: true, size: 1 }),
  entry('a', { size: 5, mtime: 1 }),
  entry('attic', { folder: true, size: 9 }),
);

test.each<[Sort, string[]]>([
  [byName, ['attic', 'Zoo', 'a', 'b9', 'b10']],
  [{ key: 'name', descending: true }, ['Zoo', 'attic', 'b10', 'b9', 'a']],
  [{ key: 'size', descending: false }, ['Zoo', 'attic', 'a', 'b10', 'b9']],
  [{ key: 'mtime', descending: true }, ['Zoo', 'attic', 'b10', 'b9', 'a']],
])('%o: folders first in every order', (sort, want) => {
  expect(names(createRows().of(sample, sort, ''))).toEqual(want);
});

test('the filter knows no case and no accents, and keeps the order', () => {
  const rows = createRows();
  const list = listing(entry('Été 10'), entry('été 9'), entry('Winter'));
  expect(names(rows.of(list, byName, ' ETE'))).toEqual(['été 9', 'Été 10']);
  expect(names(rows.of(list, byName, 'x'))).toEqual([]);
  expect(names(rows.of(list, byName, ''))).toEqual(['été 9', 'Été 10', 'Winter']);
});

test('the same question gets the same array', () => {
  const rows = createRows();
  const first = rows.of(sample, byName, '');
  expect(rows.of(sample, { ...byName }, '')).toBe(first);
  expect(Object.isFrozen(first)).toBe(true);
  expect(rows.of(sample, byName, 'b')).not.toBe(first);
});

test('a newer listing is sorted anew: renamed, new and gone rows', () => {
  const rows = createRows();
  const [b, d, f] = [entry('b'), entry('d'), entry('f')];
  rows.of(listing(b, d, f), byName, '');
  const newer = listing(entry('c'), { ...b, name: 'z' }, f, entry('a'));
  expect(names(rows.of(newer, byName, ''))).toEqual(['a', 'c', 'f', 'z']);
});

test('100,000 rows: sorted in a moment, and again in less', () => {
  const rows = createRows();
  const many = Array.from({ length: 100_000 }, (_, i) =>
    entry(`IMG_${(i * 7919) % 100_000} copy.jpg`),
  );
  const time = (run: () => unknown) => {
    const begun = performance.now();
    run();
    return performance.now() - begun;
  };
  const first = time(() => rows.of(listing(...many), byName, ''));
  const filtered = time(() => rows.of(listing(...many), byName, '99'));
  // Seen: 600 and 150 ms. Quadratic work would take minutes.
  expect(first).toBeLessThan(5000);
  expect(filtered).toBeLessThan(2500);
});

test('what programs leave beside files is not shown, unless it is asked for', () => {
  const rows = createRows();
  const all = listing(
    entry('film.mov'),
    entry('._film.mov'),
    entry('.DS_Store'),
    entry('._folder', { folder: true }),
  );
  expect(names(rows.of(all, byName, ''))).toEqual(['._folder', 'film.mov']);
  expect(names(rows.of(all, byName, 'film'))).toEqual(['film.mov']);
  expect(names(rows.of(all, byName, '._f'))).toEqual(['._folder', '._film.mov']);
  expect(names(rows.of(all, byName, '.ds'))).toEqual(['.DS_Store']);
  expect(countShown(all)).toBe(2);
});
