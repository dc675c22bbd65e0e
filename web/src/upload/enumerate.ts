import { joinPath } from '../lib/path';
import type { Picked, PickedFile } from './types';

/** Directory reads and files opened at the same time. */
const atOnce = 16;

/**
 * What was dropped, with all that lies in its folders. Must be called in the drop event
 * itself: it takes the entries before it returns, since the browser empties data then.
 * found: how many files there are so far. Never rejects: what cannot be read is listed.
 */
export function readDrop(data: DataTransfer, found: (files: number) => void): Promise<Picked> {
  const tops: Top[] = [];
  for (const item of Array.from(data.items ?? [])) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry?.() ?? undefined;
    // For a folder this would be a file that cannot be read.
    const file = entry?.isDirectory ? undefined : (item.getAsFile() ?? undefined);
    if (entry || file) tops.push({ entry, file });
  }
  if (tops.length === 0) {
    for (const file of Array.from(data.files ?? [])) tops.push({ entry: undefined, file });
  }
  return walk(tops, found);
}

/** The files of an <input>; with webkitdirectory they know the folders they lie in. */
export function readFileList(files: ArrayLike<File>): Picked {
  return {
    folders: [],
    files: Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file })),
  };
}

interface Top {
  readonly entry: FileSystemEntry | undefined;
  readonly file: File | undefined;
}

/** A folder's own part of the answer; nested, so that the order is that of the folders. */
type Found =
  | { readonly kind: 'file'; readonly value: PickedFile }
  | { readonly kind: 'folder'; readonly path: string; readonly inside: readonly Found[] }
  | { readonly kind: 'unreadable'; readonly path: string };

async function walk(tops: readonly Top[], found: (files: number) => void): Promise<Picked> {
  const limit = limiter(atOnce);
  let count = 0;

  const take = (path: string, file: File): Found => {
    found(++count);
    return { kind: 'file', value: { path, file } };
  };

  async function visit(entry: FileSystemEntry, above: string): Promise<Found[]> {
    const path = joinPath(above, entry.name);
    try {
      if (isFile(entry)) {
        const file = await limit(() => new Promise<File>((yes, no) => entry.file(yes, no)));
        return [take(path, file)];
      }
      if (!isFolder(entry)) return [{ kind: 'unreadable', path }];
    } catch {
      return [{ kind: 'unreadable', path }];
    }
    return visitFolder(entry, path);
  }

  async function visitFolder(folder: FileSystemDirectoryEntry, path: string): Promise<Found[]> {
    const reader = folder.createReader();
    const inside: Promise<Found[]>[] = [];
    let broken = false;
    for (;;) {
      try {
        // Chromium gives 100 at a time, and none at the end.
        const some = await limit(
          () => new Promise<FileSystemEntry[]>((yes, no) => reader.readEntries(yes, no)),
        );
        if (some.length === 0) break;
        for (const entry of some) inside.push(visit(entry, path));
      } catch {
        broken = true;
        break;
      }
    }
    const all: Found[] = [{ kind: 'folder', path, inside: (await Promise.all(inside)).flat() }];
    if (broken) all.push({ kind: 'unreadable', path });
    return all;
  }

  const all = await Promise.all(
    tops.map(({ entry, file }) => {
      if (file) return [take(file.name, file)];
      return entry ? visit(entry, '') : [];
    }),
  );

  const folders: string[] = [];
  const files: PickedFile[] = [];
  const unreadable: string[] = [];
  const flatten = (parts: readonly Found[]) => {
    for (const part of parts) {
      if (part.kind === 'file') files.push(part.value);
      else if (part.kind === 'unreadable') unreadable.push(part.path);
      else {
        folders.push(part.path);
        flatten(part.inside);
      }
    }
  };
  for (const parts of all) flatten(parts);
  return { folders, files, unreadable };
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

/** Lets at most so many run at the same time; the others wait in their order. */
export function limiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let head = 0;
  let running = 0;
  return async (work) => {
    if (running < most) running++;
    else await new Promise<void>((go) => waiting.push(go)); // who ends hands its place on
    try {
      return await work();
    } finally {
      const go = waiting[head++];
      if (go) go();
      else {
        running--;
        waiting.length = 0;
        head = 0;
      }
    }
  };
}
