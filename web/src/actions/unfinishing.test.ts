import { describe, expect, test } from 'vitest';
import { text } from '../lib/text';
import {
  app,
  clock,
  dialog,
  door,
  host,
  jobs,
  lastToast,
  open,
  run,
  sent,
  settle,
} from './test-bench';

const words = text.unfinished;
const rows = () => app.unfinished.get().rows;
const paths = () => rows().map(({ path }) => path);
const asked = () => door.requests.filter((r) => r === 'GET uploads').length;

function upload(path: string) {
  const found = rows().find((row) => row.path === path);
  if (!found) throw new Error(`no upload of ${path} among ${paths()}`);
  return found;
}

/** Opens the page of unfinished uploads, and watches it as that does. */
async function uploads() {
  await open();
  host.visit('#/uploads');
  const end = app.unfinished.subscribe(() => {});
  await settle();
  return end;
}

function file(size: number, lastModified = 1000): File {
  return { name: 'picked.bin', size, lastModified, type: '' } as unknown as File;
}

/** Picks a file for an upload, as the page does. */
async function pick(path: string, it: File | undefined) {
  app.resume(upload(path));
  expect(app.picking.get()).toBe('again');
  app.pick(it && ([it] as unknown as FileList));
  expect(app.picking.get()).toBeUndefined();
  await settle();
  await settle();
}

describe('the list of uploads that broke off', () => {
  test('has an address of its own, and is asked for while somebody watches', async () => {
    door.begin('docs/big.bin', { size: 100, offset: 40 });
    await open();
    expect(asked()).toBe(0);
    host.visit('#/uploads');
    const end = app.unfinished.subscribe(() => {});
    await settle();
    expect(app.route.get()).toEqual({ view: 'uploads' });
    const want = { path: 'docs/big.bin', size: 100, offset: 40, moving: false };
    expect(app.unfinished.get()).toMatchObject({
      state: 'ready',
      rows: [want],
      more: false,
      here: 0,
    });
    const before = asked();
    door.begin('later.bin');
    run('refresh');
    await settle();
    expect([asked() - before, paths()]).toEqual([1, ['docs/big.bin', 'later.bin']]);
    end();
    host.says('hello', {});
    await settle();
    expect(asked() - before).toBe(1);
  });

  test('says that there are more', async () => {
    door.begin('a');
    door.moreUploads = true;
    const end = await uploads();
    expect(app.unfinished.get().more).toBe(true);
    end();
  });

  test('what is known stays while the server is away; else the reason is there', async () => {
    door.begin('a');
    const end = await uploads();
    door.down = true;
    run('refresh');
    await settle();
    expect(app.unfinished.get()).toMatchObject({ state: 'ready' });
    expect(paths()).toEqual(['a']);
    end();
  });

  test('what bytes arrive for moves, and comes to rest; what is new is looked for', async () => {
    const id = door.begin('a', { offset: 40 });
    const end = await uploads();
    host.says('uploads', [{ id, offset: 30 }]);
    expect(upload('a')).toMatchObject({ offset: 40, moving: false });
    host.says('uploads', [{ id, offset: 70 }]);
    expect(upload('a')).toMatchObject({ offset: 70, moving: true });
    const row = upload('a');
    run('refresh'); // the server's answer may be of before
    await settle();
    expect(upload('a')).toBe(row);
    await clock.pass(11_000);
    expect(upload('a')).toMatchObject({ offset: 70, moving: false });
    const other = door.begin('b');
    host.says('uploads', [{ id: other, offset: 5 }]);
    await settle();
    expect(paths()).toEqual(['a', 'b']);
    door.bring(other, 80);
    run('refresh');
    await settle();
    expect(upload('b')).toMatchObject({ offset: 80, moving: true });
    end();
  });

  test('another person is shown nothing of the first', async () => {
    door.begin('hers');
    const end = await uploads();
    app.resume(upload('hers'));
    door.user = 'bob';
    door.uploads.length = 0;
    run('refresh');
    await settle();
    expect(paths()).toEqual([]);
    expect(app.picking.get()).toBeUndefined();
    end();
  });
});

