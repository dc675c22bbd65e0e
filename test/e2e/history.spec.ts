import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { text } from '../../web/src/lib/text';
import { act, enter, onFiles, row } from './app';
import { look, seen } from './look';
import { dav, figure, must, Peer, scene } from './scene';

/** The app lies below /files/ here: addresses must hold there too. */
test.beforeEach(async ({ context, page }) => {
  await enter(context);
  await page.goto(scene.app);
  await onFiles(page);
});

const tool = (page: Page, name: string) =>
  page.getByRole('toolbar').getByRole('button', { name, exact: true });
const version = (page: Page) => page.getByTestId('version');
const trashed = (page: Page, name: string) =>
  page.locator(`[data-testid="trash-row"][data-name=${JSON.stringify(name)}]`);
const said = (page: Page, words: string) => page.getByRole('status').getByText(words);
const read = async (path: string) => (await must(path)).text();
const etag = async (path: string) => (await must(path, { method: 'HEAD' })).headers.get('ETag');

/**
 * Another file takes a name that one has just left. A folder has it in between, else the
 * server would take that for how a program saves.
 */
async function takeName(path: string): Promise<void> {
  await must(path, { method: 'MKCOL' });
  const aside = new URL(`dav/${encodeURIComponent(`was ${path}`)}`, scene.server).href;
  await must(path, { method: 'MOVE', headers: { Destination: aside } });
  await must(path, { method: 'PUT', body: 'in the way' });
}

/** The narrowest screen there is. */
async function narrow(page: Page, name: string) {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.screenshot({ path: join(scene.screens, `${name}-narrow.png`) });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect.soft(wide, `pixels beyond the edge of ${name}`).toBeLessThanOrEqual(0);
  await page.setViewportSize({ width: 1280, height: 800 });
}

test('versions: downloaded, restored, taken back', async ({ page }) => {
  for (const body of ['first', 'the second', 'the third one']) {
    await must('report.txt', { method: 'PUT', body });
  }
  const third = await etag('report.txt');
  await page.reload();
  await act(page, 'report.txt', text.actions.versions);
  const dialog = page.getByRole('dialog', { name: text.versions.title('report.txt') });
  await expect(version(page)).toHaveCount(3);
  await expect(version(page).first()).toContainText(text.versions.current);
  await expect(version(page).nth(2)).toContainText('5 bytes');
  await expect(version(page).nth(2)).toContainText(text.versions.storedBy(scene.user));
  const buttons = (n: number) => version(page).nth(n).getByRole('button');
  await expect(buttons(0)).toHaveCount(1); // the current one is not to be restored

  const coming = page.waitForEvent('download');
  await buttons(1).first().click();
  const saved = await coming;
  expect(saved.suggestedFilename()).toBe('report.txt');
  expect(await readFile(await saved.path(), 'utf8')).toBe('the second');

  await buttons(2).last().click();
  await expect(dialog).toHaveCount(0);
  await expect(said(page, text.did.versionRestored('report.txt'))).toBeVisible();
  expect(await read('report.txt')).toBe('first');
  const fourth = await etag('report.txt');
  expect(fourth).not.toBe(third);
  await page.getByRole('button', { name: text.actions.undo, exact: true }).click();
  await expect.poll(() => read('report.txt')).toBe('the third one');
  expect([third, fourth]).not.toContain(await etag('report.txt'));

  // By keyboard alone, and a file that changes while the dialog is open.
  await expect(said(page, text.did.undone(''))).toBeVisible();
  await row(page, 'report.txt').click();
  await page.keyboard.press('Control+Shift+H');
  await expect(version(page)).toHaveCount(5);
  await must('report.txt', { method: 'PUT', body: 'somebody was faster' });
  for (let i = 0; i < 5; i++) await page.keyboard.press('Tab'); // cross, download, download, delete, restore
  await expect(buttons(1).last()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('alert')).toContainText(text.problems.changedMeanwhile.title);
  expect(await read('report.txt')).toBe('somebody was faster');
  await expect(version(page)).toHaveCount(6);
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(row(page, 'report.txt')).toBeFocused();
});

