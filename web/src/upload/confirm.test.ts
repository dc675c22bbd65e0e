import { expect, test } from 'vitest';
import { clock, item, MiB, picked, send, server, states, totals, uploads } from './test-bench';

/** The one upload that the server has. */
const id = () => [...uploads.begun()][0] ?? '';
const say = (offset: number, of = id()) => {
  uploads.confirm(new Map([[of, offset]]));
};

test('inside a part the solid bar rises to what is durable, and never above what was sent', async () => {
  void uploads.add('', picked({ big: 64 * MiB }));
  server.fault = (r) => (r.step === 'patch' ? 'mute' : undefined);
  await clock.pass(5000);
  expect(item('big')).toMatchObject({ state: 'sending', acked: 0, sent: 8 * MiB });
  say(3 * MiB);
  await clock.pass(200);
  expect(item('big').acked).toBe(3 * MiB);
  expect(totals().acked).toBe(3 * MiB);
  say(2 * MiB);
  await clock.pass(200);
  expect(item('big').acked).toBe(3 * MiB);
  say(20 * MiB); // another page sends it too
  await clock.pass(200);
  expect(item('big')).toMatchObject({ acked: 8 * MiB, sent: 8 * MiB });
});

test('what is not ours, and what is not on its way, is left alone', async () => {
  void uploads.add('', picked({ big: 64 * MiB }));
  server.fault = (r) => (r.step === 'patch' ? 'mute' : undefined);
  await clock.pass(5000);
  say(MiB, 'strange');
  const mine = id();
  uploads.pause();
  say(3 * MiB, mine);
  await clock.pass(200);
  expect(item('big')).toMatchObject({ state: 'paused', acked: 0 });
});

test('what was told does not disturb where it goes on', async () => {
  let parts = 0;
  server.fault = (r) => (r.step === 'patch' && ++parts === 1 ? 'half' : undefined);
  void uploads.add('', picked({ big: 30 * MiB }));
  while (totals().sent === 0) {
    await clock.pass(10);
    uploads.resume(); // shows it as it is now
  }
  expect(item('big').sent).toBe(4 * MiB);
  say(2 * MiB);
  uploads.resume();
  expect(item('big').acked).toBe(2 * MiB);
  await clock.pass(60_000);
  expect(states()).toEqual({ big: 'done' });
  expect(server.tree.get('big')?.size).toBe(30 * MiB);
});

test('those in hand have ids, until they are done or skipped', async () => {
  server.put('there');
  await send({ done: 3 * MiB, there: 3 * MiB }, 5000);
  uploads.resolve('skip');
  expect([...uploads.begun()]).toEqual([]);
  server.fault = (r) => (r.step === 'patch' ? 'mute' : undefined);
  await send({ going: 30 * MiB }, 1000);
  expect([...uploads.begun()]).toEqual([[...server.uploads.keys()].at(-1)?.replace('/tus/', '')]);
  uploads.cancel();
  expect([...uploads.begun()]).toEqual([]);
});
