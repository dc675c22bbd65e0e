import { networkProblem, problemOf } from '../api/problem';
import type { ProblemBody } from '../api/types';
import { backoff } from '../lib/backoff';
import type { Clock } from '../lib/clock';
import { text } from '../lib/text';
import { type Gate, waits } from './gate';
import { type Item, targetOf } from './item';
import type { Ledger } from './ledger';
import { isAway, outcomeOf } from './outcome';
import { patience, staleOnline } from './patience';
import type { Failure, Phase, Transport } from './transport';

/** Bytes of a file that goes together with others. */
const largestFile = 128 << 10;
const mostFiles = 256;
/** Bytes of files in one request. Proxies take 1 MiB without being told, names included. */
const mostBytes = 880 << 10;
const fewestBytes = 64 << 10;
/** Answers that come before anything of a batch is looked at. */
const surelyNot: ReadonlySet<number> = new Set([401, 403, 404, 405, 413, 415]);

export interface BatchesOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly ledger: Ledger;
  readonly gate: Gate;
  renew(): Promise<void>;
  /** It is on the server. */
  stored(item: Item): void;
  /** It was refused, for itself. */
  failed(item: Item, failure: Failure): void;
  /** To be sent again, before all others. */
  again(items: readonly Item[]): void;
  /** Whether the last try ended without an answer of Cairn's. */
  cut(is: boolean): void;
  onChange(): void;
}

/** Sends small files together, many in a request; each is stored or refused for itself. */
export interface Batches {
  /** Places taken. */
  readonly size: number;
  fits(item: Item): boolean;
  /** Whether these, one after the other, are as many as go in one request. */
  isFull(items: Iterable<Item>): boolean;
  /** Items for one request, the first of which fits; next() takes what peek() shows. */
  fill(first: Item, peek: () => Item | undefined, next: () => void): Item[];
  send(items: readonly Item[]): void;
  /** Takes it out; what the server makes of it does not count. */
  halt(item: Item): void;
  wake(): void;
  watch(): void;
  /** Some wait since the server or the way to it is away. */
  readonly away: boolean;
}

interface Run {
  /** undefined: it was taken out, or is over. */
  readonly items: (Item | undefined)[];
  stop(): void;
  /** undefined: it waits for its next try. */
  phase: Phase | undefined;
  alive: number;
  problem: ProblemBody | undefined;
}

