import { expect, test } from '@playwright/test';
import { firefox } from './puppet';
import { control, davHash, figure, more, until } from './scene';
import { makeFile } from './source';

test('an upload in Firefox, with a break of all connections', async () => {
  const size = Number(more('bytes'));
  const files = [await makeFile('big.bin', size), await makeFile('small – ünïcode.txt', 100)];
  const { page, peer, pick, close } = await firefox(more('firefox'));
  const bar = () =>
    page.evaluate(() => {
      const it = document.querySelector<HTMLElement>('[data-testid="upload-total"]');
      return { acked: Number(it?.dataset.acked ?? 0), state: it?.dataset.state };
    });
  const begin = Date.now();
  await pick(files.map((file) => file.file));
  let last = 0;
  let broken = 0;
  const values = new Set<number>();
  await until(
    'all is done',
    async () => {
      const { acked, state } = await bar();
      expect(acked, 'the bar falls').toBeGreaterThanOrEqual(last);
      last = acked;
      values.add(acked);
      if (broken === 0 && acked > 0.3 * size) {
        broken = acked;
        await control('break');
      }
      return state === 'done';
    },
    60_000,
  );
  const took = (Date.now() - begin) / 1000;
  expect(broken, 'where the connections broke').toBeGreaterThan(0);
  expect(broken).toBeLessThan(size);
  for (const file of files) expect(await davHash(file.path)).toBe(file.hash);
  const listed = new Map((await peer.list('')).map((entry) => [entry.name, entry.mtime]));
  for (const file of files) expect(listed.get(file.path)).toBe(file.mtime);
  expect(await peer.uploads()).toHaveLength(0);
  const version = await page.browser().version();
  await close();
  figure(
    `${version}: ${size / 1e6} MB by file input in ${took.toFixed(1)} s, broken at ` +
      `${Math.round((broken / size) * 100)} %, ${values.size} values of the bar, SHA-256 equal`,
  );
});
