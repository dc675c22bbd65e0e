import { beforeEach, describe, expect, test } from 'vitest';
import { Problem } from '../api/problem';
import type { ProblemBody } from '../api/types';
import { createManualClock, type ManualClock } from '../lib/manual-clock';
import { createStore } from '../lib/store';
import { FakeServer, type Fault, problem, type Request } from './fake-server';
import { createUploads, type UploadsManager } from './manager';
import type { Picked, UploadItem, UploadTotals } from './types';

const MiB = 1 << 20;

let clock: ManualClock;
let server: FakeServer;
let uploads: UploadsManager;
let online: () => void;
let unauthorized: number;
let stored: string[];
let full: ProblemBody[];
let renew: () => Promise<void>;

beforeEach(() => {
  clock = createManualClock();
  server = new FakeServer(clock);
  unauthorized = 0;
  stored = [];
  full = [];
  renew = async () => {};
  uploads = createUploads({
    client: server.client,
    transport: server.transport,
    clock,
    random: () => 0,
    onOnline(run) {
      online = run;
      return () => {};
    },
    onUnauthorized() {
      unauthorized++;
    },
    renew: () => renew(),
    onStored: (folder) => stored.push(folder),
    onFull: (p) => full.push(p),
  });
});

/** A file of one byte repeated: the fake transport never reads it. */
function file(size: number, lastModified = 1000, byte = 0): File {
  const slice = (start: number, end: number) => ({
    arrayBuffer: async () => new Uint8Array(Math.min(end, size) - start).fill(byte).buffer,
  });
  return { size, lastModified, type: '', name: 'unused', slice } as unknown as File;
}

function picked(files: Record<string, number>, folders: string[] = []): Picked {
  return {
    folders,
    files: Object.entries(files).map(([path, size]) => ({ path, file: file(size) })),
  };
}

async function send(files: Record<string, number>, ms = 60_000): Promise<void> {
  void uploads.add('', picked(files));
  await clock.pass(ms);
}

function items(): readonly UploadItem[] {
  return uploads.snapshot().items;
}

function item(name: string): UploadItem {
  const found = items().find((i) => i.name === name);
  if (!found) throw new Error(`no item ${name}`);
  return found;
}

function states(): Record<string, string> {
  return Object.fromEntries(items().map((i) => [i.name, i.state]));
}

function totals(): UploadTotals {
  return uploads.snapshot().totals;
}

/** Spoils the requests that fit, so many times. */
function spoil(fits: (r: Request) => boolean, fault: Fault, times = 1): void {
  let left = times;
  server.fault = (r) => (fits(r) && left-- > 0 ? fault : undefined);
}

describe('a file', () => {
  test('of one request', async () => {
    await send({ 'a.txt': 10 });
    expect(server.tree.get('a.txt')?.size).toBe(10);
    expect(states()).toEqual({ 'a.txt': 'done' });
    expect(server.requests.map((r) => r.step)).toEqual(['create']);
    expect(stored).toEqual(['']);
  });

  test('of many requests, none above 8 MiB', async () => {
    await send({ big: 20 * MiB + 5 });
    expect(server.requests.map((r) => r.step)).toEqual(['create', 'patch', 'patch', 'patch']);
    expect(server.largestBody).toBe(8 * MiB);
    expect(item('big')).toMatchObject({ state: 'done', acked: 20 * MiB + 5, sent: 20 * MiB + 5 });
  });

  test('of no bytes', async () => {
    await send({ empty: 0 });
    expect(server.tree.has('empty')).toBe(true);
    expect(states()).toEqual({ empty: 'done' });
  });
});

describe('folders', () => {
  test('are made first, empty ones too, and all goes below the target', async () => {
    server.folder('in');
    void uploads.add('in', picked({ 'a/b/x': 1, y: 2 }, ['a', 'a/b', 'a/empty']));
    await clock.pass(1000);
    expect([...server.tree.keys()].sort()).toEqual([
      'in',
      'in/a',
      'in/a/b',
      'in/a/b/x',
      'in/a/empty',
      'in/y',
    ]);
  });

  test('a folder where a file is gets a number, once for all below it', async () => {
    server.folder('in');
    server.put('in/e');
    server.put('in/e (2)');
    server.put('in/f/g');
    server.folder('in/f');
    const files = { 'e/x': 1, 'e/sub/y': 1, 'e/sub/deep/z': 1, 'f/g/v': 1, 'f/w': 1, b: 1 };
    void uploads.add('in', picked(files, ['e', 'e/sub', 'e/sub/deep', 'e/empty', 'f', 'f/g']));
    await clock.pass(2000);
    expect(new Set(Object.values(states()))).toEqual(new Set(['done']));
    expect(item('x').folder).toBe('in/e (3)');
    expect(uploads.snapshot().conflicts).toBeUndefined();
    expect([...server.tree.keys()].sort()).toEqual([
      'in',
      'in/b',
      'in/e',
      'in/e (2)',
      'in/e (3)',
      'in/e (3)/empty',
      'in/e (3)/sub',
      'in/e (3)/sub/deep',
      'in/e (3)/sub/deep/z',
      'in/e (3)/sub/y',
      'in/e (3)/x',
      'in/f',
      'in/f/g',
      'in/f/g (2)',
      'in/f/g (2)/v',
      'in/f/w',
    ]);
  });

  test('two such folders do not become one', async () => {
    server.put('e');
    server.put('e (2)');
    void uploads.add('', picked({ 'e/x': 1, 'e (2)/x': 2 }));
    await clock.pass(2000);
    expect(server.tree.get('e (3)/x')?.size).toBe(1);
    expect(server.tree.get('e (4)/x')?.size).toBe(2);
  });

  test('the target itself is a file: what is below fails with the reason', async () => {
    server.put('in');
    void uploads.add('in', picked({ 'a/x': 1 }, ['a']));
    await clock.pass(2000);
    expect(states()).toEqual({ x: 'failed' });
    expect(item('x').problem?.code).toBe('not-a-folder');
  });

  test('an empty folder that cannot be made is not passed over', async () => {
    server.put('in');
    void uploads.add('in', picked({}, ['a']));
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'failed' });
  });

  test('names that cannot be stored fail without a question to the server', async () => {
    void uploads.add('', picked({ 'good/x': 1, 'bad\u0001/y': 1 }, ['bad\u0001', '..']));
    await clock.pass(1000);
    expect(states()).toEqual({ x: 'done', y: 'failed', '..': 'failed' });
    expect(item('y').problem?.code).toBe('invalid-name');
  });
});

