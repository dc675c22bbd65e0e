import { expect, type Page, test } from '@playwright/test';
import { text } from '../../web/src/lib/text';
import { bar, drop, enter, onFiles, row, total } from './app';
import { look, seen } from './look';
import { figure, more, must, Peer, scene, slow } from './scene';
import { makeFile } from './source';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const tool = (page: Page, name: string) =>
  page.getByRole('toolbar').getByRole('button', { name, exact: true });

test.afterAll(() => {
  figure(
    `${seen.views} views, ${seen.pictures} pictures in test-results/screens; axe: 0 violations, ` +
      `up to ${seen.rules} rules passed at once`,
  );
});

test('before signing in', async ({ page }) => {
  await page.goto(more('link'));
  await expect(page.getByRole('heading', { name: text.setUp.title })).toBeVisible();
  await look(page, 'set-up');
  await page.goto(more('link').replace(/#.*/, '#aaaaaaaaaaaaaaaaaaaaaaaaaa'));
  await page.reload();
  await page.getByLabel(text.setUp.name, { exact: true }).fill('ada');
  await page.getByLabel(text.setUp.password, { exact: true }).fill('a long password');
  await button(page, text.setUp.submit).click();
  await expect(page.getByText(text.setUp.used.title)).toBeVisible();
  await look(page, 'set-up-used');

  await page.goto(scene.app);
  await expect(page.getByRole('heading', { name: text.signIn.title })).toBeVisible();
  await look(page, 'sign-in');
  await page.getByLabel(text.signIn.name, { exact: true }).fill('ada');
  await page.getByLabel(text.signIn.password, { exact: true }).fill('wrong');
  await button(page, text.signIn.submit).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await look(page, 'sign-in-refused');
  await page.getByRole('link', { name: text.signIn.connect }).click();
  await expect(page.getByRole('heading', { name: text.connect.title })).toBeVisible();
  await look(page, 'connect-signed-out');

  await page.route('**/api/v1/session', (route) => route.abort());
  await page.goto(`${scene.app}?`);
  await expect(page.getByRole('heading', { name: text.unreachable.title })).toBeVisible();
  await look(page, 'unreachable');
});

const names = [
  'A name that is so long that it cannot be shown whole on a phone, nor perhaps on a desktop.txt',
  'budget 2024.xlsx',
  'film.mp4',
  'holiday.jpg',
  'ملف عربي.pdf',
  'notes.md',
  'song.flac',
  'archive.tar.gz',
];

async function furnish() {
  for (const name of names) {
    await must(name, { method: 'PUT', body: 'x'.repeat(1 + name.length ** 3) });
  }
  for (const folder of [
    'Documents',
    'Pictures',
    'empty',
    'Pictures/2023',
    'Pictures/2023/Summer',
  ]) {
    await must(folder, { method: 'MKCOL' });
  }
}

test('folders and what one does in them', async ({ page, context }) => {
  await enter(context);
  await furnish();
  await page.goto(scene.app);
  await onFiles(page);
  await expect(row(page, 'notes.md')).toBeVisible();
  await look(page, 'files');
  await row(page, 'notes.md').click();
  await look(page, 'files-chosen');
  const leave = () => page.keyboard.press('Escape');
  await look(page, 'row-menu', async () => {
    await leave();
    await button(page, text.files.more('notes.md')).click();
    await expect(page.getByRole('menu')).toBeVisible();
  });
  await leave();
  await look(page, 'account-menu', async () => {
    await leave();
    await page.getByRole('button', { name: text.me.menu(scene.user, '') }).click();
    await expect(page.getByRole('menu')).toBeVisible();
  });
  await page.getByRole('menuitem', { name: text.me.everywhere }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await look(page, 'sign-out-everywhere');
  await leave();

  await row(page, 'notes.md').click();
  await tool(page, text.actions.rename).click();
  await page.getByLabel(text.dialogs.renameName).fill('film.mp4');
  await page.getByRole('dialog').getByRole('button', { name: text.dialogs.rename }).click();
  await expect(page.getByRole('dialog').locator('[aria-invalid="true"]')).toBeVisible();
  await look(page, 'rename-refused');
  await leave();
  await row(page, 'notes.md').click();
  await tool(page, text.actions.move).click();
  await expect(page.getByRole('dialog').getByText('Documents')).toBeVisible();
  await look(page, 'move');
  await leave();
  await row(page, 'song.flac').click();
  await page.keyboard.press('Delete');
  await expect(page.getByRole('status').getByText('song.flac')).toBeVisible();
  await page.getByRole('status').getByText('song.flac').hover(); // it stays while looked at
  await look(page, 'deleted');

  const filter = page.getByRole('searchbox').or(page.getByLabel(text.files.filter)).first();
  await filter.fill('nothing like it');
  await expect(page.getByText(text.files.noMatch.title('nothing like it'))).toBeVisible();
  await look(page, 'no-match');
  await page.reload();
  await row(page, 'empty').dblclick();
  await expect(page.getByText(text.files.empty.title)).toBeVisible();
  await look(page, 'empty');
  await tool(page, text.actions['new-folder']).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await look(page, 'new-folder');
  await leave();
  await page.goto(`${scene.app}#/files/Pictures/2023/Summer/gone`);
  await expect(page.getByText(text.files.gone.title)).toBeVisible();
  await look(page, 'gone');
  await page.goto(`${scene.app}#/connect`);
  await expect(page.getByRole('heading', { name: text.connect.title })).toBeVisible();
  await look(page, 'connect');

  let answer = () => {};
  await page.route('**/api/v1/files?*', async (route) => {
    await new Promise<void>((done) => {
      answer = done;
    });
    await route.abort().catch(() => undefined);
  });
  await page.goto(`${scene.app}?#/files/Documents`);
  await page.waitForTimeout(600); // the skeleton does not show at once
  await look(page, 'loading');
  answer();
});

test('uploads', async ({ page, context }) => {
  await enter(context);
  await page.goto(scene.app);
  await onFiles(page);
  await must('same.bin', { method: 'PUT', body: 'there' });
  const same = await makeFile('same.bin', 1000);
  const small = await makeFile('small and done.bin', 1000);
  const big = await Promise.all(
    ['first.mp4', 'second.mp4', 'third.mp4', 'fourth.mp4'].map((name) => makeFile(name, 3e6)),
  );
  await drop(page, [same.file]);
  await expect(page.getByRole('dialog')).toBeVisible();
  await look(page, 'conflict');
  await page.getByRole('dialog').getByRole('button', { name: text.conflict.skip }).click();
  await drop(page, [small.file]);
  await expect(bar(page, 'small and done.bin')).toHaveAttribute('data-state', 'done');
  await look(page, 'uploads-done');

  await slow(50_000);
  await must('leaving', { method: 'MKCOL' });
  await drop(
    page,
    big.map((file) => file.file),
  );
  await expect(total(page)).toHaveAttribute('data-state', 'sending');
  await slow(300_000); // looking costs requests too
  await look(page, 'uploads');
  await button(page, text.panel.cancelAll).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await look(page, 'cancel-all');
  await page.keyboard.press('Escape');
  await button(page, text.panel.pauseAll).click();
  await expect(total(page)).toHaveAttribute('data-state', 'paused');
  await look(page, 'uploads-paused');
  await slow(0);
  const peer = new Peer(context);
  expect((await peer.change('DELETE', 'api/v1/sessions')).status).toBe(204);
  // A change that the live stream tells of, or the next part of an upload, whichever is first, meets
  // the session that is gone: the dialog may be over the panel before there is anything to press.
  const signIn = page.getByRole('alertdialog');
  await expect(async () => {
    if (!(await signIn.isVisible())) {
      await button(page, text.panel.resumeAll).click({ timeout: 500 });
    }
    await expect(signIn).toBeVisible({ timeout: 1000 });
  }).toPass();
  await look(page, 'expired');
});

test('an upload that fails', async ({ page, context }) => {
  await enter(context, 'bob', more('bobPassword')); // with little room
  await page.goto(scene.app);
  await onFiles(page);
  const file = await makeFile('too big.bin', 3e6);
  await page.getByTestId('pick-files').setInputFiles([file.file]);
  await expect(bar(page, 'too big.bin')).toHaveAttribute('data-state', 'failed');
  await look(page, 'upload-failed');
});