test('the trash: restored to where it was, or elsewhere', async ({ page }) => {
  await must('docs', { method: 'MKCOL' });
  for (const path of ['one.txt', 'two.txt', 'three.txt', 'docs/four.txt']) {
    await must(path, { method: 'PUT', body: path });
  }
  const one = await etag('one.txt');
  for (const path of ['one.txt', 'two.txt', 'docs/four.txt', 'docs', 'three.txt']) {
    await must(path, { method: 'DELETE' });
  }
  await page.reload();
  await page.getByRole('link', { name: text.me.trash, exact: true }).click();
  await expect(page.getByRole('heading', { name: text.trash.title })).toBeVisible();
  await expect(page.getByTestId('trash-row')).toHaveCount(5);
  await page.reload();
  await expect(page.getByTestId('trash-row')).toHaveCount(5);
  expect(page.url()).toBe(new URL('#/trash', scene.app).href);
  await expect(page).toHaveTitle(text.page.title(text.trash.title));
  await expect(trashed(page, 'four.txt')).toContainText(`docs${text.trash.gone}`);
  await expect(trashed(page, 'one.txt')).toContainText(text.files.top);

  // One by keyboard alone, from the focus that the page gives.
  await expect(trashed(page, 'three.txt')).toBeFocused();
  await page.keyboard.press('End');
  await expect(trashed(page, 'one.txt')).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Shift+F10');
  await page.getByRole('menuitem', { name: text.actions.restore, exact: true }).press('Enter');
  await expect(said(page, text.did.restored(1, 'one.txt', text.files.top))).toBeVisible();
  await expect(page.getByTestId('trash-row')).toHaveCount(4);
  expect(await read('one.txt')).toBe('one.txt');
  expect(await etag('one.txt'), 'it is the same file').toBe(one);

  // Its name is taken: the reason, and another name.
  await takeName('two.txt');
  await trashed(page, 'two.txt').click();
  await tool(page, text.actions.restore).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('alert')).toContainText(text.problems.restore.taken.title);
  await expect(dialog.getByLabel(text.dialogs.restoreName)).toHaveValue('two (2).txt');
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  expect(await read('two (2).txt')).toBe('two.txt');
  expect(await read('two.txt')).toBe('in the way');

  // Its folder is gone: another one.
  await trashed(page, 'four.txt').click();
  await tool(page, text.actions.restore).click();
  await expect(dialog.getByRole('alert')).toContainText(text.problems.restore.homeless.title);
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  // Or all that is left, the folder first.
  await page.keyboard.press('Control+a');
  await tool(page, text.actions.restore).click();
  await expect(page.getByText(text.trash.empty.title)).toBeVisible();
  expect(await read('docs/four.txt')).toBe('docs/four.txt');
  expect(await read('three.txt')).toBe('three.txt');

  await must('docs', { method: 'DELETE' });
  await page.reload();
  await trashed(page, 'docs').click();
  await tool(page, text.actions.restore).click();
  await page.getByRole('button', { name: text.trash.show, exact: true }).click();
  await expect(row(page, 'docs')).toHaveAttribute('aria-selected', 'true');
});

test('undo: of what was restored, of a new folder, and of what was deleted', async ({ page }) => {
  for (const path of ['u1.txt', 'u2.txt']) await must(path, { method: 'PUT', body: path });
  await page.reload();
  await row(page, 'u1.txt').click();
  await row(page, 'u2.txt').click({ modifiers: ['Control'] });
  await page.keyboard.press('Delete');
  await expect(said(page, text.did.deleted(2, ''))).toBeVisible();
  await tool(page, text.actions['new-folder']).click();
  await page.getByLabel(text.dialogs.newFolderName).fill('made by mistake');
  await page.keyboard.press('Enter');
  await expect(row(page, 'made by mistake')).toBeFocused();

  await page.getByRole('link', { name: text.me.trash, exact: true }).click();
  await trashed(page, 'u1.txt').click();
  await trashed(page, 'u2.txt').click({ modifiers: ['Control'] });
  await tool(page, text.actions.restore).click();
  await expect.poll(async () => (await dav('u2.txt')).status).toBe(200);
  const back = text.did.restored(2, '', text.files.top);
  const told = page.locator('[data-toast]', { hasText: back });
  await told.getByRole('button', { name: text.actions.undo, exact: true }).click();
  await expect(said(page, text.did.undone(back))).toBeVisible();
  await expect(trashed(page, 'u1.txt')).toBeVisible();
  expect((await dav('u1.txt')).status).toBe(404);

  // By the key, on another page: the folder, then the first deletion, both files at once.
  await page.getByRole('link', { name: text.me.files, exact: true }).click();
  await expect(row(page, 'made by mistake')).toBeVisible();
  await page.keyboard.press('Control+z');
  await expect(said(page, text.did.undone(text.did.made('made by mistake')))).toBeVisible();
  await expect(row(page, 'made by mistake')).toHaveCount(0);
  await page.keyboard.press('Control+z');
  await expect(row(page, 'u1.txt')).toBeVisible();
  await expect(row(page, 'u2.txt')).toBeVisible();
  expect(await read('u2.txt')).toBe('u2.txt');

  // A part that cannot be undone is named.
  await row(page, 'u1.txt').click();
  await row(page, 'u2.txt').click({ modifiers: ['Control'] });
  await page.keyboard.press('Delete');
  await expect(said(page, text.did.deleted(2, '')).last()).toBeVisible();
  const gone = await new Peer(page.context()).get<{ entries: { id: string; name: string }[] }>(
    'api/v1/trash',
  );
  const node = gone.entries.find(({ name }) => name === 'u2.txt')?.id;
  const purge = { operations: [{ op: 'purge', node }] };
  await new Peer(page.context()).change('POST', 'api/v1/operations', purge);
  await page.keyboard.press('Control+z');
  const which = text.did.undoneButNot(text.did.which(['u2.txt'], 0));
  await said(page, which).hover();
  await look(page, 'undone-in-part');
  await expect(row(page, 'u1.txt')).toBeVisible();
});

