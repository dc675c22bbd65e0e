import { expect, test } from 'vitest';
import { sameContent } from './same-file';

const size = 200 << 10;

function file(change: number | undefined, lastModified = 5): File {
  const bytes = new Uint8Array(size);
  if (change !== undefined) bytes[change] = 1;
  return new File([bytes], 'a', { lastModified });
}

test.each([0, (64 << 10) - 1, size - (64 << 10), size - 1])('a byte at %i differs', async (at) => {
  expect(await sameContent(file(undefined), file(at))).toBe(false);
});

test('the same bytes', async () => {
  expect(await sameContent(file(7), file(7))).toBe(true);
});

test('another time, or another size', async () => {
  expect(await sameContent(file(7), file(7, 6))).toBe(false);
  expect(await sameContent(file(7), new File(['x'], 'a', { lastModified: 5 }))).toBe(false);
});

test('what cannot be read is not the same', async () => {
  const broken = {
    size,
    lastModified: 5,
    slice: () => ({ arrayBuffer: () => Promise.reject(new Error('gone')) }),
  } as unknown as File;
  expect(await sameContent(file(7), broken)).toBe(false);
});
