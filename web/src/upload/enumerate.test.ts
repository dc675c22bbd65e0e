import { expect, test } from 'vitest';
import { systemClock } from '../lib/clock';
import { createManualClock, type ManualClock } from '../lib/manual-clock';
import { readDrop, readFileList } from './enumerate';
import type { Picked, Reading } from './types';

type Tree = { [name: string]: Tree | 'file' | 'locked' };

let opened = 0;
let most = 0;

/** Takes a moment, and counts how much goes on at the same time. */
function slowly(run: () => void): void {
  opened++;
  most = Math.max(most, opened);
  setTimeout(() => {
    opened--;
    run();
  }, 0);
}

function entryOf(name: string, what: Tree[string]): FileSystemEntry {
  if (what === 'file' || what === 'locked') {
    return {
      name,
      isFile: true,
      isDirectory: false,
      file: (yes: (file: File) => void, no: (error: Error) => void) =>
        slowly(() => (what === 'file' ? yes(new File(['x'], name)) : no(new Error('locked')))),
    } as unknown as FileSystemEntry;
  }
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => {
      const entries = Object.entries(what).map(([n, inner]) => entryOf(n, inner));
      let at = 0;
      return {
        readEntries: (yes: (some: FileSystemEntry[]) => void, no: (error: Error) => void) =>
          slowly(() => {
            if ('!' in what) return no(new Error('no'));
            yes(entries.slice(at, at + 100)); // as Chromium does
            at += 100;
          }),
      };
    },
  } as unknown as FileSystemEntry;
}

/** A drop whose data the browser takes back when the event is over. */
function dropOf(tree: Tree): { data: DataTransfer; end(): void } {
  let over = false;
  const items = Object.entries(tree).map(([name, what]) => ({
    kind: 'file',
    webkitGetAsEntry: () => (over ? null : entryOf(name, what)),
    getAsFile: () => (over ? null : new File(['x'], name)),
  }));
  return {
    data: { items, files: [] } as unknown as DataTransfer,
    end() {
      over = true;
      items.length = 0;
    },
  };
}

/** All slices of a reading, as one. */
async function whole(reading: Reading): Promise<Picked> {
  const folders: string[] = [];
  const files: Picked['files'][number][] = [];
  const unreadable: string[] = [];
  for (;;) {
    const slice = await reading.next();
    if (!slice) return { folders, files, unreadable };
    expect(slice.files.length).toBeLessThanOrEqual(1000);
    folders.push(...slice.folders);
    files.push(...slice.files);
    unreadable.push(...(slice.unreadable ?? []));
  }
}

test('all that lies in the folders, in their order, empty folders too', async () => {
  const { data, end } = dropOf({
    a: { b: { x: 'file', empty: {} }, y: 'file' },
    top: 'file',
    none: {},
  });
  const reading = readDrop(data);
  end(); // the event is over: nothing may be asked of it any more
  const picked = await whole(reading);
  expect(picked.folders).toEqual(['a', 'a/b', 'a/b/empty', 'none']);
  expect(picked.files.map((f) => f.path)).toEqual(['a/b/x', 'a/y', 'top']);
  expect(picked.unreadable).toEqual([]);
  expect(reading.found.get()).toBe(3);
});

test('a folder of thousands is read to its end, a few at a time', async () => {
  const many: Tree = {};
  for (let i = 0; i < 2345; i++) many[`f${i}`] = 'file';
  most = 0;
  const picked = await whole(readDrop(dropOf({ many, other: { ...many } }).data));
  expect(picked.files.length).toBe(2 * 2345);
  expect(picked.files[2344]?.path).toBe('many/f2344');
  expect(most).toBeLessThanOrEqual(32);
  expect(most).toBeGreaterThan(8);
});

test('what cannot be read is told, the rest is not lost', async () => {
  const picked = await whole(
    readDrop(dropOf({ a: { x: 'file', locked: 'locked', closed: { '!': 'file' } } }).data),
  );
  expect(picked.files.map((f) => f.path)).toEqual(['a/x']);
  expect(picked.unreadable).toEqual(['a/locked', 'a/closed']);
  expect(picked.folders).toEqual(['a', 'a/closed']);
});

