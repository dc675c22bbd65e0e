import { describe, expect, test } from 'vitest';
import { text } from '../lib/text';
import { app, choose, dialog, door, host, lastToast, open, run, settle } from './test-bench';

const trashed = () => app.trash.get().rows.map((row) => row.name);

async function trashOf(...names: string[]) {
  await open();
  for (const name of names) {
    choose(name);
    run('delete');
    await settle();
  }
  host.visit('#/trash');
  await settle();
}

function chooseTrash(...names: string[]) {
  names.forEach((name, i) => {
    const row = app.trash.get().rows.find((r) => r.name === name);
    if (!row) throw new Error(`${name} is not among ${trashed()}`);
    app.trashSelection.choose(row.id, i === 0 ? 'only' : 'toggle');
  });
}

describe('deleting for good', () => {
  test('asks, and tells what goes', async () => {
    await trashOf('a.txt', 'docs');
    expect(app.actions.purge.enabled()).toBe(false);
    chooseTrash('a.txt');
    run('purge');
    const asked = dialog('purge');
    expect(asked.what).toEqual({ all: false, entries: 1, name: 'a.txt', file: true, size: 1 });
    asked.cancel();
    await settle();
    expect(trashed()).toEqual(['docs', 'a.txt']);
    expect(door.trash.size).toBe(2);
    run('purge');
    expect(await dialog('purge').submit()).toBeUndefined();
    await settle();
    expect(app.dialog.get()).toBeUndefined();
    expect(trashed()).toEqual(['docs']);
    expect(door.trash.size).toBe(1);
    expect(lastToast()).toMatchObject({ kind: 'done', text: text.did.purged(1, 'a.txt') });
    expect(lastToast()?.offers).toBeUndefined();
  });

  test('several, one of which is gone already', async () => {
    await trashOf('a.txt', 'b.txt', 'docs');
    door.trash.delete(app.trash.get().rows.find((row) => row.name === 'b.txt')?.id ?? '');
    chooseTrash('a.txt', 'b.txt');
    run('purge');
    expect(dialog('purge').what).toEqual({ all: false, entries: 2, size: 2 });
    expect(await dialog('purge').submit()).toBeUndefined();
    await settle();
    expect(trashed()).toEqual(['docs']);
    expect(lastToast()?.text).toBe(text.did.purged(2, ''));
  });

  test('a refusal stays in the dialog', async () => {
    await trashOf('a.txt');
    chooseTrash('a.txt');
    door.refuse = (op) => (op.op === 'purge' ? 'busy' : undefined);
    run('purge');
    expect(await dialog('purge').submit()).toMatchObject({ code: 'busy' });
    expect(app.dialog.get()).toBeDefined();
    await settle();
    expect(trashed()).toEqual(['a.txt']);
  });

  test('the trash is emptied of what was there when it was asked', async () => {
    await trashOf();
    expect(app.actions['empty-trash'].enabled()).toBe(false);
    await trashOf('a.txt', 'b.txt');
    expect(app.actions['empty-trash'].enabled()).toBe(true);
    run('empty-trash');
    await settle();
    expect(dialog('purge').what).toEqual({ all: true, entries: 2, size: 2 });
    expect(await dialog('purge').submit()).toBeUndefined();
    await settle();
    expect(trashed()).toEqual([]);
    expect(lastToast()?.text).toBe(text.did.emptied(2));
  });

  test('without a server nothing is asked', async () => {
    await trashOf('a.txt');
    door.down = true;
    run('empty-trash');
    await settle();
    expect(app.dialog.get()).toBeUndefined();
    expect(lastToast()?.kind).toBe('failed');
  });

  test('only in the trash', async () => {
    await open();
    choose('a.txt');
    expect(app.actions.purge.enabled()).toBe(false);
    expect(app.actions['empty-trash'].enabled()).toBe(false);
  });

  test('an older version', async () => {
    const two = door.write('a.txt', 2);
    door.write('a.txt', 3);
    await open();
    choose('a.txt');
    run('versions');
    const asked = dialog('versions');
    const end = asked.versions.subscribe(() => {});
    await settle();
    expect(asked.versions.get().rows.length).toBe(3);
    expect(await asked.drop(two)).toBeUndefined();
    await settle();
    expect(asked.versions.get().rows.map((v) => v.id)).not.toContain(two.id);
    expect(door.versions.get('a.txt')?.length).toBe(2);
    expect(app.dialog.get()).toBe(asked);
    end();
  });
});
