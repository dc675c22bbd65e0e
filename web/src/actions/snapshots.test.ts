import { describe, expect, test } from 'vitest';
import { text } from '../lib/text';
import {
  app,
  choose,
  clock,
  dialog,
  door,
  host,
  lastToast,
  names,
  open,
  run,
  settle,
} from './test-bench';

const listed = () => app.snapshots.get().rows.map(({ name }) => name);
const pastNames = () => app.past.folder.get().rows.map(({ name }) => name);

/** Opens the page of the snapshots, and takes some. */
async function snapshots(...taken: readonly string[]) {
  await open();
  for (const name of taken) await take(name);
  host.visit('#/snapshots');
  await settle();
}

async function take(name: string) {
  host.visit('#/snapshots');
  await settle();
  run('take-snapshot');
  expect(await dialog('take-snapshot').submit(name)).toBeUndefined();
  await settle();
}

/** Goes into one, and chooses rows there. */
async function into(name: string, path = '', ...rows: readonly string[]) {
  const id = app.snapshots.get().rows.find((one) => one.name === name)?.id ?? '';
  host.visit(`#/snapshots/${id}/${path}`);
  await settle();
  rows.forEach((wanted, i) => {
    const found = app.past.folder.get().rows.find((row) => row.name === wanted);
    if (!found) throw new Error(`no row ${wanted} among ${pastNames()}`);
    app.past.selection.choose(found.id, i === 0 ? 'only' : 'toggle');
  });
}

/** Chooses one in the list. */
async function pick(name: string) {
  host.visit('#/snapshots');
  await settle();
  const row = app.snapshots.get().rows.find((one) => one.name === name);
  app.snapshotSelection.choose(row?.id ?? '', 'only');
}

/** Makes the files of now differ. */
async function change() {
  door.write('a.txt', 7);
  door.put('new.txt');
  host.visit('#/files/');
  await settle();
  app.actions.refresh.run();
  await settle();
  choose('b.txt');
  run('delete');
  await settle();
}

describe('the list of snapshots', () => {
  test('one is taken under a name, and chosen; the newest comes first', async () => {
    await snapshots('one', 'two');
    expect(app.route.get()).toEqual({ view: 'snapshots' });
    expect(listed()).toEqual(['two', 'one']);
    expect(lastToast()).toMatchObject({ kind: 'done', text: text.did.snapshotTaken('two') });
    const [newest] = app.snapshots.get().rows;
    expect([...app.snapshotSelection.get().ids]).toEqual([newest?.id]);
  });

  test('the name that is proposed is free', async () => {
    await snapshots();
    run('take-snapshot');
    const { proposal, submit } = dialog('take-snapshot');
    expect(proposal).toMatch(/^\d+ \w+ \d{4}, \d\d:\d\d$/);
    await submit(proposal);
    await settle();
    run('take-snapshot');
    expect(dialog('take-snapshot').proposal).toBe(`${proposal} (2)`);
  });

  test('why one could not be taken is said in the dialog', async () => {
    await snapshots('one');
    await pick('one');
    run('take-snapshot');
    const { submit } = dialog('take-snapshot');
    const asked = door.requests.length;
    expect(await submit('a/b')).toMatchObject(text.problems.name.slash);
    expect(door.requests.length).toBe(asked);
    expect(await submit('one')).toMatchObject(text.problems.snapshots.taken);
    door.refuse = () => 'too-many-snapshots';
    expect(await submit('two')).toMatchObject({ code: 'too-many-snapshots' });
    expect(app.dialog.get()).toBeDefined();
    expect(listed()).toEqual(['one']);
  });

  test('it is asked before one is deleted', async () => {
    await snapshots('one', 'two', 'three');
    app.snapshotSelection.none();
    expect(app.actions['drop-snapshot'].enabled()).toBe(false);
    const [, two, one] = app.snapshots.get().rows;
    app.snapshotSelection.choose(two?.id ?? '', 'only');
    app.snapshotSelection.choose(one?.id ?? '', 'toggle');
    run('drop-snapshot');
    expect(dialog('drop-snapshots').snapshots.map(({ name }) => name)).toEqual(['two', 'one']);
    dialog('drop-snapshots').cancel();
    expect(listed()).toHaveLength(3);
    run('drop-snapshot');
    door.snapshots.shift(); // somebody else was quicker with one of them
    expect(await dialog('drop-snapshots').submit()).toBeUndefined();
    await settle();
    expect(listed()).toEqual(['three']);
    expect(lastToast()).toMatchObject({ kind: 'done', text: text.did.snapshotsDropped(2, '') });
  });

  test('a refusal stays in the dialog', async () => {
    await snapshots('one');
    await pick('one');
    run('drop-snapshot');
    door.refuse = () => 'stopped';
    expect(await dialog('drop-snapshots').submit()).toMatchObject({ code: 'stopped' });
    expect(app.dialog.get()).toBeDefined();
    expect(listed()).toEqual(['one']);
  });

  test('another person is shown nothing of the first', async () => {
    await snapshots('one');
    await app.signOut(false);
    expect(app.route.get()).toEqual({ view: 'files', path: '' });
    door.snapshots.length = 0;
    await app.signIn('bob', 'right');
    host.visit('#/snapshots');
    await settle();
    expect(listed()).toEqual([]);
  });
});

