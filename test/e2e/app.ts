import { type BrowserContext, expect, type Locator, type Page } from '@playwright/test';
import { text } from '../../web/src/lib/text';
import { scene } from './scene';

/** Signs in on the page, at the app's address. */
export async function signIn(page: Page, name = scene.user, password = scene.password) {
  await page.goto(scene.app);
  await page.getByLabel(text.signIn.name, { exact: true }).fill(name);
  await page.getByLabel(text.signIn.password, { exact: true }).fill(password);
  await page.getByRole('button', { name: text.signIn.submit, exact: true }).click();
  await onFiles(page);
}

/** Waits for the page of a folder. */
export async function onFiles(page: Page) {
  await expect(page.getByTestId('pick-files')).toBeAttached();
  await expect(page.getByRole('toolbar')).toBeVisible();
}

export function row(page: Page, name: string): Locator {
  return page.locator(`[data-testid="file-row"][data-name=${JSON.stringify(name)}]`);
}

/** The bar of one upload. */
export function bar(page: Page, name: string): Locator {
  return page.getByTestId('upload-item').and(page.getByRole('progressbar', { name, exact: true }));
}

export const total = (page: Page) => page.getByTestId('upload-total');

export async function allDone(page: Page, patience = 60_000) {
  await expect(total(page)).toHaveAttribute('data-state', 'done', { timeout: patience });
}

/** Drops files and folders of this machine on the page, as a person does. */
export async function drop(page: Page, files: readonly string[], at?: Locator) {
  const box = await (at ?? page.getByRole('main')).boundingBox();
  if (!box) throw new Error('there is nothing to drop on');
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  const where = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await devtools.send('Input.dispatchDragEvent', { type, ...where, data });
  }
  await devtools.detach();
}

/** Chooses one row and presses a button of the toolbar. */
export async function act(page: Page, name: string, action: string) {
  await row(page, name).click();
  await page.getByRole('toolbar').getByRole('button', { name: action, exact: true }).click();
}

/** Saves a file by the app's Download and returns where it is. */
export async function download(page: Page, name: string): Promise<string> {
  const coming = page.waitForEvent('download');
  await act(page, name, text.actions.download);
  return (await coming).path();
}

/** Signs a browser in without its page. */
export async function enter(
  context: BrowserContext,
  name = scene.user,
  password = scene.password,
): Promise<void> {
  const answer = await context.request.post(new URL('api/v1/session', scene.app).href, {
    data: { name, password },
  });
  expect(answer.status(), `sign-in of ${name}`).toBe(200);
}
