import type { Client } from '../api/client';
import { problemOf } from '../api/problem';
import type { ProblemBody } from '../api/types';
import { createStore, type Store } from '../lib/store';
import { text } from '../lib/text';
import type { Router } from '../state/route';
import type { Unfinished } from '../state/types';
import type { UnfinishedModel } from '../state/unfinished';
import type { Uploads } from '../upload/types';
import type { Toasts } from './toasts';
import type { Dialog, Picking, WhyNot } from './types';

/** Goes on with uploads that broke off, or discards them. */
export interface Unfinishing {
  /** Asks for the file of an upload. */
  resume(upload: Unfinished): void;
  /** The file that was picked for it; undefined: none was. */
  picked(file: File | undefined): void;
  /** Asks before. */
  discard(uploads: readonly Unfinished[]): void;
  /** Asks about all that are listed and that no bytes arrive for. */
  discardAll(): void;
  /** Another person has the page. */
  forget(): void;
}

export interface UnfinishingOptions {
  readonly client: Client;
  readonly uploads: Uploads;
  readonly list: UnfinishedModel;
  readonly router: Router;
  readonly dialog: Store<Dialog | undefined>;
  readonly picking: Store<Picking | undefined>;
  readonly toasts: Toasts;
  /** After some were discarded. */
  onChange(): void;
}

/** Uploads that are discarded at the same time. */
const atOnce = 4;

export function createUnfinishing(options: UnfinishingOptions): Unfinishing {
  const { client, uploads, list, router, dialog, picking, toasts } = options;
  /** What a file is being picked for. */
  let wanted: Unfinished | undefined;
  const close = () => dialog.set(undefined);

  function resume(upload: Unfinished): void {
    wanted = upload;
    picking.set('again');
  }

  /** To where the upload goes, whatever the file is called here: the plan finds what was begun. */
  function send(upload: Unfinished, file: File): void {
    void uploads.add('', { folders: [], files: [{ path: upload.path, file }] });
  }

  async function take(upload: Unfinished, file: File): Promise<void> {
    if (file.size !== upload.size) return refuse(upload, file, 'size');
    const person = client.person;
    const view = router.get().view;
    const there = () => client.person === person && router.get().view === view;
    const { path, size } = upload;
    try {
      const [plan] = await client.plan([{ path, size, mtime: file.lastModified }]);
      if (!there()) return;
      if (plan?.upload) return send(upload, file);
      if (plan?.state === 'same') return refuse(upload, file, 'there');
    } catch (error) {
      if (there()) fail(problemOf(error), () => void take(upload, file));
      return;
    }
    // An upload that is not found by its file was begun with another, or has changed meanwhile.
    await list.refresh();
    if (!there()) return;
    const { rows, problem } = list.get();
    const now = rows.find(({ id }) => id === upload.id);
    if (problem) fail(problem, () => void take(upload, file));
    else refuse(upload, file, now === undefined ? 'gone' : now.moving ? 'busy' : 'time');
  }

  function fail(problem: ProblemBody, again: () => void): void {
    const words = [problem.title, problem.detail].filter(Boolean).join(' ');
    toasts.show('failed', words, { label: text.unfinished.other.retry, run: again });
  }

  function refuse(upload: Unfinished, file: File, why: WhyNot): void {
    if (dialog.get()) return; // the person has gone on to something else
    dialog.set({
      kind: 'other-file',
      upload,
      file: { name: file.name, size: file.size, mtime: file.lastModified },
      why,
      ...(why !== 'there' &&
        why !== 'busy' && {
          asNew() {
            close();
            send(upload, file);
          },
        }),
      again() {
        close();
        if (why === 'busy') void take(upload, file);
        else resume(upload);
      },
      discard() {
        close();
        ask([upload], 0);
      },
      cancel: close,
    });
  }

  function ask(some: readonly Unfinished[], left: number): void {
    const gone = createStore(0);
    let stopped = false;
    const question: Dialog = {
      kind: 'discard-uploads',
      uploads: some,
      left,
      gone,
      async submit() {
        const person = client.person;
        const wanted = () => !stopped && client.person === person;
        const { dropped, refused } = await dropAll(some, wanted, gone.set);
        if (client.person !== person) return undefined; // another has the page now
        list.drop(dropped);
        void list.refresh();
        options.onChange();
        const [why] = refused;
        if (why && dropped.size === 0) return why;
        if (dialog.get() === question) close();
        const done = text.unfinished.discarded(dropped.size);
        const words = why ? text.did.notAll(done, some.length - dropped.size, why.title) : done;
        toasts.show(why ? 'failed' : 'done', words);
        return undefined;
      },
      cancel() {
        stopped = true;
        close();
      },
    };
    dialog.set(question);
  }

  /** Drops them, and tells how many are gone. It ends with the first that is refused. */
  async function dropAll(
    some: readonly Unfinished[],
    wanted: () => boolean,
    tell: (gone: number) => void,
  ) {
    const dropped = new Set<string>();
    const refused: ProblemBody[] = [];
    const left = some.values();
    const drop = async () => {
      for (const { id } of left) {
        if (!wanted() || refused.length > 0) return;
        try {
          await client.dropUpload(id);
        } catch (error) {
          const problem = problemOf(error);
          if (!isGone(problem)) {
            refused.push(problem);
            return;
          }
        }
        dropped.add(id);
        tell(dropped.size);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, drop));
    return { dropped, refused };
  }

  return {
    resume,
    picked(file) {
      const upload = wanted;
      wanted = undefined;
      if (upload && file) void take(upload, file);
    },
    discard: (some) => ask(some, 0),
    discardAll() {
      const { rows } = list.get();
      const still = rows.filter(({ moving }) => !moving);
      ask(still, rows.length - still.length);
    },
    forget() {
      wanted = undefined;
      picking.set(undefined);
    },
  };
}

/** Finished or discarded already, whoever did it. */
function isGone({ status }: ProblemBody): boolean {
  return status === 404 || status === 410;
}
