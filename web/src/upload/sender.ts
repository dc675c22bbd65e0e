import type { Client } from '../api/client';
import { networkProblem, ownProblem, Problem, problemOf } from '../api/problem';
import type { ProblemBody } from '../api/types';
import { backoff } from '../lib/backoff';
import type { Clock } from '../lib/clock';
import { parentOf } from '../lib/path';
import { text } from '../lib/text';
import { createBatches } from './batches';
import { type Gate, waits } from './gate';
import { beginAnew, type Item, idOf, targetOf } from './item';
import type { Ledger } from './ledger';
import { isAway, mayBeStored, outcomeOf } from './outcome';
import { createParts } from './parts';
import { patience, staleOnline } from './patience';
import { finishThere, isThere, isThisFile, moveThere } from './placing';
import type { Digest } from './prefix';
import { createQueue } from './queue';
import { ReadFault } from './read-bytes';
import { creationLimit, type Failure, type Phase, type Transport } from './transport';

/** Files sent at the same time: browsers open six connections, and the app needs some. */
const places = 3;
/** Failed tries after which a file lets others go, if the server does answer. */
const yieldAfter = 5;

export interface SenderOptions {
  readonly client: Pick<Client, 'operations' | 'lookup' | 'finishUpload' | 'digests'>;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly ledger: Ledger;
  readonly gate: Gate;
  /** More is about to come. */
  coming(): boolean;
  readonly sha256?: Digest | undefined;
  /** Gets a new token; fails with a Problem. */
  renew(): Promise<void>;
  /** Bytes of one request, at most. */
  readonly largestPart?: number | undefined;
  onChange(): void;
  /** A file has come into the folder. */
  onStored(folder: string): void;
  /** There is no room on the server. */
  onFull(problem: ProblemBody): void;
}

/** Sends what is planned, a few at a time, in the order of the queue, until it is there. */
export interface Sender {
  enqueue(items: readonly Item[]): void;
  /** Breaks off; what arrived is kept. The item is in no state that goes on by itself. */
  halt(item: Item): void;
  /** Starts what there is room for. */
  pump(): void;
  /** Drops what the server has of it. */
  drop(item: Item): void;
  /** So many bytes of uploads, by their ids, are on the server's disk. */
  confirm(offsets: ReadonlyMap<string, number>): void;
  /** Tries again at once what waits for the network, and asks about what stands still. */
  wake(): void;
  /** To be called once a second: ends what stands still. */
  watch(): void;
  /** A try failed for want of the network or the server, and nothing has come through since. */
  readonly away: boolean;
}

/** One try to send an item, or the wait before the next one. */
interface Run {
  stop(): void;
  /** undefined: it waits for its next try. */
  phase: Phase | undefined;
  last: boolean;
  /** When there was a sign of life. */
  alive: number;
  /** Bytes handed to the connection, the first count of this try included. */
  sent: number | undefined;
  /** Of a body that is on its way: when it began to go out, what was there before, its bytes. */
  body: { readonly begun: number; readonly from: number; readonly bytes: number } | undefined;
  /** The server has answered this try, and no body of it. */
  first: boolean;
}

