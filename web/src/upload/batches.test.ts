import { beforeEach, describe, expect, test } from 'vitest';
import { networkProblem } from '../api/problem';
import type { ProblemBody } from '../api/types';
import { problem } from './fake-server';
import {
  clock,
  item,
  picked,
  send,
  server,
  setRenew,
  slices,
  states,
  totals,
  unauthorized,
  uploads,
} from './test-bench';
import type { BatchEvents, Job } from './transport';

/** What a batch meets: of all its files, or, by their names, of some. */
type Weather = 'lost' | 'answer-lost' | 'hang' | ProblemBody | undefined;

let batches: string[][];
let weather: (n: number) => Weather;
let refuse: Record<string, ProblemBody>;
let stopped: number;

/** Stores as the server does: idempotent, each file for itself. */
function store(jobs: readonly Job[]): (ProblemBody | undefined)[] {
  return jobs.map((job) => {
    const path = job.folder === '' ? job.name : `${job.folder}/${job.name}`;
    const refused = refuse[job.name];
    if (refused) return refused;
    const there = server.tree.get(path);
    const same = there?.size === job.file.size && there.mtime === job.file.lastModified;
    if (there && !same && 'ifNoneMatch' in job.condition)
      return problem(412, 'precondition-failed');
    if (!same) server.put(path, job.file.size, job.file.lastModified);
    return undefined;
  });
}

beforeEach(() => {
  batches = [];
  refuse = {};
  stopped = 0;
  weather = () => undefined;
  server.transport.batch = (jobs: readonly Job[], events: BatchEvents) => {
    const n = batches.push(jobs.map((job) => job.name)) - 1;
    let over = false;
    const later = (run: () => void) =>
      clock.after(20, () => {
        if (!over) run();
      });
    events.phase('sending');
    const fault = weather(n);
    later(() => {
      if (fault === 'hang') return;
      if (typeof fault === 'object')
        return events.failed({ step: 'create', last: true, problem: fault });
      const results = fault === 'lost' ? [] : store(jobs);
      if (fault) return events.failed({ step: 'create', last: true, problem: networkProblem() });
      events.sent(jobs.reduce((sum, job) => sum + job.file.size, 0));
      events.done(results);
    });
    return {
      stop() {
        over = true;
        stopped++;
      },
    };
  };
});

const many = (n: number, size = 4096) =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`f${String(i).padStart(4, '0')}`, size]));

