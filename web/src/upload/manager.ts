import type { Client } from '../api/client';
import type { ProblemBody } from '../api/types';
import type { Clock } from '../lib/clock';
import { createDisplay } from './display';
import { createGate } from './gate';
import { createIntake, type Drop } from './intake';
import { beginAnew, canRetry, type Item, idOf, isOpen } from './item';
import { createLedger } from './ledger';
import type { Planner } from './planner';
import type { Digest } from './prefix';
import { slicesOf } from './reading';
import { createSender } from './sender';
import type { Transport } from './transport';
import type { Picked, Reading, Uploads } from './types';

export interface UploadsOptions {
  readonly client: Pick<Client, 'operations' | 'lookup' | 'plan' | 'finishUpload' | 'digests'>;
  /** The address of an upload by its id. */
  addressOf(id: string): string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random?: () => number;
  /** Bytes of one request, at most: for devices with little memory. */
  readonly largestPart?: number | undefined;
  /** By default the browser's, or one in JavaScript. */
  readonly sha256?: Digest | undefined;
  /** The network is there again. */
  onOnline(run: () => void): () => void;
  /** The session has ended; signedIn() is awaited. */
  onUnauthorized(): void;
  /** Gets a new token for the session; fails with a Problem. */
  renew(): Promise<void>;
  /** A file has come into the folder. */
  onStored(folder: string): void;
  /** There is no room on the server: everything pauses. Told once a pause. */
  onFull(problem: ProblemBody): void;
}

export interface UploadsManager extends Uploads {
  /** Ids of what the server has of the items that are neither done nor skipped. */
  begun(): ReadonlySet<string>;
  /** So many bytes of uploads, by their ids, are on the server's disk. */
  confirm(offsets: ReadonlyMap<string, number>): void;
}

