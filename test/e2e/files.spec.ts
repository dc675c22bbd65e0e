import { expect, type Page, test } from '@playwright/test';
import { text } from '../../web/src/lib/text';
import { allDone, bar, drop, enter, onFiles, row, total } from './app';
import {
  control,
  dav,
  davHash,
  figure,
  more,
  must,
  Peer,
  pause,
  scene,
  slow,
  until,
} from './scene';
import { makeFile } from './source';

/** Files are small here: Playwright slows requests with large bodies down; see puppet.ts. */
const MB = 1e6;

test.beforeEach(async ({ context, page }) => {
  for (const { href } of await topLevel()) await must(href, { method: 'DELETE' });
  await slow(0);
  await enter(context);
  await page.goto(scene.app);
  await onFiles(page);
});

/** What lies at the top, over WebDAV. */
async function topLevel(): Promise<{ href: string }[]> {
  const list = await (await must('', { method: 'PROPFIND', headers: { Depth: '1' } })).text();
  return [...list.matchAll(/<(?:\w+:)?href>[^<]*\/dav\/([^<]+?)\/?<\//g)].map(([, href]) => ({
    href: decodeURIComponent(href ?? ''),
  }));
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
/** The answers of the question about names are buttons with a hint in them. */
const answer = (page: Page, name: string) =>
  page.getByRole('dialog').getByRole('button', { name: new RegExp(`^${name}`) });

const names = async (peer: Peer) => (await peer.list('')).map((entry) => entry.name).sort();

test('names that exist: replace, keep both, skip, asked once', async ({ page }) => {
  const peer = new Peer(page.context());
  const a = await makeFile('same.txt', 2000);
  const b = await makeFile('also.txt', 3000);
  const free = await makeFile('free.txt', 10);
  await must('same.txt', { method: 'PUT', body: 'old same' });
  await must('also.txt', { method: 'PUT', body: 'old also' });
  const first = (await peer.list('')).find((entry) => entry.name === 'same.txt');

  const question = page.getByRole('dialog', { name: text.conflict.title(2) });
  await drop(page, [a.file, b.file, free.file]);
  await expect(question).toBeVisible();
  // The rest does not wait for the answer.
  await until('the free name is there', async () => (await dav('free.txt')).ok);
  await answer(page, text.conflict.skip).click();
  await expect(question).toHaveCount(0);
  await allDone(page);
  expect(await (await must('same.txt')).text()).toBe('old same');
  expect(await names(peer)).toEqual(['also.txt', 'free.txt', 'same.txt']);

  await drop(page, [a.file, b.file]);
  await answer(page, text.conflict.replace).click();
  await allDone(page);
  expect(await davHash('same.txt')).toBe(a.hash);
  expect(await davHash('also.txt')).toBe(b.hash);
  const second = (await peer.list('')).find((entry) => entry.name === 'same.txt');
  expect(second?.id, 'the file is the same, with a new version').toBe(first?.id);
  expect(second?.etag).not.toBe(first?.etag);
  expect(second?.size).toBe(2000);
  expect(await names(peer)).toEqual(['also.txt', 'free.txt', 'same.txt']);

  await must('same.txt', { method: 'PUT', body: 'newer than what is dropped' });
  await drop(page, [a.file]);
  await expect(page.getByRole('dialog', { name: text.conflict.title(1) })).toBeVisible();
  await answer(page, text.conflict.both).click();
  await allDone(page);
  expect(await (await must('same.txt')).text()).toBe('newer than what is dropped');
  const added = (await names(peer)).filter(
    (name) => !['also.txt', 'free.txt', 'same.txt'].includes(name),
  );
  expect(added).toHaveLength(1);
  expect(added[0]).toMatch(/^same.*\.txt$/);
  expect(await davHash(added[0] ?? '')).toBe(a.hash);
  figure(`names that exist: skipped, replaced (same id, new ETag), kept as “${added[0]}”`);
});

test('pause, resume, cancel', async ({ page }) => {
  const peer = new Peer(page.context());
  const kept = await makeFile('kept.bin', 24 * MB); // more than lies in buffers
  const dropped = await makeFile('dropped.bin', 24 * MB);
  await slow(1.5 * MB);
  await drop(page, [kept.file, dropped.file]);
  await expect.poll(async () => (await peer.uploads()).length).toBe(2);
  await expect
    .poll(async () => Number(await bar(page, 'kept.bin').getAttribute('data-sent')), {
      timeout: 40_000, // Playwright has itself told of each body, and looks at it for a while
    })
    .toBeGreaterThan(0);
  await button(page, text.panel.pause('kept.bin')).click();
  await expect(bar(page, 'kept.bin')).toHaveAttribute('data-state', 'paused');
  await button(page, text.panel.cancel('dropped.bin')).click();
  await expect(bar(page, 'dropped.bin')).toHaveCount(0);
  await until('the server has dropped it', async () => {
    return (await peer.uploads()).every((upload) => upload.path !== 'dropped.bin');
  });
  // What is in the network's buffers still arrives.
  let before = -1;
  await until('no byte moves', async () => {
    await pause(300);
    const { up } = await control('state');
    const still = up === before;
    before = up;
    return still;
  });
  await expect(bar(page, 'kept.bin')).toHaveAttribute('data-state', 'paused');
  expect(await names(peer)).toEqual([]);
  await slow(0);
  await button(page, text.panel.resume('kept.bin')).click();
  await allDone(page);
  expect(await davHash('kept.bin')).toBe(kept.hash);
  expect(await names(peer)).toEqual(['kept.bin']);
  expect(await peer.uploads()).toHaveLength(0);
});

