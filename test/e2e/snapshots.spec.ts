import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { text } from '../../web/src/lib/text';
import { enter, onFiles, row } from './app';
import { look, seen } from './look';
import { dav, figure, must, Peer, scene } from './scene';

const words = text.snapshots;
const kept = (page: Page, name: string) =>
  page.locator(`[data-testid="snapshot-row"][data-name=${JSON.stringify(name)}]`);
const tool = (page: Page, name: string) =>
  page.getByRole('toolbar').getByRole('button', { name, exact: true });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const said = (page: Page, it: string) => page.getByRole('status').getByText(it);
const banner = (page: Page) => page.getByTestId('past');
const read = async (path: string) => (await must(path)).text();
const there = async (path: string) => (await dav(path, { method: 'HEAD' })).status;
const write = (path: string, body: string) => must(path, { method: 'PUT', body });

/** Takes one as a person does; the page shows the list. */
async function take(page: Page, name: string) {
  // One that is new is chosen, and the tools are for that.
  const unchoose = button(page, text.files.unchoose);
  await unchoose.or(button(page, text.actions['take-snapshot'])).first().waitFor();
  if (await unchoose.isVisible()) await unchoose.click();
  await button(page, text.actions['take-snapshot']).click();
  const dialog = page.getByRole('dialog', { name: text.actions['take-snapshot'] });
  await dialog.getByLabel(words.name, { exact: true }).fill(name);
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(kept(page, name)).toBeVisible();
}

async function narrow(page: Page, name: string) {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.screenshot({ path: join(scene.screens, `${name}-narrow.png`) });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect.soft(wide, `pixels beyond the edge of ${name}`).toBeLessThanOrEqual(0);
  await page.setViewportSize({ width: 1280, height: 800 });
}

test.beforeEach(async ({ context, page }) => {
  await enter(context);
  await page.goto(scene.app);
  await onFiles(page);
});

