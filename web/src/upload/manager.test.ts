import { describe, expect, test } from 'vitest';
import { clock, item, MiB, picked, send, server, states, stored, uploads } from './test-bench';

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
