import { expect, test } from '@playwright/test';
import { text } from '../../web/src/lib/text';
import { allDone, drop, onFiles, row } from './app';
import { davHash, figure, more, scene } from './scene';
import { makeFile } from './source';

test('from the printed link to a file on the drive', async ({ page, browser }) => {
  const link = more('link');
  const used = await browser.newPage(); // opened while the link was good
  await used.goto(link);
  await page.goto(link);
  await expect(page.getByRole('heading', { name: text.setUp.title })).toBeVisible();
  const make = page.getByRole('button', { name: text.setUp.submit, exact: true });
  const fill = async (name: string, password: string) => {
    await page.getByLabel(text.setUp.name, { exact: true }).fill(name);
    await page.getByLabel(text.setUp.password, { exact: true }).fill(password);
  };
  await fill(scene.user, 'short');
  await make.click();
  await expect(page.getByText('too easy to guess')).toBeVisible();
  await fill(scene.user, scene.password);
  await make.click();
  await onFiles(page);
  await expect(page.getByText(text.files.empty.title)).toBeVisible();
  expect(page.url(), 'the address keeps the token').not.toContain('setup');

  await page.reload();
  await onFiles(page);

  const again = await fetch(link.replace(/#.*/, ''));
  expect(again.status, 'the page of the link, used').toBe(404);
  await used.getByLabel(text.setUp.name, { exact: true }).fill('eve');
  await used.getByLabel(text.setUp.password, { exact: true }).fill('another long password');
  await used.getByRole('button', { name: text.setUp.submit, exact: true }).click();
  await expect(used.getByText(text.setUp.used.title)).toBeVisible();

  const file = await makeFile('hello.bin', 5_000_001);
  await drop(page, [file.file]);
  await allDone(page);
  await expect(row(page, 'hello.bin')).toBeVisible();
  expect(await davHash('hello.bin')).toBe(file.hash);
  figure(`set-up link, account, drop of ${file.size} bytes, the same over WebDAV`);
});
