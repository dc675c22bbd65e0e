/** A request that would change something, if it were let. */
export interface Unsafe {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const octets = 'application/offset+octet-stream';
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Every address that changes something, with a body that it would obey. */
export function unsafe(of: {
  user: string;
  password: string;
  unfinished: string;
  complete: string;
}): readonly Unsafe[] {
  const json = JSON.stringify;
  const tus = { 'Tus-Resumable': '1.0.0' };
  const { user, password } = of;
  return [
    { method: 'POST', path: 'api/v1/session', body: json({ name: user, password }) },
    { method: 'DELETE', path: 'api/v1/session', body: '' },
    { method: 'DELETE', path: 'api/v1/sessions', body: '' },
    {
      method: 'POST',
      path: 'api/v1/setup',
      body: json({ token: 'x', name: user, password }),
    },
    {
      method: 'POST',
      path: 'api/v1/operations',
      body: json({
        operations: [
          { op: 'remove', path: 'kept.txt' },
          { op: 'mkdir', path: 'evil' },
          { op: 'copy', from: 'kept.txt', to: 'evil.txt' },
          { op: 'move', from: 'folder', to: 'evil folder' },
        ],
      }),
    },
    { method: 'POST', path: 'api/v1/lookup', body: json({ paths: ['kept.txt'] }) },
    {
      method: 'POST',
      path: `api/v1/uploads/${of.complete}/finish`,
      body: json({ path: 'evil finish' }),
    },
    {
      method: 'POST',
      path: 'tus/',
      body: 'evil',
      headers: {
        ...tus,
        'Upload-Length': '4',
        'Upload-Metadata': `filename ${base64('evil tus')}`,
        'Content-Type': octets,
      },
    },
    {
      method: 'PATCH',
      path: `tus/${of.unfinished}`,
      body: 'evil',
      headers: { ...tus, 'Upload-Offset': '0', 'Content-Type': octets },
    },
    { method: 'DELETE', path: `tus/${of.unfinished}`, body: '', headers: tus },
    {
      method: 'POST',
      path: `tus/${of.unfinished}`,
      body: '',
      headers: { ...tus, 'X-HTTP-Method-Override': 'DELETE' },
    },
    { method: 'PUT', path: 'dav/evil.txt', body: 'evil' },
    { method: 'PUT', path: 'dav/kept.txt', body: 'evil' },
    { method: 'POST', path: 'dav/', body: 'evil' },
    { method: 'POST', path: 'dav/kept.txt', body: 'evil' },
    { method: 'DELETE', path: 'dav/kept.txt', body: '' },
    { method: 'MKCOL', path: 'dav/evil', body: '' },
    { method: 'MOVE', path: 'dav/kept.txt', body: '', headers: { Destination: 'dav/evil.txt' } },
    { method: 'COPY', path: 'dav/kept.txt', body: '', headers: { Destination: 'dav/evil.txt' } },
    { method: 'PROPPATCH', path: 'dav/kept.txt', body: '' },
    { method: 'LOCK', path: 'dav/kept.txt', body: '' },
  ];
}

/** Addresses that show something, for those who may see it. */
export const secrets = [
  'api/v1/session',
  'api/v1/files?path=',
  'api/v1/uploads',
  'api/v1/versions?path=kept.txt',
  'api/v1/trash',
  'api/v1/snapshots',
  'api/v1/snapshots?path=kept.txt',
  'api/v1/content?path=kept.txt',
  'api/v1/content?path=picture.png',
  'dav/kept.txt',
  'dav/',
];

/**
 * Runs in a page of another site: asks in every way a page has, waits for all answers, and
 * tells which it could read.
 */
export async function attack(of: {
  base: string;
  unsafe: readonly Unsafe[];
  secrets: readonly string[];
}): Promise<{ tried: number; read: string[] }> {
  const read: string[] = [];
  let tried = 0;
  const patience = 3000;
  const soon = <T>(what: Promise<T>) =>
    Promise.race([what, new Promise<undefined>((resolve) => setTimeout(resolve, patience))]);

  const ask = async (how: string, url: string, init: RequestInit) => {
    tried++;
    try {
      const answer = await soon(fetch(url, { credentials: 'include', ...init }));
      if (answer && answer.type !== 'opaque' && answer.type !== 'opaqueredirect') {
        read.push(`${how} ${url}: ${answer.status}`);
      }
    } catch {
      // as it should be
    }
  };

  const send = (make: (frame: string) => HTMLFormElement) => {
    tried++;
    const frame = document.createElement('iframe');
    frame.name = `frame-${tried}`;
    document.body.append(frame);
    const form = make(frame.name);
    document.body.append(form);
    const loaded = new Promise((resolve) => {
      frame.addEventListener('load', resolve);
    });
    form.submit();
    return soon(loaded).then(() => {
      let inside: Document | null = null;
      try {
        inside = frame.contentDocument;
      } catch {
        // as it should be
      }
      if (inside && inside.URL !== 'about:blank') read.push(`form ${form.action}`);
    });
  };

  const form = (url: string, method: string, enctype: string, body: string) =>
    send((target) => {
      const it = document.createElement('form');
      Object.assign(it, { action: url, method, enctype, target });
      const field = document.createElement('input');
      // As text/plain this is the body itself, but for the '=' that ends up in a string.
      const at = body.lastIndexOf('"');
      field.name = at < 0 ? body || 'x' : body.slice(0, at);
      field.value = at < 0 ? '' : body.slice(at);
      it.append(field);
      return it;
    });

  const load = (tag: 'img' | 'iframe' | 'script' | 'embed' | 'video', url: string) => {
    tried++;
    const it = document.createElement(tag);
    const over = new Promise((resolve) => {
      for (const event of ['load', 'error', 'loadedmetadata']) it.addEventListener(event, resolve);
    });
    it.src = url;
    document.body.append(it);
    return soon(over).then(() => {
      if (it instanceof HTMLImageElement && it.naturalWidth > 0) {
        const canvas = document.createElement('canvas');
        const pencil = canvas.getContext('2d');
        pencil?.drawImage(it, 0, 0);
        try {
          pencil?.getImageData(0, 0, 1, 1);
          read.push(`pixels of ${url}`);
        } catch {
          // as it should be
        }
      }
      if (it instanceof HTMLIFrameElement) {
        let inside: Document | null = null;
        try {
          inside = it.contentDocument;
        } catch {
          // as it should be
        }
        if (inside && inside.URL !== 'about:blank') read.push(`frame ${url}`);
      }
    });
  };

  const attempt = async ({ method, path, body, headers }: Unsafe) => {
    const url = of.base + path;
    const content = method === 'GET' || body === '' ? {} : { body };
    const typed = { 'Content-Type': 'application/json', ...headers };
    const plain = { 'Content-Type': 'text/plain' };
    await Promise.all([
      ask('fetch', url, { method, ...content, headers: typed }),
      ask('fetch with a token', url, {
        method,
        ...content,
        headers: { ...typed, 'X-Cairn-Token': 'guessed' },
      }),
      ask('fetch of text', url, { method, ...content, headers: plain }),
      ask('simple fetch', url, { method: 'POST', mode: 'no-cors', body, headers: plain }),
      ask('kept alive', url, { method: 'POST', mode: 'no-cors', body, keepalive: true }),
      form(url, 'post', 'application/x-www-form-urlencoded', body),
      form(url, 'post', 'multipart/form-data', body),
      form(url, 'post', 'text/plain', body),
      form(url, 'get', '', body),
      load('img', url),
      load('iframe', url),
    ]);
    tried += 2;
    navigator.sendBeacon(url, body);
    try {
      navigator.sendBeacon(url, new Blob([body], { type: 'application/json' }));
    } catch {
      // as it should be
    }
  };
  const look = async (path: string) => {
    const url = of.base + path;
    await Promise.all([
      ask('fetch', url, {}),
      ask('fetch without cors', url, { mode: 'no-cors' }),
      ...(['img', 'iframe', 'script', 'embed', 'video'] as const).map((tag) => load(tag, url)),
    ]);
  };
  // Some answers load nothing and are waited for to the end of patience: a few side by side.
  const all = [
    ...of.unsafe.map((it) => () => attempt(it)),
    ...of.secrets.map((path) => () => look(path)),
  ];
  const work = async () => {
    for (let next = all.shift(); next; next = all.shift()) await next();
  };
  await Promise.all([work(), work(), work(), work()]);
  return { tried, read };
}
