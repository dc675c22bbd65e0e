import { text } from '../lib/text';
import {
  isRecord,
  networkProblem,
  ownProblem,
  Problem,
  readProblem,
  readRetryAfter,
} from './problem';
import type {
  AsItWas,
  Entry,
  Listing,
  Operation,
  OperationResult,
  Page,
  Planned,
  PlannedFile,
  PrefixDigests,
  ProblemBody,
  Session,
  Snapshot,
  SpaceUse,
  TrashEntry,
  TrashSize,
  UnfinishedUpload,
  UnfinishedUploads,
  Version,
  VersionsSize,
} from './types';

/** How an account comes to be. */
export interface SetUpForm {
  readonly token: string;
  readonly name: string;
  readonly password: string;
}

/** Where a complete upload is to be committed, and on which condition. */
export interface FinishRequest {
  readonly path: string;
  /** The name must be free. */
  readonly ifNoneMatch?: '*';
  /** Replaces exactly that version. */
  readonly ifMatch?: string;
  readonly parents?: boolean;
}

/** Which content of a file: at a version, or in a snapshot; by default what it is now. */
export interface Moment {
  readonly version?: string;
  readonly snapshot?: string;
}

export interface Finished {
  readonly entry: Entry;
  /** Missing if it had been committed before, to another place. */
  readonly path?: string;
}

/** The JSON door of the server. All errors are Problems. */
export interface Client {
  /** Of the session; goes with what changes something. '' before the first answer. */
  readonly token: string;
  /** Name of the account whose token it is; '' before the first answer. */
  readonly person: string;
  /** The address of a path below the base, such as 'tus/'. */
  href(relative: string): string;
  /** The address of a file's bytes. */
  contentHref(path: string, download: boolean, moment?: Moment): string;

  session(): Promise<Session>;
  signIn(name: string, password: string): Promise<Session>;
  signOut(everywhere: boolean): Promise<void>;
  /** Whether the set-up link is open. */
  setUpOpen(): Promise<boolean>;
  setUp(form: SetUpForm): Promise<Session>;

  /** The whole folder; previous itself if nothing changed since. */
  listing(
    path: string,
    previous?: Listing,
    signal?: AbortSignal,
    snapshot?: string,
  ): Promise<Listing>;
  /** All of them, newest first: there are not many. */
  snapshots(signal?: AbortSignal): Promise<readonly Snapshot[]>;
  /** Those that show something at a path, with what it was. */
  asItWas(path: string, signal?: AbortSignal): Promise<readonly AsItWas[]>;
  /** What a file holds, in the first row, and held before; older than before, if given. */
  versions(path: string, before?: number, signal?: AbortSignal): Promise<Page<Version>>;
  /** What was deleted last, older than before, if given. */
  trash(before?: number, signal?: AbortSignal): Promise<Page<TrashEntry>>;
  trashSize(): Promise<TrashSize>;
  /** Of versions that were replaced at least so many days ago; 0: of all. */
  versionsSize(days: number): Promise<VersionsSize>;
  /** What takes the person's space. */
  space(signal?: AbortSignal): Promise<SpaceUse>;
  /** At most 1000 paths; null: nothing is there. */
  lookup(paths: readonly string[]): Promise<readonly (Entry | null)[]>;
  /** What is at the paths of files that are to be uploaded; at most 1000. */
  plan(files: readonly PlannedFile[]): Promise<readonly Planned[]>;
  /** At most 1000 operations; each is done or refused on its own. */
  operations(operations: readonly Operation[]): Promise<readonly OperationResult[]>;
  /** What was begun and not finished, oldest first, at most 256. */
  uploads(signal?: AbortSignal): Promise<UnfinishedUploads>;
  /** Discards one. A Problem of status 404: it is not there any more. */
  dropUpload(id: string): Promise<void>;
  /** Of what the server has of an upload, from that byte on. */
  digests(id: string, from: number): Promise<PrefixDigests>;
  finishUpload(id: string, request: FinishRequest): Promise<Finished>;
}

export interface ClientOptions {
  /** document.baseURI: the app's own address, with the base path. */
  readonly baseURI: string;
  readonly fetch?: typeof fetch;
  /** The session has ended. Not called for a wrong password. */
  onUnauthorized?(): void;
  /** Gets the token anew, after it was refused; by default by asking for the session. */
  renew?(): Promise<unknown>;
}

/** Entries in one answer; the server allows no more. */
const pageSize = 10_000;
const historySize = 250;
/** Milliseconds without the whole answer. */
const patience = 30_000;
/** Of what may be long work for the server. */
const longPatience = 180_000;