/** The upload manager: from what was picked to files on the server, without a view. */
export function createUploads(options: UploadsOptions): UploadsManager {
  const { client, transport, clock } = options;
  const random = options.random ?? Math.random;
  const ledger = createLedger();
  const readings = new Set<Reading>();
  /** Grows when all is cancelled: what belongs to an earlier number is nobody's any more. */
  let generation = 0;
  /** All are paused: what comes now pauses as well. */
  let held = false;
  /** Why all are paused, if there was no room and that was said. */
  let full: string | undefined;

  const display = createDisplay({
    clock,
    ledger,
    waits() {
      if (gate.closed) return ledger.sums.open > 0 || intake.busy ? 'signin' : 'no';
      return sender.away || gate.away ? 'offline' : 'no';
    },
    reading() {
      let files: number | undefined;
      for (const one of readings) files = (files ?? 0) + one.found.get();
      return files;
    },
    conflicts: () => intake.conflicts,
    onSecond: () => sender.watch(),
  });
  const { changed, show } = display;
  const gate = createGate({
    clock,
    random,
    onUnauthorized: options.onUnauthorized,
    onChange: changed,
  });
  const sender = createSender({
    client,
    transport,
    clock,
    random,
    ledger,
    gate,
    coming: () => readings.size > 0 || intake.busy,
    renew: options.renew,
    largestPart: options.largestPart,
    sha256: options.sha256,
    onChange: changed,
    onStored: options.onStored,
    onFull(problem) {
      pauseAll();
      if (full === problem.code) return;
      full = problem.code;
      options.onFull(problem);
    },
  });
  /** Whether nothing was cancelled since. */
  function lasting(): () => boolean {
    const mine = generation;
    return () => mine === generation;
  }

  function planner(): Planner {
    const wanted = lasting();
    // Looked at before and after each try: the next may be in another person's session.
    const check = () => {
      if (!wanted()) throw new Error('cancelled');
    };
    const ask = <T>(work: () => Promise<T>) =>
      gate.ask(async () => {
        check();
        try {
          return await work();
        } finally {
          check();
        }
      });
    return {
      wanted,
      operations: (operations) => ask(() => client.operations(operations)),
      lookup: (paths) => ask(() => client.lookup(paths)),
      plan: (files) => ask(() => client.plan(files)),
    };
  }

  const intake = createIntake({
    ledger,
    planner,
    held: () => held,
    addressOf: options.addressOf,
    enqueue: (items) => sender.enqueue(items),
    retry: retryAll,
    discard,
    planned: () => sender.pump(),
    changed,
    show,
  });

  function openItems(id: number | undefined): Item[] {
    if (id === undefined) return ledger.items.filter((item) => isOpen(item.state));
    const item = ledger.get(id);
    return item && isOpen(item.state) ? [item] : [];
  }

  function pauseItems(items: readonly Item[]): void {
    for (const item of items) {
      // The state first: halt makes room, and nobody else may take this one up.
      ledger.set(item, { state: 'paused', problem: undefined });
      sender.halt(item);
    }
  }

  function pauseAll(): void {
    held = true;
    pauseItems(openItems(undefined));
    changed();
  }

  function release(): void {
    held = false;
    full = undefined;
  }

  function retryAll(items: readonly Item[]): void {
    const replan: Item[] = [];
    const go: Item[] = [];
    for (const item of items) {
      if (!canRetry(item)) continue;
      item.attempts = 0;
      item.renewed = false;
      // What was refused for what is there may be asked anew: the name may be free by now,
      // and if not, the person chooses again.
      const stale = !item.planned || item.problem?.status === 412;
      if (stale) item.planned = false;
      (stale ? replan : go).push(item);
      ledger.set(item, { state: 'waiting', problem: undefined });
    }
    sender.enqueue(go);
    intake.replan(replan);
  }

  function remove(items: readonly Item[]): void {
    if (items.length === 0) return;
    for (const item of items) {
      ledger.set(item, { state: item.state === 'done' ? 'done' : 'failed' });
      sender.halt(item);
    }
    ledger.remove(new Set(items));
    intake.leave(items);
  }

  /** Takes them off the list, and drops what the server has of them. */
  function discard(items: readonly Item[]): void {
    remove(items);
    for (const item of items) sender.drop(item);
  }

  /** Takes slices as they are found: they are sent while others are looked for. */
  async function takeReading(reading: Reading, drop: Drop): Promise<void> {
    const wanted = lasting();
    readings.add(reading);
    const stop = reading.found.subscribe(changed);
    show();
    for (;;) {
      const slice = await reading.next();
      if (!slice || !wanted()) break;
      drop.take(slice);
    }
    stop();
    if (!readings.delete(reading)) return;
    sender.pump();
    show();
  }

  /** Takes it slice by slice, so that the page can do other things between. */
  async function takeAll(picked: Picked, drop: Drop): Promise<void> {
    const wanted = lasting();
    for (const [n, slice] of slicesOf(picked).entries()) {
      if (n > 0) await new Promise<void>((go) => clock.after(0, go));
      if (!wanted()) break;
      drop.take(slice);
    }
  }

  options.onOnline(() => {
    gate.wake();
    sender.wake();
  });

  return {
    subscribe: display.subscribe,
    snapshot: display.snapshot,
    async add(folder, picked) {
      // A pause ends with the last of what it was for.
      if (ledger.sums.open === 0 && !intake.busy && readings.size === 0) release();
      const drop = intake.begin(folder);
      if ('next' in picked) await takeReading(picked, drop);
      else await takeAll(picked, drop);
      await drop.end();
    },
    begun() {
      const ids = new Set<string>();
      for (const { url, state } of ledger.items) {
        if (url !== undefined && state !== 'done' && state !== 'skipped') ids.add(idOf(url));
      }
      return ids;
    },
    confirm: (offsets) => sender.confirm(offsets),
    resolve(choice) {
      intake.answer(choice ?? 'skip');
      show();
    },
    pause(id) {
      if (id === undefined) pauseAll();
      else pauseItems(openItems(id));
      sender.pump();
      show();
    },
    resume(id) {
      release();
      const items = openItems(id).filter((item) => item.state === 'paused');
      for (const item of items) {
        item.attempts = 0;
        ledger.set(item, { state: 'waiting' });
      }
      sender.enqueue(items.filter((item) => item.planned));
      show();
    },
    cancel(id) {
      const failed = ledger.items.filter((item) => item.state === 'failed');
      const one = id === undefined ? undefined : ledger.get(id);
      const items = id === undefined ? [...openItems(undefined), ...failed] : one ? [one] : [];
      discard(items);
      if (id === undefined) {
        generation++;
        for (const reading of readings) reading.stop();
        readings.clear();
        intake.forget();
        gate.wake(); // what waits for the network learns that it is not wanted
      }
      sender.pump();
      show();
    },
    retry(id) {
      const one = id === undefined ? undefined : ledger.get(id);
      retryAll(id === undefined ? ledger.items : one ? [one] : []);
      show();
    },
    redirect(id, folder, name) {
      const item = ledger.get(id);
      if (!item?.file || item.state !== 'failed') return;
      // What was never begun starts at the new place; what was is finished there, unless its last
      // byte would replace what is at the old one.
      const replaces = item.adopted || 'ifMatch' in item.condition;
      if (item.url !== undefined && !item.complete && replaces) sender.drop(item);
      if (item.url === undefined || (!item.complete && replaces)) beginAnew(item);
      intake.direct(item, name, folder, { ifNoneMatch: '*' });
      item.planned = true;
      item.maybeStored = false;
      item.attempts = 0;
      ledger.set(item, { state: 'waiting', problem: undefined });
      sender.enqueue([item]);
      show();
    },
    clear() {
      discard(ledger.items.filter((item) => !isOpen(item.state)));
      show();
    },
    signedIn() {
      if (!gate.closed) return;
      gate.open();
      sender.wake();
      sender.pump();
      show();
    },
  };
}
