import { createReadStream } from 'node:fs';
import { test } from '@playwright/test';
import { Upload } from 'tus-js-client';
import { chromium } from './puppet';
import { davHash, figure, fileHash, more, scene, until } from './scene';
import { makeFile } from './source';

/** A way to the server that does something to what is sent. */
interface Way {
  readonly name: string;
  readonly app: string;
  /** The client that takes it. */
  readonly only: 'the app' | 'tus-js-client';
}

const ways: readonly Way[] = JSON.parse(more('ways'));

test.setTimeout(Number(more('patience')) + 60_000);

for (const { name, app, only } of ways) {
  if (only === 'the app')
    test(`the app: ${name}`, async () => {
      const big = await makeFile(`app/${name}/big.bin`, Number(more('bytes')));
      const small = await Promise.all(
        Array.from({ length: 100 }, (_, i) => makeFile(`app/${name}/${i}.bin`, 20_000)),
      );
      const { peer, drop, close } = await chromium(`profile of ${name}`, app);
      const begin = Date.now();
      await drop([`${scene.dir}/app/${name}`]);
      const all = [big, ...small].map((file) => ({ ...file, path: file.path.slice(4) }));
      await until(
        'all is there',
        async () => {
          const tree = await peer.tree();
          return all.every(({ path, size }) => tree.get(path)?.size === size);
        },
        Number(more('patience')),
      );
      figure(`${name}: the app ${((Date.now() - begin) / 1000).toFixed(1)} s`);
      for (const { path, hash } of all) {
        if ((await davHash(path)) !== hash) throw new Error(`${path} is another file`);
      }
      await close();
    });

  if (only === 'tus-js-client')
    test(`tus-js-client: ${name}`, async () => {
      const file = await makeFile(`js ${name}.bin`, Number(more('bytes')));
      const token = Buffer.from(`${scene.user}:${scene.password}`).toString('base64');
      const begin = Date.now();
      await new Promise<void>((done, failed) => {
        new Upload(createReadStream(file.file), {
          endpoint: new URL('tus/', app).href,
          uploadSize: file.size,
          chunkSize: 1 << 20,
          retryDelays: [0, 200, 500, 1000, 2000, 3000, 5000],
          metadata: { filename: file.path },
          headers: { Authorization: `Basic ${token}` },
          onSuccess: () => done(),
          onError: failed,
        }).start();
      });
      figure(`${name}: tus-js-client ${((Date.now() - begin) / 1000).toFixed(1)} s`);
      if ((await davHash(file.path)) !== (await fileHash(file.file)))
        throw new Error('another file');
    });
}
