import { beforeEach, describe, expect, test } from 'vitest';
import { problem } from './fake-server';
import {
  clock,
  file,
  item,
  items,
  MiB,
  picked,
  type Slices,
  server,
  slices,
  states,
  totals,
  uploads,
} from './test-bench';

let drop: Slices;

beforeEach(() => {
  drop = slices();
});

describe('a drop that is still being read', () => {
  test('is sent meanwhile, and says that it does not know all yet', async () => {
    void uploads.add('', drop);
    drop.found.set(2000);
    drop.give(picked({ 'f/a': 1, 'f/b': 40_000 * MiB }, ['f']));
    await clock.pass(20_000);
    expect(states()).toEqual({ a: 'done', b: 'sending' });
    expect(uploads.snapshot().reading).toBe(2000);
    expect(totals()).toMatchObject({ files: 2, done: 1, secondsLeft: undefined });
    expect(totals().speed).toBeGreaterThan(0);
    drop.give(picked({ 'f/c': 1 }));
    drop.end();
    await clock.pass(5000);
    expect(uploads.snapshot().reading).toBeUndefined();
    expect(totals().secondsLeft).toBeGreaterThan(0);
    expect(totals()).toMatchObject({ files: 3, done: 2 });
  });

  test('goes on when all that it has found is there already', async () => {
    void uploads.add('', drop);
    drop.give(picked({ a: 1 }));
    await clock.pass(5000);
    expect(totals()).toMatchObject({ open: 0, done: 1 });
    expect(uploads.snapshot().reading).toBe(0);
    drop.give(picked({ b: 2 }));
    drop.end();
    await clock.pass(5000);
    expect(totals()).toMatchObject({ open: 0, files: 2, done: 2, bytes: 3 });
  });

  test('makes its folders once', async () => {
    const made: string[] = [];
    const { operations } = server.client;
    server.client.operations = async (some) => {
      for (const one of some) if (one.op === 'mkdir') made.push(one.path);
      return operations(some);
    };
    void uploads.add('', drop);
    for (let i = 0; i < 5; i++) drop.give(picked({ [`f/g/${i}`]: 1 }, i === 0 ? ['f', 'f/g'] : []));
    drop.end();
    await clock.pass(5000);
    expect(made).toEqual(['f/g']);
    expect(totals()).toMatchObject({ done: 5 });
  });

  test('cancelled: it is read no further, and what was sent stays', async () => {
    let over = false;
    void uploads.add('', drop).then(() => (over = true));
    drop.give(picked({ a: 1, b: 4000 * MiB }));
    await clock.pass(1000);
    uploads.cancel();
    drop.give(picked({ c: 1 }));
    await clock.pass(5000);
    expect(drop.stopped).toBe(true);
    expect(over).toBe(true);
    expect(states()).toEqual({ a: 'done' });
    expect([...server.tree.keys()]).toEqual(['a']);
  });

  test('cancelled before anything was planned: none of its slices is asked about', async () => {
    server.apiFault = () => problem(0, 'network');
    void uploads.add('', drop);
    for (let i = 0; i < 10; i++) drop.give(picked({ [`f${i}`]: 1 }));
    await clock.pass(200);
    expect(items().length).toBe(10);
    uploads.cancel();
    const asked = server.lookups;
    server.apiFault = () => undefined;
    await clock.pass(60_000);
    expect(server.lookups).toBe(asked);
    expect(items()).toEqual([]);
    expect(server.tree.size).toBe(0);
  });

  test('paused: what it finds later pauses as well', async () => {
    void uploads.add('', drop);
    drop.give(picked({ a: 400 * MiB }));
    await clock.pass(100);
    uploads.pause();
    drop.give(picked({ b: 1 }));
    drop.end();
    await clock.pass(5000);
    expect(states()).toEqual({ a: 'paused', b: 'paused' });
    uploads.resume();
    await clock.pass(60_000);
    expect(states()).toEqual({ a: 'done', b: 'done' });
  });

  test('what could not be read is listed, slice by slice', async () => {
    void uploads.add('', drop);
    drop.give({ ...picked({ a: 1 }), unreadable: ['x'] });
    drop.give({ ...picked({}), unreadable: ['f/y'] });
    drop.end();
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'done', x: 'failed', y: 'failed' });
    expect(item('y').problem?.code).toBe('unreadable');
  });
});

