import { describe, expect, test } from 'vitest';
import { problem } from './fake-server';
import {
  clock,
  item,
  items,
  MiB,
  picked,
  send,
  server,
  slices,
  spoil,
  states,
  totals,
  unauthorized,
  uploads,
} from './test-bench';

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
    const drop = slices();
    void uploads.add('', drop);
    uploads.pause();
    drop.give(picked({ a: 1 }));
    drop.end();
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
    const drop = slices();
    let over = false;
    void uploads.add('', drop).then(() => (over = true));
    void uploads.add('', picked({ b: 1 }));
    uploads.cancel();
    expect(uploads.snapshot().reading).toBeUndefined();
    expect(drop.stopped).toBe(true);
    drop.give(picked({ a: 1 }));
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