test('all paused, all resumed, all cancelled', async ({ page }) => {
  const peer = new Peer(page.context());
  const files = await Promise.all([1, 2, 3, 4, 5].map((i) => makeFile(`many ${i}.bin`, 2 * MB)));
  await slow(MB);
  await drop(
    page,
    files.map((file) => file.file),
  );
  await expect.poll(async () => (await peer.uploads()).length).toBeGreaterThan(0);
  await button(page, text.panel.pauseAll).click();
  await expect(total(page)).toHaveAttribute('data-state', 'paused');
  await button(page, text.panel.resumeAll).click();
  await expect(total(page)).toHaveAttribute('data-state', 'sending');
  await button(page, text.panel.cancelAll).click();
  await page.getByRole('dialog').getByRole('button', { name: text.panel.cancelAll }).click();
  await until('nothing is under way', async () => (await peer.uploads()).length === 0);
});

test('a folder that goes while a file is on its way to it', async ({ page }) => {
  const peer = new Peer(page.context());
  const file = await makeFile('homeless.bin', 6 * MB);
  await must('target', { method: 'MKCOL' });
  await must('shelter', { method: 'MKCOL' });
  await page.reload();
  await row(page, 'target').dblclick();
  await expect(page.getByText(text.files.empty.title)).toBeVisible();
  await slow(2 * MB);
  const { up } = await control('state');
  await drop(page, [file.file]);
  await expect.poll(async () => (await peer.uploads()).length).toBe(1);
  await must('target', { method: 'DELETE' });
  await slow(0);
  await expect(bar(page, 'homeless.bin')).toHaveAttribute('data-state', 'failed', {
    timeout: 30_000,
  });
  const panel = page.getByRole('region', { name: text.panel.title });
  const words = await panel.getByRole('strong').or(panel.locator('strong')).first().textContent();
  expect(words, 'why it failed').toMatch(/folder/i);
  await button(page, text.panel.elsewhere).click();
  const dialog = page.getByRole('dialog', { name: text.dialogs.elsewhere('homeless.bin') });
  const top = dialog.getByRole('button', { name: text.files.top, exact: true });
  if (await top.isVisible()) await top.click();
  await dialog.getByRole('button', { name: 'shelter' }).click();
  await dialog.getByRole('button', { name: text.dialogs.uploadHere }).click();
  await expect(bar(page, 'homeless.bin')).toHaveAttribute('data-state', 'done');
  expect(await davHash('shelter/homeless.bin')).toBe(file.hash);
  const sent = (await control('state')).up - up;
  expect(sent, 'bytes on the wire').toBeLessThan(file.size * 1.05);
  figure(
    `folder gone: “${words?.trim()}”, went elsewhere with ${((sent / file.size - 1) * 100).toFixed(1)} % sent again`,
  );
});

test('a quota that is full', async ({ page, context, browser }) => {
  await context.clearCookies();
  await enter(context, 'bob', more('bobPassword')); // 2 MB
  await page.reload();
  await onFiles(page);
  const first = await makeFile('first.bin', 1.5 * MB);
  const second = await makeFile('second.bin', MB);
  await page.getByTestId('pick-files').setInputFiles([first.file]);
  await allDone(page);
  await page.getByTestId('pick-files').setInputFiles([second.file]);
  await expect(bar(page, 'second.bin')).toHaveAttribute('data-state', 'failed');
  const panel = page.getByRole('region', { name: text.panel.title });
  const words = (await panel.locator('strong').first().textContent()) ?? '';
  expect(words).toMatch(/quota|space|room|full/i);
  const peer = new Peer(context);
  const gone = await peer.change('POST', 'api/v1/operations', {
    operations: [{ op: 'remove', path: 'first.bin' }],
  });
  expect(gone.status).toBe(200);
  await button(page, text.panel.retry).click();
  await expect(bar(page, 'second.bin')).toHaveAttribute('data-state', 'done');
  expect((await peer.list('')).map((entry) => [entry.name, entry.size])).toEqual([
    ['second.bin', MB],
  ]);
  expect(browser.contexts()).toHaveLength(1);
  figure(`quota: “${words.trim()}”; after making room, Try again`);
});