test('taken, looked into, brought back, undone', async ({ page }) => {
  await must('docs', { method: 'MKCOL' });
  await must('docs/deep', { method: 'MKCOL' });
  await write('docs/plan.txt', 'the first plan');
  await write('docs/deep/notes.txt', 'deep');
  await write('report.txt', 'the first report');

  // The way there by keyboard alone.
  await page.getByRole('button', { name: text.me.menu(scene.user, '') }).focus();
  await page.keyboard.press('Enter');
  const item = page.getByRole('menuitem', { name: text.me.snapshots });
  for (let i = 0; i < 6 && !(await item.evaluate((it) => it === document.activeElement)); i++) {
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: words.title, exact: true })).toBeVisible();
  expect(page.url()).toBe(new URL('#/snapshots', scene.app).href);
  await expect(page).toHaveTitle(text.page.title(words.title));
  await expect(page.getByText(words.empty.title)).toBeVisible();
  await look(page, 'snapshots-empty');

  // A name is proposed; what the server refuses is said.
  await button(page, text.actions['take-snapshot']).click();
  const asked = page.getByRole('dialog', { name: text.actions['take-snapshot'] });
  const field = asked.getByLabel(words.name, { exact: true });
  await expect(field).toBeFocused();
  await expect(field).toHaveValue(/^\d+ \w+ \d{4}, \d\d:\d\d$/);
  await look(page, 'snapshot-take');
  await field.fill('a/b');
  await page.keyboard.press('Enter');
  await expect(asked.getByText(text.problems.name.slash.title)).toBeVisible();
  await field.fill('Before the move');
  await page.keyboard.press('Enter');
  await expect(asked).toHaveCount(0);
  await expect(said(page, text.did.snapshotTaken('Before the move'))).toBeVisible();
  await expect(kept(page, 'Before the move')).toContainText(scene.user);
  await button(page, text.files.unchoose).click();
  await button(page, text.actions['take-snapshot']).click();
  await field.fill('before the move');
  await field.fill('Before the move');
  await page.keyboard.press('Enter');
  await expect(asked.getByText(text.problems.snapshots.taken.title)).toBeVisible();
  await page.keyboard.press('Escape');

  // Everything changes.
  await write('docs/plan.txt', 'another plan');
  await write('new.txt', 'new');
  await must('report.txt', { method: 'DELETE' });
  await must('docs/deep', {
    method: 'MOVE',
    headers: { Destination: new URL('dav/moved', scene.server).href },
  });

  // Into it by keyboard alone.
  await kept(page, 'Before the move').focus();
  await page.keyboard.press('Enter');
  await expect(banner(page)).toContainText('Before the move');
  await expect(row(page, 'docs')).toBeFocused();
  await expect(row(page, 'docs')).toContainText('–');
  await expect(row(page, 'report.txt')).toContainText('16 bytes');
  await expect(row(page, 'new.txt')).toHaveCount(0);
  await page.keyboard.press('Enter');
  await expect(row(page, 'deep')).toBeVisible();
  await expect(row(page, 'plan.txt')).toContainText('14 bytes');
  await expect(page).toHaveTitle(text.page.title('docs'));
  await page.reload();
  await expect(row(page, 'plan.txt')).toBeVisible();
  await look(page, 'snapshot-folder');
  await narrow(page, 'snapshot-folder');

  // A file is downloaded and shown as it was.
  await row(page, 'plan.txt').click();
  await look(page, 'snapshot-chosen');
  const coming = page.waitForEvent('download');
  await tool(page, text.actions.download).click();
  expect(await readFile(await (await coming).path(), 'utf8')).toBe('the first plan');
  const opening = page.context().waitForEvent('page');
  await row(page, 'plan.txt').press('Enter');
  const opened = await opening;
  await expect(opened.locator('body')).toContainText('the first plan');
  await opened.close();

  // One file comes back.
  await row(page, 'plan.txt').click();
  await tool(page, text.actions['bring-back']).click();
  const dialog = page.getByRole('dialog', { name: words.backOne('plan.txt') });
  await expect(dialog.getByText(words.backFile)).toBeVisible();
  await look(page, 'snapshot-back-file');
  await dialog.getByRole('button', { name: words.backYes }).click();
  const done = page.getByRole('dialog', { name: words.done });
  await expect(done.getByText(words.doneWritten(1))).toBeVisible();
  await expect(done.getByRole('button', { name: words.close, exact: true }).last()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await read('docs/plan.txt')).toBe('the first plan');
  expect(await there('report.txt')).toBe(404);
  await expect(said(page, text.did.broughtBack('plan.txt', 1, 'Before the move'))).toBeVisible();
  await page.getByRole('button', { name: text.actions.undo, exact: true }).click();
  await expect.poll(() => read('docs/plan.txt')).toBe('another plan');

  // Everything comes back, and all that is undone.
  await page.getByRole('link', { name: words.all, exact: true }).click();
  await kept(page, 'Before the move').click();
  await tool(page, text.actions['bring-back']).click();
  const all = page.getByRole('dialog', { name: words.backAll });
  await expect(all.getByText(words.backTrash)).toBeVisible();
  await look(page, 'snapshot-back-all');
  await narrow(page, 'snapshot-back-all');
  await all.getByRole('button', { name: words.backYes }).click();
  await expect(done.getByText(words.donePlaced(2))).toBeVisible();
  await expect(done.getByText(words.doneTrashed(1))).toBeVisible();
  await look(page, 'snapshot-done');
  expect(await read('docs/plan.txt')).toBe('the first plan');
  expect(await read('docs/deep/notes.txt')).toBe('deep');
  expect(await read('report.txt')).toBe('the first report');
  expect([await there('new.txt'), await there('moved')]).toEqual([404, 404]);
  await done.getByRole('button', { name: text.actions.undo, exact: true }).click();
  const did = text.did.broughtBack(undefined, 1, 'Before the move');
  await expect(said(page, text.did.undone(did))).toBeVisible();
  expect(await read('docs/plan.txt')).toBe('another plan');
  expect(await read('moved/notes.txt')).toBe('deep');
  expect([await there('new.txt'), await there('report.txt')]).toEqual([200, 404]);

  // The folder that is shown.
  await page.getByRole('grid').press('Enter');
  await row(page, 'docs').dblclick();
  await expect(row(page, 'plan.txt')).toBeVisible();
  await tool(page, text.actions['bring-back']).click();
  await page
    .getByRole('dialog', { name: words.backOne('docs') })
    .getByRole('button', { name: words.backYes })
    .click();
  await expect(done).toBeVisible();
  await page.keyboard.press('Escape');
  expect(await read('docs/deep/notes.txt')).toBe('deep');
  expect(await there('new.txt')).toBe(200);

  // What is as it was already.
  await tool(page, text.actions['bring-back']).click();
  await page.getByRole('dialog').getByRole('button', { name: words.backYes }).click();
  await expect(done.getByText(words.doneNothing)).toBeVisible();
  await expect(done.getByRole('button', { name: text.actions.undo, exact: true })).toHaveCount(0);
  await page.keyboard.press('Escape');

  // Out of it: folder by folder, and by the banner.
  await row(page, 'plan.txt').press('Backspace');
  await expect(row(page, 'docs')).toBeFocused();
  await page.keyboard.press('Backspace');
  await expect(kept(page, 'Before the move')).toBeFocused();
  await page.goBack();
  await banner(page).getByRole('link', { name: words.now }).click();
  await onFiles(page);
  await expect(row(page, 'new.txt')).toBeVisible();
});

