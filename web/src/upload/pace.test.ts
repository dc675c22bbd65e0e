import { expect, test } from 'vitest';
import { createPace } from './pace';

/** Samples once a second; gained: bytes acknowledged in each of them. */
function paceOf(gained: readonly number[]) {
  const pace = createPace();
  let all = 0;
  pace.sample(0, 0);
  for (const [i, bytes] of gained.entries()) {
    all += bytes;
    pace.sample((i + 1) * 1000, all);
  }
  return { pace, now: gained.length * 1000 };
}

test('after ten seconds without an acknowledgement there is no speed and no time left', () => {
  const { pace, now } = paceOf([100, 100, 100, 100]);
  expect(pace.speed(now + 9999)).toBeCloseTo(100);
  expect(pace.secondsFor(1000, now + 9999)).toBe(10);
  expect(pace.speed(now + 15_000)).toBe(0);
  expect(pace.secondsFor(1000, now + 15_000)).toBeUndefined();
});

test('a chunk every 15 seconds: the speed is that of the line when it is told', () => {
  const line = Array.from({ length: 150 }, (_, i) => (i % 15 === 14 ? 15_000 : 0));
  const { pace, now } = paceOf(line);
  expect(pace.speed(now)).toBeGreaterThan(500);
  expect(pace.speed(now)).toBeLessThan(2000);
});

test('what takes more than a day is not told', () => {
  const { pace, now } = paceOf([100, 100, 100, 100]);
  expect(pace.secondsFor(100 * 24 * 3600, now)).toBeDefined();
  expect(pace.secondsFor(100 * 25 * 3600, now)).toBeUndefined();
});
