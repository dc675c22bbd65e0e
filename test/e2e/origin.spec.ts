import { readFileSync } from 'node:fs';
import { type BrowserContext, expect, test } from '@playwright/test';
import { enter } from './app';
import { attack, secrets, unsafe } from './attacks';
import { openSite, type Site } from './hostile-site';
import { dav, figure, more, must, Peer, scene, until } from './scene';

let site: Site;
test.beforeAll(async () => {
  site = await openSite();
});
test.afterAll(() => site.close());

/** A picture of one pixel. */
const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function tus(peer: Peer, path: string, method: string, headers: object, body?: string) {
  const { token } = await peer.get<{ token: string }>('api/v1/session');
  return peer.ask(path, {
    method,
    headers: { 'X-Cairn-Token': token, 'Tus-Resumable': '1.0.0', ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

/** Begins an upload and returns its id. */
async function begin(peer: Peer, name: string, dir = ''): Promise<string> {
  const metadata = `filename ${base64(name)}${dir && `,dir ${base64(dir)}`}`;
  const made = await tus(peer, 'tus/', 'POST', {
    'Upload-Length': '4',
    'Upload-Metadata': metadata,
  });
  expect(made.status).toBe(201);
  return made.headers.get('Location')?.split('/').pop() ?? '';
}

const patch = { 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' };

/** All there is: what another site's page must not change. */
async function state(context: BrowserContext, other: BrowserContext): Promise<string> {
  const peer = new Peer(context);
  const tree = [...(await peer.tree())].map(([path, { id, etag }]) => [path, id, etag]);
  const session = await peer.get<{ user: object; token: string }>('api/v1/session');
  const elsewhere = await new Peer(other).get<{ user: object; token: string }>('api/v1/session');
  return JSON.stringify({
    tree,
    uploads: await peer.uploads(),
    cookies: await context.cookies(scene.app),
    session: [session.user, session.token],
    elsewhere: [elsewhere.user, elsewhere.token],
    kept: await (await must('kept.txt')).text(),
    locked: (await (await must('kept.txt', { method: 'PROPFIND', headers: { Depth: '0' } })).text())
      .toLowerCase()
      .includes('activelock'),
  });
}

/** The requests in the server's log, from a place in it on. */
function logged(from = 0) {
  return readFileSync(more('log'), 'utf8')
    .slice(from)
    .split('\n')
    .flatMap((line) => {
      const found = / method=(\S+) path=(\S+) status=(\d+) .*user="?([^" ]*)/.exec(line);
      const [, method = '', path = '', status = '', user = ''] = found ?? [];
      return found ? [{ method, path, status: Number(status), user }] : [];
    });
}

let marks = 0;

/** Where the log ends once it has all lines so far: the server writes them a little late. */
async function logEnd(): Promise<number> {
  const mark = `mark-${++marks}-of-the-log`;
  await fetch(scene.app + mark);
  await until(mark, () => readFileSync(more('log'), 'utf8').includes(mark));
  return readFileSync(more('log'), 'utf8').length;
}

test('pages of other origins change nothing and read nothing', async ({ page, browser }) => {
  await enter(page.context());
  const peer = new Peer(page.context());
  const elsewhere = await browser.newContext();
  await enter(elsewhere);

  await must('kept.txt', { method: 'PUT', body: 'kept' });
  await must('picture.png', { method: 'PUT', body: picture });
  for (const folder of ['folder', 'gone']) await must(folder, { method: 'MKCOL' });
  const unfinished = await begin(peer, 'unfinished.bin');
  const complete = await begin(peer, 'complete.bin', 'gone');
  await must('gone', { method: 'DELETE' });
  const refused = await tus(peer, `tus/${complete}`, 'PATCH', patch, 'done');
  expect(refused.status, 'a commit into a folder that is gone').toBe(409);

  // The browser remembers a password for /dav/ too.
  const { user, password } = scene;
  const remembered = await page.context().newPage();
  await remembered.goto(
    scene.app.replace('://', `://${user}:${encodeURIComponent(password)}@`).concat('dav/'),
  );
  await remembered.goto(`${scene.app}dav/kept.txt`);
  expect(await remembered.textContent('body'), 'Chromium remembers Basic').toBe('kept');

  const before = await state(page.context(), elsewhere);
  const of = { base: scene.app, unsafe: unsafe({ ...eve(), unfinished, complete }), secrets };
  for (const host of ['127.0.0.1', 'localhost'] as const) {
    const from = await logEnd();
    const evil = await page.context().newPage();
    await evil.goto(site.at(host));
    const { tried, read } = await evil.evaluate(attack, of);
    await evil.close();
    await topLevel(page.context(), site.at(host), of.base);
    expect(read, `answers that a page of ${site.at(host)} could read`).toEqual([]);

    await logEnd();
    const arrived = logged(from);
    const obeyed = arrived.filter(
      (r) => !['GET', 'HEAD', 'OPTIONS'].includes(r.method) && r.status < 400,
    );
    expect(obeyed, 'requests of another site that were obeyed').toEqual([]);
    const counts = new Map<string, number>();
    for (const r of arrived) {
      const key = `${r.method} ${r.status}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(arrived.length, 'requests that arrived: else this tests nothing').toBeGreaterThan(100);
    const basic = arrived.some((r) => r.path.includes('/dav/') && r.user === user);
    const how = host === 'localhost' ? 'cross-site' : 'same-site';
    const list = [...counts].map(([key, n]) => `${key}: ${n}`).sort();
    figure(
      `from ${host}, another port (${how}): ${tried} tries in a page, ${arrived.length} arrived ` +
        `(${list.join(', ')}), remembered Basic sent to /dav/: ${basic ? 'yes' : 'no'}; ` +
        'none obeyed, none readable',
    );
    expect(await state(page.context(), elsewhere), `after the page of ${host}`).toBe(before);
  }

  // Each of the walls stands alone: a cookie without the token, the token from elsewhere.
  const { token } = await peer.get<{ token: string }>('api/v1/session');
  const walls: [string, Record<string, string>][] = [
    ['token', {}],
    ['token', { 'X-Cairn-Token': 'A'.repeat(token.length) }],
    ['cross-site', { 'X-Cairn-Token': token, 'Sec-Fetch-Site': 'same-site' }],
    ['cross-site', { 'X-Cairn-Token': token, 'Sec-Fetch-Site': 'cross-site' }],
  ];
  const behind = of.unsafe.filter(
    ({ method, path }) =>
      !path.startsWith('dav') && !/^POST api.v1.se(ssion|tup)$/.test(`${method} ${path}`),
  );
  for (const { method, path, body, headers } of behind) {
    for (const [code, wall] of walls) {
      const json = { 'Content-Type': 'application/json', ...headers, ...wall };
      const refused = await peer.raw(method, path, json, body);
      expect(refused, `${method} ${path} ${JSON.stringify(wall)}`).toMatchObject({
        status: 403,
        code,
      });
    }
  }
  expect(await state(page.context(), elsewhere)).toBe(before);
  figure(
    `${behind.length} addresses: 403 without the token, with a wrong one, and from elsewhere with the right one`,
  );

  // The same requests are obeyed when the app itself sends them: they are good ones.
  const own = await peer.change('POST', 'api/v1/operations', {
    operations: [{ op: 'mkdir', path: 'evil' }],
  });
  expect(await own.json()).toHaveProperty('results.0.entry.folder', true);
  expect((await tus(peer, `tus/${unfinished}`, 'PATCH', patch, 'evil')).status).toBe(204);
  const finish = `api/v1/uploads/${complete}/finish`;
  expect((await peer.change('POST', finish, { path: 'evil finish' })).status).toBe(200);
  expect(await state(page.context(), elsewhere)).not.toBe(before);
  await elsewhere.close();
});

const eve = () => ({ user: 'eve', password: more('evePassword') });

/** Forms that take the whole tab to the server: with them even Lax cookies may come. */
async function topLevel(context: BrowserContext, from: string, base: string) {
  const tab = await context.newPage();
  for (const path of ['api/v1/operations', 'api/v1/session', 'tus/', 'dav/', 'dav/kept.txt']) {
    for (const method of ['post', 'get']) {
      await until('the page is there', () =>
        tab.goto(from).then(
          () => true,
          () => false, // the answer before came in between
        ),
      );
      const before = await logEnd();
      await tab
        .evaluate(
          ({ action, method }) => {
            const form = document.createElement('form');
            const body = '{"operations":[{"op":"remove","path":"kept.txt"}],"x":"';
            Object.assign(form, { action, method, enctype: 'text/plain' });
            const field = document.createElement('input');
            Object.assign(field, { name: body, value: '"}' });
            form.append(field);
            document.body.append(form);
            form.submit();
          },
          { action: base + path, method },
        )
        .catch(() => undefined); // the page is gone before it can answer
      const { pathname } = new URL(path, base);
      await until(`${method} ${pathname} arrives from ${from}`, () =>
        logged(before).some((r) => r.method === method.toUpperCase() && r.path === pathname),
      );
    }
  }
  await tab.close();
}

test('the session is a new one at every sign-in', async ({ page, context }) => {
  const cookie = async () => {
    const jar = await context.cookies(scene.app);
    expect(jar, 'one cookie').toHaveLength(1);
    return jar[0];
  };
  // Somebody who can set a cookie does not know the session of who signs in then.
  await page.goto(scene.app);
  await context.addCookies([
    { name: 'cairn-session', value: 'A'.repeat(43), url: scene.app, sameSite: 'Lax' },
  ]);
  await enter(context);
  const first = await cookie();
  expect(first?.value).not.toBe('A'.repeat(43));
  expect(first).toMatchObject({
    httpOnly: true,
    sameSite: 'Lax',
    path: new URL(scene.app).pathname,
  });
  expect(await page.evaluate(() => document.cookie), 'cookies a script can read').toBe('');
  // Signed in once more, on top: another id, and the old one is void.
  const again = await page.request.post('api/v1/session', {
    data: { name: scene.user, password: scene.password },
  });
  expect(again.status()).toBe(200);
  const second = await cookie();
  expect(second?.value).not.toBe(first?.value);
  const old = await fetch(new URL('api/v1/session', scene.server), {
    headers: { cookie: `cairn-session=${first?.value}` },
  });
  expect(old.status, 'the session before').toBe(401);
  figure(
    `session id: ${first?.value.length} characters, another one at each sign-in, HttpOnly, Lax, path ${first?.path}`,
  );
});

test('a file with a script cannot read the API', async ({ context }) => {
  await enter(context);
  const basic = `Basic ${base64(`${scene.user}:${scene.password}`)}`;
  // The same server, without the headers that tie users' files down.
  const loose = await openSite(scene.server, basic);
  const script =
    `const session = location.origin + '${new URL(scene.app).pathname}api/v1/session';` +
    `const say = (what) => fetch('${site.at('127.0.0.1')}' + what + '?' + location.href);` +
    "say('ran'); fetch(session).then(r => r.json()).then(s => say('read-' + s.user.name));";
  const files: Record<string, { type: string; text: string }> = {
    'page.html': {
      type: 'text/html',
      text: `<!doctype html><title>mine</title><script>${script}</script>`,
    },
    'image.svg': {
      type: 'image/svg+xml',
      text: `<svg xmlns="http://www.w3.org/2000/svg"><script><![CDATA[${script}]]></script></svg>`,
    },
    'page.xhtml': {
      type: 'application/xhtml+xml',
      text:
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>mine</title>' +
        `<script>//<![CDATA[\n${script}\n//]]></script></head><body/></html>`,
    },
  };
  const doors = (name: string) => [`api/v1/content?path=${name}`, `dav/${name}`];
  for (const [name, { type, text }] of Object.entries(files)) {
    await must(name, { method: 'PUT', body: text, headers: { 'Content-Type': type } });
    const sealed = (await dav(name, { method: 'HEAD' })).headers;
    expect(sealed.get('Content-Security-Policy')).toContain('sandbox');
    for (const door of doors(name)) {
      const tab = await context.newPage();
      if (door.startsWith('dav')) await tab.setExtraHTTPHeaders({ Authorization: basic });
      const saved = tab.waitForEvent('download', { timeout: 3000 }).catch(() => undefined);
      await tab.goto(scene.app + door).catch(() => undefined); // a download is not a page
      await saved;
      await tab.close();
    }
  }
  // What ran has said so by now, or will before the following has.
  for (const name of Object.keys(files)) {
    for (const door of doors(name)) {
      const tab = await context.newPage();
      const address = loose.at('127.0.0.1') + new URL(scene.app).pathname.slice(1) + door;
      await tab.goto(address);
      await until(
        `the script of ${name} reads the API where nothing keeps it from running`,
        () => site.asked.includes(`/read-${scene.user}?${address}`),
        10_000,
      );
      await tab.close();
    }
  }
  await loose.close();
  expect(site.asked.filter((url) => url.includes(scene.app))).toEqual([]);
  const tabs = 2 * Object.keys(files).length;
  figure(
    `${tabs} tabs with users' HTML, SVG and XHTML from /dav/ and api/v1/content: no script ran; ` +
      `without the headers all ${tabs} ran and read api/v1/session`,
  );
});
