/** How many bytes go in one request, by what the way to the server has borne so far. */
export interface Parts {
  /** Bytes of the next body, at most. */
  readonly size: number;
  /** A body was answered; milliseconds since it began to go out. */
  arrived(bytes: number, took: number): void;
  /** An answer refused a body for its size. False: smaller ones will not be tried. */
  refused(): boolean;
  /**
   * Something on the way gave a body up without Cairn's answer, after so many milliseconds.
   * first: the server had just answered another request, and no body since: it is there, and it
   * is the body that does not come through. nginx, for one, resets the connection of a body that
   * is too large, and browsers then do not see its 413.
   */
  broke(took: number, first: boolean): void;
}

const MiB = 1 << 20;
const least = 64 << 10;
/** Three files are sent at a time, and each part is held in memory. */
const mostEver = 32 * MiB;
/** Milliseconds: what takes less is not worth a request, what takes more is too much to lose. */
const quick = 2000;
const slow = 20_000;
/** Milliseconds after which something on the way is likely to have lost its patience. */
const tired = 25_000;
/** Quick parts before a larger one is tried where a large one broke, at most. */
const longestCalm = 1024;

/**
 * Parts of 8 MiB to begin with; larger ones while they are quick, since each ends with a round
 * trip; smaller ones where they take long, are refused or break.
 */
export function createParts(most = mostEver): Parts {
  let size = 8 * MiB;
  /** A part of this size was refused. */
  let tooLarge = Number.POSITIVE_INFINITY;
  /** Quick parts in a row that it takes to try a larger one, and how many there were. */
  let calm = 1;
  let run = 0;

  const shrink = (by: number) => {
    size = Math.max(least, size / by);
    run = 0;
  };

  return {
    get size() {
      return size;
    },
    arrived(bytes, took) {
      if (took > slow) shrink(2);
      if (bytes < size || took > quick) {
        if (took > quick) run = 0; // the last part of a file says nothing
        return;
      }
      if (++run < calm || size * 2 > most || size * 2 >= tooLarge) return;
      size *= 2;
      run = 0;
    },
    refused() {
      if (size <= least) return false;
      tooLarge = size;
      shrink(2);
      return true;
    },
    broke(took, first) {
      if (took >= tired) shrink(4);
      else if (first) shrink(2);
      else return;
      calm = Math.min(longestCalm, calm * 8);
    },
  };
}
