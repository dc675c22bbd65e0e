import type { Clock } from '../lib/clock';
import { createStore } from '../lib/store';
import type { Picked, PickedFile, Reading } from './types';
import type { Finder } from './walk';

/** Files of one slice, at most: as many as are planned in one request. */
const mostFiles = 1000;
/** Milliseconds after which a slice is given, however small it is. */
const longest = 400;

/** What was picked, in slices; at least one. */
export function slicesOf(picked: Picked): Picked[] {
  const { folders, files, unreadable = [] } = picked;
  const slices: Picked[] = [{ folders, files: files.slice(0, mostFiles), unreadable }];
  for (let at = mostFiles; at < files.length; at += mostFiles) {
    slices.push({ folders: [], files: files.slice(at, at + mostFiles) });
  }
  return slices;
}

/**
 * Cuts what is found into slices, so that the first are sent while the last are looked for.
 * begin: starts to look, and returns how to end that.
 */
export function createReading(begin: (finder: Finder) => { stop(): void }, clock: Clock): Reading {
  const found = createStore(0);
  let folders: string[] = [];
  let files: PickedFile[] = [];
  let unreadable: string[] = [];
  let over = false;
  /** A slice is due, or there will be none. */
  let give: (() => void) | undefined;

  const isDue = () => over || files.length >= mostFiles;
  const look = () => {
    if (isDue()) give?.();
  };

  const source = begin({
    folder: (path) => folders.push(path),
    file(one) {
      files.push(one);
      found.set(found.get() + 1);
      look();
    },
    unreadable: (path) => unreadable.push(path),
    end() {
      over = true;
      look();
    },
  });

  const isEmpty = () => folders.length + files.length + unreadable.length === 0;

  /** What is there by now, and no more files than one slice may have. */
  function cut(): Picked {
    const slice = { folders, files: files.slice(0, mostFiles), unreadable };
    folders = [];
    files = files.slice(mostFiles);
    unreadable = [];
    return slice;
  }

  return {
    found,
    async next() {
      while (!isDue()) {
        let cancel = () => {};
        await new Promise<void>((go) => {
          give = go;
          cancel = clock.after(longest, go);
        });
        cancel();
        give = undefined;
        if (!isEmpty()) break;
      }
      return isEmpty() ? undefined : cut();
    },
    stop() {
      source.stop();
      over = true;
      folders = [];
      files = [];
      unreadable = [];
      give?.();
    },
  };
}
