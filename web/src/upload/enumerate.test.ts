import { expect, test } from 'vitest';
import { readDrop, readFileList } from './enumerate';

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

test('all that lies in the folders, in their order, empty folders too', async () => {
  const { data, end } = dropOf({
    a: { b: { x: 'file', empty: {} }, y: 'file' },
    top: 'file',
    none: {},
  });
  const counts: number[] = [];
  const promise = readDrop(data, (n) => counts.push(n));
  end(); // the event is over: nothing may be asked of it any more
  const picked = await promise;
  expect(picked.folders).toEqual(['a', 'a/b', 'a/b/empty', 'none']);
  expect(picked.files.map((f) => f.path)).toEqual(['a/b/x', 'a/y', 'top']);
  expect(picked.unreadable).toEqual([]);
  expect(counts.at(-1)).toBe(3);
});

test('a folder of thousands is read to its end, a few at a time', async () => {
  const many: Tree = {};
  for (let i = 0; i < 2345; i++) many[`f${i}`] = 'file';
  most = 0;
  const picked = await readDrop(dropOf({ many, other: { ...many } }).data, () => {});
  expect(picked.files.length).toBe(2 * 2345);
  expect(picked.files[2344]?.path).toBe('many/f2344');
  expect(most).toBeLessThanOrEqual(16);
  expect(most).toBeGreaterThan(8);
});

test('what cannot be read is told, the rest is not lost', async () => {
  const picked = await readDrop(
    dropOf({ a: { x: 'file', locked: 'locked', closed: { '!': 'file' } } }).data,
    () => {},
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
  const picked = await readDrop({ items, files: [] } as unknown as DataTransfer, () => {});
  expect(picked.files).toEqual([
    { path: 'pasted.png', file },
    { path: 'pasted.png', file },
  ]);
  const old = await readDrop({ items: [], files: [file] } as unknown as DataTransfer, () => {});
  expect(old.files.length).toBe(1);
});

test('an input tells the folders of its files', () => {
  const inFolder = { name: 'x', webkitRelativePath: 'a/b/x' } as File;
  const alone = { name: 'y', webkitRelativePath: '' } as File;
  expect(readFileList([inFolder, alone]).files.map((f) => f.path)).toEqual(['a/b/x', 'y']);
});
