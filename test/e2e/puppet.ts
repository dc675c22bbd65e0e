import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { text } from '../../web/src/lib/text';
import { flags } from './flags';
import { Peer, scene, until } from './scene';

/**
 * A page in a browser that Playwright does not look into. Playwright has the DevTools tell it
 * of every request with its body: 8 MiB as base64 hold the page and this process for a second
 * each, and what is measured then is that.
 */
export interface Puppet {
  readonly page: Page;
  readonly peer: Peer;
  /** Drops files and folders of this machine (Chromium only). */
  drop(paths: readonly string[]): Promise<void>;
  pick(paths: readonly string[]): Promise<void>;
  /** Saves a file by the app's Download and returns where it is (Chromium only). */
  download(name: string): Promise<string>;
  close(): Promise<void>;
}

/** profile: another one is another browser. */
export async function chromium(profile = 'profile', app = scene.app): Promise<Puppet> {
  const browser = await launch({
    executablePath: scene.browser,
    pipe: true, // the browser ends with it
    networkEnabled: false,
    userDataDir: join(scene.dir, profile),
    defaultViewport: { width: 1280, height: 800 },
    args: ['--no-sandbox', ...flags],
  });
  return puppet(browser, app);
}

export async function firefox(executable: string, app = scene.app): Promise<Puppet> {
  const browser = await launch({
    browser: 'firefox',
    executablePath: executable,
    networkEnabled: false,
    defaultViewport: { width: 1280, height: 800 },
  });
  return puppet(browser, app);
}

/** Opens the app in a browser and signs in. */
export async function puppet(browser: Browser, app = scene.app): Promise<Puppet> {
  const page = await browser.newPage();
  await page.goto(app);
  const field = (label: string) => page.locator(`::-p-aria([name="${label}"][role="textbox"])`);
  await field(text.signIn.name).fill(scene.user);
  await page.locator('input[name="password"]').fill(scene.password);
  await page.locator('button[type="submit"]').click();
  await page.waitForSelector('[role="toolbar"]');
  return {
    page,
    peer: new Peer({ cookies: () => browser.cookies() }),
    async drop(paths) {
      const devtools = await page.createCDPSession();
      const data = { items: [], files: [...paths], dragOperationsMask: 1 };
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
        await devtools.send('Input.dispatchDragEvent', { type, x: 640, y: 500, data });
      }
      await devtools.detach();
    },
    async pick(paths) {
      const input = await page.waitForSelector('input[data-testid="pick-files"]');
      await input?.uploadFile(...paths);
    },
    async download(name) {
      const to = join(scene.dir, 'saved');
      await mkdir(to, { recursive: true });
      const devtools = await page.createCDPSession();
      await devtools.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: to });
      await page.locator(`[data-testid="file-row"][data-name=${JSON.stringify(name)}]`).click();
      await page.locator(`[role="toolbar"] ::-p-text(${text.actions.download})`).click();
      await until('it is saved', async () => (await readdir(to)).includes(name), 60_000);
      return join(to, name);
    },
    close: () => browser.close(),
  };
}
