import { test } from '@playwright/test';
import { chromium } from './puppet';
import { davHash, figure, more, until } from './scene';
import { makeFile } from './source';

const patience = Number(more('patience'));

test.setTimeout(patience + 120_000);

test('one large file over a long line', async () => {
  const big = await makeFile('big.bin', Number(more('bytes')));
  const { page, pick, close } = await chromium();
  const begin = Date.now();
  await pick([big.file]);
  // The page is asked, not the server: the line is left to the upload.
  await until(
    'it is there',
    () =>
      page.evaluate(
        () =>
          document.querySelector<HTMLElement>('[data-testid="upload-total"]')?.dataset.state ===
          'done',
      ),
    patience,
  );
  figure(`the app: ${((Date.now() - begin) / 1000).toFixed(2)} s`);
  if ((await davHash(big.path)) !== big.hash) throw new Error('another file');
  await close();
});