test('on a phone, by touch', async ({ browser, context }) => {
  const phone = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    storageState: await context.storageState(),
  });
  const page = await phone.newPage();
  await write('phone.txt', 'before');
  await page.goto(`${scene.app}#/snapshots`);
  await take(page, 'By touch');
  await write('phone.txt', 'after it');
  await kept(page, 'By touch').tap();
  await expect(banner(page)).toContainText('By touch');
  await row(page, 'phone.txt')
    .getByRole('button', { name: text.files.more('phone.txt') })
    .tap();
  await page.getByRole('menuitem', { name: text.actions['bring-back'] }).tap();
  await page
    .getByRole('dialog', { name: words.backOne('phone.txt') })
    .getByRole('button', { name: words.backYes })
    .tap();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: words.close, exact: true })
    .last()
    .tap();
  expect(await read('phone.txt')).toBe('before');
  await phone.close();
});

test('deleted, and what leads nowhere', async ({ page, context }) => {
  await write('only.txt', 'only in the snapshot');
  await page.goto(`${scene.app}#/snapshots`);
  await expect(page.getByTestId('snapshot-row').first()).toBeVisible();
  for (const name of [
    'A long name that says when and why it was taken, before the disks moved',
    'Last',
  ]) {
    await take(page, name);
  }
  await look(page, 'snapshots');
  await narrow(page, 'snapshots');
  const peer = new Peer(context);
  const { snapshots } = await peer.get<{ snapshots: { id: string; name: string }[] }>(
    'api/v1/snapshots',
  );
  expect(snapshots[0]?.name).toBe('Last');

  await kept(page, 'Last').click();
  await page.keyboard.press('Delete');
  const dialog = page.getByRole('dialog', { name: words.dropOne('Last') });
  await expect(dialog.getByText(words.dropBody(1))).toBeVisible();
  await expect(dialog.getByRole('button', { name: text.dialogs.cancel })).toBeFocused();
  await look(page, 'snapshot-drop');
  await page.keyboard.press('Escape');
  await expect(kept(page, 'Last')).toBeFocused();
  await page.keyboard.press('Delete');
  await dialog.getByRole('button', { name: words.dropYes(1) }).click();
  await expect(said(page, text.did.snapshotsDropped(1, 'Last'))).toBeVisible();
  await expect(kept(page, 'Last')).toHaveCount(0);
  expect(await read('only.txt')).toBe('only in the snapshot');

  await page.goto(`${scene.app}#/snapshots/${snapshots[0]?.id}/docs`);
  await expect(page.getByRole('alert').getByText(words.gone.title)).toBeVisible();
  await look(page, 'snapshot-gone');
  await page.getByRole('alert').getByRole('button', { name: words.all }).click();
  await page.getByRole('row').nth(1).waitFor();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: words.dropYes(2) })
    .click();
  await expect(page.getByText(words.empty.title)).toBeVisible();

  await page.route('**/api/v1/snapshots', (route) => route.abort());
  await page.goto(`${scene.app}?#/snapshots`);
  await expect(page.getByRole('alert').getByText(text.problems.network.title)).toBeVisible();
  await look(page, 'snapshots-failed');
  figure(`${seen.views} views, ${seen.pictures} pictures; axe: 0 violations`);
});

