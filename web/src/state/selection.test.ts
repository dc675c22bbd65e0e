import { beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../api/types';
import { createSelection, type SelectionModel } from './selection';

function rowsOf(ids: string): Entry[] {
  return [...ids].map((id) => ({
    id,
    name: id,
    folder: false,
    size: 0,
    files: 0,
    mtime: 0,
    etag: '',
  }));
}

let selection: SelectionModel;

beforeEach(() => {
  selection = createSelection();
  show('abcdef');
});

function show(ids: string, present = ids): void {
  selection.show(rowsOf(ids), rowsOf(present));
}

function chosen(): string {
  return [...selection.get().ids].sort().join('');
}

const focus = () => selection.get().focus;

describe('clicks', () => {
  test('only one', () => {
    selection.choose('b', 'only');
    selection.choose('d', 'only');
    expect([chosen(), focus()]).toEqual(['d', 'd']);
  });
  test('toggle adds and takes away', () => {
    selection.choose('b', 'only');
    selection.choose('d', 'toggle');
    expect(chosen()).toBe('bd');
    selection.choose('b', 'toggle');
    expect([chosen(), focus()]).toEqual(['d', 'b']);
  });
  test('a range reaches from the anchor, again and again, in both directions', () => {
    selection.choose('c', 'only');
    selection.choose('e', 'range');
    expect(chosen()).toBe('cde');
    selection.choose('a', 'range');
    expect([chosen(), focus()]).toEqual(['abc', 'a']);
  });
  test('a range without an anchor is one row', () => {
    selection.choose('c', 'range');
    expect(chosen()).toBe('c');
    selection.choose('e', 'range');
    expect(chosen()).toBe('cde');
  });
  test('a row that is not there is not chosen', () => {
    selection.choose('z', 'only');
    expect(chosen()).toBe('');
  });
});

describe('keys', () => {
  test('down from nothing is the first, up the last', () => {
    selection.move(1, false);
    expect(focus()).toBe('a');
    selection.reset();
    selection.move(-1, false);
    expect(focus()).toBe('f');
  });
  test('moves stop at the ends', () => {
    selection.choose('e', 'only');
    selection.move(10, false);
    expect([chosen(), focus()]).toEqual(['f', 'f']);
    selection.move('first', false);
    selection.move(-1, false);
    expect(chosen()).toBe('a');
  });
  test('extending grows and shrinks around the anchor', () => {
    selection.choose('c', 'only');
    selection.move(2, true);
    expect(chosen()).toBe('cde');
    selection.move(-3, true);
    expect(chosen()).toBe('bc');
    selection.move('last', true);
    expect(chosen()).toBe('cdef');
  });
  test('all and none; the focus stays', () => {
    selection.choose('c', 'only');
    selection.all();
    expect([chosen(), focus()]).toEqual(['abcdef', 'c']);
    selection.none();
    expect([chosen(), focus()]).toEqual(['', 'c']);
  });
});

describe('what is chosen survives', () => {
  test('sorting: the range follows the new order', () => {
    selection.choose('b', 'only');
    show('fedcba');
    expect(chosen()).toBe('b');
    selection.choose('d', 'range');
    expect(chosen()).toBe('bcd');
  });
  test('a filter hides it, and brings it back', () => {
    selection.choose('b', 'only');
    selection.choose('d', 'toggle');
    show('abc', 'abcdef');
    expect(chosen()).toBe('b');
    expect(selection.chosen().map((e) => e.id)).toEqual(['b']);
    show('abcdef');
    expect(chosen()).toBe('bd');
  });
  test('what is deleted is forgotten, even if it comes again', () => {
    selection.choose('b', 'only');
    show('acdef');
    expect(chosen()).toBe('');
    show('abcdef');
    expect(chosen()).toBe('');
  });
  test('the focus goes to the row that took the place', () => {
    selection.choose('c', 'only');
    show('abdef');
    expect(focus()).toBe('d');
    selection.choose('f', 'only');
    show('abde');
    expect(focus()).toBe('e');
    show('');
    expect(focus()).toBeUndefined();
  });
});

test('what is wanted is chosen as soon as it is there', () => {
  selection.want(['x']);
  expect(chosen()).toBe('');
  show('abx');
  expect([chosen(), focus()]).toEqual(['x', 'x']);
  selection.want(['a']);
  expect(chosen()).toBe('a');
});

test('the state is the same object until something changed', () => {
  selection.choose('b', 'only');
  const before = selection.get();
  selection.choose('b', 'only');
  show('abcdef');
  expect(selection.get()).toBe(before);
});
