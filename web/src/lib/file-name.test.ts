import { describe, expect, test } from 'vitest';
import { freeNames, nameFault, splitName, troublesWindows } from './file-name';

describe('nameFault', () => {
  test.each([
    ['', 'empty'],
    ['.', 'dots'],
    ['..', 'dots'],
    ['a/b', 'slash'],
    ['a\nb', 'control'],
    ['a\u0000', 'control'],
    ['a\u007f', 'control'],
    ['half \ud83d', 'control'],
    ['x'.repeat(256), 'long'],
    ['€'.repeat(86), 'long'],
  ])('%j: %s', (name, fault) => {
    expect(nameFault(name)).toBe(fault);
  });

  test.each(['...', '.hidden', 'x'.repeat(255), '€'.repeat(85), 'a\\b', ' ', 'é', '😀'])(
    '%j is fine',
    (name) => {
      expect(nameFault(name)).toBeUndefined();
    },
  );
});

test.each([
  ['a:b', true],
  ['end.', true],
  ['end ', true],
  ['NUL', true],
  ['nul.txt', true],
  ['com1', true],
  ['nullify', false],
  ['.config', false],
  ['normal name.txt', false],
])('Windows has trouble with %j: %s', (name, want) => {
  expect(troublesWindows(name)).toBe(want);
});

test.each([
  ['photo.jpg', ['photo', '.jpg']],
  ['backup.tar.gz', ['backup', '.tar.gz']],
  ['.bashrc', ['.bashrc', '']],
  ['README', ['README', '']],
  ['a.b.c', ['a.b', '.c']],
])('%s is taken apart', (name, want) => {
  expect(splitName(name)).toEqual(want);
});

function first(name: string, n: number): string[] {
  const names = freeNames(name);
  return Array.from({ length: n }, () => names.next().value);
}

describe('freeNames', () => {
  test('counts from 2', () => {
    expect(first('photo.jpg', 2)).toEqual(['photo (2).jpg', 'photo (3).jpg']);
    expect(first('README', 1)).toEqual(['README (2)']);
  });
  test('counts on', () => {
    expect(first('photo (7).jpg', 2)).toEqual(['photo (8).jpg', 'photo (9).jpg']);
  });
  test('a name that is only a number in brackets keeps it', () => {
    expect(first(' (1).jpg', 1)).toEqual([' (1) (2).jpg']);
  });
  test('stays within 255 bytes, cutting whole characters', () => {
    const [name = ''] = first(`${'😀'.repeat(62)}.jpeg`, 1);
    expect(nameFault(name)).toBeUndefined();
    expect(name).toBe(`${'😀'.repeat(61)} (2).jpeg`);
  });
});
