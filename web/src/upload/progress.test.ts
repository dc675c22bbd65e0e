import { describe, expect, test } from 'vitest';
import { type Fault, problem } from './fake-server';
import {
  clock,
  item,
  items,
  MiB,
  picked,
  send,
  server,
  slices,
  states,
  totals,
  uploads,
} from './test-bench';

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
    const drop = slices();
    void uploads.add('', drop);
    expect(uploads.snapshot().reading).toBe(0);
    drop.found.set(1234);
    await clock.pass(100);
    expect(uploads.snapshot().reading).toBe(1234);
    drop.give(picked({ a: 1 }));
    drop.end();
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