interface Ask {
  readonly body?: unknown;
  readonly etag?: string;
  readonly signal?: AbortSignal | undefined;
  readonly patience?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

export function createClient(options: ClientOptions): Client {
  const send = options.fetch ?? ((input, init) => fetch(input, init));
  let token = '';
  let person = '';

  const href = (relative: string) => new URL(relative, options.baseURI).href;

  async function once(method: string, relative: string, ask: Ask): Promise<Answer> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), ask.patience ?? patience);
    const passOn = () => stop.abort();
    if (ask.signal?.aborted) stop.abort();
    ask.signal?.addEventListener('abort', passOn);
    const headers: Record<string, string> = { Accept: 'application/json', ...ask.headers };
    if (ask.body !== undefined) headers['Content-Type'] = 'application/json';
    if (ask.etag) headers['If-None-Match'] = `"${ask.etag}"`;
    // On reads as well: in a browser that has signed in as somebody else meanwhile they
    // would bring that person's files. Only the question who it is may be asked anew.
    const asksWho = method === 'GET' && relative === 'api/v1/session';
    if (token !== '' && !asksWho) headers['X-Cairn-Token'] = token;
    try {
      const response = await send(href(relative), {
        method,
        headers,
        credentials: 'same-origin',
        redirect: 'error',
        signal: stop.signal,
        ...(ask.body !== undefined && { body: JSON.stringify(ask.body) }),
      });
      if (response.status === 204 || response.status === 304) {
        return { status: response.status, json: undefined };
      }
      const words = await response.text();
      if (!response.ok) {
        const wait = readRetryAfter(response.headers.get('Retry-After'));
        throw new Problem(readProblem(response.status, words), wait);
      }
      return { status: response.status, json: parse(words) };
    } catch (error) {
      if (error instanceof Problem || ask.signal?.aborted) throw error;
      throw new Problem(networkProblem());
    } finally {
      clearTimeout(timer);
      ask.signal?.removeEventListener('abort', passOn);
    }
  }

  async function request(method: string, relative: string, ask: Ask = {}): Promise<Answer> {
    try {
      return await once(method, relative, ask);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401 && error.code !== 'wrong-credentials') options.onUnauthorized?.();
      if (error.status !== 403 || error.code !== 'token') throw error;
      // Another tab signed in anew: the cookie is of a session whose token we lack. What
      // one person asked for is not done as another.
      const asked = person;
      await (options.renew ? options.renew() : client.session());
      if (asked !== '' && person !== asked)
        throw new Problem(ownProblem('someone-else', text.problems.someoneElse));
      return once(method, relative, ask);
    }
  }

  function keep(answer: Answer): Session {
    const session = answer.json as Session;
    if (!isRecord(answer.json) || typeof session.token !== 'string') throw strange();
    token = session.token;
    person = session.user.name;
    return session;
  }

  async function allPages(
    path: string,
    previous?: Listing,
    signal?: AbortSignal,
    snapshot?: string,
  ): Promise<Listing> {
    let folder: ListingPage['folder'] | undefined;
    const entries: Entry[] = [];
    let after: string | null = null;
    do {
      const query = new URLSearchParams({ path, limit: String(pageSize) });
      if (snapshot !== undefined) query.set('snapshot', snapshot);
      if (after !== null) query.set('after', after);
      const answer = await request('GET', `api/v1/files?${query}`, {
        signal,
        patience: longPatience,
        ...(after === null && previous?.etag && { etag: previous.etag }),
      });
      if (answer.status === 304 && previous) return previous;
      const page = answer.json as ListingPage;
      if (!isRecord(answer.json) || !Array.isArray(page.entries)) throw strange();
      // The ETag of the first page: if the folder changes while the others are read, the
      // next question sees that, instead of taking the mixture for the newest state.
      folder ??= page.folder;
      for (const entry of page.entries) entries.push(Object.freeze(entry));
      after = page.next;
    } while (after !== null);
    return Object.freeze({
      path: folder.path,
      id: folder.id,
      etag: folder.etag,
      entries: Object.freeze(entries.length > pageSize ? onceEach(entries) : entries),
    });
  }

  async function history<T>(
    what: string,
    member: string,
    query: URLSearchParams,
    before: number | undefined,
    signal: AbortSignal | undefined,
  ) {
    query.set('limit', String(historySize));
    if (before !== undefined) query.set('before', String(before));
    const { json } = await request('GET', `api/v1/${what}?${query}`, { signal });
    const rows = listIn<T>(json, member);
    if (!isRecord(json)) throw strange();
    for (const row of rows) Object.freeze(row);
    return { json, rows, next: typeof json.next === 'number' ? json.next : null };
  }

  const client: Client = {
    get token() {
      return token;
    },
    get person() {
      return person;
    },
    href,
    contentHref(path, download, moment) {
      const query = new URLSearchParams({ path, ...moment });
      if (download) query.set('download', '1');
      return href(`api/v1/content?${query}`);
    },
    session: async () => keep(await request('GET', 'api/v1/session')),
    signIn: async (name, password) =>
      keep(await request('POST', 'api/v1/session', { body: { name, password } })),
    async signOut(everywhere) {
      await request('DELETE', everywhere ? 'api/v1/sessions' : 'api/v1/session');
      token = '';
    },
    async setUpOpen() {
      try {
        await request('GET', 'api/v1/setup');
        return true;
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return false;
        throw error;
      }
    },
    setUp: async (form) => keep(await request('POST', 'api/v1/setup', { body: form })),
    listing: allPages,
    async snapshots(signal) {
      const { json } = await request('GET', 'api/v1/snapshots', { signal });
      return listIn<Snapshot>(json, 'snapshots').map((one) => Object.freeze(one));
    },
    async asItWas(path, signal) {
      const query = new URLSearchParams({ path });
      const { json } = await request('GET', `api/v1/snapshots?${query}`, { signal });
      return listIn<AsItWas>(json, 'snapshots').map((one) => Object.freeze(one));
    },
    async versions(path, before, signal) {
      const query = new URLSearchParams({ path });
      const { json, rows, next } = await history<Version>(
        'versions',
        'older',
        query,
        before,
        signal,
      );
      if (before !== undefined) return { rows, next };
      if (!isRecord(json.current)) throw strange();
      return { rows: [json.current as unknown as Version, ...rows], next };
    },
    async trash(before, signal) {
      const query = new URLSearchParams();
      const { rows, next } = await history<TrashEntry>('trash', 'entries', query, before, signal);
      return { rows, next };
    },
    async trashSize() {
      const { json } = await request('GET', 'api/v1/trash/size');
      if (!isRecord(json) || typeof json.upto !== 'number') throw strange();
      return json as unknown as TrashSize;
    },
    async versionsSize(days) {
      const { json } = await request('GET', `api/v1/versions/size?days=${days}`);
      if (!isRecord(json) || typeof json.upto !== 'number') throw strange();
      return json as unknown as VersionsSize;
    },
    async space(signal) {
      const { json } = await request('GET', 'api/v1/space', { signal });
      if (!isRecord(json) || !isRecord(json.versions) || !isRecord(json.trash)) throw strange();
      return json as unknown as SpaceUse;
    },
    async lookup(paths) {
      const { json } = await request('POST', 'api/v1/lookup', { body: { paths } });
      return listIn<Entry | null>(json, 'entries', paths.length);
    },
    async plan(files) {
      const { json } = await request('POST', 'api/v1/plan', { body: { files } });
      return listIn<Planned>(json, 'files', files.length);
    },
    async operations(operations) {
      const { json } = await request('POST', 'api/v1/operations', {
        body: { operations },
        patience: longPatience,
      });
      return listIn<OperationResult>(json, 'results', operations.length);
    },
    async uploads(signal) {
      const { json } = await request('GET', 'api/v1/uploads', { signal });
      const uploads = listIn<UnfinishedUpload>(json, 'uploads').map((one) => Object.freeze(one));
      return { uploads, more: isRecord(json) && json.more === true };
    },
    async dropUpload(id) {
      const headers = { 'Tus-Resumable': '1.0.0' };
      await request('DELETE', `tus/${encodeURIComponent(id)}`, { headers });
    },
    async digests(id, from) {
      const path = `api/v1/uploads/${encodeURIComponent(id)}/digests?from=${from}`;
      const { json } = await request('GET', path);
      listIn<string>(json, 'sha256');
      if (!isRecord(json) || typeof json.offset !== 'number') throw strange();
      if (typeof json.piece !== 'number' || json.piece <= 0) throw strange();
      return json as unknown as PrefixDigests;
    },
    async finishUpload(id, body) {
      const path = `api/v1/uploads/${encodeURIComponent(id)}/finish`;
      const { json } = await request('POST', path, { body, patience: longPatience });
      if (!isRecord(json)) throw strange();
      return json as unknown as Finished;
    },
  };
  return client;
}

interface ListingPage {
  readonly folder: { readonly path: string; readonly id: string; readonly etag: string };
  readonly entries: readonly Entry[];
  readonly next: string | null;
}

function parse(words: string): unknown {
  try {
    return JSON.parse(words);
  } catch {
    throw strange();
  }
}

function strange(): Problem {
  const body: ProblemBody = ownProblem('network', text.problems.strange);
  return new Problem(body);
}

function listIn<T>(json: unknown, member: string, length?: number): readonly T[] {
  const list = isRecord(json) ? json[member] : undefined;
  if (!Array.isArray(list) || (length !== undefined && list.length !== length)) throw strange();
  return list;
}

/** What is renamed while pages are read may stand on two of them. */
function onceEach(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.map((entry) => [entry.id, entry])).values()];
}
