import { expect, test } from 'vitest';
import { createManualClock } from './manual-clock';
import { throttle } from './throttle';

test('the first at once, then once a second, the last one never lost', async () => {
  const clock = createManualClock();
  let runs = 0;
  const run = throttle(clock, 1000, async () => {
    runs++;
  });
  for (let i = 0; i < 10; i++) run();
  expect(runs).toBe(1);
  await clock.pass(999);
  expect(runs).toBe(1);
  await clock.pass(1);
  expect(runs).toBe(2);
  await clock.pass(5000);
  expect(runs).toBe(2);
  run();
  expect(runs).toBe(3);
});

test('work of two seconds is run every ten, even if it fails', async () => {
  const clock = createManualClock();
  const begun: number[] = [];
  const run = throttle(clock, 1000, () => {
    begun.push(clock.now());
    return new Promise((_, reject) => clock.after(2000, () => reject(new Error('no'))));
  });
  run();
  run();
  await clock.pass(11_000);
  expect(begun.length).toBe(2);
  expect((begun[1] ?? 0) - (begun[0] ?? 0)).toBe(10_000);
});
