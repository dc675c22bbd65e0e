import { expect, test } from 'vitest';
import { rove } from './roving';

test.each([
  ['ArrowRight', 0, 1],
  ['ArrowDown', 2, 0],
  ['ArrowLeft', 0, 2],
  ['ArrowUp', 2, 1],
  ['Home', 2, 0],
  ['End', 0, 2],
  ['Enter', 1, null],
])('%s from %i leads to %s', (key, at, want) => {
  expect(rove(key, at, 3)).toBe(want);
});