describe('what breaks goes on', () => {
  // Every request of a file of three PATCHes, spoiled in every way.
  const faults: Fault[] = [
    'lost',
    'half',
    'answer-lost',
    'hang',
    problem(500, 'internal'),
    problem(503, 'closing'),
    problem(502, 'http'),
    problem(408, 'timeout'),
    problem(429, 'throttled'),
    problem(423, 'busy'),
    problem(400, 'aborted'),
    problem(409, 'wrong-offset'),
  ];
  for (const fault of faults) {
    const name = typeof fault === 'string' ? fault : `${fault.status} ${fault.code}`;
    test.each([0, 1, 2, 3])(`${name} at request %i`, async (at) => {
      spoil((r) => r.n === at, fault);
      await send({ big: 20 * MiB }, 10 * 60_000);
      expect(states()).toEqual({ big: 'done' });
      expect(server.tree.get('big')?.size).toBe(20 * MiB);
      // No more bytes twice than a request holds.
      expect(server.received).toBeLessThanOrEqual(28 * MiB);
      expect(server.uploads.size).toBeLessThanOrEqual(2);
    });
  }

  test('bytes that arrived are not sent again', async () => {
    spoil((r) => r.step === 'patch', 'half', 3);
    await send({ big: 16 * MiB });
    expect(states()).toEqual({ big: 'done' });
    expect(server.received).toBe(16 * MiB);
  });

  test('an hour without a server ends with the file, not with an error', async () => {
    const begun = clock.now();
    server.fault = () => (clock.now() - begun < 3_600_000 ? 'lost' : undefined);
    await send({ big: 20 * MiB }, 3_000_000);
    expect(states()).toEqual({ big: 'retrying' });
    expect(item('big').problem?.code).toBe('network');
    expect(totals().waits).toBe('offline');
    await clock.pass(700_000);
    expect(states()).toEqual({ big: 'done' });
    expect(totals().waits).toBe('no');
  });

  test('waits from half a second to half a minute', async () => {
    const at: number[] = [];
    server.fault = () => {
      at.push(clock.now());
      return 'lost';
    };
    await send({ big: 20 * MiB }, 600_000);
    const gaps = at.slice(1).map((t, i) => t - (at[i] ?? 0));
    expect(gaps.slice(0, 8)).toEqual([520, 1020, 2020, 4020, 8020, 16_020, 30_020, 30_020]);
  });

  test('an answered HEAD is no progress: the waits grow', async () => {
    server.fault = (r) => (r.step === 'patch' && r.n > 1 ? 'lost' : undefined);
    await send({ big: 20 * MiB }, 600_000);
    expect(item('big').acked).toBe(8 * MiB);
    expect(server.requests.length).toBeLessThan(2 * 30);
  });

  test('progress makes the waits short again', async () => {
    let down = true;
    server.fault = () => (down ? 'lost' : undefined);
    await send({ big: 40_000 * MiB }, 120_000);
    down = false;
    await clock.pass(35_000);
    expect(item('big').acked).toBeGreaterThan(8 * MiB);
    let asked = 0;
    server.fault = () => (asked++ === 0 ? 'lost' : undefined);
    await clock.pass(800);
    expect(asked).toBeGreaterThan(1);
  });

  test('the network coming back is not waited for', async () => {
    let down = true;
    server.fault = () => (down ? 'lost' : undefined);
    await send({ a: 1 }, 120_000);
    down = false;
    online();
    await clock.pass(100);
    expect(states()).toEqual({ a: 'done' });
  });

  test('planning waits for the network as well', async () => {
    let down = true;
    server.apiFault = () => (down ? problem(0, 'network') : undefined);
    await send({ 'f/a': 1 }, 5000);
    expect(states()).toEqual({ a: 'waiting' });
    expect(totals().waits).toBe('offline');
    down = false;
    online();
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'done' });
  });

  test('a request that stands still is broken off after 20 seconds and resumed', async () => {
    spoil((r) => r.n === 2, 'hang');
    await send({ big: 20 * MiB }, 19_000);
    expect(states()).toEqual({ big: 'sending' });
    await clock.pass(5000);
    expect(states()).toEqual({ big: 'done' });
    expect(server.requests.map((r) => r.step)).toEqual([
      'create',
      'patch',
      'patch',
      'head',
      'patch',
      'patch',
    ]);
  });

  test('an upload that the server forgot begins anew, and the bar does not fall', async () => {
    spoil((r) => r.n === 3, 'lost');
    void uploads.add('', picked({ big: 20 * MiB }));
    await clock.pass(230);
    expect(item('big').acked).toBe(16 * MiB);
    server.uploads.clear();
    const seen: number[] = [];
    uploads.subscribe(() => seen.push(item('big').acked));
    await clock.pass(60_000);
    expect(states()).toEqual({ big: 'done' });
    expect(Math.min(...seen)).toBe(16 * MiB);
    expect(server.requests.filter((r) => r.step === 'create').length).toBe(2);
  });

  test('the answer to the creation of a small file was lost: it is not stored twice', async () => {
    spoil((r) => r.step === 'create', 'answer-lost');
    await send({ a: 5 });
    expect(states()).toEqual({ a: 'done' });
    expect(server.tree.size).toBe(1);
  });

  test('the same when it was paused, or stood still, before the answer came', async () => {
    spoil((r) => r.step === 'create', 'mute', 2);
    void uploads.add('', picked({ paused: 5, stuck: 6 }));
    await clock.pass(1000);
    uploads.pause(item('paused').id);
    uploads.resume();
    await clock.pass(120_000);
    expect(states()).toEqual({ paused: 'done', stuck: 'done' });
    expect(server.tree.size).toBe(2);
  });

  test('the same when it was paused before the transport said anything of its request', async () => {
    const { start } = server.transport;
    server.transport.start = (job, ev) => start(job, { ...ev, phase: () => {} });
    spoil((r) => r.step === 'create', 'mute');
    void uploads.add('', picked({ a: 5 }));
    await clock.pass(1000);
    uploads.pause();
    uploads.resume();
    await clock.pass(5000);
    expect(states()).toEqual({ a: 'done' });
  });

  test('but another file that took the name meanwhile is another file', async () => {
    server.fault = (r) => {
      if (r.n === 0) {
        server.put('a', 6, 1000);
        return 'lost';
      }
      return undefined;
    };
    await send({ a: 5 });
    expect(states()).toEqual({ a: 'failed' });
    expect(server.tree.get('a')?.size).toBe(6);
  });

  test('413 of a proxy: smaller requests, down to 256 KiB', async () => {
    server.fault = (r) => (r.body > MiB ? problem(413, 'http') : undefined);
    await send({ big: 4 * MiB });
    expect(states()).toEqual({ big: 'done' });
    expect(server.requests.filter((r) => r.step === 'patch').length).toBe(3 + 4); // of at most 8, 4, 2, then 1 MiB
  });

  test('a locked file does not hold up the others', async () => {
    server.fault = (r) => (/^locked/.test(r.path) ? problem(423, 'locked') : undefined);
    await send({ locked1: 1, locked2: 1, locked3: 1, a: 1, b: 1 }, 30_000);
    expect(states()).toMatchObject({ locked1: 'retrying', a: 'done', b: 'done' });
    server.fault = () => undefined;
    await clock.pass(60_000);
    expect(new Set(Object.values(states()))).toEqual(new Set(['done']));
  });

  test('files that the server chokes on let others go after a while', async () => {
    server.fault = (r) => (/^bad/.test(r.path) ? problem(500, 'internal') : undefined);
    await send({ bad1: 1, bad2: 1, bad3: 1, a: 1 }, 120_000);
    expect(states()).toMatchObject({ bad1: 'retrying', a: 'done' });
  });
});

