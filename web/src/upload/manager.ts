import type { Client } from '../api/client';
import { ownProblem, problemOf } from '../api/problem';
import type { ProblemBody } from '../api/types';
import type { Clock } from '../lib/clock';
import type { Observable } from '../lib/observable';
import { baseName, joinPath, parentOf } from '../lib/path';
import { createListeners } from '../lib/store';
import { text } from '../lib/text';
import { createGate } from './gate';
import { aim, beginAnew, createItem, type Item, isOpen, targetOf } from './item';
import { createLedger } from './ledger';
import { createPace } from './pace';
import { type Findings, findFreeNames, type Planner, plan, type Taken } from './plan';
import { createSender } from './sender';
import type { Transport } from './transport';
import type { Conflict, ConflictChoice, Picked, Snapshot, Uploads, UploadTotals } from './types';

export interface UploadsOptions {
  readonly client: Pick<Client, 'operations' | 'lookup' | 'finishUpload'>;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random?: () => number;
  /** The network is there again. */
  onOnline(run: () => void): () => void;
  /** The session has ended; signedIn() is awaited. */
  onUnauthorized(): void;
  /** Gets a new token for the session; fails with a Problem. */
  renew(): Promise<void>;
  /** A file has come into the folder. */
  onStored(folder: string): void;
  /** There is no room on the server: everything pauses. */
  onFull(problem: ProblemBody): void;
}

export interface UploadsManager extends Uploads {
  /** found: files found so far, while picked goes on to read folders. */
  add(folder: string, picked: Promise<Picked> | Picked, found?: Observable<number>): Promise<void>;
}

/** Milliseconds between two snapshots while bytes flow. */
const frame = 100;
const second = 1000;

/** A drop's names that exist, and what waits for the answer. */
interface Question {
  readonly taken: readonly Taken[];
  readonly conflicts: readonly Conflict[];
  answered(): void;
}

