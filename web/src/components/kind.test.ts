import { expect, it } from 'vitest';
import { extensionOf, kindOf } from './kind';

it.each([
  ['a.pdf', '.pdf'],
  ['a.tar.gz', '.gz'],
  ['.profile', ''],
  ['plain', ''],
  ['ends with dot.', ''],
  ['Dr. No', ''],
  ['a.averylongextension', ''],
  ['.hidden.txt', '.txt'],
])('the extension of %s is "%s"', (name, want) => expect(extensionOf(name)).toBe(want));

it.each([
  ['A.JPG', false, 'picture'],
  ['a.jpg', true, 'folder'],
  ['constructor', false, 'other'],
  ['a.constructor', false, 'other'],
] as const)('%s (folder: %s) is a %s', (name, folder, want) =>
  expect(kindOf(name, folder)).toBe(want),
);
