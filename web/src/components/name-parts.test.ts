import { expect, it } from 'vitest';
import { namePartsOf } from './name-parts';

it.each([
  ['', '', ''],
  ['c.txt', 'c.txt', ''],
  ['..hidden', '..hidden', ''],
  ['a holiday photo.jpg', 'a holiday photo', '.jpg'],
  ['IMG_20250101_120000 (copy 1).jpg', 'IMG_20250101_120000 (cop', 'y 1).jpg'],
  ['a name without an ending', 'a name without an ending', ''],
  ['two\nlines', 'two\u240alines', ''],
  ['nul\0 del\u007f', 'nul\u2400 del\u2421', ''],
  ['next\u0085line\u2028', 'next\ufffdline\ufffd', ''],
  ['a\u202egpj.exe', 'a\ufffdgpj.exe', ''],
])('the name %j in parts', (name, start, end) => {
  expect(namePartsOf(name)).toEqual([start, end]);
});
