import { expect, test } from 'vitest';
import { baseName, isWithin, joinPath, movedPath, parentOf, partsOf } from './path';

test('the top is the empty path', () => {
  expect(joinPath('', 'a')).toBe('a');
  expect(joinPath('a', '', 'b/c')).toBe('a/b/c');
  expect(parentOf('a')).toBe('');
  expect(parentOf('')).toBe('');
  expect(parentOf('a/b/c')).toBe('a/b');
  expect(baseName('a/b')).toBe('b');
  expect(baseName('a')).toBe('a');
  expect(partsOf('')).toEqual([]);
  expect(partsOf('a/b')).toEqual(['a', 'b']);
});

test('a name that begins alike is not within', () => {
  expect(isWithin('ab', 'a')).toBe(false);
  expect(isWithin('a', 'a')).toBe(true);
  expect(isWithin('a/b', 'a')).toBe(true);
  expect(isWithin('a', 'a/b')).toBe(false);
  expect(isWithin('anything', '')).toBe(true);
});

test('what lies below a moved folder moves with it', () => {
  expect(movedPath('a/b/c', 'a/b', 'x')).toBe('x/c');
  expect(movedPath('a/b', 'a/b', 'x/y')).toBe('x/y');
  expect(movedPath('a/bc', 'a/b', 'x')).toBe('a/bc');
});
