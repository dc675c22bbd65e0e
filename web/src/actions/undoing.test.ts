import { describe, expect, test } from 'vitest';
import { text } from '../lib/text';
import { app, choose, dialog, door, host, lastToast, names, open, run, settle } from './test-bench';

const trashed = () => app.trash.get().rows.map((row) => row.name);

async function remove(...wanted: string[]) {
  choose(...wanted);
  run('delete');
  await settle();
}

async function undo() {
  run('undo');
  await settle();
}

async function visitTrash(...wanted: string[]) {
  host.visit('#/trash');
  await settle();
  wanted.forEach((name, i) => {
    const row = app.trash.get().rows.find((r) => r.name === name);
    if (!row) throw new Error(`${name} is not among ${trashed()}`);
    app.trashSelection.choose(row.id, i === 0 ? 'only' : 'toggle');
  });
}

describe('undo', () => {
  test('by the key: its message goes, and offers nothing any more', async () => {
    await open();
    await remove('b.txt');
    await remove('a.txt');
    expect(app.toasts.get().length).toBe(2);
    await undo();
    const { undone, deleted } = text.did;
    expect(app.toasts.get().map((toast) => toast.text)).toEqual([
      deleted(1, 'b.txt'),
      undone(deleted(1, 'a.txt')),
    ]);
  });

  test('the last first, each as one, and told what it was', async () => {
    await open();
    await remove('a.txt', 'b.txt');
    await remove('docs');
    await undo();
    expect(names()).toEqual(['docs']);
    expect(lastToast()?.text).toBe(text.did.undone(text.did.deleted(1, 'docs')));
    await undo();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
    expect(lastToast()?.text).toBe(text.did.undone(text.did.deleted(2, '')));
    expect(app.actions.undo.enabled()).toBe(false);
  });

  test('what was restored goes to the trash again, by the message', async () => {
    await open();
    await remove('a.txt', 'b.txt');
    await visitTrash('a.txt', 'b.txt');
    run('restore');
    await settle();
    expect(trashed()).toEqual([]);
    const offers = lastToast()?.offers ?? [];
    expect(offers.map(({ label }) => label)).toEqual([text.trash.show, text.actions.undo]);
    offers[1]?.run();
    offers[0]?.run(); // one of them only
    await settle();
    expect(app.route.get()).toEqual({ view: 'trash' });
    expect([...trashed()].sort()).toEqual(['a.txt', 'b.txt']);
    expect(door.tree.has('a.txt')).toBe(false);
    await undo(); // of the first deletion
    expect(trashed()).toEqual([]);
    expect(door.tree.has('a.txt') && door.tree.has('b.txt')).toBe(true);
  });

  test('restored elsewhere, it goes from there', async () => {
    await open();
    await remove('a.txt');
    await visitTrash('a.txt');
    run('restore-to');
    expect(await dialog('restore-to').submit('docs', 'new.txt')).toBeUndefined();
    await settle();
    expect(door.tree.has('docs/new.txt')).toBe(true);
    await undo();
    expect(door.tree.has('docs/new.txt')).toBe(false);
    expect(trashed()).toEqual(['new.txt']);
  });

  test('a folder and what was in it are there by themselves again', async () => {
    await open('https://example.org/files/#/files/docs');
    await remove('c.txt');
    host.visit('#/files/');
    await settle();
    await remove('docs');
    await visitTrash();
    run('select-all');
    run('restore');
    await settle();
    expect(door.tree.has('docs/c.txt')).toBe(true);
    await undo();
    expect([...trashed()].sort()).toEqual(['c.txt', 'docs']);
  });

  test('a restored file that changed since stays', async () => {
    await open();
    await remove('a.txt');
    await visitTrash('a.txt');
    run('restore');
    await settle();
    door.write('a.txt', 7);
    await undo();
    expect(door.tree.get('a.txt')?.size).toBe(7);
    expect(lastToast()).toMatchObject({
      kind: 'failed',
      text: text.did.notUndone(text.problems.changedMeanwhile.title),
    });
    expect(lastToast()?.offers).toBeUndefined(); // it would be refused again
  });

  test('a new folder goes while it is empty', async () => {
    await open();
    run('new-folder');
    expect(await dialog('new-folder').submit('neu')).toBeUndefined();
    await settle();
    await undo();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
    expect(lastToast()?.text).toBe(text.did.undone(text.did.made('neu')));
  });

  test('a part that is refused is named, and can be tried again', async () => {
    await open();
    await remove('a.txt', 'b.txt', 'docs');
    const ids = new Map([...door.trash].map(([id, gone]) => [[...gone.keys()][0], id]));
    const locked = new Set([ids.get('a.txt'), ids.get('docs')]);
    door.refuse = (op) => (op.op === 'restore' && locked.has(op.node) ? 'locked' : undefined);
    await undo();
    expect(names()).toEqual(['b.txt']);
    expect(lastToast()).toMatchObject({
      kind: 'failed',
      text: 'Undone, but not “docs” and “a.txt”: locked!',
      offers: [{ label: text.actions.undo }],
    });
    door.refuse = () => undefined;
    lastToast()?.offers?.[0]?.run();
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
    expect(app.actions.undo.enabled()).toBe(false);
  });

  test('each with its own reason, and no more names than there is room for', async () => {
    for (const name of ['c', 'd', 'e', 'f']) door.put(name);
    await open();
    await remove('c', 'd', 'e', 'f');
    const [gone] = door.trash.keys();
    door.trash.delete(gone ?? '');
    door.refuse = (op) => (op.op === 'restore' && op.node !== gone ? 'locked' : undefined);
    await undo();
    const words =
      'Not undone: “c”: It is not in the trash any more. “d”: locked! “e”: locked! And 1 more.';
    expect(lastToast()?.text).toBe(words);
    expect(app.actions.undo.enabled()).toBe(true); // of the other three
    door.refuse = () => undefined;
    await undo();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt', 'd', 'e', 'f']);
  });

  test('what went for good does not stand in the way for ever', async () => {
    await open();
    await remove('b.txt');
    await remove('a.txt');
    await visitTrash('a.txt');
    run('purge');
    expect(await dialog('purge').submit()).toBeUndefined();
    await settle();
    await undo();
    expect(lastToast()?.kind).toBe('failed');
    await undo();
    expect(door.tree.has('b.txt')).toBe(true);
  });

  test('the answer is lost: it is looked for', async () => {
    await open();
    await remove('a.txt', 'b.txt');
    door.lost = 1;
    await undo();
    expect(lastToast()).toMatchObject({ kind: 'done' });
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
    expect(app.actions.undo.enabled()).toBe(false);
  });
});
