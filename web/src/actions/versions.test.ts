import { describe, expect, test } from 'vitest';
import { text } from '../lib/text';
import { app, choose, dialog, door, host, lastToast, open, row, run, settle } from './test-bench';

/** Opens the versions of a file and waits for them, as the page does. */
async function versionsOf(name: string) {
  choose(name);
  run('versions');
  const asked = dialog('versions');
  const end = asked.versions.subscribe(() => {});
  await settle();
  return { asked, end, ids: () => asked.versions.get().rows.map((version) => version.id) };
}

describe('versions', () => {
  test('the current one first, then what it was', async () => {
    const two = door.write('a.txt', 2);
    const three = door.write('a.txt', 3);
    await open();
    const { asked, ids, end } = await versionsOf('a.txt');
    expect(ids()).toEqual([three.id, two.id, 'e']);
    expect(asked.versions.get()).toMatchObject({ state: 'ready', more: false });
    asked.download(two);
    expect(host.downloads).toEqual([
      `a.txt https://example.org/files/api/v1/content?path=a.txt&version=${two.id}&download=1`,
    ]);
    end();
  });

  test('only of one file', async () => {
    await open();
    choose('docs');
    expect(app.actions.versions.enabled()).toBe(false);
    choose('a.txt', 'b.txt');
    expect(app.actions.versions.enabled()).toBe(false);
    app.selection.none();
    expect(app.actions.versions.enabled()).toBe(false);
  });

  test('by pages', async () => {
    door.pageSize = 2;
    for (let size = 2; size < 7; size++) door.write('a.txt', size);
    await open();
    const { asked, ids, end } = await versionsOf('a.txt');
    expect(ids().length).toBe(3);
    expect(asked.versions.get().more).toBe(true);
    for (let i = 0; i < 3; i++) {
      asked.more();
      await settle();
    }
    expect(ids()).toEqual(door.versions.get('a.txt')?.map((version) => version.id));
    expect(asked.versions.get().more).toBe(false);
    end();
  });

  test('an older one is restored, and Undo takes that back', async () => {
    const two = door.write('a.txt', 2);
    door.write('a.txt', 3);
    await open();
    const { asked } = await versionsOf('a.txt');
    expect(await asked.restore(two)).toBeUndefined();
    expect(app.dialog.get()).toBeUndefined();
    await settle();
    expect(row('a.txt').size).toBe(2);
    expect(lastToast()).toMatchObject({
      text: text.did.versionRestored('a.txt'),
      offers: [{ label: text.actions.undo }],
    });
    run('undo');
    await settle();
    expect(row('a.txt').size).toBe(3);
    expect(door.versions.get('a.txt')?.length).toBe(5); // nothing was lost on the way
  });

  test('a file that changed meanwhile is left alone', async () => {
    const two = door.write('a.txt', 2);
    await open();
    const { asked, ids, end } = await versionsOf('a.txt');
    const three = door.write('a.txt', 3);
    const first = door.versions.get('a.txt')?.at(-1);
    if (!first) throw new Error('no first version');
    expect(await asked.restore(first)).toMatchObject(text.problems.changedMeanwhile);
    await settle();
    expect(door.tree.get('a.txt')?.size).toBe(3);
    expect(ids()).toEqual([three.id, two.id, 'e']); // the dialog stays, and tells the new state
    expect(app.dialog.get()).toBe(asked);
    end();
  });

  test('no answer: the reason, and another try', async () => {
    await open();
    choose('a.txt'); // of which the door knows no versions
    run('versions');
    const asked = dialog('versions');
    const end = asked.versions.subscribe(() => {});
    await settle();
    expect(asked.versions.get()).toMatchObject({
      state: 'failed',
      problem: { code: 'not-found' },
    });
    door.write('a.txt', 2);
    asked.refresh();
    await settle();
    expect(asked.versions.get()).toMatchObject({ state: 'ready' });
    end();
  });

  test('the key opens it', async () => {
    await open();
    choose('a.txt');
    const pressed = app.key({
      key: 'H',
      ctrlKey: true,
      metaKey: false,
      altKey: false,
      shiftKey: true,
      defaultPrevented: false,
      target: null,
      preventDefault() {},
    } as unknown as KeyboardEvent);
    expect(pressed).toBe(true);
    dialog('versions').cancel();
    expect(app.dialog.get()).toBeUndefined();
  });
});