/** The upload manager: from what was picked to files on the server, without a view. */
export function createUploads(options: UploadsOptions): UploadsManager {
  const { client, transport, clock } = options;
  const random = options.random ?? Math.random;
  const listeners = createListeners();
  const ledger = createLedger();
  const pace = createPace();
  /** Where items go that are on their way or failed. */
  const targets = new Map<string, Item>();
  const readings = new Set<{ count(): number }>();
  let questions: Question[] = [];
  let planning: Promise<void> = Promise.resolve();
  let plansOpen = 0;
  /** All are paused: what comes now pauses as well. */
  let held = false;
  let cancelTick: (() => void) | undefined;

  let snapshot: Snapshot;
  let cancelFrame: (() => void) | undefined;
  let lastFrame = Number.NEGATIVE_INFINITY;

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
    renew: options.renew,
    onChange: changed,
    onStored: options.onStored,
    onFull(problem) {
      pauseAll();
      options.onFull(problem);
    },
  });
  const planner: Planner = {
    operations: (operations) => gate.ask(() => client.operations(operations)),
    lookup: (paths) => gate.ask(() => client.lookup(paths)),
  };
  snapshot = makeSnapshot();

  // --- what the view sees

  function makeSnapshot(): Snapshot {
    let reading: number | undefined;
    for (const one of readings) reading = (reading ?? 0) + one.count();
    return Object.freeze({
      items: ledger.views(),
      totals: totals(),
      reading,
      conflicts: questions[0]?.conflicts,
    });
  }

  function totals(): UploadTotals {
    const { files, done, failed, open, paused, bytes, acked, sent, left } = ledger.sums;
    let waits: UploadTotals['waits'] = 'no';
    if (gate.closed && (open > 0 || plansOpen > 0)) waits = 'signin';
    else if (sender.away || gate.away) waits = 'offline';
    return Object.freeze({
      files,
      done,
      failed,
      open,
      bytes,
      acked,
      sent,
      speed: pace.speed(),
      secondsLeft: pace.secondsFor(left, clock.now()),
      paused: open > 0 && paused === open,
      waits,
    });
  }

  /** Shows what changed in at most a frame. */
  function changed(): void {
    if (cancelFrame) return;
    const wait = Math.max(0, frame - (clock.now() - lastFrame));
    cancelFrame = clock.after(wait, show);
  }

  function show(): void {
    cancelFrame?.();
    cancelFrame = undefined;
    lastFrame = clock.now();
    if (ledger.sums.open === 0 && plansOpen === 0) held = false;
    snapshot = makeSnapshot();
    listeners.tell();
    startTicking();
  }

  /** Once a second while anything is open: measures, and ends what stands still. */
  function startTicking(): void {
    if (cancelTick || ledger.sums.open === 0) return;
    cancelTick = clock.after(second, () => {
      cancelTick = undefined;
      sender.watch();
      const before = pace.speed();
      if (ledger.sums.sending > 0) pace.sample(clock.now(), ledger.gained);
      else pace.rest();
      // While all is paused there is nothing new to show.
      if (ledger.sums.sending > 0 || before > 0) show();
      else startTicking();
    });
  }

  // --- from a drop to the queue

  function claim(item: Item): void {
    targets.set(targetOf(item), item);
  }

  function unclaim(item: Item): void {
    const path = targetOf(item);
    if (targets.get(path) === item) targets.delete(path);
  }

  /** Whether another item that is not over goes to the path. */
  function claimed(path: string): boolean {
    const item = targets.get(path);
    return item !== undefined && !item.gone && (isOpen(item.state) || item.state === 'failed');
  }

  /** Gives an item another target, or only another condition. */
  function direct(item: Item, name: string, folder: string, condition: Item['condition']): void {
    unclaim(item);
    ledger.set(item, { name, folder });
    claim(item);
    aim(item, condition);
  }

  /** From now on it can be sent. */
  function ready(items: readonly Item[]): void {
    for (const item of items) item.planned = true;
    sender.enqueue(items);
    changed();
  }

  function refuse(item: Item, problem: ProblemBody): void {
    if (isOpen(item.state)) ledger.set(item, { state: 'failed', problem });
    changed();
  }

  /** Items for what was picked. What is on its way already is not sent twice. */
  function itemsFor(base: string, picked: Picked): { fresh: Item[]; doubles: Item[] } {
    const fresh: Item[] = [];
    const doubles: Item[] = []; // their names are taken by others of ours
    const again: Item[] = [];
    for (const { path, file } of picked.files) {
      const folder = joinPath(base, parentOf(path));
      const item = createItem({ file, base, folder, name: baseName(path) });
      const other = claimed(targetOf(item)) ? targets.get(targetOf(item)) : undefined;
      if (!other) {
        claim(item);
        fresh.push(item);
      } else if (sameFile(other, item)) {
        if (other.state === 'failed') again.push(other);
        continue;
      } else doubles.push(item);
      if (held) item.state = 'paused';
    }
    ledger.add([...fresh, ...doubles]);
    retryAll(again);
    return { fresh, doubles };
  }

  /** Lists what cannot be uploaded at all, so that it is not forgotten. */
  function addRefused(base: string, path: string, problem: ProblemBody): void {
    const folder = joinPath(base, parentOf(path));
    const item = createItem({ file: undefined, base, folder, name: baseName(path) });
    item.state = 'failed';
    item.problem = problem;
    ledger.add([item]);
  }

  /** One plan after the other, so that two drops do not take the same free name. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    plansOpen++;
    const mine = planning.then(work).finally(() => {
      plansOpen--;
      changed();
    });
    planning = mine.catch(() => {});
    return mine;
  }

  /** Plans items; the promise ends when the question that came up, if any, is answered. */
  async function planItems(
    items: readonly Item[],
    folders: readonly string[],
    base: string,
  ): Promise<void> {
    const taken: Taken[] = [];
    const findings: Findings = {
      free(some) {
        for (const item of some) aim(item, { ifNoneMatch: '*' });
        ready(some);
      },
      taken: (some) => taken.push(...some),
      refused: refuse,
      refusedFolder: (path, problem) => {
        addRefused(base, path.slice(base === '' ? 0 : base.length + 1), problem);
        changed();
      },
    };
    await inTurn(() => plan(items, folders, planner, findings));
    if (taken.length === 0) return;
    await new Promise<void>((answered) => {
      const conflicts = taken.map(
        ({ item, there }): Conflict =>
          Object.freeze({
            path: targetOf(item).slice(base === '' ? 0 : base.length + 1),
            there: { folder: there.folder, size: there.size, mtime: there.mtime },
            size: item.size,
            mtime: item.file?.lastModified ?? 0,
          }),
      );
      questions = [...questions, { taken, conflicts: Object.freeze(conflicts), answered }];
      show();
    });
  }

  /** Sends items under names that are free. */
  async function keepBoth(items: readonly Item[]): Promise<void> {
    if (items.length === 0) return;
    try {
      await inTurn(() =>
        findFreeNames(items, planner, claimed, (item, name) => {
          if (item.gone) return;
          if (name === undefined) {
            refuse(item, ownProblem('no-free-name', text.problems.noFreeName));
          } else {
            direct(item, name, item.folder, { ifNoneMatch: '*' });
            ready([item]);
          }
        }),
      );
    } catch (error) {
      for (const item of items) if (!item.planned) refuse(item, problemOf(error));
    }
  }

  async function answer(question: Question, choice: ConflictChoice): Promise<void> {
    const both: Item[] = [];
    const replace: Item[] = [];
    for (const { item, there } of question.taken) {
      if (item.gone || !isOpen(item.state)) continue;
      if (choice === 'skip') ledger.set(item, { state: 'skipped' });
      // A file cannot take the place of a folder.
      else if (choice === 'both' || there.folder) both.push(item);
      else {
        aim(item, { ifMatch: there.etag });
        replace.push(item);
      }
    }
    ready(replace);
    show();
    await keepBoth(both);
    question.answered();
  }

  // --- what a person does with items

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

  function retryAll(items: readonly Item[]): void {
    const replan: Item[] = [];
    const go: Item[] = [];
    for (const item of items) {
      if (item.state !== 'failed' || !item.file) continue;
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
    const byBase = groupByBase(replan);
    for (const [base, some] of byBase) void planItems(some, [], base);
  }

  function remove(items: readonly Item[]): void {
    if (items.length === 0) return;
    for (const item of items) {
      unclaim(item);
      ledger.set(item, { state: item.state === 'done' ? 'done' : 'failed' });
      sender.halt(item);
    }
    ledger.remove(new Set(items));
  }

  options.onOnline(() => {
    gate.wake();
    sender.wake();
  });

  return {
    subscribe: listeners.add,
    snapshot: () => snapshot,
    async add(folder, picked, found) {
      const reading = { count: () => found?.get() ?? 0 };
      let all: Picked;
      if (picked instanceof Promise) {
        readings.add(reading);
        const stop = found?.subscribe(changed);
        show();
        try {
          all = await picked;
        } finally {
          stop?.();
          readings.delete(reading);
          show();
        }
      } else all = picked;

      const { fresh, doubles } = itemsFor(folder, all);
      for (const path of all.unreadable ?? []) {
        addRefused(folder, path, ownProblem('unreadable', text.problems.unreadable));
      }
      show();
      const folders = all.folders.map((path) => joinPath(folder, path));
      await Promise.all([planItems(fresh, folders, folder), keepBoth(doubles)]);
    },
    resolve(choice) {
      const [question, ...others] = questions;
      if (!question) return;
      questions = others;
      void answer(question, choice ?? 'skip');
      show();
    },
    pause(id) {
      if (id === undefined) pauseAll();
      else pauseItems(openItems(id));
      sender.pump();
      show();
    },
    resume(id) {
      held = false;
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
      remove(items);
      for (const item of items) sender.drop(item);
      if (id === undefined) {
        for (const question of questions) question.answered();
        questions = [];
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
      // What was never begun starts at the new place; what was is finished there.
      if (item.url === undefined) beginAnew(item);
      direct(item, name, folder, { ifNoneMatch: '*' });
      item.planned = true;
      item.maybeStored = false;
      item.attempts = 0;
      ledger.set(item, { state: 'waiting', problem: undefined });
      sender.enqueue([item]);
      show();
    },
    clear() {
      remove(ledger.items.filter((item) => !isOpen(item.state)));
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

function sameFile(a: Item, b: Item): boolean {
  return a.file !== undefined && a.size === b.size && a.file.lastModified === b.file?.lastModified;
}

function groupByBase(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(item.base);
    if (group) group.push(item);
    else groups.set(item.base, [item]);
  }
  return groups;
}
