import { expect, test } from 'vitest';
import { backoff } from './backoff';

const options = { first: 1000, most: 30_000 };

test('doubles up to the most', () => {
  const waits = [0, 1, 2, 3, 4, 5, 1000].map((n) => backoff(n, options, () => 0));
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('chance takes away up to half', () => {
  expect(backoff(0, options, () => 1)).toBe(500);
  expect(backoff(9, options, () => 1)).toBe(15_000);
});
