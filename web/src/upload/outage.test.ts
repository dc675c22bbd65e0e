import { describe, expect, test } from 'vitest';
import { Problem } from '../api/problem';
import { type Fault, problem } from './fake-server';
import {
  clock,
  item,
  MiB,
  online,
  picked,
  send,
  server,
  setRenew,
  spoil,
  states,
  totals,
  unauthorized,
  uploads,
} from './test-bench';

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
    expect(server.requests.length).toBeLessThan(2 * 30 + 2 * 7); // seven smaller ones are tried at once
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

  test('bodies that are reset for their size, which no answer tells', async () => {
    server.fault = (r) => (r.body > MiB ? 'lost' : undefined);
    await send({ big: 20 * MiB }, 5 * 60_000);
    expect(states()).toEqual({ big: 'done' });
    expect(server.requests.filter((r) => r.body > MiB)).toHaveLength(3);
    server.requests.length = 0;
    await send({ next: 20 * MiB });
    expect(server.requests.filter((r) => r.body > MiB)).toHaveLength(0);
    expect(states()).toMatchObject({ next: 'done' });
  });

  test('a refusal of the server itself says nothing of the size', async () => {
    spoil((r) => r.step === 'patch', problem(503, 'stopped'), 4);
    await send({ big: 40 * MiB }, 5 * 60_000);
    expect(states()).toEqual({ big: 'done' });
    const bodies = server.requests.filter((r) => r.step === 'patch').map((r) => r.body);
    expect(bodies).toEqual(Array(4 + 5).fill(8 * MiB));
  });

  test('a way that is away for a while says nothing of the size', async () => {
    const begun = clock.now();
    server.fault = () =>
      clock.now() - begun > 100 && clock.now() - begun < 60_000 ? 'lost' : undefined;
    await send({ big: 80 * MiB }, 5 * 60_000);
    expect(states()).toEqual({ big: 'done' });
    expect(server.requests.at(-2)?.body).toBe(8 * MiB);
  });

  test('413 of a proxy: smaller requests', async () => {
    server.fault = (r) => (r.body > MiB ? problem(413, 'http') : undefined);
    await send({ big: 4 * MiB });
    expect(states()).toEqual({ big: 'done' });
    expect(server.requests.filter((r) => r.step === 'patch').length).toBe(2 + 4); // of 4, 2, then 1 MiB
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
    setRenew(async () => {
      renewed++;
      token = 'new';
    });
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
    setRenew(() => Promise.reject(new Problem(problem(401, 'unauthorized'))));
    server.fault = () => problem(403, 'token');
    await send({ a: 1 });
    expect(totals().waits).toBe('signin');
    expect(server.requests.length).toBe(1);
  });
});
