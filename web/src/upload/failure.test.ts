import { describe, expect, test } from 'vitest';
import type { ProblemBody } from '../api/types';
import { problem } from './fake-server';
import {
  clock,
  full,
  item,
  MiB,
  picked,
  send,
  server,
  spoil,
  states,
  totals,
  uploads,
} from './test-bench';

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