describe('going on with one', () => {
  test('its file, picked again, goes on; the row is in the panel then, and not in the list', async () => {
    const id = door.begin('docs/big.bin', { size: 100, offset: 40, mtime: 1000 });
    const end = await uploads();
    await pick('docs/big.bin', file(100));
    expect(app.dialog.get()).toBeUndefined();
    expect(sent.map(({ url, folder, name }) => ({ url, folder, name }))).toEqual([
      { url: `https://example.org/files/tus/${id}`, folder: 'docs', name: 'big.bin' },
    ]);
    await clock.pass(2000);
    expect(paths()).toEqual([]);
    expect(app.unfinished.get().here).toBe(1);
    expect(app.uploads.snapshot().items.map(({ name }) => name)).toEqual(['big.bin']);
    // Given up here it stays on the server, and is listed again once that is known.
    app.uploads.cancel();
    await clock.pass(2000);
    await settle();
    expect(paths()).toEqual(['docs/big.bin']);
    expect(door.requests.filter((r) => r.startsWith('DELETE'))).toEqual([]);
    end();
  });

  test('what is done leaves the list without coming back', async () => {
    door.begin('big.bin', { size: 100, offset: 40, mtime: 1000 });
    const end = await uploads();
    const shown: number[] = [];
    await pick('big.bin', file(100));
    await clock.pass(2000);
    const stop = app.unfinished.subscribe(() => shown.push(rows().length));
    door.uploads.length = 0;
    jobs[0]?.done();
    await clock.pass(3000);
    await settle();
    expect(shown.filter((n) => n > 0)).toEqual([]);
    expect(app.unfinished.get()).toMatchObject({ rows: [], here: 0 });
    stop();
    end();
  });

  test('a folder that is gone is made again', async () => {
    door.begin('gone/for/good.bin', { size: 100, mtime: 1000 });
    const end = await uploads();
    await pick('gone/for/good.bin', file(100));
    expect(door.tree.get('gone/for')?.folder).toBe(true);
    expect(sent.length).toBe(1);
    end();
  });

  test('nothing picked is nothing done', async () => {
    door.begin('a');
    const end = await uploads();
    await pick('a', undefined);
    app.pick([file(100)] as unknown as FileList); // of another question
    await settle();
    expect(app.dialog.get()).toBeUndefined();
    end();
  });

  test('a file of another size is said to be, without asking; it can be uploaded as new', async () => {
    door.begin('a', { size: 100 });
    const end = await uploads();
    await pick('a', file(101));
    expect(dialog('other-file')).toMatchObject({
      why: 'size',
      file: { size: 101, name: 'picked.bin' },
    });
    expect(door.requests).not.toContain('POST plan');
    expect(sent).toEqual([]);
    dialog('other-file').asNew?.();
    await settle();
    expect(app.dialog.get()).toBeUndefined();
    expect(sent.map(({ url, name, file }) => [url, name, file.size])).toEqual([
      [undefined, 'a', 101],
    ]);
    end();
  });

  test('so is one of another time, and another can be picked', async () => {
    door.begin('a', { size: 100, mtime: 1000 });
    const end = await uploads();
    await pick('a', file(100, 2000));
    expect(dialog('other-file').why).toBe('time');
    expect(sent).toEqual([]);
    dialog('other-file').again();
    expect(app.dialog.get()).toBeUndefined();
    expect(app.picking.get()).toBe('again');
    app.pick([file(100, 1000)] as unknown as FileList);
    await settle();
    expect(sent.length).toBe(1);
    end();
  });

  test('a file that is there already is not sent, and the upload can be discarded', async () => {
    door.begin('a.txt', { size: 1, offset: 0, mtime: 0 });
    const end = await uploads();
    await pick('a.txt', file(1, 0));
    expect(dialog('other-file').why).toBe('there');
    expect(dialog('other-file').asNew).toBeUndefined();
    dialog('other-file').discard();
    expect(await dialog('discard-uploads').submit()).toBeUndefined();
    expect([door.uploads.length, sent.length]).toEqual([0, 0]);
    end();
  });

  test('what would replace a file goes on once the person says so', async () => {
    const id = door.begin('a.txt', { size: 100, mtime: 1000 });
    const end = await uploads();
    await pick('a.txt', file(100));
    expect(app.uploads.snapshot().conflicts?.length).toBe(1);
    app.uploads.resolve('replace');
    await settle();
    expect(sent.map(({ url }) => url)).toEqual([`https://example.org/files/tus/${id}`]);
    end();
  });

  test('beside a file, under another name, nothing that was begun to replace it is finished', async () => {
    door.begin('a.txt', { size: 100, mtime: 1000 });
    const end = await uploads();
    await pick('a.txt', file(100));
    app.uploads.resolve('both');
    await settle();
    expect(sent.map(({ url, name }) => [url, name])).toEqual([[undefined, 'a (2).txt']]);
    expect(paths()).toEqual(['a.txt']);
    end();
  });

  test('one that is gone meanwhile, or goes on elsewhere, says so', async () => {
    const id = door.begin('a', { size: 100, mtime: 1000 });
    door.begin('b', { size: 100, mtime: 1000 });
    const end = await uploads();
    const gone = upload('b');
    door.uploads.splice(1, 1);
    app.resume(gone);
    app.pick([file(100)] as unknown as FileList);
    await settle();
    expect(dialog('other-file').why).toBe('gone');
    dialog('other-file').cancel();
    const [a] = door.uploads;
    if (a) door.uploads[0] = { ...a, arriving: true };
    await pick('a', file(100));
    expect(dialog('other-file').why).toBe('busy');
    expect(dialog('other-file').asNew).toBeUndefined();
    if (a) door.uploads[0] = a;
    dialog('other-file').again(); // with the same file
    await settle();
    expect(sent.map(({ url }) => url)).toEqual([`https://example.org/files/tus/${id}`]);
    end();
  });

  test('without a server it is said, and can be tried again with the same file', async () => {
    door.begin('a', { size: 100, mtime: 1000 });
    const end = await uploads();
    door.down = true;
    await pick('a', file(100));
    expect(lastToast()).toMatchObject({ kind: 'failed' });
    expect(sent).toEqual([]);
    door.down = false;
    lastToast()?.offers?.[0]?.run();
    await settle();
    expect(sent.length).toBe(1);
    end();
  });
});

