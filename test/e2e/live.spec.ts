import { expect, test } from '@playwright/test';
import { row, signIn } from './app';
import { dav, figure, must, scene } from './scene';

/** Half a second, and what the page takes to ask and to draw. */
const soon = 2000;

test('another client and another tab show at once', async ({ page, context }) => {
  await signIn(page);
  const other = await context.newPage();
  await other.goto(scene.app);
  await expect(other.getByRole('toolbar')).toBeVisible();
  let slowest = 0;
  for (let i = 0; i < 5; i++) {
    const name = `live ${i}.txt`;
    await must(name, { method: 'PUT', body: 'x' });
    const begin = Date.now();
    await expect(row(page, name)).toBeVisible({ timeout: soon });
    await expect(row(other, name)).toBeVisible({ timeout: soon });
    slowest = Math.max(slowest, Date.now() - begin);
  }
  figure(`a file by WebDAV shows in two tabs after ${slowest} ms at most`);
  await must('live 0.txt', { method: 'DELETE' });
  await expect(row(page, 'live 0.txt')).toBeHidden({ timeout: soon });

  // The tab that has the stream goes; the other takes it over.
  await page.close();
  await must('later.txt', { method: 'PUT', body: 'x' });
  await expect(row(other, 'later.txt')).toBeVisible({ timeout: 5000 });
  expect((await dav('later.txt')).status).toBe(200);
});
