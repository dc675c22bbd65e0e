import { describe, expect, it } from 'vitest';
import { formatDate, formatLeft, formatMoment, formatSize, percentOf } from './format';

describe('formatSize', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [1549, '1.5 kB'],
    [99_949, '99.9 kB'],
    [99_951, '100 kB'],
    [999_600, '1.0 MB'],
    [300_000_000, '300 MB'],
    [1_073_741_824, '1.1 GB'],
    [5e15, '5.0 PB'],
    [5e18, '5,000 PB'],
  ])('%d is %s', (bytes, want) => expect(formatSize(bytes)).toBe(want));
});

describe('formatLeft', () => {
  it.each([
    [0, '1 second'],
    [9, '9 seconds'],
    [11, '15 seconds'],
    [59, '60 seconds'],
    [61, '2 min'],
    [3600, '1 h'],
    [4800, '1 h 20 min'],
    [300_000, '3 days'],
  ])('%d is %s', (seconds, want) => expect(formatLeft(seconds)).toBe(want));
});

describe('formatDate', () => {
  const now = new Date(2026, 6, 8, 12, 0).getTime();
  it.each([
    [new Date(2026, 6, 8, 9, 5), 'Today, 09:05'],
    [new Date(2026, 2, 1, 23, 10), '1 Mar, 23:10'],
    [new Date(2024, 2, 1, 23, 10), '1 Mar 2024'],
  ])('%s is %s', (then, want) => expect(formatDate(then.getTime(), now)).toBe(want));
});

describe('formatMoment', () => {
  const now = new Date(2026, 6, 8, 12, 0).getTime();
  it.each([
    [new Date(2026, 6, 8, 9, 5, 7), 'Today, 09:05:07'],
    [new Date(2026, 2, 1, 23, 10), '1 Mar, 23:10:00'],
    [new Date(2024, 2, 1, 23, 10), '1 Mar 2024, 23:10:00'],
  ])('%s is %s', (then, want) => expect(formatMoment(then.getTime(), now)).toBe(want));
});

describe('percentOf', () => {
  it.each([
    [0, 0, 0],
    [999, 1000, 99],
    [1000, 1000, 100],
    [1, 3, 33],
  ])('%d of %d is %d', (part, whole, want) => expect(percentOf(part, whole)).toBe(want));
});
