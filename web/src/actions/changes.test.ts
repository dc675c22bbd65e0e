import { describe, expect, test } from 'vitest';
import { app, choose, dialog, door, lastToast, names, open, row, run, settle } from './test-bench';

describe('changes', () => {
  test('delete shows at once, and comes back by Undo', async () => {
    await open();
    choose('docs', 'a.txt');
    run('delete');
    expect(names()).toEqual(['b.txt']); // before any answer
    await settle();
    expect([...door.tree.keys()]).toEqual(['b.txt']);
    expect(lastToast()?.text).toBe('2 items deleted');
    const [undo] = lastToast()?.offers ?? [];
    undo?.run();
    undo?.run();
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
    expect(door.tree.has('docs/c.txt')).toBe(true);
    expect(door.requests.filter((r) => r === 'POST operations').length).toBe(2);
    expect(app.actions.undo.enabled()).toBe(false);
  });

  test('what the server keeps no past of is not offered back', async () => {
    door.put('~$a.docx');
    await open();
    app.filter('~$');
    choose('~$a.docx');
    run('delete');
    await settle();
    expect(lastToast()?.text).toBe('“~$a.docx” deleted');
    expect(lastToast()?.offers ?? []).toEqual([]);
    expect(app.actions.undo.enabled()).toBe(false);
  });

  test('what is refused comes back, with the reason', async () => {
    await open();
    door.refuse = (op) => (op.op === 'remove' && op.path === 'a.txt' ? 'locked' : undefined);
    choose('a.txt', 'b.txt');
    run('delete');
    await settle();
    expect(names()).toEqual(['docs', 'a.txt']);
    expect(lastToast()).toMatchObject({ kind: 'failed', text: '“b.txt” deleted; 1 not: locked!' });
  });

  test('nothing reaches the server: all is as before', async () => {
    await open();
    choose('a.txt', 'b.txt');
    door.down = true;
    run('delete');
    expect(names()).toEqual(['docs']);
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
    expect(lastToast()?.kind).toBe('failed');
  });

  test('the answer is lost: what was done can be undone', async () => {
    await open();
    choose('a.txt');
    door.lost = 1;
    run('delete');
    await settle();
    expect(names()).toEqual(['docs', 'b.txt']);
    expect(lastToast()).toMatchObject({ kind: 'done', text: '“a.txt” deleted' });
    run('undo');
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
  });

  test('of many, a part is not sent: the rest is not either, and each is told for itself', async () => {
    const many = Array.from({ length: 1500 }, (_, i) => `f${String(i).padStart(4, '0')}`);
    for (const name of many) door.put(name);
    await open();
    choose(...many);
    door.cut = 1;
    run('delete');
    await settle();
    expect(door.tree.size).toBe(1505);
    expect(names().length).toBe(1503);
    expect(lastToast()?.kind).toBe('failed');
  });

  test('an undo that fails can be tried again', async () => {
    await open();
    choose('a.txt');
    run('delete');
    await settle();
    door.down = true;
    run('undo');
    await settle();
    expect(lastToast()?.kind).toBe('failed');
    door.down = false;
    run('undo');
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
  });

  test('what is restored while its name is taken gets another', async () => {
    await open();
    choose('a.txt');
    run('delete');
    await settle();
    door.put('a.txt');
    run('undo');
    await settle();
    expect([...door.tree.keys()].sort()).toContain('a (2).txt');
    expect(lastToast()).toMatchObject({ kind: 'done' });
  });

  test('a file that took the place of another is not deleted for it', async () => {
    await open();
    choose('a.txt');
    door.tree.delete('a.txt');
    const other = door.put('a.txt');
    door.tree.set('a.txt', { ...other, etag: 'another' });
    run('delete');
    await settle();
    expect(door.tree.has('a.txt')).toBe(true);
    expect(lastToast()).toMatchObject({ kind: 'failed' });
  });

  test('what one person asked for is not done as another', async () => {
    await open();
    choose('a.txt');
    door.user = 'bob'; // in another tab of this browser
    run('delete');
    await settle();
    expect(door.tree.has('a.txt')).toBe(true);
    expect(app.session.get()).toMatchObject({ session: { user: { name: 'bob' } } });
    expect(lastToast()?.text).toBe('Signed in as bob now');
    expect(app.actions.undo.enabled()).toBe(false);
  });

  test('the files of another person are not shown under the first one’s name', async () => {
    await open();
    door.user = 'bob';
    run('refresh');
    await settle();
    expect(app.session.get()).toMatchObject({ session: { user: { name: 'bob' } } });
  });

  test('rename: the name is checked here and there, then shows at once', async () => {
    await open();
    choose('a.txt');
    run('rename');
    expect((await dialog('rename').submit('a/b'))?.code).toBe('invalid-name');
    expect((await dialog('rename').submit('b.txt'))?.code).toBe('exists');
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
    const done = dialog('rename').submit('z.txt');
    expect(names()).toEqual(['docs', 'b.txt', 'z.txt']);
    expect(await done).toBeUndefined();
    expect(app.dialog.get()).toBeUndefined();
    await settle();
    run('undo');
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
  });

  test('a new folder is chosen when it is there', async () => {
    await open();
    run('new-folder');
    expect((await dialog('new-folder').submit('docs'))?.code).toBe('exists');
    expect(await dialog('new-folder').submit('neu')).toBeUndefined();
    await settle();
    expect(names()).toEqual(['docs', 'neu', 'a.txt', 'b.txt']);
    expect([...app.selection.get().ids]).toEqual([row('neu').id]);
  });

  test('move, also what is refused of it, and back again', async () => {
    await open();
    door.put('docs/b.txt');
    choose('a.txt', 'b.txt');
    run('move');
    expect((await dialog('move').submit(''))?.code).toBe('same');
    expect(await dialog('move').submit('docs')).toBeUndefined();
    await settle();
    expect(names()).toEqual(['docs', 'b.txt']);
    expect(lastToast()?.text).toBe('“a.txt” moved to docs; 1 not: Taken.');
    run('undo');
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
  });

  test('a folder does not go into itself', async () => {
    await open();
    choose('docs');
    run('move');
    expect((await dialog('move').submit('docs/old'))?.code).toBe('into-itself');
  });

  test('1,500 files are deleted in two requests', async () => {
    for (let i = 0; i < 1500; i++) door.put(`f${i}`);
    await open();
    app.selection.all();
    run('delete');
    await settle();
    expect(names()).toEqual([]);
    expect(door.requests.filter((r) => r === 'POST operations').length).toBe(2);
  });
});
