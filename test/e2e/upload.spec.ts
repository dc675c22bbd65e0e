import { expect, test } from '@playwright/test';
import type { Page } from 'puppeteer-core';
import { allDone, onFiles, row, signIn } from './app';
import { chromium } from './puppet';
import { control, davHash, figure, fileHash, more, Peer, pause, scene, slow, until } from './scene';
import { makeFile, makeFolder, type Source } from './source';

const MB = 1e6;
/** What is on its way unacknowledged: three PATCHes of 16 MiB. */
const inFlight = 3 * (16 << 20);

interface Bar {
  readonly acked: number;
  readonly sent: number;
  readonly total: number;
  readonly state: string;
}

/** The bars as the page shows them now: of all uploads, and of one. */
function bars(page: Page, name: string): Promise<(Bar | undefined)[]> {
  return page.evaluate((label) => {
    const read = (selector: string) => {
      const data = document.querySelector<HTMLElement>(selector)?.dataset;
      return (
        data && {
          acked: Number(data.acked),
          sent: Number(data.sent),
          total: Number(data.total),
          state: data.state ?? '',
        }
      );
    };
    return [
      read('[data-testid="upload-total"]'),
      read(`[data-testid="upload-item"][aria-label=${JSON.stringify(label)}]`),
    ];
  }, name);
}

/** The bytes that the server holds: of all these files, and of the first. */
async function held(peer: Peer, files: readonly Source[], whole: Set<string>) {
  // Uploads first: one that ends meanwhile is then in the tree.
  const uploads = new Map((await peer.uploads()).map((upload) => [upload.path, upload.offset]));
  const tree = await peer.tree('', whole);
  const of = ({ path, size }: Source) => {
    const inside = [...whole].some((folder) => path.startsWith(`${folder}/`));
    return inside || tree.get(path)?.size === size ? size : (uploads.get(path) ?? 0);
  };
  for (const [path, entry] of tree) {
    // A folder that holds everything need not be walked again.
    const expected = files.filter((f) => f.path.startsWith(`${path}/`));
    const bytes = expected.reduce((sum, f) => sum + f.size, 0);
    const arrived = expected.every((f) => tree.get(f.path)?.size === f.size);
    if (entry.folder && expected.length > 0 && entry.size === bytes && arrived) whole.add(path);
  }
  return {
    all: files.reduce((sum, file) => sum + of(file), 0),
    first: files[0] ? of(files[0]) : 0,
  };
}

