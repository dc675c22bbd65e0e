import type { HttpRequest, HttpStack } from 'tus-js-client';
import { beforeEach, expect, test } from 'vitest';
import type { ProblemBody } from '../api/types';
import { sendBatch } from './batch-transport';
import type { BatchEvents, Job } from './transport';

let bodies: Uint8Array[];
let unreadable: number[];
let results: readonly (ProblemBody | undefined)[] | undefined;
let reads: number;

beforeEach(() => {
  bodies = [];
  unreadable = [];
  results = undefined;
  reads = 0;
});

/** Answers that all it was sent is stored. */
const http: HttpStack = {
  getName: () => 'script',
  createRequest: (method, url): HttpRequest => ({
    getMethod: () => method,
    getURL: () => url,
    setHeader: () => {},
    getHeader: () => undefined,
    setProgressHandler: () => {},
    getUnderlyingObject: () => undefined,
    abort: async () => {},
    async send(body: Uint8Array) {
      bodies.push(body);
      const answer = JSON.stringify({ results: taken(body).map(() => ({ entry: {} })) });
      return {
        getStatus: () => 200,
        getHeader: () => undefined,
        getBody: () => answer,
        getUnderlyingObject: () => undefined,
      };
    },
  }),
};

/** The files of a body: what their lines say, and their bytes as text. */
function taken(body: Uint8Array): { line: Record<string, unknown>; text: string }[] {
  const files: { line: Record<string, unknown>; text: string }[] = [];
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf(10, at);
    const line = JSON.parse(new TextDecoder().decode(body.subarray(at, end)));
    at = end + 1 + line.size;
    files.push({ line, text: new TextDecoder().decode(body.subarray(end + 1, at)) });
  }
  return files;
}

class Counted extends File {
  override arrayBuffer(): Promise<ArrayBuffer> {
    reads++;
    return super.arrayBuffer();
  }
}

/** It changed on the disk since it was picked. */
class Changed extends File {
  override arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.reject(new DOMException('', 'NotReadableError'));
  }

  /** Nor can it be read together with others. */
  override get size(): number {
    return 99;
  }
}

async function send(files: readonly File[]): Promise<void> {
  const jobs = files.map(
    (file): Job => ({
      ...{ file, folder: 'f', name: file.name, condition: { ifNoneMatch: '*' }, url: undefined },
      partSize: () => 1,
    }),
  );
  await new Promise<void>((go) => {
    const events: BatchEvents = {
      phase: () => {},
      sent: () => {},
      unreadable: (place) => unreadable.push(place),
      done(all) {
        results = all;
        go();
      },
      failed: () => go(),
    };
    const door = { token: '', href: (relative: string) => `https://example.org/${relative}` };
    sendBatch(door, http, jobs, events);
  });
}

test('files are read together, and each has its own bytes and digest', async () => {
  const files = ['one', '', 'three'].map((text, n) => new Counted([text], `n${n}`));
  await send(files);
  expect(reads).toBe(0);
  expect(results).toEqual([undefined, undefined, undefined]);
  const sent = taken(bodies[0] ?? new Uint8Array());
  expect(sent.map(({ text }) => text)).toEqual(['one', '', 'three']);
  expect(sent[2]?.line).toMatchObject({
    path: 'f/n2',
    size: 5,
    sha256: Buffer.from(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode('three')),
    ).toString('base64'),
  });
});

test('one that cannot be read is told of, and the others go without it', async () => {
  const files = [new Counted(['a'], 'a'), new Changed(['b'], 'b'), new Counted(['c'], 'c')];
  await send(files);
  expect(unreadable).toEqual([1]);
  expect(reads).toBe(2);
  const sent = taken(bodies[0] ?? new Uint8Array());
  expect(sent.map(({ line, text }) => [line.path, text])).toEqual([
    ['f/a', 'a'],
    ['f/c', 'c'],
  ]);
  expect(results?.length).toBe(3);
});

test('none can be read: nothing is sent', async () => {
  await send([new Changed(['b'], 'b')]);
  expect(unreadable).toEqual([0]);
  expect(bodies).toEqual([]);
});
