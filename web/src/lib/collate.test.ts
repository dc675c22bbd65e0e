import { expect, test } from 'vitest';
import { compareNames, foldName } from './collate';

test('numbers count as numbers', () => {
  const names = ['page 10', 'page 9', 'Page 1', 'éclair', 'zebra', 'eagle'];
  expect(names.sort(compareNames)).toEqual([
    'eagle',
    'éclair',
    'Page 1',
    'page 9',
    'page 10',
    'zebra',
  ]);
});

test('folding takes case and accents away', () => {
  expect(foldName('Été.TXT')).toBe('ete.txt');
  expect(foldName('E\u0301te\u0301')).toBe('ete');
  expect(foldName('plain')).toBe('plain');
});