export function createSender(options: SenderOptions): Sender {
  const { client, transport, clock, random, ledger, gate } = options;
  const runs = new Map<Item, Run>(); // those that hold a place
  const later = new Map<Item, () => void>(); // those that wait without one, and how to end that
  const queue = createQueue((item) => runs.has(item));
  const parts = createParts(options.largestPart);
  /** A try ended without an answer of Cairn's, and nothing has come through since. */
  let cut = false;

  const batches = createBatches({
    transport,
    clock,
    random,
    ledger,
    gate,
    renew: options.renew,
    stored,
    failed,
    again: (items) => enqueue(items, true),
    cut(is) {
      cut = is;
    },
    onChange: options.onChange,
  });

  function pump(): void {
    while (!gate.closed && runs.size + batches.size < places) {
      const item = queue.peek();
      if (!item || waitsForMore(item)) break;
      queue.next();
      if (!batches.fits(item)) {
        attempt(item);
        continue;
      }
      const some = batches.fill(item, queue.peek, queue.next);
      if (some.length === 1) attempt(item);
      else batches.send(some);
    }
  }

  /** A request costs as much as a hundred small files: one that is not full goes alone. */
  function waitsForMore(item: Item): boolean {
    if (batches.size === 0 || !batches.fits(item) || !options.coming()) return false;
    return !batches.isFull(queue.all());
  }

  function enqueue(items: readonly Item[], first = false): void {
    queue.add(items, first);
    pump();
  }

  /** Takes the place away; nothing that still comes from the old try counts. */
  function halt(item: Item): void {
    later.get(item)?.();
    later.delete(item);
    batches.halt(item);
    const run = runs.get(item);
    if (!run) return;
    // Broken off in the middle of the last request, which may be obeyed all the same.
    const whole = item.url === undefined && item.size <= creationLimit;
    if (run.phase && (run.last || whole)) item.maybeStored = true;
    runs.delete(item);
    run.stop();
    ledger.set(item, { sent: item.acked });
  }

  function hold(item: Item, phase: Phase | undefined, stop: () => void): Run {
    const run: Run = {
      stop,
      phase,
      last: false,
      alive: clock.now(),
      sent: undefined,
      body: undefined,
      first: false,
    };
    runs.set(item, run);
    return run;
  }

  /** The next try. The state says 'retrying' until there is a sign that it works. */
  function attempt(item: Item): void {
    if (gate.closed) {
      ledger.set(item, { state: 'waiting' });
      enqueue([item], true);
      return;
    }
    if (item.state === 'waiting') ledger.set(item, { state: 'sending', problem: undefined });
    options.onChange();
    if (item.moved && item.complete) {
      finish(item);
      return;
    }
    if (item.url === undefined) item.begunAs = targetOf(item);

    let transfer: { stop(): void } | undefined;
    const run = hold(item, 'asking', () => transfer?.stop());
    const mine = () => runs.get(item) === run;
    const alive = () => {
      run.alive = clock.now();
    };
    const works = () => {
      alive();
      cut = false;
      if (item.state !== 'sending') ledger.set(item, { state: 'sending', problem: undefined });
    };
    const { file, folder, name, condition, url } = item;
    const partSize = () => parts.size;
    if (!file) {
      fail(item, ownProblem('unreadable', text.problems.unreadable));
      return;
    }
    if (item.doubtful) {
      prove(item, file);
      return;
    }
    transfer = transport.start(
      { file, folder, name, condition, url, partSize },
      {
        located(at) {
          if (!mine()) return;
          item.url = at;
          run.first = true;
          works();
        },
        phase(phase, last, bytes = 0) {
          if (!mine()) return;
          run.phase = phase;
          run.last = last;
          if (phase === 'sending') {
            run.body = { begun: clock.now(), from: item.at, bytes };
          } else if (phase !== 'sent') run.body = undefined;
          alive();
        },
        sent(bytes) {
          if (!mine()) return;
          alive();
          // The first count only says where it begins.
          if (run.sent !== undefined && bytes > run.sent) cut = false;
          run.sent = bytes;
          ledger.set(item, { sent: Math.min(bytes, item.size) });
          options.onChange();
        },
        acked(bytes) {
          if (!mine()) return;
          // More than was answered here: of a body that broke, or what another page or device
          // brought. If this was the last of it, it is here by the answer that was lost.
          const last = bytes >= item.size && item.maybeStored;
          if (url !== undefined && !run.body && bytes > item.proven && !last) {
            item.doubtful = true;
            transfer?.stop();
            runs.delete(item);
            attempt(item);
            return;
          }
          item.proven = bytes;
          works();
          if (run.body) parts.arrived(bytes - run.body.from, clock.now() - run.body.begun);
          run.first = run.body === undefined;
          if (bytes > item.at) progressed(item);
          item.at = bytes;
          ledger.set(item, { acked: Math.min(bytes, item.size) });
          options.onChange();
        },
        done() {
          if (!mine()) return;
          if (item.moved && item.begunAs !== targetOf(item)) move(item);
          else stored(item);
        },
        failed(failure) {
          if (mine()) failed(item, failure);
        },
      },
    );
    if (!mine()) transfer.stop(); // it ended before it began
  }

  function progressed(item: Item): void {
    item.attempts = 0;
    item.renewed = false;
  }

  /** Does some work of the JSON door in the item's place; then comes next, unless it is halted. */
  function asking<T>(
    item: Item,
    work: (mine: () => boolean) => Promise<T>,
    then: (answer: T) => void,
  ): void {
    const run = hold(item, undefined, () => {});
    const mine = () => runs.get(item) === run;
    work(mine).then(
      (answer) => {
        if (mine()) then(answer);
      },
      (error: unknown) => {
        if (!mine()) return;
        if (error instanceof ReadFault) {
          const problem = ownProblem('changed', text.problems.changed);
          failed(item, { step: 'read', last: false, problem });
          return;
        }
        const retryAfter = error instanceof Problem ? error.retryAfter : undefined;
        failed(item, { step: 'finish', last: false, problem: problemOf(error), retryAfter });
      },
    );
  }

  /** Goes on with what the server has of it, if it is the beginning of this very file. */
  function prove(item: Item, file: File): void {
    const proven = (bytes: number) => {
      item.proven = bytes;
      progressed(item);
      if (item.state !== 'sending') ledger.set(item, { state: 'sending', problem: undefined });
      ledger.set(item, { acked: Math.max(item.acked, bytes), sent: Math.max(item.sent, bytes) });
      options.onChange();
    };
    asking(
      item,
      (mine) =>
        isThisFile(client, item, { file, sha256: options.sha256, proven, over: () => !mine() }),
      (same) => {
        runs.delete(item);
        if (same) item.doubtful = false;
        else beginAnew(item);
        attempt(item);
      },
    );
  }

  function finish(item: Item): void {
    asking(
      item,
      () => finishThere(client, item),
      (there) => {
        if (there) stored(item);
        else move(item);
      },
    );
  }

  function move(item: Item): void {
    asking(
      item,
      () => moveThere(client, item),
      () => {
        options.onStored(parentOf(item.begunAs));
        stored(item);
      },
    );
  }

  function stored(item: Item): void {
    runs.delete(item);
    cut = false;
    progressed(item);
    ledger.set(item, {
      state: 'done',
      acked: item.size,
      sent: item.size,
      problem: undefined,
    });
    options.onStored(item.folder);
    options.onChange();
    pump();
  }

  function failed(item: Item, failure: Failure): void {
    const run = runs.get(item);
    runs.delete(item);
    if (run) run.phase = undefined;
    ledger.set(item, { sent: item.acked });
    if (mayBeStored(failure)) item.maybeStored = true;
    const { problem, last } = failure;
    if (failure.step !== 'read') cut = isAway(problem);
    const body = run?.body;
    // Cairn's own refusals say nothing of the way.
    const gone = problem.status === 0;
    const broke = gone || (problem.code === 'http' && (isAway(problem) || problem.status === 408));
    // Until the last sign of life: Chromium sends a body again by itself, up to five times, and
    // says nothing of it. If true, the server is there, and nothing is gained by waiting.
    const smaller =
      run && body && broke && parts.broke(body.bytes, run.alive - body.begun, run.first);
    const atOnce = smaller === true && gone;
    const refused = problem.status >= 400 && problem.status !== 401 && problem.status !== 403;

    if (problem.code === 'incomplete' && failure.step === 'finish') {
      item.complete = false; // not all was there: it goes on, and finishes then
      attempt(item);
      return;
    }
    switch (outcomeOf(failure)) {
      case 'signin':
        signIn(item);
        break;
      case 'token':
        if (item.renewed) signIn(item);
        else renew(item);
        break;
      case 'restart':
        beginAnew(item);
        retry(item, failure, true);
        break;
      case 'smaller':
        if (parts.refused(body?.bytes ?? Math.min(parts.size, item.size))) {
          attempt(item);
        } else {
          fail(item, problem);
        }
        break;
      case 'retry-holding':
        if (atOnce) attempt(item);
        else retry(item, failure, item.attempts < yieldAfter || isAway(problem));
        break;
      case 'retry-yielding':
        retry(item, failure, false);
        break;
      case 'full':
        item.complete = last && item.url !== undefined;
        ledger.set(item, { state: 'failed', problem });
        options.onFull(problem); // all pause; the next one must not be begun before
        options.onChange();
        pump();
        break;
      case 'fail':
        if (last && refused && item.url !== undefined) item.complete = true;
        if (item.complete && item.moved && failure.step !== 'finish') {
          attempt(item); // refused where it was begun for; its new target is asked now
        } else if (problem.status === 412 && item.maybeStored && failure.step === 'create') {
          verify(item, problem);
        } else {
          fail(item, problem);
        }
        break;
    }
  }

  /**
   * The name is taken, and the answer to an earlier request with the last byte was lost:
   * what is there may be this very file.
   */
  function verify(item: Item, problem: ProblemBody): void {
    asking(
      item,
      () => isThere(client, item),
      (same) => {
        if (same) stored(item);
        else fail(item, problem);
      },
    );
  }

  function fail(item: Item, problem: ProblemBody): void {
    runs.delete(item);
    ledger.set(item, { state: 'failed', problem });
    options.onChange();
    pump();
  }

  function signIn(item: Item): void {
    item.renewed = false;
    ledger.set(item, { state: 'waiting' });
    gate.close(); // first, or it would be sent at once
    enqueue([item], true);
  }

  function renew(item: Item): void {
    item.renewed = true;
    asking(item, options.renew, () => {
      runs.delete(item);
      attempt(item);
    });
  }

  /** holds: it keeps its place while it waits. */
  function retry(item: Item, failure: Failure, holds: boolean): void {
    const wait = Math.max(
      backoff(item.attempts++, waits, random),
      (failure.retryAfter ?? 0) * 1000,
    );
    ledger.set(item, { state: 'retrying', problem: failure.problem });
    options.onChange();
    if (holds) {
      const cancel = clock.after(wait, () => {
        runs.delete(item);
        attempt(item);
      });
      hold(item, undefined, cancel);
    } else {
      const again = () => {
        later.delete(item);
        ledger.set(item, { state: 'waiting' });
        enqueue([item], true);
      };
      later.set(item, clock.after(wait, again));
    }
    pump();
  }

  function stall(item: Item, run: Run): void {
    const { last } = run;
    run.stop();
    if (run.phase === 'sent') run.body = undefined; // it went out: that is not for its size
    const problem: ProblemBody = { ...networkProblem(), ...text.problems.stalled };
    failed(item, { step: 'patch', last, problem });
  }

  return {
    enqueue,
    halt,
    pump,
    drop(item) {
      if (item.url !== undefined && !item.adopted && item.state !== 'done')
        transport.drop(item.url);
    },
    confirm(offsets) {
      for (const item of runs.keys()) {
        const offset = item.url === undefined ? undefined : offsets.get(idOf(item.url));
        // Never more than went out from here: the rest is another page's.
        const acked = Math.min(offset ?? 0, item.sent, item.size);
        if (acked <= item.acked) continue;
        ledger.set(item, { acked });
        options.onChange();
      }
    },
    get away() {
      if (!cut) return false;
      if (batches.away) return true;
      for (const { state, problem } of runs.keys()) {
        if (state === 'retrying' && problem && isAway(problem)) return true;
      }
      return false;
    },
    wake() {
      batches.wake();
      const now = clock.now();
      for (const [item, run] of [...runs]) {
        if (item.state === 'retrying' && run.phase === undefined) {
          run.stop();
          runs.delete(item);
          attempt(item);
        } else if (run.phase && run.phase !== 'reading' && now - run.alive > staleOnline) {
          stall(item, run);
        }
      }
    },
    watch() {
      batches.watch();
      const now = clock.now();
      for (const [item, run] of [...runs]) {
        if (!run.phase) continue;
        const sent = run.phase === 'sent' && !run.last && run.body; // the last one takes a commit
        const most = sent ? parts.silence(sent.bytes) : patience[run.phase];
        if (now - run.alive > most) stall(item, run);
      }
    },
  };
}
