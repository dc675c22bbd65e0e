import type { Client } from '../api/client';
import { ownProblem, problemOf } from '../api/problem';
import type { Operation, OperationResult, ProblemBody, TrashEntry, Version } from '../api/types';
import { createStore, type Store } from '../lib/store';
import { text } from '../lib/text';
import type { Pages } from '../state/pages';
import type { Router } from '../state/route';
import type { Sending } from './sending';
import type { Toasts } from './toasts';
import type { Dialog, OldVersions, Purge } from './types';

/** Deletes for good. Nothing here can be undone, so all of it asks before. */
export interface Purging {
  /** Asks about some of what lies in the trash. */
  ask(entries: readonly TrashEntry[]): void;
  /** Asks about all that lies there now. */
  askAll(): Promise<void>;
  /** Asks about older versions: all of them, or those of some age. */
  askVersions(): void;
  /** For a dialog that has asked. */
  dropVersion(path: string, version: Version): Promise<ProblemBody | undefined>;
}

export interface PurgingOptions {
  readonly client: Client;
  readonly sending: Sending;
  readonly trash: Pages<TrashEntry>;
  readonly router: Router;
  readonly dialog: Store<Dialog | undefined>;
  readonly toasts: Toasts;
  /** After each of them, for what shows what the space is used for. */
  onChange(): void;
}

/** Ages in days that older versions may be chosen by. */
const ages = [0, 7, 30, 90] as const;

export function createPurging(options: PurgingOptions): Purging {
  const { client, sending, trash, router, dialog, toasts } = options;

  function question(what: Purge, act: () => Promise<ProblemBody | undefined>): void {
    dialog.set({
      kind: 'purge',
      what,
      async submit() {
        const person = client.person;
        const problem = await act();
        if (client.person !== person) return undefined; // another has the page now
        trash.refresh();
        options.onChange();
        if (!problem) dialog.set(undefined);
        return problem;
      },
      cancel: () => dialog.set(undefined),
    });
  }

  return {
    ask(entries) {
      const [first] = entries;
      if (!first) return;
      const size = entries.reduce((sum, entry) => sum + entry.size, 0);
      const one = entries.length === 1;
      const what = { all: false, entries: entries.length, size, ...(one && only(first)) };
      question(what, async () => {
        const operations = entries.map((entry): Operation => ({ op: 'purge', node: entry.id }));
        const results = await sending.send(operations);
        const gone = entries.filter((_, i) => isGone(results[i]));
        trash.drop(new Set(gone.map((entry) => entry.id)));
        const refused = results.flatMap((r) => ('problem' in r && !isGone(r) ? [r.problem] : []));
        const [why] = refused;
        if (why && gone.length === 0) return why;
        const done = text.did.purged(gone.length, first.name);
        const words = why ? text.did.notAll(done, refused.length, why.title) : done;
        toasts.show(why ? 'failed' : 'done', words);
        return undefined;
      });
    },
    async askAll() {
      const person = client.person;
      const view = router.get().view;
      try {
        const { entries, bytes, upto } = await client.trashSize();
        // Nobody is asked on another page than where they began.
        if (client.person !== person || router.get().view !== view || dialog.get()) return;
        if (entries === 0) {
          options.onChange();
          return trash.refresh();
        }
        question({ all: true, entries, size: bytes }, async () => {
          const [result] = await sending.send([{ op: 'empty-trash', upto }]);
          if (!result || 'problem' in result) return result?.problem ?? lost();
          trash.drop(new Set(trash.get().rows.map((row) => row.id)));
          toasts.show('done', text.did.emptied(result.count ?? entries));
          return undefined;
        });
      } catch (error) {
        if (client.person === person) toasts.show('failed', text.did.none(problemOf(error).title));
      }
    },
    askVersions() {
      const choices = createStore<readonly OldVersions[]>(ages.map((days) => ({ days })));
      const asked: Dialog = {
        kind: 'drop-versions',
        choices,
        async submit({ size }) {
          if (!size) return lost();
          const person = client.person;
          const [result] = await sending.send([{ op: 'drop-versions', upto: size.upto }]);
          if (client.person !== person) return undefined; // another has the page now
          options.onChange();
          if (!result || 'problem' in result) return result?.problem ?? lost();
          dialog.set(undefined);
          toasts.show('done', text.did.versionsDropped(result.count ?? size.entries));
          return undefined;
        },
        cancel: () => dialog.set(undefined),
      };
      dialog.set(asked);
      const person = client.person;
      const look = async (days: number) => {
        const size = await client.versionsSize(days);
        choices.set(choices.get().map((it) => (it.days === days ? { days, size } : it)));
      };
      // All of them first: the others are seldom wanted, and each costs the server a walk.
      look(ages[0])
        .then(() => Promise.all(ages.slice(1).map(look)))
        .catch((error) => {
          if (client.person !== person || dialog.get() !== asked) return;
          dialog.set(undefined);
          toasts.show('failed', text.did.none(problemOf(error).title));
        });
    },
    async dropVersion(path, version) {
      const [result] = await sending.send([{ op: 'drop-version', path, version: version.id }]);
      options.onChange();
      if (!result) return lost();
      return 'problem' in result && !isGone(result) ? result.problem : undefined;
    },
  };
}

const only = (entry: TrashEntry) => ({ name: entry.name, file: !entry.folder });

/** What is not there any more has gone, whoever did it. */
function isGone(result: OperationResult | undefined): boolean {
  return result !== undefined && (!('problem' in result) || result.problem.code === 'not-found');
}

function lost(): ProblemBody {
  return ownProblem('app', text.problems.app(''));
}
