import { isPassing, Problem } from '../api/problem';
import { backoff } from '../lib/backoff';
import type { Clock } from '../lib/clock';

/** First and longest wait between two tries, in milliseconds. */
export const waits = { first: 500, most: 30_000 } as const;

/** Asks the server until it answers, through outages and sign-ins. */
export interface Gate {
  /** Rejects only with what waiting does not mend. */
  ask<T>(work: () => Promise<T>): Promise<T>;
  /** Something waits for the network. */
  readonly away: boolean;
  /** Tries again at once what waits for the network. */
  wake(): void;
  /** The session has ended: nothing is asked before open(). */
  close(): void;
  readonly closed: boolean;
  open(): void;
}

export interface GateOptions {
  readonly clock: Clock;
  readonly random: () => number;
  onUnauthorized(): void;
  onChange(): void;
}

export function createGate(options: GateOptions): Gate {
  let closed = false;
  let away = 0;
  let sleepers: (() => void)[] = [];
  let visitors: (() => void)[] = [];

  const sleep = (attempt: number, retryAfter = 0) =>
    new Promise<void>((go) => {
      const wait = Math.max(backoff(attempt, waits, options.random), retryAfter * 1000);
      const cancel = options.clock.after(wait, go);
      sleepers.push(() => {
        cancel();
        go();
      });
    });

  return {
    get away() {
      return away > 0;
    },
    get closed() {
      return closed;
    },
    close() {
      if (closed) return;
      closed = true;
      options.onUnauthorized();
      options.onChange();
    },
    open() {
      closed = false;
      const all = visitors;
      visitors = [];
      for (const go of all) go();
      options.onChange();
    },
    wake() {
      const all = sleepers;
      sleepers = [];
      for (const go of all) go();
    },
    async ask(work) {
      for (let attempt = 0; ; attempt++) {
        if (closed) await new Promise<void>((go) => visitors.push(go));
        try {
          return await work();
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          if (error.status === 401) {
            this.close();
            continue;
          }
          if (!isPassing(error.body)) throw error;
          away++;
          options.onChange();
          await sleep(attempt, error.retryAfter);
          away--;
          options.onChange();
        }
      }
    },
  };
}
