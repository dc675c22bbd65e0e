import { ownProblem, problemOf } from '../api/problem';
import type { ProblemBody } from '../api/types';
import { baseName, joinPath, parentOf } from '../lib/path';
import { text } from '../lib/text';
import { createFolders, type Folders } from './folders';
import { findFreeNames } from './free-names';
import { aim, beginAnew, canRetry, createItem, type Item, isOpen, keyOf, targetOf } from './item';
import type { Ledger } from './ledger';
import { limiter } from './limiter';
import { type Findings, plan, type Taken } from './plan';
import type { Planner } from './planner';
import { type Answer, createQuestions, isAsked } from './questions';
import { sameContent, sameStamp } from './same-file';
import type { Conflict, ConflictChoice, Picked } from './types';

export interface IntakeOptions {
  readonly ledger: Ledger;
  /** For what is picked now: a cancel of all ends it. */
  planner(): Planner;
  /** The address of an upload by its id. */
  addressOf(id: string): string;
  /** All are paused: what comes now pauses as well. */
  held(): boolean;
  /** These can be sent. */
  enqueue(items: readonly Item[]): void;
  /** The person brought failed ones once more. */
  retry(items: readonly Item[]): void;
  /** Takes them off the list, and drops what the server has of them. */
  discard(items: readonly Item[]): void;
  /** Nothing is being planned any more. */
  planned(): void;
  changed(): void;
  show(): void;
}

/** From what was picked to the queue: items, folders, names that exist, and the question. */
export interface Intake {
  /** Something is dropped into the folder, and comes in slices. */
  begin(folder: string): Drop;
  /** Plans items anew whose plan failed or is out of date. */
  replan(items: readonly Item[]): void;
  /** The question that is to be answered now. */
  readonly conflicts: readonly Conflict[] | undefined;
  answer(choice: ConflictChoice): void;
  /** Nothing is to be asked any more. */
  forget(): void;
  /** Something is being planned. */
  readonly busy: boolean;
  /** Gives an item another target, or only another condition. */
  direct(item: Item, name: string, folder: string, condition: Item['condition']): void;
  /** They were taken off the list: others may have their targets, and nothing is asked of them. */
  leave(items: readonly Item[]): void;
}

/** What is dropped at once: names that exist are asked about once, when all has come. */
export interface Drop {
  /** The next slice. Its files are on the list at once, and go when they are planned. */
  take(picked: Picked): void;
  /** That was all. Resolves when all is queued or refused, the question answered. */
  end(): Promise<void>;
}

/** Pairs of files that are compared at the same time. */
const readAtOnce = 4;

/** What was picked, by what becomes of it. */
interface Sorted {
  readonly fresh: Item[];
  /** Their names are taken by others of ours that are on their way. */
  readonly doubles: Item[];
  /** Maybe on their way already. */
  readonly alike: Alike[];
}

interface Alike {
  readonly item: Item;
  readonly other: Item;
  readonly file: File;
  readonly its: File;
}

/** What is known of a drop while it comes. */
interface Coming {
  readonly planner: Planner;
  readonly folders: Folders;
  /** Names that exist. */
  readonly taken: Taken[];
  /** Where its files were to go: what is there by now may be one of them. */
  readonly targets: Set<string>;
}

