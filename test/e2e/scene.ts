import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';

/** What the Go test that runs a script tells it; see play_test.go. */
interface Scene {
  /** Address of the app, with a slash at its end: where the browser goes. */
  readonly app: string;
  /** The same server without the network before it. */
  readonly server: string;
  readonly control: string;
  /** An empty folder for files of this run. */
  readonly dir: string;
  readonly more?: Readonly<Record<string, string>>;
  readonly user: string;
  readonly password: string;
  /** Chromium. */
  readonly browser: string;
  readonly screens: string;
  readonly figures: string;
}

export const scene: Scene = JSON.parse(process.env.CAIRN_SCENE ?? '{}');

export function more(key: string): string {
  const value = scene.more?.[key];
  if (value === undefined) throw new Error(`the scene has no ${key}`);
  return value;
}

/** A line for the test's log. */
export function figure(line: string): void {
  appendFileSync(scene.figures, `${line}\n`);
}

export const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Asks until the answer is yes. */
export async function until(
  what: string,
  done: () => boolean | Promise<boolean>,
  patience = 30_000,
): Promise<void> {
  for (const end = Date.now() + patience; !(await done()); await pause(50)) {
    if (Date.now() > end) throw new Error(`in vain: waited ${patience} ms until ${what}`);
  }
}

/** Does something to the server or the network before it; see rig.Control. */
export async function control(step: string): Promise<{ up: number; down: number }> {
  const answer = await fetch(new URL(step, scene.control), { method: 'POST' });
  if (!answer.ok) throw new Error(`${step}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

export const slow = (bytesPerSecond: number) => control(`rate?bytes=${bytesPerSecond}`);

/** A request over WebDAV, at the server itself. */
export function dav(
  path: string,
  init: { method?: string; body?: BodyInit; headers?: Record<string, string> } = {},
): Promise<Response> {
  const { user, password } = scene;
  return fetch(new URL(`dav/${encodePath(path)}`, scene.server), {
    ...init,
    headers: {
      Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      ...init.headers,
    },
  });
}

/** dav with an answer of 2xx. */
export async function must(...args: Parameters<typeof dav>): Promise<Response> {
  const answer = await dav(...args);
  if (!answer.ok) throw new Error(`${args[1]?.method} ${args[0]}: ${answer.status}`);
  return answer;
}

/** SHA-256 of what WebDAV serves. */
export async function davHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of (await must(path)).body ?? []) hash.update(piece);
  return hash.digest('hex');
}

export async function fileHash(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

const encodePath = (path: string) => path.split('/').map(encodeURIComponent).join('/');

export interface Entry {
  readonly id: string;
  readonly name: string;
  readonly folder: boolean;
  readonly size: number;
  readonly mtime: number;
  readonly etag: string;
}

export interface Upload {
  readonly id: string;
  readonly path: string;
  readonly size: number;
  readonly offset: number;
}

/** Whose session a Peer has: a browser context of Playwright, or another browser. */
interface Jar {
  cookies(address: string): Promise<readonly { readonly name: string; readonly value: string }[]>;
}

/** Asks the server itself, with the session of a browser: cookies ignore ports. */
export class Peer {
  constructor(private readonly context: Jar) {}

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const jar = await this.context.cookies(scene.app);
    const cookie = jar.map(({ name, value }) => `${name}=${value}`).join('; ');
    return fetch(new URL(path, scene.server), { ...init, headers: { ...init.headers, cookie } });
  }

  /** Sends just these headers, those that fetch keeps to itself too, and reads a problem. */
  async raw(method: string, path: string, headers: Record<string, string>, body: string) {
    const jar = await this.context.cookies(scene.app);
    const cookie = jar.map(({ name, value }) => `${name}=${value}`).join('; ');
    const asked = request(new URL(path, scene.server), { method, headers: { ...headers, cookie } });
    asked.end(body);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    let text = '';
    for await (const piece of answer) text += piece;
    const code: unknown = text.startsWith('{') ? JSON.parse(text).code : undefined;
    return { status: answer.statusCode, code };
  }

  async get<T>(path: string): Promise<T> {
    const answer = await this.ask(path);
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async uploads(): Promise<readonly Upload[]> {
    return (await this.get<{ uploads: Upload[] }>('api/v1/uploads')).uploads;
  }

  async list(folder: string): Promise<readonly Entry[]> {
    const query = `path=${encodeURIComponent(folder)}&limit=10000`;
    return (await this.get<{ entries: Entry[] }>(`api/v1/files?${query}`)).entries;
  }

  /** Every file and folder, by path; known folders are not looked into again. */
  async tree(folder = '', known: ReadonlySet<string> = new Set()): Promise<Map<string, Entry>> {
    const found = new Map<string, Entry>();
    for (const entry of await this.list(folder)) {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      found.set(path, entry);
      if (!entry.folder || known.has(path)) continue;
      for (const [below, inside] of await this.tree(path, known)) found.set(below, inside);
    }
    return found;
  }

  /** One that changes something, as the app sends it. */
  async change(method: string, path: string, body?: unknown): Promise<Response> {
    const { token } = await this.get<{ token: string }>('api/v1/session');
    return this.ask(path, {
      method,
      headers: { 'X-Cairn-Token': token, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}
