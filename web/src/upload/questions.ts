import { type Item, isOpen, targetOf } from './item';
import type { Taken } from './plan';
import type { Conflict, ConflictChoice } from './types';

/** The questions about names that exist, one a drop, one after the other. */
export interface Questions {
  /** The one that is to be answered now. */
  readonly now: readonly Conflict[] | undefined;
  /**
   * Asks about some, at least one; base: the folder dropped into. Resolves with what was
   * chosen for which of them; undefined: there is nothing to be chosen any more.
   */
  ask(taken: readonly Taken[], base: string): Promise<Answer | undefined>;
  answer(choice: ConflictChoice): void;
  /** Nothing is asked of them any more. */
  leave(items: readonly Item[]): void;
  /** Nothing is asked at all. */
  forget(): void;
}

export interface Answer {
  readonly choice: ConflictChoice;
  readonly taken: readonly Taken[];
}

interface Question {
  readonly taken: readonly Taken[];
  readonly conflicts: readonly Conflict[];
  answered(answer: Answer | undefined): void;
}

export function createQuestions(): Questions {
  let all: readonly Question[] = [];
  return {
    get now() {
      return all[0]?.conflicts;
    },
    ask(taken, base) {
      const conflicts = Object.freeze(taken.map((one) => conflictOf(one, base)));
      return new Promise((answered) => {
        all = [...all, { taken, conflicts, answered }];
      });
    },
    answer(choice) {
      const [question, ...others] = all;
      all = others;
      question?.answered({ choice, taken: question.taken });
    },
    leave(items) {
      if (all.length === 0) return;
      const some = new Set(items);
      all = all.flatMap((question) => without(question, some));
    },
    forget() {
      for (const question of all) question.answered(undefined);
      all = [];
    },
  };
}

/** A question about it has a sense. */
export function isAsked(item: Item): boolean {
  return !item.gone && isOpen(item.state);
}

function conflictOf({ item, there }: Taken, base: string): Conflict {
  return Object.freeze({
    path: targetOf(item).slice(base === '' ? 0 : base.length + 1),
    there: { folder: there.folder, size: there.size, mtime: there.mtime },
    size: item.size,
    mtime: item.file?.lastModified ?? 0,
  });
}

/** The question without those that were taken off the list; none if nothing is left of it. */
function without(question: Question, items: ReadonlySet<Item>): Question[] {
  const stays = question.taken.map(({ item }) => !items.has(item));
  if (!stays.includes(false)) return [question];
  const taken = question.taken.filter((_, n) => stays[n]);
  const conflicts = Object.freeze(question.conflicts.filter((_, n) => stays[n]));
  if (taken.length > 0) return [{ ...question, taken, conflicts }];
  question.answered(undefined);
  return [];
}
