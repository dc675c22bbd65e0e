import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from '@playwright/test';
import Uppy from '@uppy/core';
import Tus from '@uppy/tus';
import { Upload } from 'tus-js-client';
import { chromium, firefox } from './puppet';
import { davHash, figure, fileHash, more, scene, until } from './scene';
import { makeFile } from './source';

/** A way to the server that does something to what is sent. */
interface Way {
  readonly name: string;
  readonly app: string;
  /** The client that takes it. */
  readonly only: 'the app' | 'the app in Firefox' | 'tus-js-client' | 'Uppy';
}

const ways: readonly Way[] = JSON.parse(more('ways'));

/** What clients of others are told of how to try again, and who asks. */
const retryDelays = [0, 200, 500, 1000, 2000, 3000, 5000];
const headers = {
  Authorization: `Basic ${Buffer.from(`${scene.user}:${scene.password}`).toString('base64')}`,
};

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

  if (only === 'the app in Firefox')
    test(`${only}: ${name}`, async () => {
      const files = await Promise.all(
        [Number(more('bytes')), ...Array<number>(20).fill(20_000)].map((size, i) =>
          makeFile(`Firefox ${name} ${i}.bin`, size),
        ),
      );
      const { peer, pick, close } = await firefox(more('firefox'), app);
      const begin = Date.now();
      await pick(files.map(({ file }) => file));
      await until(
        'all is there',
        async () => {
          const tree = await peer.tree();
          return files.every(({ path, size }) => tree.get(path)?.size === size);
        },
        Number(more('patience')),
      );
      figure(`${name}: ${only} ${((Date.now() - begin) / 1000).toFixed(1)} s`);
      for (const { path, hash } of files) {
        if ((await davHash(path)) !== hash) throw new Error(`${path} is another file`);
      }
      await close();
    });

  if (only === 'tus-js-client')
    test(`tus-js-client: ${name}`, async () => {
      const file = await makeFile(`js ${name}.bin`, Number(more('bytes')));
      const begin = Date.now();
      await new Promise<void>((done, failed) => {
        new Upload(createReadStream(file.file), {
          endpoint: new URL('tus/', app).href,
          uploadSize: file.size,
          chunkSize: 1 << 20,
          retryDelays,
          metadata: { filename: file.path },
          headers,
          onSuccess: () => done(),
          onError: failed,
        }).start();
      });
      figure(`${name}: tus-js-client ${((Date.now() - begin) / 1000).toFixed(1)} s`);
      if ((await davHash(file.path)) !== (await fileHash(file.file)))
        throw new Error('another file');
    });

  if (only === 'Uppy')
    test(`Uppy: ${name}`, async () => {
      const file = await makeFile(`Uppy ${name}.bin`, Number(more('bytes')));
      const uppy = new Uppy();
      uppy.use(Tus, {
        endpoint: new URL('tus/', app).href,
        chunkSize: 1 << 20,
        retryDelays,
        headers,
      });
      // Below it tus-js-client runs as in Node, and takes a Buffer where a page has a Blob.
      const data = (await readFile(file.file)) as unknown as Blob;
      uppy.addFile({ name: file.path, type: 'application/octet-stream', data });
      const begin = Date.now();
      const { failed = [] } = (await uppy.upload()) ?? {};
      figure(`${name}: Uppy ${((Date.now() - begin) / 1000).toFixed(1)} s`);
      if (failed.length > 0) throw new Error(failed[0]?.error ?? 'failed');
      if ((await davHash(file.path)) !== file.hash) throw new Error('another file');
    });
}
