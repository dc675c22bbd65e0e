import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../api/types';
import { createFakeHost, type FakeHost } from '../lib/fake-host';
import { createManualClock, type ManualClock } from '../lib/manual-clock';
import type { JobEvents } from '../upload/transport';
import { createApp } from './app';
import { FakeDoor } from './fake-door';
import type { ActionId, App } from './types';

let door: FakeDoor;
let host: FakeHost;
let clock: ManualClock;
let app: App;
let jobs: JobEvents[];

beforeEach(() => {
  door = new FakeDoor();
  for (const path of ['docs', 'docs/old']) door.put(path, true);
  for (const path of ['a.txt', 'b.txt', 'docs/c.txt']) door.put(path);
  jobs = [];
});

afterEach(() => {
  app?.uploads.cancel();
});

/** Opens the page and waits until it stands. */
async function open(address = 'https://example.org/files/'): Promise<void> {
  host = createFakeHost(address);
  clock = createManualClock();
  app = createApp({
    baseURI: 'https://example.org/files/',
    host,
    clock,
    apple: false,
    fetch: door.fetch as typeof fetch,
    transport: () => ({
      start(_, events) {
        jobs.push(events);
        return { stop() {} };
      },
      drop() {},
    }),
  });
  await settle();
}

/** Lets answers arrive. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((go) => setTimeout(go, 0));
}

const names = () => app.folder.get().rows.map((row) => row.name);

function row(name: string): Entry {
  const found = app.folder.get().rows.find((r) => r.name === name);
  if (!found) throw new Error(`no row ${name} among ${names()}`);
  return found;
}

function choose(...wanted: string[]): void {
  wanted.forEach((name, i) => {
    app.selection.choose(row(name).id, i === 0 ? 'only' : 'toggle');
  });
}

function run(id: ActionId): void {
  expect(app.actions[id].enabled()).toBe(true);
  app.actions[id].run();
}

function dialog<K extends string>(kind: K) {
  const d = app.dialog.get();
  if (d?.kind !== kind) throw new Error(`the dialog is ${d?.kind}`);
  return d as Extract<typeof d, { kind: K }>;
}

const lastToast = () => app.toasts.get().at(-1);

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

describe('changes', () => {
  test('delete shows at once, and comes back by Undo', async () => {
    await open();
    choose('docs', 'a.txt');
    run('delete');
    expect(names()).toEqual(['b.txt']); // before any answer
    await settle();
    expect([...door.tree.keys()]).toEqual(['b.txt']);
    expect(lastToast()?.text).toBe('2 items deleted');
    const { action } = lastToast() ?? {};
    action?.run();
    action?.run();
    await settle();
    expect(names()).toEqual(['docs', 'a.txt', 'b.txt']);
    expect(door.tree.has('docs/c.txt')).toBe(true);
    expect(door.requests.filter((r) => r === 'POST operations').length).toBe(2);
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