describe('looking into one', () => {
  test('folders and files are as they were; nothing can be changed', async () => {
    await snapshots('one');
    await change();
    expect(names()).toEqual(['docs', 'a.txt', 'new.txt']);
    await pick('one');
    run('open');
    await settle();
    expect(app.route.get()).toMatchObject({ view: 'snapshot', path: '' });
    expect(pastNames()).toEqual(['docs', 'a.txt', 'b.txt']);
    await into('one', '', 'docs');
    for (const id of [
      'rename',
      'move',
      'delete',
      'new-folder',
      'upload-files',
      'versions',
    ] as const) {
      expect(app.actions[id].enabled(), id).toBe(false);
    }
    expect(app.actions.download.enabled()).toBe(false); // of a folder
    run('open');
    await settle();
    expect(app.route.get()).toMatchObject({ path: 'docs' });
    expect(pastNames()).toEqual(['old', 'c.txt']);
    run('up');
    await settle();
    expect([...app.past.selection.get().ids]).toEqual([door.tree.get('docs')?.id]);
    run('up');
    expect(app.route.get()).toEqual({ view: 'snapshots' });
  });

  test('a file is opened and downloaded as it was', async () => {
    await snapshots('one');
    const id = app.snapshots.get().rows[0]?.id;
    await into('one', '', 'a.txt', 'b.txt');
    run('download');
    await clock.pass(5000);
    const address = (name: string) =>
      `https://example.org/files/api/v1/content?path=${name}&snapshot=${id}`;
    expect(host.downloads).toEqual([
      `a.txt ${address('a.txt')}&download=1`,
      `b.txt ${address('b.txt')}&download=1`,
    ]);
    await into('one', '', 'a.txt');
    run('open');
    expect(host.opened).toEqual([address('a.txt')]);
  });

  test('the same folder of another snapshot is another one', async () => {
    await snapshots('one');
    await change();
    await take('two');
    await into('one');
    expect(pastNames()).toContain('b.txt');
    await into('two');
    expect(pastNames()).not.toContain('b.txt');
  });

  test('one that is not there is said to be gone', async () => {
    await snapshots('one');
    host.visit('#/snapshots/nothing/docs');
    await settle();
    expect(app.past.folder.get()).toMatchObject({
      state: 'failed',
      problem: { code: 'not-found' },
    });
    expect(app.actions['bring-back'].enabled()).toBe(false);
  });
});

describe('as it was', () => {
  test('the snapshots that show a file; one of them is opened there', async () => {
    await snapshots('one');
    await change();
    await take('two');
    host.visit('#/files/');
    await settle();
    choose('a.txt');
    run('as-it-was');
    const { snapshots: found, open } = dialog('as-it-was');
    const end = found.subscribe(() => {});
    await settle();
    expect(found.get().rows.map(({ name, entry }) => [name, entry.size])).toEqual([
      ['two', 7],
      ['one', 1],
    ]);
    const [, one] = found.get().rows;
    if (one) open(one);
    end();
    await settle();
    expect(app.dialog.get()).toBeUndefined();
    expect(app.route.get()).toEqual({ view: 'snapshot', id: one?.id, path: '' });
    expect([...app.past.selection.get().ids]).toEqual([one?.entry.id]);
  });

  test('a folder is gone into; what no snapshot shows has none', async () => {
    await snapshots('one');
    await change();
    choose('new.txt');
    run('as-it-was');
    const none = dialog('as-it-was').snapshots;
    const ends = [none.subscribe(() => {})];
    await settle();
    expect(none.get()).toMatchObject({ state: 'ready', rows: [] });
    dialog('as-it-was').cancel();
    choose('docs');
    run('as-it-was');
    const { snapshots: found, open } = dialog('as-it-was');
    ends.push(found.subscribe(() => {}));
    await settle();
    const [one] = found.get().rows;
    if (one) open(one);
    await settle();
    expect(app.route.get()).toEqual({ view: 'snapshot', id: one?.id, path: 'docs' });
    for (const end of ends) end();
  });
});

