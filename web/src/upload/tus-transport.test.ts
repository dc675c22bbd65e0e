import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';
import { beforeEach, expect, test } from 'vitest';
import type { Failure, Job, JobEvents } from './transport';
import { type Bodies, createTusTransport } from './tus-transport';

const MiB = 1 << 20;

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  body: unknown;
  aborted: boolean;
  progress(bytes: number): void;
  answer(status: number, headers?: Record<string, string>, body?: string): void;
  break(): void;
}

/** Stands in for XMLHttpRequest: notes requests, answers when told. */
class Script implements HttpStack {
  readonly sent: Sent[] = [];

  getName = () => 'script';

  createRequest = (method: string, url: string): HttpRequest => {
    const headers: Record<string, string> = {};
    let progress = (_: number) => {};
    let sent: Sent | undefined;
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader: (name, value) => {
        headers[name] = value;
      },
      getHeader: (name) => headers[name],
      setProgressHandler: (handler) => {
        progress = handler;
      },
      getUnderlyingObject: () => undefined,
      abort: async () => {
        if (sent) sent.aborted = true;
      },
      send: (body: unknown) =>
        new Promise<HttpResponse>((resolve, reject) => {
          sent = {
            method,
            url,
            headers,
            body,
            aborted: false,
            progress: (bytes) => progress(bytes),
            break: () => reject(new Error('broken')),
            answer: (status, answered = {}, text = '') =>
              resolve({
                getStatus: () => status,
                getHeader: (name) => answered[name],
                getBody: () => text,
                getUnderlyingObject: () => undefined,
              }),
          };
          this.sent.push(sent);
        }),
    };
  };
}

let http: Script;
let token: string;
let told: string[];
let failures: Failure[];
let bodies: Bodies;

beforeEach(() => {
  http = new Script();
  token = 'first';
  told = [];
  failures = [];
  bodies = 'bytes';
});

const door = {
  get token() {
    return token;
  },
  href: (relative: string) => new URL(relative, 'https://example.org/files/').href,
};

const events: JobEvents = {
  located: (url) => told.push(`located ${url}`),
  phase: (phase, last) => told.push(last ? `${phase} last` : phase),
  sent: (bytes) => told.push(`sent ${bytes}`),
  acked: (bytes) => told.push(`acked ${bytes}`),
  done: () => told.push('done'),
  failed: (failure) => failures.push(failure),
};

function start(file: File, more: Partial<Job> = {}) {
  return createTusTransport(door, http, bodies).start(
    {
      file,
      folder: 'a/b',
      name: 'ü.bin',
      condition: { ifNoneMatch: '*' },
      url: undefined,
      partSize: () => 8 * MiB,
      ...more,
    },
    events,
  );
}

/** Waits until so many requests went out. */
async function request(n: number): Promise<Sent> {
  for (let i = 0; i < 200 && http.sent.length <= n; i++) await tick();
  const sent = http.sent[n];
  if (!sent) throw new Error(`no request ${n}; told: ${told}, ${JSON.stringify(failures)}`);
  return sent;
}

const tick = () => new Promise((go) => setTimeout(go, 1));

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !what(); i++) await tick();
  expect(what()).toBe(true);
}

function fileOf(size: number, type = 'image/png'): File {
  const bytes = new Uint8Array(size).map((_, i) => i % 251);
  return new File([bytes], 'ignored', { type, lastModified: 1_700_000_000_123 });
}

function metadata(sent: Sent): Record<string, string> {
  const pairs = (sent.headers['Upload-Metadata'] ?? '').split(',').map((pair) => pair.split(' '));
  return Object.fromEntries(
    pairs.map(([key, value]) => [key, Buffer.from(value ?? '', 'base64').toString('utf8')]),
  );
}

