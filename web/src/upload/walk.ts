import type { Clock } from '../lib/clock';
import { joinPath } from '../lib/path';
import type { PickedFile } from './types';

/** Directory reads and files opened at the same time. */
const atOnce = 32;

/** Where a walk begins: what was dropped itself. */
export interface Top {
  readonly entry: FileSystemEntry | undefined;
  /** It needs no opening. */
  readonly file: File | undefined;
}

/** Hears what a walk finds, in the order of the folders: each before what lies in it. */
export interface Finder {
  folder(path: string): void;
  file(found: PickedFile): void;
  /** What cannot be read, and what of a folder is left when it breaks off. */
  unreadable(path: string): void;
  /** Told once, after all else, unless the walk was stopped. */
  end(): void;
}

/** A place in that order. What follows it may be known before it is itself. */
interface Place {
  next: Place | undefined;
  /** Finds out what is there; undefined: that has begun. */
  begin: ((place: Place) => void) | undefined;
  /** Tells what is there; undefined: it is not known. */
  tell: (() => void) | undefined;
}

/** Places of one directory read, one after the other. */
interface Row {
  /** Where the row stands among the others: numbers in their folders, from the top on. */
  readonly order: readonly number[];
  readonly places: readonly Place[];
  begun: number;
}

/**
 * Reads folders, several at a time, those first that come first. finder hears of nothing
 * before this returns, and never of anything after stop().
 */
export function walk(tops: readonly Top[], finder: Finder, clock: Clock): { stop(): void } {
  /** The last place that was told. */
  let told: Place = { next: undefined, begin: undefined, tell: undefined };
  /** Rows with places that have not begun, in their order: few, however many files there are. */
  let rows: Row[] = [];
  let running = 0;
  let cancelPump: (() => void) | undefined;
  let over = false;

  const known = (tell: () => void): Place => ({ next: undefined, begin: undefined, tell });
  const unreadable = (path: string) => () => finder.unreadable(path);

  /** Puts a row behind a place. */
  function insert(behind: Place, order: readonly number[], places: readonly Place[]): void {
    let last = behind;
    const { next } = behind;
    for (const place of places) {
      last.next = place;
      last = place;
    }
    last.next = next;
    const at = rows.findIndex((row) => isBefore(order, row.order));
    rows.splice(at < 0 ? rows.length : at, 0, { order, places, begun: 0 });
  }

  function settle(place: Place, tell: () => void): void {
    if (over) return;
    place.tell = tell;
    running--;
    while (!over && told.next?.tell) {
      told = told.next;
      told.tell?.();
    }
    goOn();
  }

  function goOn(): void {
    if (over) return;
    if (!told.next) {
      over = true;
      finder.end();
    } else if (rows.length > 0) {
      // Not at once: Chromium waits for its other process in each answer of file(), takes what
      // came meanwhile in the same task, and with a new call in each that task would not end.
      cancelPump ??= clock.after(0, pump);
    }
  }

  function pump(): void {
    while (running < atOnce && rows[0]) {
      const place = rows[0].places[rows[0].begun++];
      if (!place) rows.shift();
      else if (place.begin) {
        running++;
        const { begin } = place;
        place.begin = undefined;
        begin(place);
      }
    }
    cancelPump = undefined;
    if (running === 0) goOn(); // all answers came before the calls returned
  }

  /** What an entry stands for: a file to be opened, or a folder and what lies in it. */
  function placesOf(entry: FileSystemEntry, above: string, order: readonly number[]): Place[] {
    const path = joinPath(above, entry.name);
    if (isFile(entry)) return [{ next: undefined, begin: opening(entry, path), tell: undefined }];
    if (!isFolder(entry)) return [known(unreadable(path))];
    const rest = restOf(entry.createReader(), path, order, 0);
    return [known(() => finder.folder(path)), rest];
  }

  function opening(entry: FileSystemFileEntry, path: string) {
    return (place: Place) => {
      const broken = () => settle(place, unreadable(path));
      const opened = (file: File) => settle(place, () => finder.file({ path, file }));
      try {
        entry.file(opened, broken);
      } catch {
        broken();
      }
    };
  }

  /** What was not read of a folder. Chromium gives 100 entries at a time, and none at the end. */
  function restOf(
    reader: FileSystemDirectoryReader,
    path: string,
    order: readonly number[],
    before: number,
  ): Place {
    const begin = (place: Place) => {
      const broken = () => settle(place, unreadable(path));
      const read = (some: readonly FileSystemEntry[]) => {
        if (some.length > 0 && !over) {
          const at = [...order, before];
          const places = some.flatMap((entry, n) => placesOf(entry, path, [...at, n]));
          places.push(restOf(reader, path, order, before + 1));
          insert(place, at, places);
        }
        settle(place, () => {});
      };
      try {
        reader.readEntries(read, broken);
      } catch {
        broken();
      }
    };
    return { next: undefined, begin, tell: undefined };
  }

  insert(
    told,
    [],
    tops.flatMap(({ entry, file }, n) => {
      if (file) return [known(() => finder.file({ path: file.name, file }))];
      return entry ? placesOf(entry, '', [n]) : [];
    }),
  );
  running++;
  cancelPump = clock.after(0, () => {
    cancelPump = undefined;
    settle(told, () => {});
  });
  return {
    stop() {
      over = true;
      rows = [];
      cancelPump?.();
    },
  };
}

/** What lies in a folder comes before what is left of the row that the folder stands in. */
function isBefore(a: readonly number[], b: readonly number[]): boolean {
  for (const [n, number] of a.entries()) {
    const other = b[n];
    if (other === undefined) return true;
    if (number !== other) return number < other;
  }
  return false;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
