import { randomBytes } from 'node:crypto';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Page } from 'puppeteer-core';
import { text } from '../../web/src/lib/text';
import { chromium } from './puppet';
import { control, davHash, figure, fileHash, more, scene, slow, until } from './scene';
import { makeFile } from './source';

declare global {
  interface Window {
    /** Milliseconds of the longest task since it was watched for. */
    longest: number;
    /** Bytes that the server had when folders were still being read. */
    early: number;
  }
}

/** The bar of all uploads. */
const total = (page: Page) =>
  page.evaluate(() => {
    const data = document.querySelector<HTMLElement>('[data-testid="upload-total"]')?.dataset;
    return { state: data?.state ?? '', acked: Number(data?.acked), of: Number(data?.total) };
  });

async function finished(page: Page, bytes: number, patience: number): Promise<void> {
  await until(
    'all is there',
    async () => {
      const now = await total(page);
      return now.state === 'done' && now.of === bytes && now.acked === bytes;
    },
    patience,
  );
}

const size = 4096;

async function makeMany(name: string, files: number): Promise<string> {
  const top = join(scene.dir, name);
  for (let i = 0; i < files; i++) {
    const folder = join(top, `part ${i % 40}`);
    if (i < 40) await mkdir(folder, { recursive: true });
    const file = join(folder, `${i}.bin`);
    await writeFile(file, randomBytes(size));
    await utimes(file, 1.5e9 + i, 1.5e9 + i);
  }
  return top;
}

/** Watches for tasks that hold the page, and for bytes that arrive while folders are read. */
async function watchTasks(page: Page): Promise<void> {
  await page.evaluate((words) => {
    window.longest = 0;
    window.early = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        window.longest = Math.max(window.longest, entry.duration);
      }
    }).observe({ entryTypes: ['longtask'] });
    setInterval(() => {
      const bar = document.querySelector<HTMLElement>('[data-testid="upload-total"]');
      if (!bar?.getAttribute('aria-valuetext')?.includes(words)) return;
      window.early = Number(bar.dataset.acked);
    }, 100);
  }, text.panel.reading(0).split(':')[0] ?? '');
}

const seen = (page: Page) =>
  page.evaluate(() => ({ longest: window.longest, early: window.early }));

const button = (label: string) => `::-p-aria([name="${label}"][role="button"])`;

test('a folder of many small files', async () => {
  const files = Number(more('files'));
  const many = await makeMany('many', files);
  const { page, peer, drop, close } = await chromium();
  await watchTasks(page);
  let begin = Date.now();
  await drop([many]);
  await finished(page, files * size, 240_000);
  const took = (Date.now() - begin) / 1000;
  const { JSHeapUsedSize = 0 } = await page.metrics();
  const { longest, early } = await seen(page);
  figure(
    `${files} files of 4 KiB in ${took.toFixed(1)} s: ${(files / took).toFixed(0)} a second; longest task ` +
      `${longest.toFixed(0)} ms; heap of the page ${(JSHeapUsedSize / 1e6).toFixed(0)} MB; ` +
      `${early / size} files were there before the folders were read`,
  );
  const there = [...(await peer.tree())].filter(([, entry]) => !entry.folder);
  expect(there).toHaveLength(files);
  expect(there.every(([, entry]) => entry.size === size)).toBe(true);
  for (let i = 0; i < files; i += Math.ceil(files / 20)) {
    const path = `many/part ${i % 40}/${i}.bin`;
    expect(await davHash(path), path).toBe(await fileHash(join(scene.dir, path)));
  }
  expect(longest, 'milliseconds of the longest task').toBeLessThan(Number(more('longest')));
  expect(JSHeapUsedSize, 'bytes of the heap of the page').toBeLessThan(300e6);
  expect(files / took, 'files a second').toBeGreaterThan(Number(more('rate')));
  expect(early, 'bytes that arrived while folders were read').toBeGreaterThanOrEqual(
    Number(more('early')),
  );

  // Once more: nothing of it is sent.
  await page.locator(button(text.panel.close)).click();
  const before = await control('state');
  begin = Date.now();
  await drop([many]);
  let last = before.up;
  let quiet = Date.now();
  await until(
    'all is known to be there',
    async () => {
      const { up } = await control('state');
      if (up !== last) quiet = Date.now();
      last = up;
      return up > before.up + files * 40 && Date.now() - quiet > 2000;
    },
    60_000,
  );
  const { up } = await control('state');
  figure(
    `dropped again: ${((Date.now() - begin) / 1000).toFixed(1)} s, ${((up - before.up) / 1e3).toFixed(0)} kB sent`,
  );
  expect(up - before.up, 'bytes sent for what is there').toBeLessThan(files * 250);
  await close();
});