describe('names that exist, of several slices', () => {
  test('are one question, when all of them are known; free names do not wait', async () => {
    for (const name of ['a', 'b', 'c']) server.put(name);
    let over = false;
    void uploads.add('', drop).then(() => (over = true));
    drop.give(picked({ a: 2, free1: 1 }));
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'waiting', free1: 'done' });
    expect(uploads.snapshot().conflicts).toBeUndefined();
    drop.give(picked({ b: 2, free2: 1 }));
    drop.give(picked({ c: 2 }));
    drop.end();
    await clock.pass(1000);
    expect(uploads.snapshot().conflicts?.map((c) => c.path)).toEqual(['a', 'b', 'c']);
    expect(item('free2').state).toBe('done');
    expect(over).toBe(false);
    uploads.resolve('replace');
    await clock.pass(1000);
    expect(over).toBe(true);
    expect(new Set(Object.values(states()))).toEqual(new Set(['done']));
    expect(uploads.snapshot().conflicts).toBeUndefined();
  });

  test('what was cancelled meanwhile is not in it', async () => {
    server.put('a');
    server.put('b');
    void uploads.add('', drop);
    drop.give(picked({ a: 2 }));
    await clock.pass(1000);
    uploads.cancel(item('a').id);
    drop.give(picked({ b: 2 }));
    drop.end();
    await clock.pass(1000);
    expect(uploads.snapshot().conflicts?.map((c) => c.path)).toEqual(['b']);
  });

  test('another drop asks its own, and may ask first', async () => {
    server.put('a');
    server.put('b');
    void uploads.add('', drop);
    drop.give(picked({ a: 2 }));
    void uploads.add('', picked({ b: 2 }));
    await clock.pass(1000);
    expect(uploads.snapshot().conflicts?.map((c) => c.path)).toEqual(['b']);
    drop.end();
    await clock.pass(1000);
    uploads.resolve('skip');
    expect(uploads.snapshot().conflicts?.map((c) => c.path)).toEqual(['a']);
  });

  test('names that the server takes for one are doubles, sent or not', async () => {
    void uploads.add('', drop);
    drop.give(picked({ '\u00fc': 1 }));
    await clock.pass(1000);
    expect(totals()).toMatchObject({ done: 1, open: 0 });
    drop.give({ folders: [], files: [{ path: 'u\u0308', file: file(1) }] });
    drop.end();
    await clock.pass(1000);
    expect(items().map((i) => [i.name, i.state])).toEqual([
      ['\u00fc', 'done'],
      ['u\u0308 (2)', 'done'],
    ]);
  });
});

describe('folders of several slices', () => {
  test('a folder where a file is keeps its new name', async () => {
    server.put('e');
    void uploads.add('', drop);
    drop.give(picked({ 'e/x': 1 }, ['e']));
    await clock.pass(1000);
    drop.give(picked({ 'e/y': 1, 'e/sub/z': 1 }, ['e/sub', 'e/empty']));
    drop.end();
    await clock.pass(1000);
    expect([...server.tree.keys()].sort()).toEqual([
      'e',
      'e (2)',
      'e (2)/empty',
      'e (2)/sub',
      'e (2)/sub/z',
      'e (2)/x',
      'e (2)/y',
    ]);
    expect(uploads.snapshot().conflicts).toBeUndefined();
  });

  test('a later one that has that name does not become one with it', async () => {
    server.put('e');
    void uploads.add('', drop);
    drop.give(picked({ 'e/x': 1 }, ['e']));
    await clock.pass(1000);
    drop.give(picked({ 'e (2)/x': 2 }, ['e (2)']));
    drop.end();
    await clock.pass(1000);
    expect(server.tree.get('e (2)/x')?.size).toBe(1);
    expect(server.tree.get('e (3)/x')?.size).toBe(2);
  });

  test('one that cannot be made is told by its files, whichever slice they are in', async () => {
    server.put('in');
    void uploads.add('in', drop);
    drop.give(picked({}, ['a', 'b']));
    await clock.pass(1000);
    drop.give(picked({ 'a/x': 1 }));
    drop.end();
    await clock.pass(1000);
    expect(items().map((i) => [i.name, i.state])).toEqual([
      ['x', 'failed'],
      ['b', 'failed'],
    ]);
    expect(item('x').problem?.code).toBe('not-a-folder');
  });

  test('planned while the server is away: all goes on when it is back', async () => {
    server.apiFault = () => problem(0, 'network');
    void uploads.add('', drop);
    drop.give(picked({ 'f/a': 1 }, ['f']));
    await clock.pass(1000);
    drop.give(picked({ 'f/b': 1 }));
    drop.end();
    await clock.pass(1000);
    expect(states()).toEqual({ a: 'waiting', b: 'waiting' });
    server.apiFault = () => undefined;
    await clock.pass(60_000);
    expect(states()).toEqual({ a: 'done', b: 'done' });
  });
});

test('many files picked at once come in slices too, between which the page is free', async () => {
  const many: Record<string, number> = {};
  for (let i = 0; i < 2500; i++) many[`f${i}`] = 1;
  void uploads.add('', picked(many));
  expect(items().length).toBe(1000);
  await clock.pass(1000);
  expect(items().length).toBe(2500);
});
