import { patience } from './patience';

/** How many bytes go in one request, by what the way to the server has borne so far. */
export interface Parts {
  /** Bytes of the next body, at most. */
  readonly size: number;
  /**
   * Milliseconds of silence after a body has been handed over, before it is given up: the system
   * may still hold megabytes of it, which a slow line takes a while to carry.
   */
  silence(bytes: number): number;
  /** A body was answered; milliseconds since it began to go out. */
  arrived(bytes: number, took: number): void;
  /** An answer refused a body of so many bytes for its size. False: no smaller ones are tried. */
  refused(bytes: number): boolean;
  /**
   * Something on the way gave a body up without Cairn's answer, after so many milliseconds.
   * first: the server had just answered another request, and no body since: it is there, and it
   * is the body that does not come through. nginx, for one, resets the connection of a body that
   * is too large, and browsers then do not see its 413. True: it is worth trying smaller ones now.
   */
  broke(bytes: number, took: number, first: boolean): boolean;
}

const MiB = 1 << 20;
const least = 64 << 10;
/**
 * Three files are sent at a time, in Safari of each a part and the next one are held in memory,
 * and the bar moves when a part is answered. At 25 MB/s with 100 ms to and fro this is 0.83 of
 * the line; 8 MiB are 0.7.
 */
const mostEver = 16 * MiB;
/** Milliseconds: what takes less is not worth a request, what takes more is too much to lose. */
const quick = 2000;
const slow = 20_000;
/** Milliseconds after which something on the way is likely to have lost its patience. */
const tired = 25_000;
/** Milliseconds: what breaks sooner has hardly broken for the time that it took. */
const telling = 1000;
/** Quick parts before a larger one is tried where a large one broke, at most. */
const longestCalm = 256;
/** Quick parts after which nothing that was learned holds: ways change. */
const forgetful = 512;

/**
 * Parts of 8 MiB to begin with; larger ones while they are quick, since each ends with a round
 * trip; smaller ones where they take long, are refused or break.
 */
export function createParts(most = mostEver): Parts {
  let size = Math.min(8 * MiB, most);
  /** A part of this size was refused. */
  let tooLarge = Number.POSITIVE_INFINITY;
  /** Milliseconds after which something on the way gave a body up. */
  let cutAfter = Number.POSITIVE_INFINITY;
  /** Quick parts in a row that it takes to try a larger one, and how many there were. */
  let calm = 1;
  let run = 0;
  /** Milliseconds that a byte took, of bodies that say something. */
  let pace: number | undefined;

  /** To less than a body that did not come through; another one may have seen to that already. */
  const shrink = (below: number, by: number) => {
    while (size >= below && size > least) size = Math.max(least, size / by);
    run = 0;
  };

  return {
    get size() {
      return size;
    },
    silence(bytes) {
      if (pace === undefined) return patience.sent;
      return Math.min(patience.sent, patience.sending + 4 * bytes * pace);
    },
    arrived(bytes, took) {
      if (bytes >= least) pace = pace === undefined ? took / bytes : (pace + took / bytes) / 2;
      if (took > slow && bytes >= size) shrink(bytes, 2);
      if (bytes < size || took > quick) {
        if (took > quick) run = 0; // the last part of a file says nothing
        return;
      }
      if (++run >= forgetful) {
        tooLarge = Number.POSITIVE_INFINITY;
        cutAfter = Number.POSITIVE_INFINITY;
        calm = 1;
      }
      if (run < calm || size * 2 > most || size * 2 >= tooLarge) return;
      if (took * 3 > cutAfter) return;
      size *= 2;
      calm = Math.max(1, calm / 2);
      run = 0;
    },
    refused(bytes) {
      if (bytes <= least) return false;
      tooLarge = Math.min(tooLarge, bytes);
      shrink(bytes, 2);
      return size < bytes;
    },
    broke(bytes, took, first) {
      if (bytes <= least || (took < tired && !first)) return false;
      if (took >= telling) cutAfter = Math.min(cutAfter, took);
      if (bytes > size) return took < telling; // another one has seen to it
      calm = Math.min(longestCalm, calm * 8);
      size = Math.max(least, size / (took >= tired ? 4 : 2));
      run = 0;
      return size < bytes && took < telling;
    },
  };
}
