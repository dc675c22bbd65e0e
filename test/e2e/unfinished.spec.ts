import { readFile } from 'node:fs/promises';
import { expect, type Page, test } from '@playwright/test';
import { text } from '../../web/src/lib/text';
import { allDone, enter, onFiles } from './app';
import { look, seen } from './look';
import { chromium } from './puppet';
import { control, davHash, figure, must, Peer, scene, slow, until } from './scene';
import { makeFile } from './source';

const words = text.unfinished;
const listed = (page: Page, path: string) =>
  page.locator(`[data-testid="unfinished"][data-path=${JSON.stringify(path)}]`);
const dialog = (page: Page) => page.getByRole('dialog');
const said = (page: Page, it: string) => page.getByRole('status').getByText(it);

/** tus by a program, with a name and a password. */
async function tus(method: string, path: string, headers: Record<string, string>, body?: Buffer) {
  const answer = await fetch(new URL(path, scene.server), {
    method,
    headers: {
      Authorization: `Basic ${btoa(`${scene.user}:${scene.password}`)}`,
      'Tus-Resumable': '1.0.0',
      ...headers,
    },
    ...(body && { body: new Uint8Array(body) }),
  });
  expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true);
  return answer;
}

/** Begins an upload, and leaves it after some bytes; headers say what is special about it. */
async function begin(
  metadata: Record<string, string>,
  bytes: Buffer,
  headers: Record<string, string>,
): Promise<string> {
  const pairs = Object.entries(metadata).map(
    ([k, v]) => `${k} ${Buffer.from(v).toString('base64')}`,
  );
  const made = await tus('POST', 'tus/', { 'Upload-Metadata': pairs.join(','), ...headers });
  const at = made.headers.get('Location')?.split('/').pop() ?? '';
  const type = { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '0' };
  await tus('PATCH', `tus/${at}`, type, bytes);
  return at;
}

test('what broke off goes on with its file, or is discarded', async ({ page, context }) => {
  await enter(context);
  const peer = new Peer(context);
  for (const folder of ['Videos', 'Videos/2026']) await must(folder, { method: 'MKCOL' });
  const film = await makeFile('film.mp4', 6_000_000);
  const half = (await readFile(film.file)).subarray(0, 3_000_000);
  const path = 'Videos/2026/film.mp4';
  const mtime = String(film.mtime / 1000);
  await begin({ dir: 'Videos/2026', filename: 'film.mp4', mtime }, half, {
    'Upload-Length': String(film.size),
  });
  const other = 'A name that is so long that it cannot be shown whole on a phone.iso';
  const gone = await begin({ filename: other }, half.subarray(0, 700_000), {
    'Upload-Length': '4700000000',
  });
  await begin({}, half.subarray(0, 2_000_000), {
    'Upload-Concat': 'partial',
    'Upload-Length': '8000000',
  });
  await begin({ filename: 'stream.log' }, half.subarray(0, 12_345), { 'Upload-Defer-Length': '1' });

  // The way there, and all that follows, by keyboard.
  await page.goto(scene.app);
  await onFiles(page);
  await page.getByRole('link', { name: words.link(4), exact: true }).press('Enter');
  await expect(page.getByRole('heading', { name: words.title, level: 1 })).toBeVisible();
  expect(page.url()).toBe(new URL('#/uploads', scene.app).href);
  await expect(page).toHaveTitle(text.page.title(words.title));
  await expect(listed(page, path)).toContainText(words.amount('3.0 MB', '6.0 MB', 50));
  const bars = page.getByTestId('unfinished-bar');
  await expect(
    bars.and(page.getByRole('progressbar', { name: path, exact: true })),
  ).toHaveAttribute('aria-valuetext', words.amount('3.0 MB', '6.0 MB', 50));
  await expect(bars).toHaveCount(3);
  await expect(listed(page, '')).toContainText(words.partNote);
  await expect(listed(page, 'stream.log')).toContainText(words.sizelessNote);
  await expect(page.getByRole('button', { name: words.resumeOne('stream.log') })).toHaveCount(0);
  await look(page, 'unfinished');
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect.soft(wide, 'pixels beyond the edge at 320').toBeLessThanOrEqual(0);
  await page.screenshot({ path: `${scene.screens}/unfinished-narrow.png`, fullPage: true });
  await page.setViewportSize({ width: 1280, height: 800 });

  const pick = async (file: string) => {
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: words.resumeOne(path), exact: true }).press('Enter');
    await (await chooser).setFiles(file);
  };
  const shorter = await makeFile('other/film.mp4', 5_999_999);
  await pick(shorter.file);
  await expect(dialog(page)).toContainText(words.other.size.title);
  await page.keyboard.press('Escape');
  const later = await makeFile('later/film.mp4', film.size, film.mtime + 1000);
  await pick(later.file);
  await expect(dialog(page)).toContainText(words.other.time.title);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: words.resumeOne(path) })).toBeFocused();

  const before = await control('state');
  await pick(film.file);
  await allDone(page);
  await expect(listed(page, path)).toHaveCount(0);
  expect(await davHash(path)).toBe(film.hash);
  const sent = (await control('state')).up - before.up;
  expect(sent, 'bytes sent').toBeLessThan(film.size - half.length + 100_000);
  figure(`of ${film.size} bytes ${half.length} were there; ${sent} were sent`);

  // Another tab was faster: that is no failure.
  await tus('DELETE', `tus/${gone}`, {});
  await page.getByRole('button', { name: words.discard(other), exact: true }).press('Enter');
  await expect(dialog(page)).toContainText(words.discardOne(other));
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(said(page, words.discarded(1))).toBeVisible();
  await expect(listed(page, other)).toHaveCount(0);
  await expect(listed(page, '').getByRole('button')).toBeFocused();

  await page.getByRole('button', { name: text.actions['discard-uploads'] }).press('Enter');
  await expect(dialog(page)).toContainText(words.discardTitle(2));
  await expect(dialog(page).getByRole('button', { name: text.dialogs.cancel })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByText(words.empty.title)).toBeVisible();
  expect(await peer.uploads()).toEqual([]);
  figure(`${seen.views} views, ${seen.pictures} pictures; axe: 0 violations`);
});

test('the solid bar moves inside a part that takes long', async () => {
  const file = await makeFile('slow.bin', 7_000_000); // one part
  const { page, peer, drop, close } = await chromium();
  const acked = () =>
    page.evaluate(() => {
      const bar = document.querySelector<HTMLElement>('[data-testid="upload-total"]');
      return Number(bar?.dataset.acked);
    });
  await slow(350_000);
  await drop([file.file]);
  await until('the bar moves', async () => (await acked()) > 0);
  const first = await acked();
  const [upload] = await peer.uploads();
  expect(first, 'bytes that are durable before the part has an answer').toBeLessThan(file.size);
  expect(first, 'more than the server holds').toBeLessThanOrEqual(upload?.offset ?? 0);
  await slow(0);
  await until('it is there', async () => (await acked()) === file.size);
  expect(await davHash('slow.bin')).toBe(file.hash);
  figure(`the bar of a part of ${file.size} bytes was at ${first} before its answer`);
  await close();
});