test('a small file goes with its creation, as bytes', async () => {
  start(fileOf(1000));
  const post = await request(0);
  expect(post.method).toBe('POST');
  expect(post.url).toBe('https://example.org/files/tus/');
  expect(post.headers).toMatchObject({
    'Upload-Length': '1000',
    'Content-Type': 'application/offset+octet-stream',
    'X-Cairn-Token': 'first',
    'If-None-Match': '*',
  });
  expect(metadata(post)).toEqual({
    dir: 'a/b',
    filename: 'ü.bin',
    filetype: 'image/png',
    mtime: '1700000000.123',
  });
  expect(post.body).toBeInstanceOf(Uint8Array);
  expect((post.body as Uint8Array).length).toBe(1000);
  post.progress(500);
  post.progress(1000);
  post.answer(201, { Location: '/files/tus/1', 'Upload-Offset': '1000' });
  await until(() => told.includes('done'));
  expect(told).toEqual([
    'reading last',
    'sent 0',
    'sending last',
    'sent 500',
    'sent 1000',
    'sent last',
    'acked 1000',
    'located https://example.org/files/tus/1',
    'sent 1000',
    'sent last',
    'done',
  ]);
});

test('a large one in PATCHes of the chunk size; conditions only at the creation', async () => {
  start(fileOf(3 * MiB), { partSize: () => 2 * MiB, condition: { ifMatch: 'v1' }, folder: '' });
  const post = await request(0);
  expect(post.body).toBeNull();
  expect(post.headers['If-Match']).toBe('"v1"');
  expect(metadata(post)).not.toHaveProperty('dir');
  post.answer(201, { Location: '/files/tus/1' });
  const first = await request(1);
  expect(first.method).toBe('PATCH');
  expect(first.headers).not.toHaveProperty('If-Match');
  expect(first.headers['Upload-Offset']).toBe('0');
  expect((first.body as Uint8Array).length).toBe(2 * MiB);
  token = 'second';
  first.answer(204, { 'Upload-Offset': String(2 * MiB) });
  const second = await request(2);
  expect(second.headers['X-Cairn-Token']).toBe('second');
  expect((second.body as Uint8Array).length).toBe(MiB);
  expect((second.body as Uint8Array)[0]).toBe((2 * MiB) % 251);
  second.answer(204, { 'Upload-Offset': String(3 * MiB) });
  await until(() => told.includes('done'));
  expect(told.filter((t) => t.startsWith('acked'))).toEqual([
    `acked ${2 * MiB}`,
    `acked ${3 * MiB}`,
  ]);
});

test('large bodies lie in the file, and small ones do not', async () => {
  bodies = 'slices';
  start(fileOf(3 * MiB), { partSize: () => 2 * MiB });
  (await request(0)).answer(201, { Location: '/files/tus/1' });
  const first = await request(1);
  expect(first.body).toBeInstanceOf(Blob);
  const bytes = new Uint8Array(await (first.body as Blob).arrayBuffer());
  expect(bytes.length).toBe(2 * MiB);
  expect(bytes[1000]).toBe(1000 % 251);
  first.answer(204, { 'Upload-Offset': String(2 * MiB) });
  const second = await request(2);
  expect((second.body as Uint8Array).length).toBe(MiB);
  expect((second.body as Uint8Array)[0]).toBe((2 * MiB) % 251);
  second.answer(204, { 'Upload-Offset': String(3 * MiB) });
  await until(() => told.includes('done'));
});

test('an empty file is created and done', async () => {
  start(fileOf(0));
  const post = await request(0);
  expect(post.headers['Upload-Length']).toBe('0');
  post.answer(201, { Location: '/files/tus/1' });
  await until(() => told.includes('done'));
  expect(told).toContain('asking last');
});

test('resumes by HEAD, from where the server is', async () => {
  start(fileOf(3 * MiB), { url: 'https://example.org/files/tus/7' });
  const head = await request(0);
  expect(head.method).toBe('HEAD');
  head.answer(200, { 'Upload-Offset': '1000', 'Upload-Length': String(3 * MiB) });
  const patch = await request(1);
  expect(patch.url).toBe('https://example.org/files/tus/7');
  expect(patch.headers['Upload-Offset']).toBe('1000');
  expect((patch.body as Uint8Array)[0]).toBe(1000 % 251);
  expect(told).toContain('acked 1000');
});

test('resumes what is complete already', async () => {
  start(fileOf(2 * MiB), { url: 'https://example.org/files/tus/7' });
  (await request(0)).answer(200, {
    'Upload-Offset': String(2 * MiB),
    'Upload-Length': String(2 * MiB),
  });
  await until(() => told.includes('done'));
});