describe('small files', () => {
  test('go many in a request, large ones alone, in their order', async () => {
    await send({ ...many(600), big: 1 << 20, z1: 1, z2: 1 });
    expect(batches.flat().length).toBe(602);
    expect(Math.max(...batches.map((b) => b.length))).toBe(220); // 880 KiB
    expect(server.requests.map((r) => r.path)).toEqual(['big']);
    expect(totals()).toMatchObject({ done: 603, failed: 0, open: 0 });
    expect(server.tree.get('f0599')?.size).toBe(4096);
  });

  test('while more is to come, one that is not full waits for the one under way', async () => {
    weather = (n) => (n === 0 ? 'hang' : undefined);
    const drop = slices();
    void uploads.add('', drop);
    drop.give(picked(many(10)));
    await clock.pass(1000);
    expect(batches.map((b) => b.length)).toEqual([10]); // nothing was under way
    const more = Object.entries(many(300)).map(([name, size]) => [`g${name}`, size] as const);
    drop.give(picked(Object.fromEntries(more.slice(0, 100))));
    await clock.pass(1000);
    expect(batches.length).toBe(1);
    drop.give(picked(Object.fromEntries(more.slice(100, 250))));
    await clock.pass(1000);
    expect(batches.map((b) => b.length)).toEqual([10, 220]);
    drop.give(picked(Object.fromEntries(more.slice(250))));
    await clock.pass(1000);
    expect(batches.length).toBe(2);
    drop.end();
    await clock.pass(1000);
    expect(batches.map((b) => b.length)).toEqual([10, 220, 80]);
    await clock.pass(60_000);
    expect(totals()).toMatchObject({ done: 310 });
  });

  test('a large one behind small ones does not wait with them', async () => {
    weather = (n) => (n === 0 ? 'hang' : undefined);
    const drop = slices();
    void uploads.add('', drop);
    drop.give(picked(many(10)));
    await clock.pass(1000);
    drop.give(picked({ x: 1, y: 1, large: 20 << 20 }));
    await clock.pass(5000);
    expect(states()).toMatchObject({ x: 'done', y: 'done', large: 'done', f0000: 'sending' });
  });

  test('one alone goes as ever', async () => {
    await send({ a: 5 });
    expect(batches).toEqual([]);
    expect(states()).toEqual({ a: 'done' });
  });

  test('each is refused for itself', async () => {
    refuse.b = problem(403, 'forbidden');
    await send({ a: 1, b: 1, c: 1 });
    expect(states()).toEqual({ a: 'done', b: 'failed', c: 'done' });
    expect(item('b').problem?.code).toBe('forbidden');
  });

  test('lost on the way: all again, together', async () => {
    weather = (n) => (n < 3 ? 'lost' : undefined);
    await send(many(10));
    expect(totals()).toMatchObject({ done: 10, open: 0 });
    expect(batches.length).toBe(4);
    expect(server.requests).toEqual([]);
  });

  test('the answer lost: what is there is not refused', async () => {
    weather = (n) => (n === 0 ? 'answer-lost' : undefined);
    await send(many(10));
    expect(totals()).toMatchObject({ done: 10, failed: 0 });
  });

  test('while the server is away it says so, and goes on when it is back', async () => {
    weather = (n) => (n < 2 ? 'lost' : undefined);
    await send(many(3), 100);
    expect(totals()).toMatchObject({ waits: 'offline', open: 3 });
    await clock.pass(60_000);
    expect(totals()).toMatchObject({ waits: 'no', done: 3 });
  });

  test('a proxy that takes less gets less', async () => {
    weather = (n) => (n === 0 ? problem(413, 'http') : undefined);
    await send(many(200));
    expect(batches[0]?.length).toBe(200);
    expect(Math.max(...batches.slice(1).map((b) => b.length))).toBe(110);
    expect(totals()).toMatchObject({ done: 200 });
  });

  test('where no batch is taken, they go one by one', async () => {
    weather = () => problem(404, 'not-found');
    await send(many(5));
    expect(batches.length).toBe(1);
    expect(server.requests.length).toBe(5);
    expect(totals()).toMatchObject({ done: 5 });
  });

  test('the session ends: they wait for the next', async () => {
    weather = (n) => (n === 0 ? problem(401, 'unauthorized') : undefined);
    await send(many(5));
    expect(unauthorized).toBe(1);
    expect(totals()).toMatchObject({ waits: 'signin', open: 5 });
    uploads.signedIn();
    await clock.pass(1000);
    expect(totals()).toMatchObject({ done: 5 });
  });

  test('another token: it is asked for once', async () => {
    let renewals = 0;
    setRenew(async () => {
      renewals++;
    });
    weather = (n) => (n === 0 ? problem(403, 'token') : undefined);
    await send(many(5));
    expect(renewals).toBe(1);
    expect(totals()).toMatchObject({ done: 5 });
  });

  test('another token while several are on their way: nobody has to sign in', async () => {
    weather = (n) => (n < 3 ? problem(403, 'token') : undefined);
    await send(many(600));
    expect(unauthorized).toBe(0);
    expect(totals()).toMatchObject({ done: 600 });
  });

  test('all refused in passing: together again, not each alone', async () => {
    const names = Object.keys(many(100));
    for (const name of names) refuse[name] = problem(503, 'overloaded');
    void uploads.add('', picked(many(100)));
    await clock.pass(100);
    refuse = {};
    await clock.pass(60_000);
    expect(totals()).toMatchObject({ done: 100 });
    expect(server.requests).toEqual([]);
  });

  test('stands still: given up, and sent again', async () => {
    weather = (n) => (n === 0 ? 'hang' : undefined);
    await send(many(5), 15_000);
    expect(totals()).toMatchObject({ open: 5 });
    await clock.pass(30_000);
    expect(stopped).toBe(1);
    expect(totals()).toMatchObject({ done: 5 });
  });

  test('paused and resumed: nothing is there twice, nothing is lost', async () => {
    void uploads.add('', picked(many(10)));
    await clock.pass(25);
    uploads.pause();
    await clock.pass(1000);
    expect(totals()).toMatchObject({ paused: true });
    uploads.resume();
    await clock.pass(5000);
    expect(totals()).toMatchObject({ done: 10, failed: 0, open: 0 });
    expect(server.tree.size).toBe(10);
  });

  test('cancelled: it ends at once', async () => {
    weather = () => 'hang';
    void uploads.add('', picked(many(10)));
    await clock.pass(50);
    uploads.cancel();
    expect(stopped).toBe(1);
    expect(totals()).toMatchObject({ open: 0 });
  });
});

describe('what is there already', () => {
  test('is not sent, and not asked about', async () => {
    server.put('same', 5, 1000);
    server.put('other', 6, 1000);
    await send({ same: 5, other: 5, fresh: 5 });
    expect(states()).toEqual({ same: 'skipped', other: 'waiting', fresh: 'done' });
    expect(item('same').problem?.code).toBe('already-there');
    expect(uploads.snapshot().conflicts?.map((c) => c.path)).toEqual(['other']);
  });
});
