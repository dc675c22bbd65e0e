import { type Clock, systemClock } from '../lib/clock';
import { createReading } from './reading';
import type { Picked, Reading } from './types';
import { type Top, walk } from './walk';

/**
 * What was dropped, with all that lies in its folders. Must be called in the drop event
 * itself: it takes the entries before it returns, since the browser empties data then.
 */
export function readDrop(data: DataTransfer, clock: Clock = systemClock): Reading {
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
  return createReading((finder) => walk(tops, finder, clock), clock);
}

/** The files of an <input>; with webkitdirectory they know the folders they lie in. */
export function readFileList(files: ArrayLike<File>): Picked {
  return {
    folders: [],
    files: Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file })),
  };
}