test('many small files, cancelled in the middle', async () => {
  const files = Number(more('files'));
  const { page, peer, drop, close } = await chromium('cancel');
  await watchTasks(page);
  await drop([await makeMany('cancelled', files)]);
  const enough = (files * size) / 8;
  await until('some of it is there', async () => (await total(page)).acked > enough, 120_000);
  await page.locator(button(text.panel.cancelAll)).click();
  await page.waitForSelector('[role="dialog"]');
  const took = await page.evaluate(async (yes) => {
    const buttons = document.querySelectorAll<HTMLElement>('[role="dialog"] button');
    const begin = performance.now();
    for (const button of buttons) if (button.textContent === yes) button.click();
    const bar = () => document.querySelector<HTMLElement>('[data-testid="upload-total"]');
    while (bar()?.dataset.state === 'sending') await new Promise((go) => setTimeout(go, 5));
    return performance.now() - begin;
  }, text.panel.cancelAll);
  // What was on its way may arrive; nothing follows it.
  let { up } = await control('state');
  let quiet = Date.now();
  const begin = quiet;
  await until(
    'nothing is sent any more',
    async () => {
      const now = await control('state');
      if (now.up > up + 5000) quiet = Date.now(); // the app looks at its folder
      up = now.up;
      return Date.now() - quiet > 2000;
    },
    30_000,
  );
  const there = [...(await peer.tree())].filter(([, entry]) => !entry.folder).length;
  const { longest } = await seen(page);
  figure(
    `cancelled: the panel says so after ${took.toFixed(0)} ms, the last bytes went ` +
      `${quiet - begin} ms later, with ${there} of ${files} files there; longest task ${longest.toFixed(0)} ms`,
  );
  expect(there, 'files that are there').toBeLessThan(files * 0.9);
  expect(took + quiet - begin, 'milliseconds until all was quiet').toBeLessThan(
    Number(more('cancel')),
  );
  await close();
});

test('the page is left at half, and the files are added again', async () => {
  const big = await makeFile('again/big.bin', 120e6);
  const small = await Promise.all(
    Array.from({ length: 300 }, (_, i) => makeFile(`again/small ${i}.bin`, 20_000, 1.5e12 + i)),
  );
  const content = big.size + small.reduce((sum, file) => sum + file.size, 0);
  const before = await control('state');
  const first = await chromium();
  await slow(20e6);
  await first.drop([join(scene.dir, 'again')]);
  await until('half is there', async () => (await total(first.page)).acked > content / 2, 60_000);
  await first.close(); // as if it had crashed: nothing says goodbye

  await slow(0);
  const second = await chromium('another');
  await second.drop([join(scene.dir, 'again')]);
  await until(
    'the rest is there',
    async () => {
      const tree = await second.peer.tree();
      return [big, ...small].every(({ path, size }) => tree.get(path)?.size === size);
    },
    60_000,
  );
  for (const file of [big, ...small.slice(0, 10)]) {
    expect(await davHash(file.path), file.path).toBe(file.hash);
  }
  const { up } = await control('state');
  const again = up - before.up - content;
  figure(
    `sent again after the page was left at half: ${(again / 1e6).toFixed(1)} MB of ${content / 1e6}`,
  );
  // Three requests were on their way; each browser also asks for the app itself.
  expect(again).toBeLessThan(3 * (8 << 20) + content * 0.02);
  await second.close();
});

// Path, size and time are those of what is there in part: only the bytes tell.
test('another file in the place of one that was left at half', async () => {
  const name = 'alike/f.bin';
  await makeFile(name, 16e6, 1.5e12);
  const first = await chromium('third');
  await slow(5e6);
  await first.drop([join(scene.dir, 'alike')]);
  await until('a half is there', async () => (await total(first.page)).acked > 7e6, 60_000);
  await first.close();

  const other = await makeFile(name, 16e6, 1.5e12);
  await slow(0);
  const second = await chromium('fourth');
  await second.drop([join(scene.dir, 'alike')]);
  await until(
    'it is there',
    async () => (await second.peer.tree()).get(name)?.size === 16e6,
    60_000,
  );
  expect(await davHash(name)).toBe(other.hash);
  await second.close();
});
