import { describe, expect, test } from 'vitest';
import {
  app,
  choose,
  clock,
  dialog,
  door,
  host,
  jobs,
  lastToast,
  names,
  open,
  row,
  run,
  settle,
} from './test-bench';

describe('who is signed in', () => {
  test('a session: the files of the address', async () => {
    await open('https://example.org/files/#/files/docs');
    expect(app.session.get()).toMatchObject({ kind: 'signed-in', expired: false });
    expect(names()).toEqual(['old', 'c.txt']);
  });

  test('none: sign in, first with a wrong password', async () => {
    door.user = undefined;
    await open();
    expect(app.session.get().kind).toBe('signed-out');
    expect((await app.signIn('ada', 'wrong'))?.code).toBe('wrong-credentials');
    expect(app.session.get().kind).toBe('signed-out');
    expect(await app.signIn('ada', 'right')).toBeUndefined();
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
  });

  test('a server that is away is asked until it answers', async () => {
    door.down = true;
    await open();
    expect(app.session.get().kind).toBe('unreachable');
    door.down = false;
    await clock.pass(1000);
    await settle();
    expect(app.session.get().kind).toBe('signed-in');
  });

  test('the set-up link makes the first account, and leaves the address', async () => {
    door.user = undefined;
    await open('https://example.org/files/setup#secret');
    expect(app.session.get()).toEqual({ kind: 'setup', token: 'secret' });
    expect(await app.setUp('secret', 'eve', 'right')).toBeUndefined();
    expect(host.address()).toBe('https://example.org/files/#/files/');
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
  });

  test('a session that ends leaves the page as it is, and goes on after a new one', async () => {
    await open();
    choose('a.txt');
    door.user = undefined;
    app.actions.refresh.run();
    await settle();
    expect(app.session.get()).toMatchObject({ kind: 'signed-in', expired: true });
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
    await app.signIn('ada', 'right');
    await settle();
    expect(app.session.get()).toMatchObject({ expired: false });
    expect([...app.selection.get().ids]).toEqual([row('a.txt').id]);
  });

  test('another person finds nothing of the former', async () => {
    await open('https://example.org/files/#/files/docs');
    void app.uploads.add('docs', { folders: [], files: [] });
    door.user = undefined;
    app.actions.refresh.run();
    await settle();
    door.tree.delete('a.txt');
    await app.signIn('eve', 'right');
    await settle();
    expect(app.route.get()).toEqual({ view: 'files', path: '' });
    expect(names()).toEqual(['docs', 'b.txt']);
    expect(app.actions.undo.enabled()).toBe(false);
  });

  test('another tab signed in again: what waits goes on', async () => {
    await open();
    app.pick([{ name: 'x', size: 5, lastModified: 1, type: '' }] as unknown as FileList);
    await settle();
    door.user = undefined;
    jobs[0]?.failed({
      step: 'create',
      last: true,
      problem: { status: 401, code: 'unauthorized', title: '' },
    });
    await settle();
    expect(app.session.get()).toMatchObject({ expired: true });
    expect(jobs.length).toBe(1);
    door.user = 'ada';
    host.focus();
    await settle();
    expect(app.session.get()).toMatchObject({ expired: false });
    expect(jobs.length).toBe(2);
  });

  test('signing out; and not, while the server is away', async () => {
    await open();
    door.down = true;
    await app.signOut(false);
    expect(app.session.get().kind).toBe('signed-in');
    expect(lastToast()?.kind).toBe('failed');
    door.down = false;
    await app.signOut(false);
    expect(app.session.get().kind).toBe('signed-out');
    expect(app.toasts.get()).toEqual([]);
  });
});

