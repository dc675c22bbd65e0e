import { describe, expect, test } from 'vitest';
import { text } from '../lib/text';
import { app, choose, dialog, door, host, lastToast, names, open, run, settle } from './test-bench';

const trash = 'https://example.org/files/#/trash';
const trashed = () => app.trash.get().rows.map((row) => row.name);

async function remove(...paths: string[]) {
  for (const path of paths) {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    host.visit(`#/files/${folder}`);
    await settle();
    choose(path.slice(path.lastIndexOf('/') + 1));
    run('delete');
    await settle();
  }
}

async function visitTrash() {
  host.visit('#/trash');
  await settle();
}

function chooseTrash(...wanted: string[]) {
  wanted.forEach((name, i) => {
    const row = app.trash.get().rows.find((r) => r.name === name);
    if (!row) throw new Error(`${name} is not among ${trashed()}`);
    app.trashSelection.choose(row.id, i === 0 ? 'only' : 'toggle');
  });
}

describe('the trash', () => {
  test('an address of its own, newest first, and back by the address', async () => {
    await open();
    await remove('a.txt', 'docs/c.txt');
    await visitTrash();
    expect(app.route.get()).toEqual({ view: 'trash' });
    expect(trashed()).toEqual(['c.txt', 'a.txt']);
    expect(app.trash.get().rows.map((row) => row.from)).toEqual(['docs', '']);
    host.visit('#/files/docs');
    await settle();
    expect(names()).toEqual(['old']);
    await open(trash); // as a reload does
    expect(trashed()).toEqual(['c.txt', 'a.txt']);
    expect(app.trash.get()).toMatchObject({ state: 'ready', more: false });
  });

  test('it is not asked for elsewhere', async () => {
    await open();
    expect(door.requests.filter((r) => r === 'GET trash')).toEqual([]);
    await visitTrash();
    host.visit('#/files/');
    await settle();
    const asked = door.requests.filter((r) => r === 'GET trash').length;
    await remove('a.txt');
    expect(door.requests.filter((r) => r === 'GET trash').length).toBe(asked);
  });

  test('empty, and away', async () => {
    await open(trash);
    expect(app.trash.get()).toMatchObject({ state: 'ready', rows: [] });
    door.down = true;
    run('refresh');
    await settle();
    expect(app.trash.get().rows).toEqual([]);
  });

  test('by pages', async () => {
    door.pageSize = 2;
    await open();
    await remove('a.txt', 'b.txt', 'docs/c.txt', 'docs/old', 'docs');
    await visitTrash();
    expect(trashed()).toEqual(['docs', 'old']);
    expect(app.trash.get().more).toBe(true);
    app.moreTrash();
    await settle();
    app.moreTrash();
    await settle();
    expect(trashed()).toEqual(['docs', 'old', 'c.txt', 'b.txt', 'a.txt']);
    app.moreTrash();
    expect(app.trash.get().more).toBe(false);
    run('select-all');
    expect(app.trashSelection.get().ids.size).toBe(5);
  });

  test('one goes back to where it was, and can be shown there', async () => {
    await open();
    await remove('docs/c.txt');
    await visitTrash();
    expect(app.actions.restore.enabled()).toBe(false);
    chooseTrash('c.txt');
    run('restore');
    await settle();
    expect(trashed()).toEqual([]);
    expect(door.tree.has('docs/c.txt')).toBe(true);
    expect(lastToast()).toMatchObject({
      kind: 'done',
      text: text.did.restored(1, 'c.txt', 'docs'),
      offers: [{ label: text.trash.show }, { label: text.actions.undo }],
    });
    lastToast()?.offers?.[0]?.run();
    await settle();
    expect(app.route.get()).toEqual({ view: 'files', path: 'docs' });
    expect([...app.selection.get().ids]).toEqual([door.tree.get('docs/c.txt')?.id]);
  });

  test('its name is taken: another is proposed', async () => {
    await open();
    await remove('a.txt');
    door.put('a.txt');
    await visitTrash();
    chooseTrash('a.txt');
    run('restore');
    await settle();
    const asked = dialog('restore-to');
    expect(asked).toMatchObject({ folder: '', name: 'a (2).txt' });
    expect(asked.problem?.title).toBe(text.problems.restore.taken.title);
    expect(await asked.submit('', 'a.txt')).toMatchObject({ code: 'exists' });
    expect(await asked.submit('', 'a/b')).toMatchObject({ code: 'invalid-name' });
    expect(await asked.submit('docs', 'a.txt')).toBeUndefined();
    expect(app.dialog.get()).toBeUndefined();
    expect(door.tree.has('docs/a.txt')).toBe(true);
    await settle();
    expect(trashed()).toEqual([]);
  });

  test('its folder is gone: another is asked for', async () => {
    await open();
    await remove('docs/c.txt', 'docs');
    await visitTrash();
    chooseTrash('c.txt');
    run('restore');
    await settle();
    expect(dialog('restore-to')).toMatchObject({ folder: '', name: 'c.txt' });
    expect(dialog('restore-to').problem?.title).toBe(text.problems.restore.homeless.title);
    dialog('restore-to').cancel();
    expect(trashed()).toEqual(['docs', 'c.txt']);
  });

  test('several: a folder comes before what was in it', async () => {
    await open();
    await remove('docs/c.txt', 'docs', 'b.txt');
    door.put('b.txt');
    await visitTrash();
    run('select-all');
    run('restore');
    await settle();
    expect(door.tree.has('docs/c.txt')).toBe(true);
    expect(trashed()).toEqual(['b.txt']);
    expect(lastToast()).toMatchObject({
      kind: 'failed',
      text: text.did.notAll(
        text.did.restored(2, '', undefined),
        1,
        text.problems.restore.taken.title,
      ),
    });
    expect([...app.trashSelection.get().ids].length).toBe(1);
    // Elsewhere, with the names that they have.
    run('restore-to');
    expect(dialog('restore-to')).toMatchObject({ name: 'b.txt' });
    expect(await dialog('restore-to').submit('docs', 'b.txt')).toBeUndefined();
    expect(door.tree.has('docs/b.txt')).toBe(true);
  });

  test('one that is gone, and a server that is away', async () => {
    await open();
    await remove('a.txt', 'b.txt');
    await visitTrash();
    door.trash.delete(app.trash.get().rows[0]?.id ?? '');
    chooseTrash('b.txt');
    run('restore');
    await settle();
    expect(lastToast()?.text).toBe(text.did.none(text.problems.restore.gone.title));
    expect(trashed()).toEqual(['a.txt']);
    door.refuse = (op) => (op.op === 'restore' ? 'busy' : undefined);
    chooseTrash('a.txt');
    run('restore');
    await settle();
    expect(lastToast()?.text).toBe(text.did.none('busy!'));
    door.down = true;
    run('restore');
    await settle();
    expect(lastToast()?.text).toBe(text.did.unknown);
    expect(trashed()).toEqual(['a.txt']);
  });

  test('what is restored by Undo is seen to go', async () => {
    await open();
    await remove('a.txt');
    await visitTrash();
    expect(trashed()).toEqual(['a.txt']);
    run('undo');
    await settle();
    expect(trashed()).toEqual([]);
  });

  test('another person finds nothing of it', async () => {
    await open();
    await remove('a.txt');
    await visitTrash();
    chooseTrash('a.txt');
    door.user = undefined;
    run('refresh');
    await settle();
    await app.signIn('eve', 'right');
    await settle();
    expect(app.route.get()).toEqual({ view: 'files', path: '' });
    expect(app.trashSelection.get().ids.size).toBe(0);
  });
});