test('by keyboard alone', async ({ page, context }) => {
  await context.clearCookies();
  await page.reload();
  const focused = () =>
    page.evaluate(() => {
      const it = document.activeElement;
      return it?.getAttribute('aria-label') ?? it?.textContent ?? '';
    });
  /** Presses Tab until the focus is on what has this name. */
  const tabTo = async (name: string) => {
    for (let i = 0; i < 40; i++) {
      if ((await focused()).trim() === name) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not come to ${name}`);
  };
  await expect(page.getByLabel(text.signIn.name, { exact: true })).toBeFocused();
  await page.keyboard.type(scene.user);
  await page.keyboard.press('Tab');
  await expect(page.getByLabel(text.signIn.password, { exact: true })).toBeFocused();
  await page.keyboard.type(scene.password);
  await page.keyboard.press('Enter');
  await onFiles(page);

  await tabTo(text.actions['new-folder']);
  await page.keyboard.press('Enter');
  await expect(page.getByLabel(text.dialogs.newFolderName)).toBeFocused();
  await page.keyboard.type('my folder');
  await page.keyboard.press('Enter');
  await expect(row(page, 'my folder')).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  // What was made is chosen once the server's list has it. The tools are then those for what
  // is chosen, “New folder” is not among them, and its focus goes to the row.
  await expect(row(page, 'my folder')).toHaveAttribute('aria-selected', 'true');
  await expect(row(page, 'my folder'), 'what was made').toBeFocused();

  // Out of the list, back into it, and down from its head to its first row.
  for (let i = 0; i < 10 && (await inGrid(page)); i++) await page.keyboard.press('Shift+Tab');
  expect(await inGrid(page), 'Shift+Tab leaves the list').toBe(false);
  for (let i = 0; i < 40 && !(await inGrid(page)); i++) await page.keyboard.press('Tab');
  expect(await inGrid(page), 'Tab comes to the list').toBe(true);
  for (let i = 0; i < 3 && !(await onRow(page)); i++) await page.keyboard.press('ArrowDown');
  expect(await onRow(page), 'the arrow comes to the row').toBe(true);
  await expect(row(page, 'my folder')).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('F2');
  await expect(page.getByLabel(text.dialogs.renameName)).toBeFocused();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('other name');
  await page.keyboard.press('Enter');
  await expect(row(page, 'other name')).toBeVisible();
  await expect(row(page, 'my folder')).toHaveCount(0);
  expect((await dav('other%20name'.replace('%20', ' '))).status).toBe(200);

  await expect(row(page, 'other name')).toBeFocused();
  if ((await row(page, 'other name').getAttribute('aria-selected')) !== 'true') {
    await page.keyboard.press('Space');
  }
  await page.keyboard.press('Delete');
  await expect(row(page, 'other name')).toHaveCount(0);
  await until('it is deleted', async () => (await dav('other name')).status === 404);
  // The page has heard of it too: until then the key is about what was done before.
  const deleted = text.did.deleted(1, 'other name');
  await expect(page.getByRole('status').getByText(deleted)).toBeVisible();
  await page.keyboard.press('Control+Z');
  await expect(row(page, 'other name')).toBeVisible();
  expect((await dav('other name')).status).toBe(200);
  figure('by keyboard alone: sign in, new folder, rename, delete, undo');
});

const inGrid = (page: Page) =>
  page.evaluate(() => document.activeElement?.closest('[role="grid"]') !== null);
const onRow = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute('data-testid') === 'file-row');

test('delete with undo, move, sort', async ({ page }) => {
  for (const name of ['b.txt', 'a.txt', 'c.txt']) {
    await must(name, { method: 'PUT', body: name.repeat(name.charCodeAt(0) - 96) });
  }
  await must('into', { method: 'MKCOL' });
  await page.reload();
  await row(page, 'a.txt').click();
  await page.keyboard.press('Delete');
  await expect(row(page, 'a.txt')).toHaveCount(0);
  await page.getByRole('status').getByRole('button', { name: text.actions.undo }).click();
  await expect(row(page, 'a.txt')).toBeVisible();
  expect(await (await must('a.txt')).text()).toBe('a.txt');

  await row(page, 'b.txt').click();
  await page.getByRole('toolbar').getByRole('button', { name: text.actions.move }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'into' }).click();
  await dialog.getByRole('button', { name: text.dialogs.moveHere }).click();
  await expect(row(page, 'b.txt')).toHaveCount(0);
  expect(await (await must('into/b.txt')).text()).toBe('b.txtb.txt');

  const shown = () =>
    page.getByTestId('file-row').evaluateAll((rows) =>
      rows
        .map((it) => [it.getBoundingClientRect().top, it.getAttribute('data-name')] as const)
        .sort(([a], [b]) => a - b)
        .map(([, name]) => name),
    );
  expect(await shown()).toEqual(['into', 'a.txt', 'c.txt']);
  await page
    .getByRole('columnheader', { name: text.files.name })
    .getByRole('button')
    .first()
    .click();
  await expect.poll(shown).toEqual(['into', 'c.txt', 'a.txt']);
});
