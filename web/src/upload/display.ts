import type { Clock } from '../lib/clock';
import { createListeners } from '../lib/store';
import type { Ledger } from './ledger';
import { createPace } from './pace';
import type { Conflict, Snapshot, UploadTotals } from './types';

/** Milliseconds between two snapshots while bytes flow. */
const frame = 100;
const second = 1000;

export interface DisplayOptions {
  readonly clock: Clock;
  readonly ledger: Ledger;
  waits(): UploadTotals['waits'];
  reading(): number | undefined;
  conflicts(): readonly Conflict[] | undefined;
  /** Once a second while anything is open. */
  onSecond(): void;
}

/** Makes the snapshots that the view sees: not more of them than it can show. */
export interface Display {
  subscribe(listener: () => void): () => void;
  snapshot(): Snapshot;
  /** Something changed: it is shown within a frame. */
  changed(): void;
  /** Shows it now: a person did something. */
  show(): void;
}

export function createDisplay(options: DisplayOptions): Display {
  const { clock, ledger } = options;
  const listeners = createListeners();
  const pace = createPace();
  let cancelFrame: (() => void) | undefined;
  let cancelTick: (() => void) | undefined;
  let lastFrame = Number.NEGATIVE_INFINITY;
  let snapshot: Snapshot | undefined;

  function totals(): UploadTotals {
    const { files, done, failed, open, paused, bytes, acked, sent, left } = ledger.sums;
    return Object.freeze({
      files,
      done,
      failed,
      open,
      bytes,
      acked,
      sent,
      speed: pace.speed(clock.now()),
      // How much is left is not known before all is read.
      secondsLeft: options.reading() === undefined ? pace.secondsFor(left, clock.now()) : undefined,
      paused: open > 0 && paused === open,
      waits: options.waits(),
    });
  }

  function make(): Snapshot {
    return Object.freeze({
      items: ledger.views(),
      totals: totals(),
      reading: options.reading(),
      conflicts: options.conflicts(),
    });
  }

  function show(): void {
    cancelFrame?.();
    cancelFrame = undefined;
    lastFrame = clock.now();
    snapshot = make();
    listeners.tell();
    startTicking();
  }

  function startTicking(): void {
    if (cancelTick || ledger.sums.open === 0) return;
    cancelTick = clock.after(second, () => {
      cancelTick = undefined;
      options.onSecond();
      const before = pace.speed(clock.now());
      const moves = ledger.sums.sending > 0;
      if (moves) pace.sample(clock.now(), ledger.gained);
      else pace.rest();
      // While all is paused there is nothing new to show.
      if (moves || before > 0) show();
      else startTicking();
    });
  }

  return {
    subscribe: listeners.add,
    snapshot() {
      snapshot ??= make();
      return snapshot;
    },
    changed() {
      if (cancelFrame) return;
      cancelFrame = clock.after(Math.max(0, frame - (clock.now() - lastFrame)), show);
    },
    show,
  };
}