describe('errors that a person must know', () => {
  test.each<[ProblemBody]>([
    [problem(400, 'invalid-name')],
    [problem(409, 'no-parent')],
    [problem(403, 'forbidden')],
    [problem(414, 'path-too-long')],
  ])('%o fails with its words, and the others go on', async (p) => {
    server.fault = (r) => (r.path === 'a' ? p : undefined);
    await send({ a: 1, b: 1 });
    expect(states()).toEqual({ a: 'failed', b: 'done' });
    expect(item('a').problem).toEqual(p);
    expect(totals()).toMatchObject({ files: 2, done: 1, failed: 1, open: 0 });
  });

  test('a file that changed on the disk fails with words', async () => {
    spoil((r) => r.step === 'patch', 'unreadable');
    await send({ big: 20 * MiB });
    expect(item('big')).toMatchObject({ state: 'failed', problem: { code: 'changed' } });
  });

  test('what the browser could not read is listed', async () => {
    void uploads.add('in', { folders: [], files: [], unreadable: ['a/b'] });
    await clock.pass(100);
    expect(item('b')).toMatchObject({ folder: 'in/a', state: 'failed' });
    uploads.retry();
    await clock.pass(1000);
    expect(item('b').state).toBe('failed');
  });

  test('no room: the one fails, the rest pauses and it is said why', async () => {
    server.fault = (r) =>
      r.path === 'b' && r.step === 'patch' ? problem(507, 'quota-exceeded') : undefined;
    await send({ a: 30 * MiB, b: 9 * MiB, c: 30 * MiB, d: 1 });
    expect(states()).toEqual({ a: 'paused', b: 'failed', c: 'paused', d: 'paused' });
    expect(totals().paused).toBe(true);
    expect(full.map((p) => p.code)).toEqual(['quota-exceeded']);
    server.fault = () => undefined;
    uploads.resume();
    uploads.retry();
    await clock.pass(60_000);
    expect(new Set(Object.values(states()))).toEqual(new Set(['done']));
  });

  test('no room: nothing else is begun, and it is said once a pause', async () => {
    server.fault = (r) =>
      r.step === 'patch' || r.path === 'x' ? problem(507, 'disk-full') : undefined;
    await send({ a: 2 * MiB, b: 2 * MiB, c: 2 * MiB, d: 1 });
    expect(server.requests.map((r) => r.path)).not.toContain('d');
    expect(full.length).toBe(1);
    uploads.retry();
    await clock.pass(5000);
    expect(full.length).toBe(1);
    uploads.resume();
    await clock.pass(5000);
    expect(full.length).toBe(2);
  });

  test('no room for one that was not begun: the others go on', async () => {
    server.fault = (r) => (r.path === 'big' ? problem(507, 'quota-exceeded') : undefined);
    await send({ big: 30 * MiB, a: 1, b: 9 * MiB });
    expect(states()).toEqual({ big: 'failed', a: 'done', b: 'done' });
    expect(full).toEqual([]);
  });

  test('a failed file that is tried again goes on where it was', async () => {
    spoil((r) => r.n === 2, problem(403, 'forbidden'));
    await send({ big: 20 * MiB });
    expect(states()).toEqual({ big: 'failed' });
    uploads.retry(item('big').id);
    await clock.pass(10_000);
    expect(states()).toEqual({ big: 'done' });
    expect(server.received).toBe(20 * MiB);
  });
});