test.each([401, 404, 500, 503])(
  'HEAD answered %i is an error, never a new upload',
  async (status) => {
    start(fileOf(2 * MiB), { url: 'https://example.org/files/tus/7' });
    (await request(0)).answer(status);
    await until(() => failures.length === 1);
    expect(failures[0]).toMatchObject({ step: 'head', problem: { status } });
    await tick();
    expect(http.sent.length).toBe(1);
  },
);

test('an error is the words of the server, with what it asks to wait', async () => {
  start(fileOf(2 * MiB));
  (await request(0)).answer(201, { Location: '/files/tus/1' });
  const body = JSON.stringify({ code: 'quota-exceeded', title: 'Full.', detail: 'Delete.' });
  (await request(1)).answer(507, { 'Retry-After': '7' }, body);
  await until(() => failures.length === 1);
  expect(failures[0]).toEqual({
    step: 'patch',
    last: true,
    retryAfter: 7,
    problem: { status: 507, code: 'quota-exceeded', title: 'Full.', detail: 'Delete.' },
  });
});

test('a refused creation that kept the bytes says where', async () => {
  start(fileOf(10));
  (await request(0)).answer(
    409,
    { Location: '/files/tus/9' },
    JSON.stringify({ code: 'no-parent', title: 'Gone.' }),
  );
  await until(() => failures.length === 1);
  expect(told).toContain('located https://example.org/files/tus/9');
  expect(failures[0]).toMatchObject({ step: 'create', last: true, problem: { code: 'no-parent' } });
});

test('a broken connection is a network problem', async () => {
  start(fileOf(10));
  (await request(0)).break();
  await until(() => failures.length === 1);
  expect(failures[0]).toMatchObject({ step: 'create', last: true, problem: { code: 'network' } });
});

test('an answer without an offset does not come from Cairn', async () => {
  start(fileOf(2 * MiB));
  (await request(0)).answer(201, { Location: '/files/tus/1' });
  (await request(1)).answer(200, {}, '<html>');
  await until(() => failures.length === 1);
  expect(failures[0]).toMatchObject({ step: 'patch', problem: { code: 'network' } });
});

const unreadable = () => Promise.reject(new DOMException('', 'NotReadableError'));
const shorter = (bytes: number) => () => Promise.resolve(new ArrayBuffer(bytes));
test.each([
  ['bytes', 'cannot be read', unreadable],
  ['bytes', 'has become shorter', shorter(5)],
  ['slices', 'cannot be read', unreadable],
  ['slices', 'has become shorter', shorter(0)],
] as const)(
  '%s: a file that %s fails as such, and nothing of it is sent',
  async (as, _, arrayBuffer) => {
    bodies = as;
    const file = {
      size: 2 * MiB,
      type: '',
      lastModified: 0,
      slice: () => ({ arrayBuffer }),
    } as unknown as File;
    start(file);
    (await request(0)).answer(201, { Location: '/files/tus/1' });
    await until(() => failures.length === 1);
    expect(failures[0]).toMatchObject({ step: 'read', problem: { code: 'changed' } });
    expect(http.sent.length).toBe(1);
  },
);

test('after stop it is silent, and the request is broken off', async () => {
  const transfer = start(fileOf(3 * MiB));
  (await request(0)).answer(201, { Location: '/files/tus/1' });
  const patch = await request(1);
  transfer.stop();
  const before = told.length;
  expect(patch.aborted).toBe(true);
  patch.progress(5);
  patch.break();
  await tick();
  expect(told.length).toBe(before);
  expect(failures).toEqual([]);
});

test.each([5, 3 * MiB])(
  'stopped in the tick of its start, %i bytes: nothing is sent',
  async (size) => {
    start(fileOf(size)).stop();
    for (let i = 0; i < 20; i++) await tick();
    expect(http.sent).toEqual([]);
    expect(failures).toEqual([]);
  },
);

