import { describe, expect, test } from 'vitest';
import { problem } from './fake-server';
import {
  clock,
  file,
  item,
  items,
  MiB,
  picked,
  send,
  server,
  spoil,
  states,
  totals,
  uploads,
} from './test-bench';

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