describe('signing in again', () => {
  test('everything holds, nothing is lost', async () => {
    let valid = true;
    server.fault = () => (valid ? undefined : problem(401, 'unauthorized'));
    void uploads.add('', picked({ a: 20 * MiB, b: 20 * MiB, c: 20 * MiB, d: 1 }));
    await clock.pass(120);
    valid = false;
    await clock.pass(60_000);
    expect(totals().waits).toBe('signin');
    expect(unauthorized).toBe(1);
    const asked = server.requests.length;
    await clock.pass(3_600_000);
    expect(server.requests.length).toBe(asked);
    valid = true;
    uploads.signedIn();
    await clock.pass(60_000);
    expect(new Set(Object.values(states()))).toEqual(new Set(['done']));
    expect(totals().waits).toBe('no');
  });

  test('while planning as well', async () => {
    server.apiFault = () => problem(401, 'unauthorized');
    await send({ a: 1 }, 5000);
    expect(totals().waits).toBe('signin');
    expect(server.lookups).toBe(1);
    server.apiFault = () => undefined;
    uploads.signedIn();
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'done' });
  });

  test('a wrong token is made anew once', async () => {
    let token = 'old';
    let renewed = 0;
    renew = async () => {
      renewed++;
      token = 'new';
    };
    server.fault = () => (token === 'old' ? problem(403, 'token') : undefined);
    await send({ a: 1 });
    expect(states()).toEqual({ a: 'done' });
    expect(renewed).toBe(1);
    expect(unauthorized).toBe(0);
  });

  test('a token that stays wrong asks for a sign-in', async () => {
    server.fault = () => problem(403, 'token');
    await send({ a: 1 });
    expect(unauthorized).toBe(1);
    expect(totals().waits).toBe('signin');
  });

  test('no session when the token is asked for: sign in', async () => {
    renew = () => Promise.reject(new Problem(problem(401, 'unauthorized')));
    server.fault = () => problem(403, 'token');
    await send({ a: 1 });
    expect(totals().waits).toBe('signin');
    expect(server.requests.length).toBe(1);
  });
});