test('files that come without an entry, and text among them', async () => {
  const file = new File(['x'], 'pasted.png');
  const items = [
    { kind: 'string', getAsFile: () => null },
    { kind: 'file', webkitGetAsEntry: () => null, getAsFile: () => file },
    { kind: 'file', getAsFile: () => file },
  ];
  const picked = await whole(readDrop({ items, files: [] } as unknown as DataTransfer));
  expect(picked.files).toEqual([
    { path: 'pasted.png', file },
    { path: 'pasted.png', file },
  ]);
  const old = await whole(readDrop({ items: [], files: [file] } as unknown as DataTransfer));
  expect(old.files.length).toBe(1);
});

test('an input tells the folders of its files', () => {
  const inFolder = { name: 'x', webkitRelativePath: 'a/b/x' } as File;
  const alone = { name: 'y', webkitRelativePath: '' } as File;
  expect(readFileList([inFolder, alone]).files.map((f) => f.path)).toEqual(['a/b/x', 'y']);
});

/** Directories and files that answer when the test says so. */
function heldFolder(name: string, files: number) {
  const answers: (() => void)[] = [];
  const children = Array.from({ length: files }, (_, i) => entryOf(`f${i}`, 'file'));
  let at = 0;
  const entry = {
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => ({
      readEntries: (yes: (some: FileSystemEntry[]) => void) => {
        answers.push(() => {
          yes(children.slice(at, at + 100));
          at += 100;
        });
      },
    }),
  } as unknown as FileSystemEntry;
  const items = [{ kind: 'file', webkitGetAsEntry: () => entry, getAsFile: () => null }];
  return {
    data: { items, files: [] } as unknown as DataTransfer,
    /** Answers the read that waits, once there is one. */
    async answer() {
      while (answers.length === 0) await new Promise((go) => setTimeout(go, 1));
      answers.shift()?.();
    },
  };
}

/** Lets what is due now happen, and the fake folders answer. */
async function soon(clock: ManualClock): Promise<void> {
  await new Promise((go) => setTimeout(go, 1));
  await clock.pass(0);
}

test('the first slice is given before the rest is read, and a full one at once', async () => {
  const { data, answer } = heldFolder('big', 1150);
  const clock = createManualClock();
  const reading = readDrop(data, clock);
  const first = reading.next();
  await clock.pass(0);
  await answer();
  while (reading.found.get() < 100) await soon(clock);
  await clock.pass(400);
  expect((await first)?.files.length).toBe(100);
  const second = reading.next();
  for (let found = 200; found <= 1100; found += 100) {
    await answer();
    while (reading.found.get() < found) await soon(clock);
  }
  expect((await second)?.files.length).toBe(1000);
  const third = reading.next();
  await answer();
  while (reading.found.get() < 1150) await soon(clock);
  await answer();
  expect((await third)?.files.length).toBe(50);
  expect(await reading.next()).toBeUndefined();
  expect(reading.found.get()).toBe(1150);
});

test('stopped: it ends at once, and nothing more is asked for', async () => {
  const { data, answer } = heldFolder('big', 500);
  const clock = createManualClock();
  const reading = readDrop(data, clock);
  const slice = reading.next();
  await clock.pass(0);
  await answer();
  await soon(clock);
  expect(opened).toBeGreaterThan(0);
  reading.stop();
  expect(await slice).toBeUndefined();
  expect(await reading.next()).toBeUndefined();
  for (let i = 0; i < 20; i++) await soon(clock);
  expect(opened).toBe(0);
  expect(reading.found.get()).toBe(0);
});

test('a folder first in order is read first, however wide the others are', async () => {
  const leaf: Tree = {};
  for (let i = 0; i < 150; i++) leaf[`f${i}`] = 'file';
  const tree: Tree = {};
  for (let i = 0; i < 60; i++) tree[`d${String(i).padStart(2, '0')}`] = { ...leaf };
  const reading = readDrop(dropOf({ tree }).data, {
    ...systemClock,
    after: (ms, run) => (ms > 0 ? () => {} : systemClock.after(ms, run)), // until it is full
  });
  const first = await reading.next();
  expect(first?.files[0]?.path).toBe('tree/d00/f0');
  expect(first?.files.length).toBe(1000);
  // What was found by then is not much more than what was given.
  expect(reading.found.get()).toBeLessThan(1200);
  const rest = await whole(reading);
  expect(rest.files.length).toBe(60 * 150 - 1000);
  expect(rest.files.at(-1)?.path).toBe('tree/d59/f149');
});
