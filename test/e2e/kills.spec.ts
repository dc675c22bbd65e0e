import { expect, test } from '@playwright/test';
import { chromium } from './puppet';
import { control, davHash, figure, more, pause, slow, until } from './scene';
import { makeFile } from './source';

/** When the server is killed, and how long it stays away. */
interface Moment {
  /** So many bytes are confirmed … */
  readonly acked: number;
  /** … and so many milliseconds have passed since. */
  readonly then: number;
  readonly down: number;
}

/** What is on its way unacknowledged: one PATCH of the largest size. */
const inFlight = 16 << 20;

test.setTimeout(30 * 60_000);

test('one large file, while the server is killed again and again', async () => {
  const moments: Moment[] = JSON.parse(more('moments'));
  const big = await makeFile('big.bin', Number(more('bytes')));
  const { page, peer, drop, close } = await chromium();
  const bar = () =>
    page.evaluate(() => {
      const data = document.querySelector<HTMLElement>('[data-testid="upload-total"]')?.dataset;
      return { acked: Number(data?.acked ?? 0), state: data?.state };
    });
  const before = await control('state');
  const begin = Date.now();
  await drop([big.file]);
  let last = 0;
  const where: number[] = [];
  /** Waits for so many bytes, or the end, and looks that the bar never falls. */
  const reaches = (bytes: number) =>
    until(
      `${bytes} bytes are confirmed, after ${where.length} kills`,
      async () => {
        const { acked, state } = await bar();
        expect(acked, 'the bar falls').toBeGreaterThanOrEqual(last);
        last = acked;
        if (bytes < big.size) expect(state, 'it is over before').not.toBe('done');
        return acked >= bytes && (bytes < big.size || state === 'done');
      },
      180_000,
    );
  for (const { acked, then, down } of moments) {
    await reaches(acked);
    await pause(then);
    await control('kill');
    where.push(last);
    await pause(down);
    await control('start');
  }
  await reaches(big.size);
  const took = (Date.now() - begin) / 1000;
  const after = await control('state');
  const again = after.up - before.up - big.size;
  expect(where, 'kills').toHaveLength(moments.length);
  await slow(0);
  expect(await davHash(big.path), 'SHA-256').toBe(big.hash);
  expect(await peer.uploads(), 'uploads that are left').toHaveLength(0);
  await close();
  const at = where.map((bytes) => ((bytes / big.size) * 100).toFixed(0)).join(', ');
  figure(
    `${big.size / 1e6} MB in ${took.toFixed(1)} s with ${where.length} kills, at ${at} %: SHA-256 equal; ` +
      `sent again ${(again / 1e6).toFixed(1)} MB with all overhead, in flight at the kills at most ` +
      `${((where.length * inFlight) / 1e6).toFixed(1)} MB`,
  );
  expect(again, 'bytes sent again').toBeLessThanOrEqual(where.length * inFlight + big.size * 0.02);
});