test('a large file and a folder, while the server is killed', async () => {
  const [big, ...small] = [
    await makeFile('big.bin', Number(more('bytes'))),
    ...(await makeFolder('notes', Number(more('files')))),
  ] as [Source, ...Source[]];
  const files = [big, ...small];
  const content = files.reduce((sum, file) => sum + file.size, 0);

  const { page, peer, drop, download, close } = await chromium();
  const before = await control('state');
  const begin = Date.now();
  await drop([big.file, `${scene.dir}/notes`]);

  const seen = { total: new Set<number>(), item: new Set<number>() };
  const last = { total: 0, item: 0 };
  const whole = new Set<string>();
  let margin = Number.POSITIVE_INFINITY;
  let lag = 0;
  let samples = 0;
  let killedAt = 0;
  let revival: Promise<unknown> | undefined;
  let revived = 0;
  let wentOn = 0;

  for (let next = Date.now(), done = false; !done; ) {
    expect(Date.now() - begin, 'milliseconds since the drop').toBeLessThan(90_000);
    next += 100;
    await pause(Math.max(0, next - Date.now()));
    const [total, item] = await bars(page, 'big.bin');
    if (!total) continue;
    samples++;
    for (const [which, now] of [['total', total] as const, ['item', item] as const]) {
      if (!now) continue;
      expect(now.acked, `the solid bar of the ${which} falls`).toBeGreaterThanOrEqual(last[which]);
      expect(now.sent, 'the light bar').toBeGreaterThanOrEqual(now.acked);
      expect(now.acked, 'the solid bar').toBeLessThanOrEqual(now.total);
      last[which] = now.acked;
      seen[which].add(now.acked);
    }
    // While the server is down its last word is not known; the next sample asks again.
    const truth = await held(peer, files, whole).catch((error: unknown) => {
      if (killedAt === 0 || revived !== 0) throw error;
    });
    if (truth) {
      expect(last.total, 'all bars say more than the server holds').toBeLessThanOrEqual(truth.all);
      expect(last.item, 'the bar says more than the server holds').toBeLessThanOrEqual(truth.first);
      margin = Math.min(margin, truth.all - last.total);
      lag = Math.max(lag, truth.all - last.total);
    }
    const part = last.total / content;
    if (killedAt === 0 && part >= 0.42) {
      expect(part, 'where the server is killed').toBeLessThan(0.6);
      await control('kill');
      killedAt = last.total;
      revival = pause(1000)
        .then(() => control('start'))
        .then(() => {
          revived = Date.now();
        });
    }
    if (revived !== 0 && wentOn === 0 && last.total > killedAt + inFlight) wentOn = Date.now();
    done = total.state === 'done' && total.total === content;
  }
  await revival;
  const took = (Date.now() - begin) / 1000;
  const after = await control('state');
  const sent = after.up - before.up;

  expect(killedAt, 'the server was killed').toBeGreaterThan(0);
  expect(last.total).toBe(content);
  expect(seen.total.size, 'values of the bar of all').toBeGreaterThanOrEqual(
    Number(more('values')),
  );
  expect(seen.item.size, 'values of the bar').toBeGreaterThanOrEqual(Number(more('values')));
  expect(sent, 'bytes on the wire').toBeGreaterThanOrEqual(content);
  expect(sent, 'bytes on the wire').toBeLessThanOrEqual(content * 1.02 + inFlight);

  await slow(0);
  // The folder is shown without a reload, and the bytes are those of the source.
  await page.waitForSelector('[data-testid="file-row"][data-name="notes"]');
  expect(await fileHash(await download('big.bin')), 'SHA-256 by Download').toBe(big.hash);
  const tree = await peer.tree();
  for (const file of files) {
    expect(await davHash(file.path), `SHA-256 of ${file.path}`).toBe(file.hash);
    expect(tree.get(file.path)?.mtime, `modification time of ${file.path}`).toBe(file.mtime);
  }
  expect([...tree.values()].filter((entry) => !entry.folder)).toHaveLength(files.length);
  // Uploads whose creation was answered into the dying connection: nobody knows of them, and
  // they expire. At most one for each request that was under way.
  const lost = await peer.uploads();
  expect(lost.length, 'uploads that were begun twice').toBeLessThanOrEqual(3);
  await close();

  figure(
    `${(content / MB).toFixed(0)} MB in ${files.length} files, ${took.toFixed(1)} s with a kill at ` +
      `${((killedAt / content) * 100).toFixed(0)} % and a restart; parts moved again ` +
      `${wentOn ? ((wentOn - revived) / 1000).toFixed(1) : '?'} s after it`,
  );
  figure(
    `solid bar: ${samples} samples, ${seen.total.size} values (the file's own: ${seen.item.size}), ` +
      `never falling; the server held at least ${margin} and at most ${(lag / MB).toFixed(1)} MB more`,
  );
  figure(
    `sent again: ${((sent - content) / MB).toFixed(2)} MB with all overhead ` +
      `(${((sent / content - 1) * 100).toFixed(2)} %), in flight at most ${(inFlight / MB).toFixed(1)} MB`,
  );
  figure(`begun twice, since the kill took the answer: ${lost.length} of ${files.length}`);
  figure(`SHA-256 of big.bin by Download and over WebDAV: ${big.hash}`);
});

test('files picked, a reload in the middle of nothing', async ({ page }) => {
  const a = await makeFile('picked a.bin', 3 * MB, 1.1e12);
  const b = await makeFile('picked ünïcode.txt', 12, 1.2e12);
  await signIn(page);
  await page.reload();
  await onFiles(page);
  await page.getByTestId('pick-files').setInputFiles([a.file, b.file]);
  await allDone(page);
  for (const file of [a, b]) {
    await expect(row(page, file.path)).toBeVisible();
    expect(await davHash(file.path)).toBe(file.hash);
  }
  const peer = new Peer(page.context());
  await until('nothing is under way', async () =>
    (await peer.uploads()).every(({ path }) => path !== a.path && path !== b.path),
  );
});
