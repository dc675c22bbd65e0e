import type { Clock } from './clock';

/** A clock that stands still until it is told to go on. For tests. */
export interface ManualClock extends Clock {
  /** Runs what is due in the next milliseconds in its order, letting promises settle between. */
  pass(milliseconds: number): Promise<void>;
}

export function createManualClock(start = 1_700_000_000_000): ManualClock {
  let now = start;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    after(milliseconds, run) {
      const timer = { at: now + milliseconds, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((t) => t !== timer);
      };
    },
    async pass(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const due = timers.reduce<(typeof timers)[number] | undefined>(
          (first, t) => (t.at <= end && (!first || t.at < first.at) ? t : first),
          undefined,
        );
        if (!due) break;
        timers = timers.filter((t) => t !== due);
        now = Math.max(now, due.at);
        due.run();
        await settle();
      }
      now = end;
    },
  };
}

/** Lets promises that are ready go on, some steps deep. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