describe('names that exist', () => {
  test('are asked about once a drop, while free names go', async () => {
    server.put('a', 7, 77);
    server.put('b');
    await send({ a: 1, b: 1, c: 1 });
    expect(states()).toEqual({ a: 'waiting', b: 'waiting', c: 'done' });
    expect(uploads.snapshot().conflicts?.map((c) => c.path)).toEqual(['a', 'b']);
    expect(uploads.snapshot().conflicts?.[0]).toEqual({
      path: 'a',
      there: { folder: false, size: 7, mtime: 77 },
      size: 1,
      mtime: 1000,
    });
  });

  test('replace: exactly the version that was seen', async () => {
    server.put('a');
    await send({ a: 5 });
    uploads.resolve('replace');
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'done' });
    expect(server.tree.get('a')?.size).toBe(5);
    expect(uploads.snapshot().conflicts).toBeUndefined();
  });

  test('replace of what changed meanwhile fails; tried again, it is asked again', async () => {
    server.put('a');
    await send({ a: 20 * MiB });
    uploads.resolve('replace');
    await clock.pass(100);
    server.put('a', 99);
    await clock.pass(5000);
    expect(states()).toEqual({ a: 'failed' });
    expect(item('a').problem?.status).toBe(412);
    expect(server.tree.get('a')?.size).toBe(99);
    uploads.retry();
    await clock.pass(1000);
    expect(uploads.snapshot().conflicts?.length).toBe(1);
    uploads.resolve('replace');
    await clock.pass(5000);
    expect(states()).toEqual({ a: 'done' });
    expect(server.tree.get('a')?.size).toBe(20 * MiB);
    expect(server.received).toBe(20 * MiB); // not sent again
  });

  test('both: the next free number, also among themselves', async () => {
    server.put('a.txt');
    server.put('a (2).txt');
    server.folder('in');
    server.put('in/a.txt');
    void uploads.add('', picked({ 'a.txt': 5, 'in/a.txt': 6 }, ['in']));
    await clock.pass(1000);
    uploads.resolve('both');
    await clock.pass(1000);
    expect(server.tree.get('a (3).txt')?.size).toBe(5);
    expect(server.tree.get('in/a (2).txt')?.size).toBe(6);
    expect(server.tree.get('a.txt')?.size).toBe(1);
  });

  test('skip, or no answer: what is there stays, the others do not care', async () => {
    server.put('a', 3);
    await send({ a: 5, b: 1 });
    uploads.resolve(undefined);
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'skipped', b: 'done' });
    expect(server.tree.get('a')?.size).toBe(3);
    expect(totals()).toMatchObject({ files: 1, done: 1, open: 0, bytes: 1 });
  });

  test('a folder of that name: a file cannot replace it, both are kept', async () => {
    server.folder('a');
    await send({ a: 5 });
    expect(uploads.snapshot().conflicts?.[0]?.there.folder).toBe(true);
    uploads.resolve('replace');
    await clock.pass(1000);
    expect(server.tree.get('a')?.folder).toBe(true);
    expect(server.tree.get('a (2)')?.size).toBe(5);
  });

  test('two drops ask one after the other', async () => {
    server.put('a');
    server.put('b');
    await send({ a: 2 }, 1000);
    await send({ b: 2 }, 1000);
    expect(uploads.snapshot().conflicts?.map((c) => c.path)).toEqual(['a']);
    uploads.resolve('skip');
    expect(uploads.snapshot().conflicts?.map((c) => c.path)).toEqual(['b']);
    uploads.resolve('replace');
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'skipped', b: 'done' });
  });

  test('a name taken between question and commit: failed, and can go elsewhere', async () => {
    void uploads.add('', picked({ big: 20 * MiB }));
    await clock.pass(120);
    server.put('big', 1);
    await clock.pass(5000);
    expect(item('big').problem?.status).toBe(412);
    uploads.redirect(item('big').id, '', 'other');
    await clock.pass(5000);
    expect(states()).toEqual({ other: 'done' });
    expect(server.tree.get('other')?.size).toBe(20 * MiB);
    expect(server.tree.get('big')?.size).toBe(1);
    expect(server.received).toBe(20 * MiB);
  });

  test('files of one name in a drop are all kept', async () => {
    void uploads.add('', {
      folders: [],
      files: [
        { path: 'a', file: file(1) },
        { path: 'a', file: file(2) },
        { path: 'a', file: file(3) },
      ],
    });
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'done', 'a (2)': 'done', 'a (3)': 'done' });
    expect(server.tree.get('a')?.size).toBe(1);
    expect(server.tree.get('a (2)')?.size).toBe(2);
    expect(server.tree.get('a (3)')?.size).toBe(3);
  });

  test('the same file dropped again while it is on its way is not sent twice', async () => {
    void uploads.add('', picked({ big: 20 * MiB }));
    await clock.pass(100);
    void uploads.add('', picked({ big: 20 * MiB }));
    await clock.pass(60_000);
    expect(items().map((i) => [i.name, i.state, i.problem?.title])).toEqual([
      ['big', 'done', undefined],
      ['big', 'skipped', 'Already on its way.'],
    ]);
    expect(totals()).toMatchObject({ files: 1, bytes: 20 * MiB });
    expect(server.received).toBe(20 * MiB);
  });

  test('another file of the same path, size and time is kept as well', async () => {
    const of = (byte: number) => ({
      folders: [],
      files: [{ path: 'a', file: file(20 * MiB, 1000, byte) }],
    });
    void uploads.add('', of(1));
    await clock.pass(100);
    void uploads.add('', of(2));
    await clock.pass(60_000);
    expect(states()).toEqual({ a: 'done', 'a (2)': 'done' });
  });

  test('the same file dropped again after it failed goes on where it was', async () => {
    spoil((r) => r.n === 2, problem(403, 'forbidden'));
    await send({ big: 20 * MiB });
    await send({ big: 20 * MiB });
    expect(items().map((i) => i.state)).toEqual(['done']);
    expect(server.received).toBe(20 * MiB);
  });

  test('what failed gives its name to what is picked after it', async () => {
    spoil((r) => r.n === 2, problem(403, 'forbidden'));
    await send({ big: 20 * MiB });
    await send({ big: 9 * MiB });
    expect(items().map((i) => [i.name, i.state])).toEqual([['big', 'done']]);
    expect(server.dropped.length).toBe(1);
    expect([...server.tree.values()].map((e) => [e.name, e.size])).toEqual([['big', 9 * MiB]]);
  });

  test('so does what changed on the disk, even if it looks the same, and what was unreadable', async () => {
    spoil((r) => r.n === 2, 'unreadable');
    await send({ big: 20 * MiB });
    expect(states()).toEqual({ big: 'failed' });
    const asked = server.requests.length;
    uploads.retry();
    await clock.pass(1000);
    expect(server.requests.length).toBe(asked);
    expect(states()).toEqual({ big: 'failed' });
    void uploads.add('', { folders: [], files: [], unreadable: ['b'] });
    await send({ big: 20 * MiB, b: 5 });
    expect(items().map((i) => [i.name, i.state])).toEqual([
      ['big', 'done'],
      ['b', 'done'],
    ]);
    expect([...server.tree.keys()].sort()).toEqual(['b', 'big']);
  });

  test('names that the server takes for one are doubles', async () => {
    await send({ '\u00fc': 1, 'u\u0308': 2 });
    expect(items().map((i) => [i.name, i.state])).toEqual([
      ['\u00fc', 'done'],
      ['u\u0308 (2)', 'done'],
    ]);
  });
});

