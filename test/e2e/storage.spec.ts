import { expect, type Page, test } from '@playwright/test';
import { text } from '../../web/src/lib/text';
import { enter, onFiles } from './app';
import { look, seen } from './look';
import { figure, more, must, Peer, scene } from './scene';

const words = text.storage;
const part = (page: Page, id: string) => page.getByTestId(`part-${id}`);
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const said = (page: Page, it: string) => page.getByRole('status').getByText(it);

interface Space {
  readonly used: number;
  readonly versions: { readonly entries: number };
  readonly trash: { readonly entries: number };
  readonly store?: { readonly survey: { readonly live: number } | null };
}

async function write(path: string, ...sizes: readonly number[]) {
  for (const size of sizes) await must(path, { method: 'PUT', body: 'x'.repeat(size) });
}

test('what takes the space is told, and given back', async ({ page, context }) => {
  await enter(context);
  const peer = new Peer(context);
  const space = () => peer.get<Space>('api/v1/space');
  await write('report.txt', 1000, 2000, 4000);
  await write('notes.txt', 10, 20);
  for (const path of ['old.txt', 'older.txt']) {
    await write(path, 500);
    await must(path, { method: 'DELETE' });
  }
  await page.goto(scene.app);
  await onFiles(page);

  // The way there by keyboard alone.
  await page.getByRole('button', { name: text.me.menu(scene.user, '') }).focus();
  await page.keyboard.press('Enter');
  const item = page.getByRole('menuitem', { name: text.me.storage });
  for (let i = 0; i < 6 && !(await item.evaluate((it) => it === document.activeElement)); i++) {
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: words.title, exact: true })).toBeVisible();
  expect(page.url()).toBe(new URL('#/storage', scene.app).href);
  await expect(page).toHaveTitle(text.page.title(words.title));
  await expect(page.getByRole('main')).toBeFocused();
  await page.reload();
  await expect(part(page, 'files')).toContainText('2 files');
  await expect(part(page, 'files')).toContainText('4.0 kB');
  await expect(part(page, 'versions')).toContainText('3 versions');
  await expect(part(page, 'versions')).toContainText('3.0 kB');
  await expect(part(page, 'trash')).toContainText('2 items');
  await expect(part(page, 'trash')).toContainText('1.0 kB');

  // An administrator sees the server, and what a collection has found by itself.
  await expect(page.getByRole('heading', { name: words.server })).toBeVisible();
  await expect.poll(async () => (await space()).store?.survey?.live ?? 0).toBeGreaterThan(0);
  await page.reload();
  await expect(page.getByText(words.live, { exact: true })).toBeVisible();

  // Older versions: what is replaced while the question stands is not asked about.
  await button(page, text.actions['drop-versions']).click();
  const dialog = page.getByRole('dialog', { name: text.dialogs.dropVersions });
  await expect(dialog.getByText(text.dialogs.dropVersionsSize(3, '3.0 kB'))).toBeVisible();
  await expect(dialog.getByText(text.dialogs.dropVersionsNone)).toHaveCount(3);
  await expect(dialog.getByRole('radio').first()).toBeFocused();
  await look(page, 'drop-versions');
  await page.keyboard.press('ArrowDown');
  await expect(dialog.getByRole('button', { name: text.dialogs.purgeYes })).toBeDisabled();
  await page.keyboard.press('ArrowUp');
  await write('report.txt', 8000);
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  expect((await space()).versions.entries).toBe(4);
  await button(page, text.actions['drop-versions']).click();
  await expect(dialog.getByText(text.dialogs.dropVersionsSize(4, '7.0 kB'))).toBeVisible();
  await write('notes.txt', 30);
  await dialog.getByRole('button', { name: text.dialogs.purgeYes }).click();
  await expect(dialog).toHaveCount(0);
  await expect(said(page, text.did.versionsDropped(4))).toBeVisible();
  await expect(part(page, 'versions')).toContainText('1 version');
  expect((await (await must('report.txt')).text()).length).toBe(8000);

  await button(page, text.actions['empty-trash']).click();
  await page
    .getByRole('dialog', { name: text.dialogs.purgeAll })
    .getByRole('button', { name: text.dialogs.purgeAllYes })
    .click();
  await expect(part(page, 'trash')).toContainText(words.noTrash);
  await expect(button(page, text.actions['empty-trash'])).toHaveCount(0);
  const now = await space();
  expect([now.used, now.versions.entries, now.trash.entries]).toEqual([8030, 1, 0]);
  await part(page, 'files').getByRole('link', { name: words.showFiles }).click();
  await onFiles(page);
});

test('a person who runs nothing is told nothing of the server', async ({ page, context }) => {
  await enter(context, 'bob', more('bobPassword'));
  const peer = new Peer(context);
  expect(await peer.get<Space>('api/v1/space')).not.toHaveProperty('store');
  await page.goto(`${scene.app}#/storage`);
  await expect(page.getByText(words.usedOf('0 bytes', '2.0 MB'))).toBeVisible();
  await expect(part(page, 'versions')).toContainText(words.noVersions);
  await expect(page.getByRole('heading', { name: words.server })).toHaveCount(0);
  await expect(button(page, text.actions['drop-versions'])).toHaveCount(0);
  await look(page, 'storage-empty');
});

/** A large account on a server that runs for long. */
const large = {
  used: 41_234_567_890,
  files: 123_456,
  quota: 50_000_000_000,
  available: 8_765_432_110,
  versions: { entries: 4321, bytes: 12_345_678_901, since: Date.now() - 29 * 86_400_000, upto: 9 },
  trash: { entries: 12, bytes: 834_567_890, since: Date.now() - 12 * 86_400_000, upto: 9 },
  collectEvery: 21_600,
  store: {
    packs: 4567,
    stored: 301_234_567_890,
    diskFree: 678_901_234_567,
    diskTotal: 1_000_204_886_016,
    ballast: 67_108_864,
    ballastWanted: 67_108_864,
    survey: {
      at: Date.now() - 5 * 3_600_000,
      stored: 300_234_567_890,
      live: 280_234_567_890,
      dead: 20_000_000_000,
      reclaimable: 14_500_000_000,
      full: false,
    },
  },
};

test('how it looks', async ({ page, context }) => {
  await enter(context);
  let answer: object = large;
  await page.route('**/api/v1/space', (route) => route.fulfill({ json: answer }));
  await page.goto(`${scene.app}#/storage`);
  await expect(part(page, 'versions')).toBeVisible();
  await look(page, 'storage');
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect.soft(wide, 'pixels beyond the edge at 320').toBeLessThanOrEqual(0);
  await page.screenshot({ path: `${scene.screens}/storage-narrow.png`, fullPage: true });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: `${scene.screens}/storage-phone-whole.png`, fullPage: true });

  answer = {
    ...large,
    ...{ used: 49_900_000_000, available: 100_000_000 },
    store: { ...large.store, ballast: 0, survey: null },
  };
  await page.reload();
  await expect(part(page, 'versions')).toBeVisible();
  await look(page, 'storage-full');
  await page.screenshot({ path: `${scene.screens}/storage-full-whole.png`, fullPage: true });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: `${scene.screens}/storage-full-phone-whole.png`, fullPage: true });
  await page.setViewportSize({ width: 1280, height: 800 });

  await page.unroute('**/api/v1/space');
  await page.route('**/api/v1/space', (route) => route.abort());
  await page.goto(`${scene.app}?#/storage`);
  await expect(page.getByRole('alert').getByText(text.problems.network.title)).toBeVisible();
  await look(page, 'storage-failed');
  figure(`${seen.views} views, ${seen.pictures} pictures; axe: 0 violations`);
});