export function createIntake(options: IntakeOptions): Intake {
  const { ledger, changed, show } = options;
  const limit = limiter(readAtOnce);
  /** Where items go that are on their way or failed. */
  const targets = new Map<string, Item>();
  const questions = createQuestions();
  let planning: Promise<void> = Promise.resolve();
  let plansOpen = 0;

  function claim(item: Item): void {
    targets.set(keyOf(targetOf(item)), item);
  }

  function unclaim(item: Item): void {
    const key = keyOf(targetOf(item));
    if (targets.get(key) === item) targets.delete(key);
  }

  /** The item that is not over and goes to the path. */
  function holderOf(path: string): Item | undefined {
    const item = targets.get(keyOf(path));
    const holds = item && !item.gone && (isOpen(item.state) || item.state === 'failed');
    return holds ? item : undefined;
  }

  const claimed = (path: string) => holderOf(path) !== undefined;

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
    options.enqueue(items);
    changed();
  }

  function refuse(item: Item, problem: ProblemBody): void {
    if (isOpen(item.state)) ledger.set(item, { state: 'failed', problem });
    changed();
  }

  /** Items for what was picked. */
  function itemsFor({ folders: { base }, targets: own }: Coming, picked: Picked): Sorted {
    const sorted: Sorted = { fresh: [], doubles: [], alike: [] };
    const all: Item[] = [];
    const outdated: Item[] = [];
    for (const { path, file } of picked.files) {
      const folder = joinPath(base, parentOf(path));
      const item = createItem({ file, base, folder, name: baseName(path) });
      if (options.held()) item.state = 'paused';
      all.push(item);
      const target = targetOf(item);
      const other = holderOf(target);
      const usable = other && (isOpen(other.state) || canRetry(other));
      if (other?.file && usable && sameStamp(other.file, file)) {
        sorted.alike.push({ item, other, file, its: other.file });
      } else if (!other && own.has(keyOf(target))) {
        sorted.doubles.push(item);
      } else {
        sort(item, other, sorted, outdated);
      }
      own.add(keyOf(target));
    }
    ledger.add(all);
    options.discard(outdated);
    return sorted;
  }

  /** What failed gives way to what was picked after it; what is on its way does not. */
  function sort(item: Item, other: Item | undefined, sorted: Sorted, outdated: Item[]): void {
    if (other && isOpen(other.state)) {
      sorted.doubles.push(item);
      return;
    }
    if (other) outdated.push(other);
    claim(item);
    sorted.fresh.push(item);
  }

  /** Sends what only looks like a file that is on its way or failed, and not the same one twice. */
  async function compare(alike: readonly Alike[], coming: Coming): Promise<void> {
    if (alike.length === 0) return;
    const sorted: Sorted = { fresh: [], doubles: [], alike: [] };
    const again: Item[] = [];
    const outdated: Item[] = [];
    const look = async ({ item, other, file, its }: Alike) => {
      const same = await limit(async () => !item.gone && (await sameContent(file, its)));
      if (!isAsked(item)) return;
      const holder = holderOf(targetOf(item));
      const done = other.state === 'done' && !other.gone;
      if (same && (holder === other || (done && !holder))) {
        if (other.state !== 'failed') {
          const problem = ownProblem('on-its-way', text.problems.onItsWay);
          ledger.set(item, { state: 'skipped', problem });
          return;
        }
        if (canRetry(other)) {
          again.push(other); // it goes on where it was, in its own row
          outdated.push(item);
          return;
        }
      }
      sort(item, holder, sorted, outdated);
    };
    await Promise.all(alike.map(look));
    options.discard(outdated);
    options.retry(again);
    show();
    await Promise.all([planItems(sorted.fresh, [], coming), keepBoth(sorted.doubles, coming)]);
  }

  /** Lists what cannot be uploaded at all, so that it is not forgotten. */
  function addRefused(base: string, path: string, problem: ProblemBody): void {
    const folder = joinPath(base, parentOf(path));
    const item = createItem({ file: undefined, base, folder, name: baseName(path) });
    item.state = 'failed';
    item.problem = problem;
    ledger.add([item]);
    const other = holderOf(targetOf(item));
    if (!other) claim(item); // so that it gives way to what is picked later
  }

  /** One plan after the other, so that two drops do not take the same free name. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    plansOpen++;
    const mine = planning.then(work).finally(() => {
      plansOpen--;
      if (plansOpen === 0) options.planned();
      changed();
    });
    planning = mine.catch(() => {});
    return mine;
  }

  /** A path as it is shown: below the folder dropped into. */
  const below = (path: string, base: string) => path.slice(base === '' ? 0 : base.length + 1);

  /** empty: folders to be made, whether files go there or not. */
  function planItems(
    items: readonly Item[],
    empty: readonly string[],
    { planner, folders, taken }: Coming,
  ): Promise<void> {
    const findings: Findings = {
      free(some) {
        for (const item of some) aim(item, { ifNoneMatch: '*' });
        ready(some);
      },
      taken: (some) => taken.push(...some),
      same(some) {
        const problem = ownProblem('already-there', text.problems.alreadyThere);
        for (const item of some) if (isAsked(item)) ledger.set(item, { state: 'skipped', problem });
        changed();
      },
      begun(item, id) {
        if (item.url !== undefined) return;
        item.url = options.addressOf(id);
        item.adopted = true;
        item.doubtful = true;
        item.proven = 0;
        item.begunAs = targetOf(item);
      },
      claimed,
      moved: (item, folder) => direct(item, item.name, folder, { ifNoneMatch: '*' }),
      refused: refuse,
    };
    return inTurn(() => plan(items, empty, folders, planner, findings));
  }

  /** Sends items under names that are free. */
  async function keepBoth(items: readonly Item[], { planner }: Coming): Promise<void> {
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

  function comingTo(base: string): Coming {
    const folders = createFolders(base);
    return { planner: options.planner(), folders, taken: [], targets: new Set() };
  }

  /** All of it is planned: what is left to be said and asked. */
  async function conclude(coming: Coming): Promise<void> {
    const { planner, folders, taken } = coming;
    for (const [path, problem] of planner.wanted() ? folders.untold() : []) {
      addRefused(folders.base, below(path, folders.base), problem);
      changed();
    }
    const open = taken.filter(({ item }) => isAsked(item));
    if (open.length === 0) return;
    const answer = questions.ask(open, folders.base);
    show();
    const given = await answer;
    if (given) await settle(given, coming);
  }

  async function settle({ choice, taken }: Answer, coming: Coming): Promise<void> {
    const both: Item[] = [];
    const replace: Item[] = [];
    for (const { item, there } of taken) {
      if (!isAsked(item)) continue;
      if (choice === 'skip') ledger.set(item, { state: 'skipped' });
      // A file cannot take the place of a folder.
      else if (choice === 'both' || there.folder) {
        // What was begun may replace what is there as soon as it is whole.
        if (item.adopted) beginAnew(item);
        both.push(item);
      } else {
        aim(item, { ifMatch: there.etag });
        replace.push(item);
      }
    }
    ready(replace);
    show();
    await keepBoth(both, coming);
  }

  return {
    direct,
    leave(items) {
      for (const item of items) unclaim(item);
      questions.leave(items);
    },
    get busy() {
      return plansOpen > 0;
    },
    get conflicts() {
      return questions.now;
    },
    begin(base) {
      const coming = comingTo(base);
      const work: Promise<void>[] = [];
      return {
        take(picked) {
          const { fresh, doubles, alike } = itemsFor(coming, picked);
          for (const path of picked.unreadable ?? []) {
            addRefused(base, path, ownProblem('unreadable', text.problems.unreadable));
          }
          if (work.length === 0) show();
          else changed();
          const empty = picked.folders.map((path) => joinPath(base, path));
          work.push(
            planItems(fresh, empty, coming),
            keepBoth(doubles, coming),
            compare(alike, coming),
          );
        },
        async end() {
          await Promise.all(work);
          await conclude(coming);
        },
      };
    },
    replan(items) {
      for (const [base, some] of groupByBase(items)) {
        const coming = comingTo(base);
        void planItems(some, [], coming).then(() => conclude(coming));
      }
    },
    answer: questions.answer,
    forget: questions.forget,
  };
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
