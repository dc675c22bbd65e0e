import { expect, test, vi } from 'vitest';
import { createClient } from './client';
import { Problem } from './problem';
import type { Entry } from './types';

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

const session = {
  user: { name: 'ada', admin: true },
  token: 'T1',
  usage: { used: 1, quota: 0, available: 9 },
};

/** A client whose requests are answered one after the other. */
function scripted(...answers: (Response | Error)[]) {
  const calls: Call[] = [];
  const onUnauthorized = vi.fn();
  const client = createClient({
    baseURI: 'https://example.org/files/',
    onUnauthorized,
    fetch: async (url, init) => {
      calls.push({
        method: init?.method ?? 'GET',
        url: String(url),
        headers: init?.headers as Record<string, string>,
        body: init?.body === undefined ? undefined : JSON.parse(String(init.body)),
      });
      const answer = answers.shift();
      if (!answer) throw new Error('not expected');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, calls, onUnauthorized };
}

function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers });
}

function refusal(status: number, code: string): Response {
  return json({ type: 'about:blank', title: `${code}!`, detail: 'Do this.', code }, status, {
    'Content-Type': 'application/problem+json',
    'Retry-After': '3',
  });
}

async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof Problem)) throw new Error(`no Problem but ${error}`);
  return error;
}

function entry(name: string): Entry {
  return { id: name, name, folder: false, size: 1, files: 0, mtime: 0, etag: 'e' };
}

test('addresses are below the base; what changes something carries the token', async () => {
  const { client, calls } = scripted(json(session), json({ results: [{ node: '1' }] }));
  await client.signIn('ada', 'secret');
  expect(client.token).toBe('T1');
  await client.operations([{ op: 'remove', path: 'a' }]);
  expect(calls).toMatchObject([
    {
      method: 'POST',
      url: 'https://example.org/files/api/v1/session',
      body: { name: 'ada', password: 'secret' },
    },
    {
      method: 'POST',
      url: 'https://example.org/files/api/v1/operations',
      headers: { 'X-Cairn-Token': 'T1', 'Content-Type': 'application/json' },
    },
  ]);
  expect(calls[0]?.headers).not.toHaveProperty('X-Cairn-Token');
  expect(client.contentHref('a b/ü&.txt', true)).toBe(
    'https://example.org/files/api/v1/content?path=a+b%2F%C3%BC%26.txt&download=1',
  );
  expect(client.contentHref('a', false, { snapshot: '01' })).toBe(
    'https://example.org/files/api/v1/content?path=a&snapshot=01',
  );
});

test('an error has the words of the server', async () => {
  const { client } = scripted(refusal(429, 'throttled'));
  const p = await problemOf(client.signIn('a', 'b'));
  expect(p.body).toEqual({
    status: 429,
    code: 'throttled',
    title: 'throttled!',
    detail: 'Do this.',
  });
  expect(p.retryAfter).toBe(3);
});

test.each([
  [new Response('<html>Bad Gateway', { status: 502 }), 502, 'http'],
  [new TypeError('failed to fetch'), 0, 'network'],
  [new Response('<html>Sign in to the hotel', { status: 200 }), 0, 'network'],
  [json({ something: 'else' }), 0, 'network'],
])('what is not from Cairn is a problem too', async (answer, status, code) => {
  const { client } = scripted(answer);
  const p = await problemOf(client.lookup(['a']));
  expect(p).toMatchObject({ status, code });
  expect(p.body.title).not.toBe('');
});

test('the end of the session is told, a wrong password is not', async () => {
  const { client, onUnauthorized } = scripted(
    refusal(401, 'wrong-credentials'),
    refusal(401, 'unauthorized'),
  );
  await problemOf(client.signIn('a', 'b'));
  expect(onUnauthorized).not.toHaveBeenCalled();
  await problemOf(client.lookup([]));
  expect(onUnauthorized).toHaveBeenCalledTimes(1);
});

test('a token that is not right is made anew once', async () => {
  const { client, calls } = scripted(
    refusal(403, 'token'),
    json({ ...session, token: 'T2' }),
    json({ entries: [null] }),
    refusal(403, 'token'),
    json(session),
    refusal(403, 'token'),
  );
  expect(await client.lookup(['a'])).toEqual([null]);
  expect(calls[2]?.headers['X-Cairn-Token']).toBe('T2');
  expect((await problemOf(client.lookup(['a']))).code).toBe('token');
});

test('a listing is read page by page into one frozen object', async () => {
  const folder = { path: 'a', id: 'f', etag: 'v1' };
  const { client, calls } = scripted(
    json({ folder, entries: [entry('x')], next: 'x' }),
    json({ folder: { ...folder, etag: 'v2' }, entries: [entry('y')], next: null }),
  );
  const listing = await client.listing('a');
  expect(listing).toMatchObject({ path: 'a', id: 'f', etag: 'v1' });
  expect(listing.entries.map((e) => e.name)).toEqual(['x', 'y']);
  expect(Object.isFrozen(listing) && Object.isFrozen(listing.entries)).toBe(true);
  expect(calls.map((c) => c.url.split('?')[1])).toEqual([
    'path=a&limit=10000',
    'path=a&limit=10000&after=x',
  ]);
});

test('an unchanged listing is the same object; one without an ETag is not asked about', async () => {
  const previous = { path: 'a', id: 'f', etag: 'v1', entries: [] };
  const { client, calls } = scripted(
    new Response(null, { status: 304 }),
    json({ folder: { path: 'a', id: 'f', etag: 'v1' }, entries: [], next: null }),
  );
  expect(await client.listing('a', previous)).toBe(previous);
  expect(calls[0]?.headers['If-None-Match']).toBe('"v1"');
  expect(await client.listing('a', { ...previous, etag: '' })).not.toBe(previous);
  expect(calls[1]?.headers).not.toHaveProperty('If-None-Match');
});

test('too few results are no answer', async () => {
  const { client } = scripted(json({ results: [] }));
  expect((await problemOf(client.operations([{ op: 'remove', path: 'a' }]))).code).toBe('network');
});

test('the set-up link is open, used, or cannot be asked', async () => {
  const { client } = scripted(
    new Response(null, { status: 204 }),
    refusal(404, 'not-found'),
    new TypeError('no'),
  );
  expect(await client.setUpOpen()).toBe(true);
  expect(await client.setUpOpen()).toBe(false);
  expect((await problemOf(client.setUpOpen())).code).toBe('network');
});

test('a request that nobody answers ends', async () => {
  vi.useFakeTimers();
  try {
    const client = createClient({
      baseURI: 'https://example.org/',
      fetch: (_, init) =>
        new Promise((__, reject) =>
          init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    });
    const problem = problemOf(client.session());
    await vi.advanceTimersByTimeAsync(30_000);
    expect((await problem).code).toBe('network');
  } finally {
    vi.useRealTimers();
  }
});

test('unfinished uploads are listed, and discarded by the address of tus', async () => {
  const upload = { id: 'ab', path: 'f', size: 2, offset: 1, created: 0, expires: 9 };
  const { client, calls } = scripted(
    json(session),
    json({ uploads: [upload], more: true }),
    new Response(null, { status: 204 }),
    refusal(404, 'not-found'),
  );
  await client.session();
  expect(await client.uploads()).toEqual({ uploads: [upload], more: true });
  await client.dropUpload('ab');
  expect(calls[2]).toMatchObject({
    method: 'DELETE',
    url: 'https://example.org/files/tus/ab',
    headers: { 'Tus-Resumable': '1.0.0', 'X-Cairn-Token': 'T1' },
  });
  expect((await problemOf(client.dropUpload('ab'))).status).toBe(404);
});