test('stopped while the file is read: nothing is sent', async () => {
  let read = (_: ArrayBuffer) => {};
  const arrayBuffer = () => new Promise<ArrayBuffer>((go) => (read = go));
  const file = { size: 5, type: '', lastModified: 0, slice: () => ({ arrayBuffer }) };
  const transfer = start(file as unknown as File);
  await until(() => told.includes('reading last'));
  transfer.stop();
  read(new ArrayBuffer(5));
  for (let i = 0; i < 20; i++) await tick();
  expect(http.sent).toEqual([]);
});

test('drop ends the upload on the server; that it fails does not matter', async () => {
  createTusTransport(door, http).drop('https://example.org/files/tus/7');
  const sent = await request(0);
  expect(sent).toMatchObject({ method: 'DELETE', url: 'https://example.org/files/tus/7' });
  expect(sent.headers).toMatchObject({ 'Tus-Resumable': '1.0.0', 'X-Cairn-Token': 'first' });
  sent.break();
  await tick();
});

/** Notes which pieces of it are read. */
function watched(size: number): { file: File; read: number[] } {
  const file = fileOf(size);
  const read: number[] = [];
  const slice = file.slice.bind(file);
  file.slice = (from, to, type) => {
    read.push(from ?? 0);
    return slice(from, to, type);
  };
  return { file, read };
}

test('the next part is read while one is on its way, and none further', async () => {
  const { file, read } = watched(5 * MiB);
  start(file, { partSize: () => 2 * MiB });
  const post = await request(0);
  expect(read).toEqual([0]);
  post.answer(201, { Location: '/files/tus/1' });
  const first = await request(1);
  expect(read).toEqual([0, 2 * MiB]);
  first.answer(204, { 'Upload-Offset': String(2 * MiB) });
  const second = await request(2);
  expect(read).toEqual([0, 2 * MiB, 4 * MiB]);
  second.answer(204, { 'Upload-Offset': String(4 * MiB) });
  const third = await request(3);
  expect((third.body as Uint8Array).length).toBe(MiB);
  expect((third.body as Uint8Array)[0]).toBe((4 * MiB) % 251);
  third.answer(204, { 'Upload-Offset': String(5 * MiB) });
  await until(() => told.includes('done'));
  expect(read).toEqual([0, 2 * MiB, 4 * MiB]);
});

test('of what was read ahead only so much is sent as a part has by now', async () => {
  let part = 2 * MiB;
  const sizes: number[] = [];
  createTusTransport(door, http, 'bytes').start(
    {
      ...{ file: fileOf(5 * MiB), folder: '', name: 'f', condition: { ifNoneMatch: '*' } },
      ...{ url: undefined, partSize: () => part },
    },
    { ...events, phase: (phase, _, bytes = 0) => phase === 'sending' && sizes.push(bytes) },
  );
  (await request(0)).answer(201, { Location: '/files/tus/1' });
  const first = await request(1);
  part = MiB;
  first.answer(204, { 'Upload-Offset': String(2 * MiB) });
  const second = await request(2);
  expect((second.body as Uint8Array).length).toBe(MiB);
  part = 4 * MiB; // read ahead while it was 1 MiB
  second.answer(204, { 'Upload-Offset': String(3 * MiB) });
  const third = await request(3);
  expect((third.body as Uint8Array).length).toBe(MiB);
  third.answer(204, { 'Upload-Offset': String(4 * MiB) });
  const fourth = await request(4);
  expect((fourth.body as Uint8Array)[0]).toBe((4 * MiB) % 251);
  fourth.answer(204, { 'Upload-Offset': String(5 * MiB) });
  await until(() => told.includes('done'));
  expect(sizes).toEqual([2 * MiB, MiB, MiB, MiB]);
});

test('a file that changes while it is read ahead fails when its turn comes', async () => {
  const { file } = watched(4 * MiB);
  const slice = file.slice.bind(file);
  file.slice = (from, to, type) => {
    if ((from ?? 0) > 0) throw new DOMException('gone', 'NotReadableError');
    return slice(from, to, type);
  };
  start(file, { partSize: () => 2 * MiB });
  (await request(0)).answer(201, { Location: '/files/tus/1' });
  const first = await request(1);
  expect(failures).toEqual([]);
  first.answer(204, { 'Upload-Offset': String(2 * MiB) });
  await until(() => failures.length === 1);
  expect(failures[0]).toMatchObject({ step: 'read', problem: { code: 'changed' } });
});