describe('discarding', () => {
  test('one, after a question', async () => {
    door.begin('a');
    door.begin('b');
    const end = await uploads();
    app.discard(upload('a'));
    expect(dialog('discard-uploads').uploads.map(({ path }) => path)).toEqual(['a']);
    expect(door.uploads.length).toBe(2);
    expect(await dialog('discard-uploads').submit()).toBeUndefined();
    expect(paths()).toEqual(['b']); // before the server is asked again
    await settle();
    expect(door.uploads.map(({ path }) => path)).toEqual(['b']);
    expect(app.dialog.get()).toBeUndefined();
    expect(lastToast()).toMatchObject({ kind: 'done', text: words.discarded(1) });
    end();
  });

  test('not by saying no', async () => {
    door.begin('a');
    const end = await uploads();
    app.discard(upload('a'));
    dialog('discard-uploads').cancel();
    await settle();
    expect([door.uploads.length, app.dialog.get()]).toEqual([1, undefined]);
    end();
  });

  test('all that were listed when it was asked, but for what moves; those that are gone are fine', async () => {
    for (let i = 0; i < 9; i++) door.begin(`f${i}`);
    door.begin('moving', { arriving: true });
    const end = await uploads();
    run('discard-uploads');
    expect(dialog('discard-uploads').uploads.length).toBe(9);
    expect(dialog('discard-uploads').left).toBe(1);
    door.begin('later');
    door.uploads.splice(3, 2); // by another tab
    const told: number[] = [];
    dialog('discard-uploads').gone.subscribe(() => told.push(dialog('discard-uploads').gone.get()));
    expect(await dialog('discard-uploads').submit()).toBeUndefined();
    await settle();
    expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(paths()).toEqual(['moving', 'later']);
    expect(lastToast()).toMatchObject({ kind: 'done', text: words.discarded(9) });
    end();
  });

  test('a refusal stays in the dialog while nothing is gone, and ends it when some are', async () => {
    const first = door.begin('a');
    const others = Array.from({ length: 9 }, (_, i) => door.begin(`f${i}`));
    const end = await uploads();
    door.keeps = () => [401, 'unauthorized'];
    run('discard-uploads');
    expect(await dialog('discard-uploads').submit()).toMatchObject({ status: 401 });
    expect(app.session.get()).toMatchObject({ expired: true });
    expect(door.uploads.length).toBe(10);
    door.keeps = (id) => (id === others.at(-1) ? [423, 'busy'] : undefined);
    expect(await dialog('discard-uploads').submit()).toBeUndefined();
    await settle();
    expect(app.dialog.get()).toBeUndefined();
    expect(door.uploads.some(({ id }) => id === first)).toBe(false);
    expect(paths()).toContain('f8');
    expect(lastToast()?.kind).toBe('failed');
    end();
  });

  test('all makes no sense while none is listed, or elsewhere', async () => {
    const end = await uploads();
    expect(app.actions['discard-uploads'].enabled()).toBe(false);
    door.begin('a');
    run('refresh');
    await settle();
    expect(app.actions['discard-uploads'].enabled()).toBe(true);
    host.visit('#/files/');
    expect(app.actions['discard-uploads'].enabled()).toBe(false);
    end();
  });
});
