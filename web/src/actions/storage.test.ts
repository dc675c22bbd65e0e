import { describe, expect, test } from 'vitest';
import { text } from '../lib/text';
import { app, choose, dialog, door, host, lastToast, open, run, settle } from './test-bench';

const asked = () => door.requests.filter((r) => r === 'GET space').length;

/** Opens the page of what takes the space, and watches it as that does. */
async function storage() {
  await open();
  host.visit('#/storage');
  const end = app.space.subscribe(() => {});
  await settle();
  return end;
}

describe('what takes the space', () => {
  test('an address of its own; it is asked for while somebody watches', async () => {
    await open();
    expect(asked()).toBe(0);
    host.visit('#/storage');
    const end = app.space.subscribe(() => {});
    await settle();
    expect(app.route.get()).toEqual({ view: 'storage' });
    expect(app.space.get()).toMatchObject({ state: 'ready', use: { files: 5 } });
    expect(asked()).toBe(1);
    run('refresh');
    await settle();
    expect(asked()).toBe(2);
    end();
    host.visit('#/files/');
    await settle();
    choose('a.txt');
    run('delete');
    await settle();
    expect(asked()).toBe(2);
  });

  test('what is known stays while the server is away', async () => {
    const end = await storage();
    door.down = true;
    run('refresh');
    await settle();
    expect(app.space.get()).toMatchObject({ state: 'ready', use: { files: 5 } });
    end();
  });

  test('another person is shown nothing of the first', async () => {
    const end = await storage();
    door.user = 'bob';
    door.tree.clear();
    run('refresh');
    await settle();
    expect(app.space.get().use?.files).toBe(0);
    end();
  });
});

describe('giving space back', () => {
  test('the trash is emptied from here too', async () => {
    await open();
    choose('a.txt');
    run('delete');
    await settle();
    expect(app.actions['empty-trash'].enabled()).toBe(false); // it is in the files
    host.visit('#/storage');
    const end = app.space.subscribe(() => {});
    await settle();
    run('empty-trash');
    await settle();
    expect(dialog('purge').what).toEqual({ all: true, entries: 1, size: 1 });
    expect(await dialog('purge').submit()).toBeUndefined();
    await settle();
    expect(door.trash.size).toBe(0);
    expect(app.space.get().use?.trash.entries).toBe(0);
    expect(app.actions['empty-trash'].enabled()).toBe(false);
    end();
  });

  test('older versions: how much it is stands beside each age', async () => {
    door.write('a.txt', 2);
    door.write('a.txt', 3);
    const end = await storage();
    run('drop-versions');
    const { choices, submit } = dialog('drop-versions');
    expect(choices.get().map(({ days, size }) => [days, size])).toEqual(
      [0, 7, 30, 90].map((days) => [days, undefined]),
    );
    await settle();
    const entries = choices.get().map(({ size }) => size?.entries);
    expect(entries).toEqual([2, 0, 0, 0]);
    const [all] = choices.get();
    if (!all) throw new Error('there is no choice');
    expect(await submit(all)).toBeUndefined();
    await settle();
    expect(app.dialog.get()).toBeUndefined();
    expect(lastToast()).toMatchObject({ kind: 'done', text: text.did.versionsDropped(2) });
    expect(door.versions.get('a.txt')?.map(({ size }) => size)).toEqual([3]);
    expect(app.space.get().use?.versions.entries).toBe(0);
    expect(app.actions['drop-versions'].enabled()).toBe(false);
    end();
  });

  test('a refusal stays in the dialog, and nothing goes', async () => {
    door.write('a.txt', 2);
    const end = await storage();
    run('drop-versions');
    await settle();
    const { choices, submit } = dialog('drop-versions');
    door.refuse = (op) => (op.op === 'drop-versions' ? 'stopped' : undefined);
    const [all] = choices.get();
    expect(all && (await submit(all))).toMatchObject({ code: 'stopped' });
    expect(app.dialog.get()).toBeDefined();
    expect(door.versions.get('a.txt')?.length).toBe(2);
    end();
  });

  test('without a server nothing is asked', async () => {
    door.write('a.txt', 2);
    const end = await storage();
    door.down = true;
    run('drop-versions');
    await settle();
    expect(app.dialog.get()).toBeUndefined();
    expect(lastToast()?.kind).toBe('failed');
    end();
  });
});