describe('bringing back', () => {
  test('everything, from the list; and undone', async () => {
    await snapshots('one');
    await change();
    await pick('one');
    run('bring-back');
    const { submit, what, cancel } = dialog('bring-back');
    expect(what).toEqual({ folder: '' });
    expect(await submit()).toMatchObject({
      canUndo: true,
      undone: { placed: 1, trashed: 1, written: 1, leftOut: 0 },
    });
    cancel();
    const did = text.did.broughtBack(undefined, 1, 'one');
    expect(lastToast()).toMatchObject({ kind: 'done', text: did });
    host.visit('#/files/');
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
    run('undo');
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'new.txt']);
    expect(lastToast()).toMatchObject({ kind: 'done', text: text.did.undone(did) });
  });

  test('one file; the rest stays', async () => {
    await snapshots('one');
    await change();
    await take('two');
    await into('one', '', 'b.txt');
    run('bring-back');
    expect(dialog('bring-back').what.entries?.map(({ name }) => name)).toEqual(['b.txt']);
    expect(await dialog('bring-back').submit()).toMatchObject({
      undone: { placed: 1, trashed: 0 },
    });
    expect(door.tree.has('b.txt')).toBe(true);
    expect(door.tree.get('a.txt')?.size).toBe(7);
    dialog('bring-back').undo();
    await settle();
    expect(app.dialog.get()).toBeUndefined();
    expect(door.tree.has('b.txt')).toBe(false);
    const did = text.did.broughtBack('b.txt', 1, 'one');
    expect(lastToast()).toMatchObject({ text: text.did.undone(did) });
  });

  test('the folder that is shown, if nothing is chosen', async () => {
    await snapshots('one');
    door.write('docs/c.txt', 9);
    door.write('a.txt', 9);
    await into('one', 'docs');
    run('bring-back');
    expect(dialog('bring-back').what).toEqual({ folder: 'docs' });
    await dialog('bring-back').submit();
    expect(door.tree.get('docs/c.txt')?.size).toBe(1);
    expect(door.tree.get('a.txt')?.size).toBe(9);
  });

  test('what is as it was already is not to be undone', async () => {
    await snapshots('one');
    await pick('one');
    run('bring-back');
    expect(await dialog('bring-back').submit()).toMatchObject({ canUndo: false });
    dialog('bring-back').cancel();
    expect(app.actions.undo.enabled()).toBe(false);
    expect(lastToast()?.text).toBe(text.did.snapshotTaken('one'));
  });

  test('of several, what was refused is left as it is', async () => {
    await snapshots('one');
    await change();
    await into('one', '', 'a.txt', 'b.txt');
    run('bring-back');
    door.refuse = (op) => (op.op === 'revert' && op.path === 'a.txt' ? 'locked' : undefined);
    const { undone } = await dialog('bring-back').submit();
    expect(undone).toMatchObject({ placed: 1, leftOut: 1 });
    expect(undone?.left).toEqual([{ name: 'a.txt', why: 'locked!' }]);
    dialog('bring-back').undo();
    await settle();
    expect(door.tree.has('b.txt')).toBe(false);
  });

  test('what an undo leaves as it is, is named', async () => {
    await snapshots('one');
    await change();
    await pick('one');
    run('bring-back');
    await dialog('bring-back').submit();
    door.leaves = [{ name: 'x', why: 'it has changed since' }];
    dialog('bring-back').undo();
    await settle();
    expect(lastToast()).toMatchObject({ kind: 'failed' });
    expect(lastToast()?.text).toContain('“x”: it has changed since');
  });

  test('a refusal stays in the dialog; after a lost answer nothing claims to undo it all', async () => {
    await snapshots('one');
    await change();
    await pick('one');
    run('bring-back');
    door.refuse = (op) => (op.op === 'revert' ? 'no-parent' : undefined);
    const refused = await dialog('bring-back').submit();
    expect(refused.problem).toMatchObject(text.problems.snapshots.homeless);
    door.refuse = () => undefined;
    door.lost = 1;
    expect(await dialog('bring-back').submit()).toMatchObject({ problem: { code: 'network' } });
    expect(door.tree.has('b.txt')).toBe(true);
    expect(await dialog('bring-back').submit()).toMatchObject({ canUndo: false });
  });

  test('who has closed the dialog meanwhile is told by a message', async () => {
    await snapshots('one');
    await change();
    await pick('one');
    run('bring-back');
    const { submit, cancel } = dialog('bring-back');
    const work = submit();
    cancel();
    await work;
    expect(lastToast()).toMatchObject({ text: text.did.broughtBack(undefined, 1, 'one') });
    expect(lastToast()?.offers).toHaveLength(1);
  });
});