describe('looking around', () => {
  test('into a folder and up again: the folder one comes from is chosen', async () => {
    await open();
    choose('docs');
    run('open');
    await settle();
    expect(host.address()).toBe('https://example.org/files/#/files/docs');
    expect(names()).toEqual(['old', 'c.txt']);
    run('up');
    expect(app.selection.get().focus).toBe(row('docs').id); // known still: no waiting
    await settle();
    expect(app.actions.up.enabled()).toBe(false);
  });

  test('a folder that is not there', async () => {
    await open('https://example.org/files/#/files/nowhere');
    expect(app.folder.get()).toMatchObject({ state: 'failed', problem: { code: 'not-found' } });
  });

  test('a file opens beside the app; several are downloaded, folders are not', async () => {
    await open();
    choose('a.txt');
    run('open');
    expect(host.opened).toEqual(['https://example.org/files/api/v1/content?path=a.txt']);
    choose('a.txt', 'b.txt');
    run('download');
    await clock.pass(1000);
    expect(host.downloads.map((d) => d.split(' ')[0])).toEqual(['a.txt', 'b.txt']);
    choose('a.txt', 'docs');
    expect(app.actions.download.enabled()).toBe(false);
  });

  test('sort and filter', async () => {
    await open();
    app.sortBy('name');
    expect(names()).toEqual(['docs', 'b.txt', 'a.txt']);
    app.filter('A.');
    expect(names()).toEqual(['a.txt']);
    choose('a.txt');
    app.filter('b');
    expect(app.actions.delete.enabled()).toBe(false); // nobody deletes what they do not see
  });

  test('an outage keeps what is known in view', async () => {
    await open();
    door.down = true;
    app.actions.refresh.run();
    await settle();
    await new Promise((go) => setTimeout(go, 1700)); // it tries twice more
    expect(app.folder.get()).toMatchObject({ state: 'ready', problem: { code: 'network' } });
    expect(names().length).toBe(3);
  });

  test('folders to move to', async () => {
    await open();
    expect((await app.folders('')).map((e) => e.name)).toEqual(['docs']);
  });

  test('keys run what fits, and nothing under a dialog', async () => {
    await open();
    const press = (key: string, more = {}) =>
      app.key({
        key,
        ctrlKey: false,
        metaKey: false,
        altKey: false,
        shiftKey: false,
        defaultPrevented: false,
        target: null,
        preventDefault() {},
        ...more,
      } as unknown as KeyboardEvent);
    expect(press('F2')).toBe(false);
    expect(press('a', { ctrlKey: true })).toBe(true);
    expect(app.selection.get().ids.size).toBe(3);
    choose('a.txt');
    expect(press('F2')).toBe(true);
    expect(press('Delete')).toBe(false);
    dialog('rename').cancel();
    expect(press('Delete')).toBe(true);
  });
});

describe('uploads', () => {
  const fileNamed = (name: string) => ({ name, size: 5, lastModified: 1, type: '' }) as File;

  test('from the picker into the folder shown, which shows them', async () => {
    await open('https://example.org/files/#/files/docs');
    run('upload-files');
    expect(app.picking.get()).toBe('files');
    app.pick([fileNamed('new.txt')] as unknown as FileList);
    expect(app.picking.get()).toBeUndefined();
    await settle();
    expect(jobs.length).toBe(1);
    expect(host.unsaved()).toBe(true);
    door.put('docs/new.txt');
    jobs[0]?.done();
    await settle();
    await clock.pass(1000);
    await settle();
    expect(names()).toEqual(['old', 'c.txt', 'new.txt']);
    expect(host.unsaved()).toBe(false);
  });

  test('a drop into a folder of the list', async () => {
    await open();
    const item = { kind: 'file', getAsFile: () => fileNamed('x') };
    app.drop({ items: [item], files: [] } as unknown as DataTransfer, 'docs');
    await settle();
    await clock.pass(100);
    expect(app.uploads.snapshot().items[0]).toMatchObject({ name: 'x', folder: 'docs' });
  });

  test('a closed picker is no upload', async () => {
    await open();
    run('upload-folder');
    app.pick(undefined);
    expect(app.picking.get()).toBeUndefined();
    expect(app.uploads.snapshot().items).toEqual([]);
  });

  test('a session that ends while sending asks for a sign-in, once', async () => {
    await open();
    app.pick([fileNamed('x')] as unknown as FileList);
    await settle();
    jobs[0]?.failed({
      step: 'create',
      last: true,
      problem: { status: 401, code: 'unauthorized', title: '' },
    });
    expect(app.session.get()).toMatchObject({ expired: true });
    await app.signIn('ada', 'right');
    await settle();
    expect(jobs.length).toBe(2);
  });
});

test('messages go by themselves', async () => {
  await open();
  choose('a.txt');
  run('delete');
  await settle();
  expect(app.toasts.get().length).toBe(1);
  await clock.pass(9900);
  expect(app.toasts.get().length).toBe(1);
  await clock.pass(200);
  expect(app.toasts.get().length).toBe(0);
});
