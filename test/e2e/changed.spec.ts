import { appendFile } from 'node:fs/promises';
import { expect, test } from '@playwright/test';
import { text } from '../../web/src/lib/text';
import { chromium } from './puppet';
import { dav, slow, until } from './scene';
import { makeFile } from './source';

test('a file that changes while it is sent', async () => {
  const file = await makeFile('changing.bin', 80e6);
  const { page, pick, close } = await chromium();
  const item = () =>
    page.evaluate(() => {
      const it = document.querySelector<HTMLElement>('[data-testid="upload-item"]');
      return { acked: Number(it?.dataset.acked ?? 0), state: it?.dataset.state };
    });
  await slow(10e6);
  await pick([file.file]);
  await until('a part is there', async () => (await item()).acked > 0);
  await appendFile(file.file, 'more');
  await until('it is given up', async () => (await item()).state === 'failed', 60_000);
  expect(await page.evaluate(() => document.body.innerText)).toContain(text.problems.changed.title);
  expect((await dav(file.path, { method: 'HEAD' })).status, 'a file of both').toBe(404);
  await close();
});
