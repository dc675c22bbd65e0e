import { type Browser, expect, type Page, test } from '@playwright/test';
import { text } from '../../web/src/lib/text';
import { act, allDone, drop, onFiles, row, signIn, total } from './app';
import { davHash, figure, must, Peer, scene, slow } from './scene';
import { makeFile } from './source';

/** Another browser, signed in. */
async function another(browser: Browser): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: scene.app })).newPage();
  await signIn(page);
  return page;
}

async function choose(page: Page, item: string) {
  await page.getByRole('button', { name: text.me.menu(scene.user, '') }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
}

const signedOut = (page: Page) =>
  expect(page.getByRole('heading', { name: text.signIn.title })).toBeVisible();

const asked = (page: Page) => page.getByRole('alertdialog', { name: text.expired.title });

test('a wrong password is refused in words', async ({ page }) => {
  await page.goto(scene.app);
  await page.getByLabel(text.signIn.name, { exact: true }).fill(scene.user);
  await page.getByLabel(text.signIn.password, { exact: true }).fill('wrong');
  await page.getByRole('button', { name: text.signIn.submit, exact: true }).click();
  await expect(page.getByRole('alert')).toContainText(/\w+ \w+/);
  await expect(page.getByTestId('pick-files')).toHaveCount(0);
});

test('signing out here, and everywhere', async ({ page, browser }) => {
  await must('there.txt', { method: 'PUT', body: 'there' });
  await signIn(page);
  const other = await another(browser);
  await choose(page, text.me.signOut);
  await signedOut(page);
  await page.reload();
  await signedOut(page);
  await other.reload();
  await onFiles(other);

  await signIn(page);
  await choose(page, text.me.everywhere);
  await page.getByRole('button', { name: text.me.everywhere, exact: true }).click();
  await signedOut(page);
  const gone = await new Peer(other.context()).ask('api/v1/session');
  expect(gone.status, 'the other browser, at once').toBe(401);
  await act(other, 'there.txt', text.actions.delete);
  await expect(asked(other)).toBeVisible();
  expect((await must('there.txt')).status, 'what the other browser may not delete').toBe(200);
  await other.context().close();
});

test('a session that ends during an upload', async ({ page }) => {
  const file = await makeFile('long.bin', 60e6);
  await signIn(page);
  await slow(3e6);
  await drop(page, [file.file]);
  const acked = async () => Number(await total(page).getAttribute('data-acked'));
  await expect.poll(acked).toBeGreaterThan(0);
  const peer = new Peer(page.context());
  expect((await peer.change('DELETE', 'api/v1/sessions')).status).toBe(204);
  await expect(asked(page)).toBeVisible();
  const before = await acked();
  expect(before).toBeLessThan(file.size);
  await slow(0);
  const password = asked(page).getByLabel(text.signIn.password, { exact: true });
  await password.fill('wrong');
  await asked(page).getByRole('button', { name: text.signIn.submit, exact: true }).click();
  await expect(asked(page).getByRole('alert')).toBeVisible();
  await password.fill(scene.password);
  await asked(page).getByRole('button', { name: text.signIn.submit, exact: true }).click();
  await expect(asked(page)).toHaveCount(0);
  await allDone(page);
  await expect(row(page, 'long.bin')).toBeVisible();
  expect(await davHash('long.bin')).toBe(file.hash);
  figure(
    `session ended at ${Math.round(before / 1e6)} of 60 MB, signed in again in the dialog, whole`,
  );
});