describe('another place', () => {
  test('the folder is gone: what arrived is finished in another one', async () => {
    server.folder('in');
    server.folder('out');
    void uploads.add('in', picked({ big: 20 * MiB }));
    await clock.pass(120);
    server.tree.delete('in');
    await clock.pass(5000);
    expect(item('big').problem?.code).toBe('no-parent');
    uploads.redirect(item('big').id, 'out', 'big');
    await clock.pass(1000);
    expect(item('big')).toMatchObject({ state: 'done', folder: 'out' });
    expect(server.tree.get('out/big')?.size).toBe(20 * MiB);
    expect(server.received).toBe(20 * MiB);
  });

  test('not all had arrived: it goes on, is refused at the old place and finished at the new', async () => {
    server.folder('in');
    server.folder('out');
    spoil((r) => r.n === 2, problem(403, 'forbidden'));
    void uploads.add('in', picked({ big: 20 * MiB }));
    await clock.pass(5000);
    server.tree.delete('in');
    uploads.redirect(item('big').id, 'out', 'big');
    await clock.pass(5000);
    expect(item('big')).toMatchObject({ state: 'done', folder: 'out' });
    expect(server.tree.has('out/big')).toBe(true);
    expect(server.received).toBe(20 * MiB);
  });

  test('the last bytes had not arrived, though they were refused: they are sent', async () => {
    server.folder('out');
    spoil((r) => r.n === 3, problem(409, 'no-parent'));
    await send({ big: 20 * MiB });
    expect(states()).toEqual({ big: 'failed' });
    uploads.redirect(item('big').id, 'out', 'big');
    await clock.pass(5000);
    expect(item('big')).toMatchObject({ state: 'done', folder: 'out' });
    expect(server.tree.has('out/big')).toBe(true);
    expect(server.received).toBe(20 * MiB);
  });

  test('not all had arrived and the old place takes it: it is moved', async () => {
    server.folder('out');
    spoil((r) => r.n === 2, problem(403, 'forbidden'));
    await send({ big: 20 * MiB });
    uploads.redirect(item('big').id, 'out', 'new');
    await clock.pass(5000);
    expect(item('new').state).toBe('done');
    expect([...server.tree.keys()].sort()).toEqual(['out', 'out/new']);
    expect(server.received).toBe(20 * MiB);
  });

  test('refused at creation: it simply begins there', async () => {
    server.folder('out');
    spoil((r) => r.n === 0, problem(409, 'no-parent'));
    await send({ a: 5 });
    uploads.redirect(item('a').id, 'out', 'b');
    await clock.pass(1000);
    expect(server.tree.get('out/b')?.size).toBe(5);
  });
});

describe('pause, resume, cancel', () => {
  test('one pauses, the next takes its place; resumed, it goes on where it was', async () => {
    void uploads.add('', picked({ a: 40 * MiB, b: 40 * MiB, c: 40 * MiB, d: 40 * MiB }));
    await clock.pass(120);
    uploads.pause(item('a').id);
    expect(item('a').state).toBe('paused');
    await clock.pass(60_000);
    expect(states()).toEqual({ a: 'paused', b: 'done', c: 'done', d: 'done' });
    uploads.resume(item('a').id);
    await clock.pass(60_000);
    expect(item('a').state).toBe('done');
    expect(server.received).toBeLessThanOrEqual(168 * MiB);
  });

  test('all pause, what comes later too, and nothing is asked', async () => {
    void uploads.add('', picked({ a: 40 * MiB, b: 1, c: 1, d: 1 }));
    await clock.pass(90);
    uploads.pause();
    expect(totals().paused).toBe(true);
    const asked = server.requests.length;
    void uploads.add('', picked({ e: 1 }));
    await clock.pass(60_000);
    expect(server.requests.length).toBe(asked);
    expect(item('e').state).toBe('paused');
    uploads.resume();
    await clock.pass(60_000);
    expect(new Set(Object.values(states()))).toEqual(new Set(['done']));
  });

  test('paused before it was planned', async () => {
    void uploads.add('', picked({ a: 1 }));
    uploads.pause();
    await clock.pass(5000);
    expect(states()).toEqual({ a: 'paused' });
    uploads.resume();
    await clock.pass(5000);
    expect(states()).toEqual({ a: 'done' });
  });

  test('a pause ends with what it was for: the next drop goes', async () => {
    void uploads.add('', picked({ a: 40 * MiB }));
    await clock.pass(100);
    uploads.pause();
    uploads.cancel();
    await send({ b: 1 }, 1000);
    await send({ c: 1 }, 1000);
    expect(states()).toEqual({ b: 'done', c: 'done' });
  });

  test('paused while folders are still being read', async () => {
    let end: (picked: Picked) => void = () => {};
    void uploads.add('', new Promise<Picked>((go) => (end = go)));
    uploads.pause();
    end(picked({ a: 1 }));
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'paused' });
  });

  test('cancel drops what the server has', async () => {
    void uploads.add('', picked({ a: 40 * MiB, b: 1 }));
    await clock.pass(150);
    uploads.cancel(item('a').id);
    await clock.pass(5000);
    expect(states()).toEqual({ b: 'done' });
    expect(server.dropped.length).toBe(1);
    expect(server.tree.has('a')).toBe(false);
  });

  test('cancel of all, planned or not, and the question goes too', async () => {
    server.put('c');
    await send({ a: 400 * MiB, b: 400 * MiB, c: 1 }, 200);
    expect(uploads.snapshot().conflicts?.length).toBe(1);
    uploads.cancel();
    expect(items()).toEqual([]);
    expect(uploads.snapshot().conflicts).toBeUndefined();
    const asked = server.requests.length;
    await clock.pass(60_000);
    expect(server.requests.length).toBe(asked);
    expect(totals()).toMatchObject({ files: 0, bytes: 0, acked: 0, open: 0 });
  });

  test('cancel of all ends readings: what they find later is not sent', async () => {
    let end: (picked: Picked) => void = () => {};
    let over = false;
    void uploads.add('', new Promise<Picked>((go) => (end = go))).then(() => (over = true));
    void uploads.add('', picked({ b: 1 }));
    uploads.cancel();
    expect(uploads.snapshot().reading).toBeUndefined();
    end(picked({ a: 1 }));
    await clock.pass(5000);
    expect(items()).toEqual([]);
    expect(server.tree.size).toBe(0);
    expect(over).toBe(true);
  });

  test('cancel of all ends plans that wait for the network or a sign-in', async () => {
    for (const p of [problem(0, 'network'), problem(401, 'unauthorized')]) {
      server.apiFault = () => p;
      await send({ 'f/a': 1 }, 5000);
      void uploads.add('', picked({}, ['g']));
      uploads.cancel();
      server.apiFault = () => undefined;
      uploads.signedIn();
      await clock.pass(60_000);
      expect(items()).toEqual([]);
      expect(server.tree.size).toBe(0);
      expect(totals().waits).toBe('no');
    }
  });

  test('cancel of all ends the search for free names', async () => {
    void uploads.add('', picked({ a: 1 }));
    void uploads.add('', picked({ a: 2 }));
    await clock.pass(5);
    expect(items().length).toBe(2);
    uploads.cancel();
    await clock.pass(5000);
    expect(server.lookups).toBe(1); // that of the first, which was under way
  });

  test('an answer for what was cancelled does not end the next session', async () => {
    server.apiFault = () => problem(401, 'unauthorized');
    await send({ a: 1 }, 10);
    uploads.cancel();
    await clock.pass(5000);
    expect(unauthorized).toBe(0);
  });

  test('no question comes up about what was cancelled', async () => {
    server.put('a');
    server.put('b');
    await send({ a: 1 }, 10);
    uploads.cancel();
    await clock.pass(5000);
    expect(uploads.snapshot().conflicts).toBeUndefined();
    await send({ a: 1 }, 10);
    uploads.cancel(item('a').id);
    await clock.pass(5000);
    expect(uploads.snapshot().conflicts).toBeUndefined();
  });

  test('what is cancelled leaves the question, and with the last one it goes', async () => {
    server.put('a');
    server.put('b');
    let over = false;
    void uploads.add('', picked({ a: 1, b: 1 })).then(() => (over = true));
    await clock.pass(1000);
    uploads.cancel(item('a').id);
    expect(uploads.snapshot().conflicts?.map((c) => c.path)).toEqual(['b']);
    uploads.cancel(item('b').id);
    await clock.pass(1000);
    expect(uploads.snapshot().conflicts).toBeUndefined();
    expect(over).toBe(true);
  });

  test('clear leaves what is open', async () => {
    server.fault = (r) => (r.path === 'bad' ? problem(403, 'forbidden') : undefined);
    void uploads.add('', picked({ a: 1, bad: 1, big: 4000 * MiB }));
    await clock.pass(1000);
    uploads.clear();
    expect(states()).toEqual({ big: 'sending' });
  });

  test('clear drops what the server has of failed ones, and nothing else', async () => {
    spoil((r) => r.path === 'bad' && r.step === 'patch', problem(403, 'forbidden'));
    await send({ a: 9 * MiB, bad: 9 * MiB });
    expect(states()).toEqual({ a: 'done', bad: 'failed' });
    uploads.clear();
    expect(server.dropped.length).toBe(1);
  });
});