test('what was left as it is, and a large folder', async ({ page }) => {
  const left = Array.from({ length: 100 }, (_, i) => ({
    name: `a file with a name that is not short ${i}.txt`,
    why: 'it was elsewhere then, and stays',
  }));
  await page.goto(`${scene.app}#/snapshots`);
  await take(page, 'Large');
  await page.route('**/api/v1/operations', (route) =>
    route.fulfill({
      json: {
        results: [
          {
            undone: {
              ...{ placed: 12_345, trashed: 67, written: 890, leftOut: 123, left },
              ...{ after: 5, upto: 9 },
            },
          },
        ],
      },
    }),
  );
  await tool(page, text.actions['bring-back']).click();
  await page.getByRole('dialog').getByRole('button', { name: words.backYes }).click();
  await expect(page.getByText(words.doneLeft(123))).toBeVisible();
  await look(page, 'snapshot-left');
  await narrow(page, 'snapshot-left');
  await page.keyboard.press('Escape');
  await page.unroute('**/api/v1/operations');

  // A listing in two pages, of which only the rows in sight are in the page.
  const entry = (n: number) => ({
    id: `${n}`.padStart(16, '0'),
    name: `file ${`${n}`.padStart(5, '0')}.txt`,
    ...{ folder: false, size: n, files: 0, mtime: 1, etag: `${n}` },
  });
  const entries = Array.from({ length: 12_000 }, (_, n) => entry(n));
  await page.route('**/api/v1/files?*snapshot=*', (route) => {
    const second = new URL(route.request().url()).searchParams.has('after');
    const rows = second ? entries.slice(10_000) : entries.slice(0, 10_000);
    const folder = { path: '', id: '1', etag: 'e' };
    return route.fulfill({
      json: { folder, entries: rows, next: second ? null : rows.at(-1)?.name },
    });
  });
  await kept(page, 'Large').dblclick();
  await expect(said(page, text.files.items(12_000))).toBeVisible();
  await page.keyboard.press('End');
  await expect(row(page, 'file 11999.txt')).toBeFocused();
  expect(await page.getByTestId('file-row').count()).toBeLessThan(80);
});

test('from a file of now to what it was', async ({ page, context }) => {
  const peer = new Peer(context);
  const keep = async (name: string) => {
    const operations = [{ op: 'make-snapshot', name }];
    const answer = await peer.change('POST', 'api/v1/operations', { operations });
    expect(answer.status).toBe(200);
  };
  await must('was', { method: 'MKCOL' });
  await write('was/it.txt', 'one');
  await keep('First');
  await write('was/it.txt', 'another');
  await keep('Second');
  await page.goto(`${scene.app}#/files/was`);
  await row(page, 'it.txt').click({ button: 'right' });
  await page.getByRole('menuitem', { name: text.actions['as-it-was'] }).click();
  const found = page.getByTestId('as-it-was');
  await expect(found.first()).toContainText(`Second${words.wasSame}`);
  await expect(found.nth(1)).toContainText('3 bytes');
  await look(page, 'snapshot-was');
  await narrow(page, 'snapshot-was');
  await button(page, words.wasShowIn('First')).click();
  await expect(banner(page)).toContainText('First');
  await expect(row(page, 'it.txt')).toHaveAttribute('aria-selected', 'true');
  await expect(row(page, 'it.txt')).toBeFocused();
});