test('deleted for good: one, all, an older version', async ({ page }) => {
  for (const path of ['a.txt', 'b.txt', 'c.txt']) {
    await must(path, { method: 'PUT', body: path });
    await must(path, { method: 'DELETE' });
  }
  await page.goto(`${scene.app}#/trash`);
  await expect(trashed(page, 'b.txt')).toBeVisible();

  // One, by keyboard alone; the first answer is to keep it.
  await trashed(page, 'b.txt').click();
  await page.keyboard.press('Shift+Delete');
  const dialog = page.getByRole('dialog', { name: text.dialogs.purgeOne('b.txt') });
  await expect(dialog).toContainText(text.dialogs.purgeFileBody('5 bytes'));
  await look(page, 'purge');
  await narrow(page, 'purge');
  await expect(dialog.getByRole('button', { name: text.dialogs.cancel })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(trashed(page, 'b.txt')).toBeVisible();
  await page.keyboard.press('Shift+Delete');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(trashed(page, 'b.txt')).toHaveCount(0);
  await expect(said(page, text.did.purged(1, 'b.txt'))).toBeVisible();

  // All that the person was asked about, on a phone.
  await page.setViewportSize({ width: 390, height: 780 });
  const n = await page.getByTestId('trash-row').count();
  await page.keyboard.press('Escape');
  await tool(page, text.actions['empty-trash']).click();
  const all = page.getByRole('dialog', { name: text.dialogs.purgeAll });
  await expect(all).toContainText(text.files.items(n));
  await must('later.txt', { method: 'PUT', body: 'later' });
  await must('later.txt', { method: 'DELETE' });
  await all.getByRole('button', { name: text.dialogs.purgeAllYes }).click();
  await expect(all).toHaveCount(0);
  await expect(page.getByTestId('trash-row')).toHaveCount(1);
  await expect(trashed(page, 'later.txt')).toBeVisible();
  await page.setViewportSize({ width: 1280, height: 800 });

  for (const body of ['first', 'the second', 'the third one']) {
    await must('kept.txt', { method: 'PUT', body });
  }
  await page.goto(scene.app);
  await page.reload();
  await act(page, 'kept.txt', text.actions.versions);
  await expect(version(page)).toHaveCount(3);
  await look(page, 'versions-delete');
  await version(page).nth(1).getByRole('button').nth(1).click();
  const one = page.getByRole('dialog', { name: text.versions.dropTitle });
  await expect(one).toContainText('10 bytes');
  await page.keyboard.press('Escape');
  await expect(version(page)).toHaveCount(3);
  await version(page).nth(1).getByRole('button').nth(1).click();
  await one.getByRole('button', { name: text.versions.dropYes }).click();
  await expect(version(page)).toHaveCount(2);
  await expect(version(page).nth(1)).toContainText('5 bytes');
  expect(await read('kept.txt')).toBe('the third one');
});

test('a long trash is read as one goes', async ({ page }) => {
  test.slow();
  const n = 301;
  await must('many', { method: 'MKCOL' });
  for (let i = 0; i < n; i++) await must(`many/${i}.txt`, { method: 'PUT', body: '' });
  for (let i = 0; i < n; i++) await must(`many/${i}.txt`, { method: 'DELETE' });
  await page.goto(`${scene.app}#/trash`);
  await expect(trashed(page, `${n - 1}.txt`)).toBeVisible();
  await expect(page.getByRole('status').getByText(text.trash.loaded(250))).toBeVisible();
  await page.getByRole('grid').press('End');
  await expect(page.getByRole('status').getByText(text.trash.loaded(250))).toHaveCount(0);
  await page.keyboard.press('End');
  await expect(page.getByTestId('trash-row').last()).toBeVisible();
  await page.keyboard.press('Control+a');
  await tool(page, text.actions.restore).click();
  await expect.poll(async () => (await dav('many/0.txt')).status).toBe(200);
  expect((await dav(`many/${n - 1}.txt`)).status).toBe(200);
});

test('how it looks', async ({ page }) => {
  const long =
    'A name that is so long that it cannot be shown whole on a phone, nor on a desktop.txt';
  await must('Deep', { method: 'MKCOL' });
  await must('Deep/A folder of some length', { method: 'MKCOL' });
  const inside = 'Deep/A folder of some length/and another one in it';
  await must(inside, { method: 'MKCOL' });
  for (const path of [long, `${inside}/notes.md`, 'film.mp4', 'budget 2024.xlsx', 'ملف عربي.pdf']) {
    await must(path, { method: 'PUT', body: 'x'.repeat(1 + path.length ** 3) });
    await must(path, { method: 'DELETE' });
  }
  await must('Deep/A folder of some length', { method: 'DELETE' });
  await page.goto(`${scene.app}#/trash`);
  await expect(trashed(page, 'film.mp4')).toBeVisible();
  await look(page, 'trash');
  await trashed(page, 'film.mp4').click();
  await look(page, 'trash-chosen');
  await narrow(page, 'trash-chosen');
  await look(page, 'trash-menu', async () => {
    await page.keyboard.press('Escape');
    await trashed(page, 'film.mp4').getByRole('button').click();
    await expect(page.getByRole('menu')).toBeVisible();
  });
  await page.keyboard.press('Escape');
  await takeName('film.mp4');
  await trashed(page, 'film.mp4').click();
  await tool(page, text.actions.restore).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toBeVisible();
  await look(page, 'restore-taken');
  await page.keyboard.press('Escape');
  await trashed(page, 'ملف عربي.pdf').click();
  await tool(page, text.actions.restore).click();
  const back = text.did.restored(1, 'ملف عربي.pdf', text.files.top);
  await said(page, back).hover(); // it stays while looked at
  await look(page, 'trash-restored');

  for (let i = 1; i < 12; i++) {
    await must('film.mp4', { method: 'PUT', body: 'x'.repeat(i ** 6) });
  }
  await page.goto(scene.app);
  await act(page, 'film.mp4', text.actions.versions);
  await expect(version(page)).toHaveCount(12);
  await look(page, 'versions');
  await narrow(page, 'versions');
  await page.keyboard.press('Escape');
  await must('new.txt', { method: 'PUT', body: '' });
  await page.reload();
  await act(page, 'new.txt', text.actions.versions);
  await expect(page.getByText(text.versions.none)).toBeVisible();
  await look(page, 'versions-none');
  await page.keyboard.press('Escape');

  const emptied = page.waitForResponse('**/api/v1/trash?*');
  await page.route('**/api/v1/trash?*', (route) =>
    route.fulfill({ json: { entries: [], next: null } }),
  );
  await page.goto(`${scene.app}#/trash`);
  await emptied;
  await expect(page.getByText(text.trash.empty.title)).toBeVisible();
  await look(page, 'trash-empty');
  await page.unroute('**/api/v1/trash?*');
  await page.route('**/api/v1/trash?*', (route) => route.abort());
  await page.goto(`${scene.app}?#/trash`);
  await expect(page.getByRole('alert').getByText(text.problems.network.title)).toBeVisible();
  await look(page, 'trash-failed');
  await page.unroute('**/api/v1/trash?*');
  figure(`${seen.views} views, ${seen.pictures} pictures; axe: 0 violations`);
});