describe('progress', () => {
  test('three at once, in the order of the drop', async () => {
    const names = Array.from({ length: 20 }, (_, i) => [`f${i}`, 3 * MiB] as const);
    await send(Object.fromEntries(names));
    expect(server.most).toBe(3);
    const order = server.requests.filter((r) => r.step === 'create').map((r) => r.path);
    expect(order).toEqual(names.map(([name]) => name));
  });

  test('never falls, whatever happens', async () => {
    let seed = 42;
    const chance = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed / 2147483648;
    };
    const kinds: Fault[] = ['lost', 'half', 'answer-lost', 'hang', problem(503, 'closing')];
    server.fault = (r) => {
      if (chance() < 0.02) server.uploads.delete([...server.uploads.keys()].at(-1) ?? '');
      return chance() < 0.3 && r.n < 400 ? kinds[Math.floor(chance() * kinds.length)] : undefined;
    };
    const sizes = Array.from({ length: 30 }, (_, i) => [`f${i}`, Math.floor(chance() * 40 * MiB)]);
    let last = { acked: 0, bytes: 0, open: 0 };
    const highest = new Map<number, number>();
    let frames = 0;
    uploads.subscribe(() => {
      frames++;
      const t = totals();
      if (t.open > 0 && last.open > 0) expect(t.acked).toBeGreaterThanOrEqual(last.acked);
      expect(t.acked).toBeLessThanOrEqual(t.bytes);
      expect(t.sent).toBeGreaterThanOrEqual(t.acked);
      last = t;
      for (const i of items()) {
        expect(i.acked).toBeGreaterThanOrEqual(highest.get(i.id) ?? 0);
        expect(i.sent).toBeGreaterThanOrEqual(i.acked);
        expect(i.sent).toBeLessThanOrEqual(i.size);
        highest.set(i.id, i.acked);
      }
    });
    void uploads.add('', picked(Object.fromEntries(sizes)));
    await clock.pass(3000);
    uploads.cancel(items().find((i) => i.state === 'sending')?.id);
    uploads.clear();
    await clock.pass(3 * 3_600_000);
    expect(frames).toBeGreaterThan(50);
    expect(totals().open).toBe(0);
    const bad = items().filter((i) => i.state !== 'done');
    expect(bad.map((i) => [i.name, i.state, i.problem?.code])).toEqual([]);
    for (const i of items()) expect(server.tree.get(i.name)?.size).toBe(i.size);
  });

  test('cancelling one or clearing the list takes nothing away while others are open', async () => {
    void uploads.add('', picked({ a: 400 * MiB, b: 1, c: 4000 * MiB }));
    await clock.pass(1000);
    const before = totals();
    uploads.pause(item('a').id); // shows it as it is now
    const arrived = item('a').acked;
    expect(arrived).toBeGreaterThan(0);
    uploads.cancel(item('a').id);
    uploads.clear();
    expect(states()).toEqual({ c: 'sending' });
    expect(totals().acked).toBeGreaterThanOrEqual(before.acked);
    expect(totals()).toMatchObject({ files: 2, done: 1, open: 1 });
    expect(totals().bytes).toBe(arrived + 1 + 4000 * MiB);
    await clock.pass(60_000);
    uploads.clear();
    expect(totals()).toMatchObject({ files: 0, bytes: 0, acked: 0, sent: 0 });
  });

  test('speed and time left: hidden at first, then about right, gone when nothing moves', async () => {
    void uploads.add('', picked({ big: 40_000 * MiB }));
    await clock.pass(2500);
    expect(totals().secondsLeft).toBeUndefined();
    await clock.pass(20_000);
    const { speed, secondsLeft, bytes, acked } = totals();
    // 8 MiB in two steps of 20 ms
    expect(speed / (200 * MiB)).toBeCloseTo(1, 1);
    expect(secondsLeft).toBe(Math.ceil((bytes - acked) / speed));
    uploads.pause();
    await clock.pass(2000);
    expect(totals()).toMatchObject({ speed: 0, secondsLeft: undefined });
  });

  test('no speed and no time left when nothing is acknowledged for fifteen seconds', async () => {
    server.fault = (r) => (r.n > 50 ? 'hang' : undefined);
    await send({ big: 40_000 * MiB }, 9000);
    expect(totals().speed).toBeGreaterThan(0);
    expect(totals().secondsLeft).toBeGreaterThan(0);
    await clock.pass(10_000);
    expect(states()).toEqual({ big: 'sending' });
    expect(totals()).toMatchObject({ speed: 0, secondsLeft: undefined });
  });

  test('offline as soon as one fails by the network, until anything comes through', async () => {
    server.fault = (r) => (r.n < 9 ? undefined : r.path === 'a' ? 'lost' : 'hang');
    await send({ a: 4000 * MiB, b: 4000 * MiB, c: 4000 * MiB }, 1000);
    expect(states()).toEqual({ a: 'retrying', b: 'sending', c: 'sending' });
    expect(totals().waits).toBe('offline');
    uploads.pause();
    expect(totals().waits).toBe('no');
  });

  test('not offline while others are acknowledged', async () => {
    server.fault = (r) => (r.path === 'a' && r.step === 'patch' ? 'lost' : undefined);
    await send({ a: 4000 * MiB, b: 40_000 * MiB }, 5000);
    expect(states()).toEqual({ a: 'retrying', b: 'sending' });
    expect(totals().waits).toBe('no');
  });

  test('at most ten snapshots a second, and the same one while nothing changes', async () => {
    let told = 0;
    uploads.subscribe(() => told++);
    void uploads.add('', picked({ big: 4000 * MiB }));
    await clock.pass(1000);
    const before = told;
    await clock.pass(5000);
    expect(told - before).toBeLessThanOrEqual(60);
    expect(told - before).toBeGreaterThan(20);
    uploads.pause();
    await clock.pass(3000);
    const still = uploads.snapshot();
    await clock.pass(10_000);
    expect(uploads.snapshot()).toBe(still);
  });

  test('only what changed is a new object', async () => {
    void uploads.add('', picked({ a: 400 * MiB, b: 1, c: 1, d: 1 }));
    await clock.pass(1000);
    const done = item('b');
    const moving = item('a');
    await clock.pass(1000);
    expect(item('b')).toBe(done);
    expect(item('a')).not.toBe(moving);
    expect(Object.isFrozen(done)).toBe(true);
  });

  test('a drop that is still being read counts its files', async () => {
    const found = createStore(0);
    let end: (picked: Picked) => void = () => {};
    void uploads.add('', new Promise<Picked>((go) => (end = go)), found);
    expect(uploads.snapshot().reading).toBe(0);
    found.set(1234);
    await clock.pass(100);
    expect(uploads.snapshot().reading).toBe(1234);
    end(picked({ a: 1 }));
    await clock.pass(1000);
    expect(uploads.snapshot().reading).toBeUndefined();
    expect(states()).toEqual({ a: 'done' });
  });

  test('add is over when all is queued, the question answered', async () => {
    server.put('a');
    let over = false;
    void uploads.add('', picked({ a: 1, b: 1 })).then(() => {
      over = true;
    });
    await clock.pass(5000);
    expect(over).toBe(false);
    uploads.resolve('both');
    await clock.pass(5000);
    expect(over).toBe(true);
  });
});

test('20,000 files in folders: few questions, no freeze', async () => {
  const many: Record<string, number> = {};
  for (let i = 0; i < 20_000; i++) many[`d${i % 50}/f${i}`] = 10;
  for (let i = 0; i < 50; i++) server.put(`taken${i}`);
  const begun = performance.now();
  void uploads.add('', picked(many));
  const adding = performance.now() - begun;
  await clock.pass(3000);
  expect(server.lookups).toBe(20);
  expect(totals()).toMatchObject({ files: 20_000, bytes: 200_000 });
  const before = performance.now();
  uploads.pause();
  uploads.resume();
  uploads.cancel();
  const whole = performance.now() - before;
  expect(new Set(Object.values(states()))).toEqual(new Set(['done']));
  // Measured 60 and 40 ms on a slow machine; quadratic work would take minutes.
  expect(adding).toBeLessThan(2000);
  expect(whole).toBeLessThan(2000);
});