export function createBatches(options: BatchesOptions): Batches {
  const { transport, clock, ledger, gate } = options;
  const runs = new Set<Run>();
  const runOf = new Map<Item, Run>();
  let bytes = mostBytes;
  /** Something on the way does not take batches: files go one by one. */
  let off = false;
  let tries = 0;

  /** Its items, if there are any left; the run is over. */
  function end(run: Run): Item[] {
    runs.delete(run);
    const left = run.items.filter((item) => item !== undefined);
    for (const item of left) runOf.delete(item);
    return left;
  }

  function begin(items: readonly Item[]): Run {
    const run: Run = {
      items: [...items],
      stop: () => {},
      phase: 'reading',
      alive: clock.now(),
      problem: undefined,
    };
    runs.add(run);
    for (const item of items) runOf.set(item, run);
    return run;
  }

  function send(items: readonly Item[]): void {
    if (!transport.batch) return;
    const run = begin(items);
    for (const item of items) {
      item.begunAs = targetOf(item);
      ledger.set(item, { state: 'sending', problem: undefined });
    }
    options.onChange();
    const mine = () => runs.has(run);
    const jobs = items.map(({ file, folder, name, condition }) => ({
      // biome-ignore lint/style/noNonNullAssertion: it fits
      ...{ file: file!, folder, name, condition, url: undefined, partSize: () => largestFile },
    }));
    let shown = 0;
    let upto = 0;
    const unread = new Set<number>(); // not in the body
    const transfer = transport.batch(jobs, {
      phase(phase) {
        run.phase = phase;
        run.alive = clock.now();
      },
      sent(count) {
        if (!mine()) return;
        run.alive = clock.now();
        for (; shown < items.length; shown++) {
          const size = unread.has(shown) ? 0 : (items[shown]?.size ?? 0);
          if (upto + size > count) break;
          upto += size;
          const item = run.items[shown];
          if (item) ledger.set(item, { sent: item.size });
        }
        options.onChange();
      },
      unreadable(place, problem) {
        const item = run.items[place];
        unread.add(place);
        if (!mine() || !item) return;
        run.items[place] = undefined;
        runOf.delete(item);
        options.failed(item, { step: 'read', last: false, problem });
      },
      done(results) {
        if (!mine()) return;
        options.cut(false);
        tries = 0;
        const of = [...run.items];
        end(run);
        const passing: Item[] = [];
        let why: Failure | undefined;
        for (const [place, item] of of.entries()) {
          const problem = results[place];
          if (!item) continue;
          if (!problem) {
            options.stored(item);
            continue;
          }
          const failure: Failure = { step: 'create', last: true, problem };
          if (outcomeOf(failure) === 'retry-holding') {
            passing.push(item); // one place for all of them
            why = failure;
          } else options.failed(item, failure);
        }
        if (why) wait(passing, why);
      },
      failed(failure) {
        if (mine()) failed(run, failure);
      },
    });
    run.stop = transfer.stop;
    if (!mine()) transfer.stop();
  }

  function failed(run: Run, failure: Failure): void {
    const items = end(run);
    const { problem } = failure;
    options.cut(isAway(problem));
    for (const item of items) {
      if (!surelyNot.has(problem.status)) item.maybeStored = true; // some of them may be
      ledger.set(item, { sent: item.acked });
    }
    switch (outcomeOf(failure)) {
      case 'retry-holding':
      case 'retry-yielding':
        wait(items, failure);
        return;
      case 'signin':
        signIn(items);
        return;
      case 'token':
        if (items.every((item) => item.renewed)) signIn(items);
        else renew(items);
        return;
      case 'smaller':
        if (bytes > fewestBytes) bytes /= 2;
        else off = true;
        break;
      default: // what is wrong with which of them each alone will tell
        off = true;
    }
    again(items);
  }

  function again(items: readonly Item[]): void {
    const some = items.filter((item) => !item.gone && item.state !== 'paused');
    for (const item of some) ledger.set(item, { state: 'waiting', problem: undefined });
    options.again(some);
  }

  /** Keeps the place until the next try. */
  function wait(items: readonly Item[], failure: Failure): void {
    for (const item of items) ledger.set(item, { state: 'retrying', problem: failure.problem });
    options.onChange();
    const run = begin(items);
    run.phase = undefined;
    run.problem = failure.problem;
    const pause = Math.max(
      backoff(tries++, waits, options.random),
      (failure.retryAfter ?? 0) * 1000,
    );
    run.stop = clock.after(pause, () => again(end(run)));
  }

  function signIn(items: readonly Item[]): void {
    for (const item of items) item.renewed = false;
    gate.close(); // first, or they would be sent at once
    again(items);
  }

  function renew(items: readonly Item[]): void {
    for (const item of items) item.renewed = true;
    const run = begin(items);
    run.phase = 'reading'; // as long as it takes
    options.renew().then(
      () => {
        if (runs.has(run)) again(end(run));
      },
      (error: unknown) => {
        if (runs.has(run)) failed(run, { step: 'finish', last: false, problem: problemOf(error) });
      },
    );
  }

  function stall(run: Run): void {
    run.stop();
    const problem: ProblemBody = { ...networkProblem(), ...text.problems.stalled };
    failed(run, { step: 'create', last: true, problem });
  }

  return {
    get size() {
      return runs.size;
    },
    get away() {
      for (const { problem } of runs) if (problem && isAway(problem)) return true;
      return false;
    },
    fits: (item) =>
      !off &&
      transport.batch !== undefined &&
      item.file !== undefined &&
      item.url === undefined &&
      !item.moved &&
      item.size <= largestFile,
    isFull(items) {
      let sum = 0;
      let count = 0;
      for (const item of items) {
        sum += item.size;
        // What does not fit ends it: it would not become fuller.
        if (++count >= mostFiles || sum >= bytes || !this.fits(item)) return true;
      }
      return false;
    },
    fill(first, peek, next) {
      const items = [first];
      let sum = first.size;
      while (items.length < mostFiles) {
        const item = peek();
        if (!item || !this.fits(item) || sum + item.size > bytes) break;
        sum += item.size;
        items.push(item);
        next();
      }
      return items;
    },
    send,
    halt(item) {
      const run = runOf.get(item);
      if (!run) return;
      run.items[run.items.indexOf(item)] = undefined;
      runOf.delete(item);
      if (run.phase && run.phase !== 'reading') item.maybeStored = true;
      ledger.set(item, { sent: item.acked });
      if (run.items.some((other) => other !== undefined)) return;
      end(run);
      run.stop();
    },
    wake() {
      const now = clock.now();
      for (const run of [...runs]) {
        if (run.phase === undefined) {
          run.stop();
          again(end(run));
        } else if (run.phase !== 'reading' && now - run.alive > staleOnline) {
          stall(run);
        }
      }
    },
    watch() {
      const now = clock.now();
      for (const run of [...runs]) {
        if (run.phase && now - run.alive > patience[run.phase]) stall(run);
      }
    },
  };
}
