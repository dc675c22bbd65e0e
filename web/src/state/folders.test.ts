import { expect, test, vi } from 'vitest';
import type { Client } from '../api/client';
import type { Entry, Listing } from '../api/types';
import { createFolders } from './folders';

function entry(name: string): Entry {
  return { id: name, name, folder: false, size: 0, files: 0, mtime: 0, etag: '' };
}

function setUp() {
  const server: Listing = { path: 'a', id: 'f', etag: 'v1', entries: [entry('x'), entry('y')] };
  const listing = vi.fn(async (_: string, previous?: Listing) =>
    previous?.etag === 'v1' ? previous : server,
  );
  const folders = createFolders({ listing } as unknown as Client);
  return { folders, listing };
}

const names = (listing: Listing | undefined) => listing?.entries.map((e) => e.name);

test('an unchanged folder stays the same object', async () => {
  const { folders } = setUp();
  const first = await folders.read('a');
  expect(await folders.read('a')).toBe(first);
});

test('a change shows at once, and is taken back', async () => {
  const { folders } = setUp();
  const first = await folders.read('a');
  const back = folders.change('a', (entries) => entries.filter((e) => e.name !== 'x'));
  expect(names(folders.known('a'))).toEqual(['y']);
  back();
  expect(folders.known('a')).toBe(first);
});

test('a change is never confirmed by an ETag of before it', async () => {
  const { folders } = setUp();
  await folders.read('a');
  folders.change('a', () => []);
  expect(names(await folders.read('a'))).toEqual(['x', 'y']);
});

test('taking back does not undo what the server said meanwhile', async () => {
  const { folders } = setUp();
  await folders.read('a');
  const back = folders.change('a', () => []);
  const newer = await folders.read('a');
  back();
  expect(folders.known('a')).toBe(newer);
});

test('a folder that nobody has seen needs no change', () => {
  const { folders } = setUp();
  folders.change('b', () => [])();
  expect(folders.known('b')).toBeUndefined();
});

test('refresh asks for what is watched, above the path too, and nothing else', async () => {
  const { folders, listing } = setUp();
  const stops = ['a', 'a/b', 'c'].map((path) => folders.observe(path).subscribe(() => {}));
  await vi.waitFor(() => expect(folders.known('c')).toBeDefined());
  listing.mockClear();
  await folders.refresh('a/b');
  expect(listing.mock.calls.map(([path]) => path).sort()).toEqual(['a', 'a/b']);
  for (const stop of stops) stop();
});
