import type { Client } from '../api/client';
import { networkProblem, Problem } from '../api/problem';
import type { Entry, OperationResult, Planned, ProblemBody } from '../api/types';
import type { Clock } from '../lib/clock';
import { joinPath, parentOf, partsOf } from '../lib/path';
import type { Condition, Failure, Job, JobEvents, Step, Transport } from './transport';

/*
 * A server and the way to it, for tests: it keeps Cairn's rules of uploads, takes time by
 * the clock it is given, and fails where a test says so.
 */

/** One request of an upload, as a test may want to spoil it. */
export interface Request {
  readonly step: Step;
  readonly path: string;
  /** Of all requests so far, from 0. */
  readonly n: number;
  readonly last: boolean;
  /** Bytes of a PATCH. */
  readonly body: number;
}

export type Fault =
  /** The server gets nothing. */
  | 'lost'
  /** Half of the body arrives, then the connection breaks. */
  | 'half'
  /** The server obeys, but nobody hears it. */
  | 'answer-lost'
  /** Nothing happens any more. */
  | 'hang'
  /** The server obeys, and its answer is still on its way. */
  | 'mute'
  /** The file on this device cannot be read any more. */
  | 'unreadable'
  | ProblemBody;

export type Call = 'operations' | 'lookup' | 'finish' | 'digests';

interface Kept {
  readonly url: string;
  readonly path: string;
  readonly size: number;
  readonly mtime: number;
  readonly condition: Condition;
  offset: number;
  finishedAs: string | undefined;
  /** What all of its bytes are, and those from a place on. */
  readonly byte?: number;
  readonly other?: { readonly from: number; readonly byte: number };
}

/** Stands for SHA-256 of bytes that are alike but for their end: it takes no time of the clock. */
export async function fakeDigest(bytes: Uint8Array): Promise<string> {
  let first = 0;
  while (first < bytes.length && bytes[first] === bytes[0]) first += 1 << 12;
  return `${bytes.length} ${bytes[0]} ${first < bytes.length ? first : ''} ${bytes.at(-1)}`;
}

const latency = 20; // milliseconds of a request

export function problem(status: number, code: string): ProblemBody {
  return { status, code, title: `${code}.` };
}

export class FakeServer {
  readonly tree = new Map<string, Entry>();
  readonly uploads = new Map<string, Kept>();
  readonly requests: Request[] = [];
  /** Bytes that arrived, those sent twice counted twice. */
  received = 0;
  largestBody = 0;
  together = 0;
  most = 0;
  dropped: string[] = [];
  lookups = 0;
  fault: (request: Request) => Fault | undefined = () => undefined;
  apiFault: (what: Call) => ProblemBody | undefined = () => undefined;
  private next = 1;

  constructor(private readonly clock: Clock) {}

  put(path: string, size = 1, mtime = 0): Entry {
    const entry = this.entry(path, false, size, mtime);
    this.tree.set(path, entry);
    return entry;
  }

  folder(path: string): void {
    this.tree.set(path, this.entry(path, true, 0, 0));
  }

  private entry(path: string, folder: boolean, size: number, mtime: number): Entry {
    const id = String(this.next++).padStart(16, '0');
    const name = partsOf(path).pop() ?? '';
    return { id, name, folder, size, files: 0, mtime, etag: `e${id}` };
  }

  private isFolder(path: string): boolean {
    return path === '' || this.tree.get(path)?.folder === true;
  }

  /** Why a file may not be committed there now. */
  private refusal(path: string, condition: Condition | undefined): ProblemBody | undefined {
    if (!this.isFolder(parentOf(path))) return problem(409, 'no-parent');
    const there = this.tree.get(path);
    if (there?.folder) return problem(409, 'is-a-folder');
    if (condition && 'ifNoneMatch' in condition && there)
      return problem(412, 'precondition-failed');
    if (condition && 'ifMatch' in condition && there?.etag !== condition.ifMatch) {
      return problem(412, 'precondition-failed');
    }
    return undefined;
  }

  private commit(kept: Kept, path: string, condition: Condition | undefined) {
    if (kept.finishedAs !== undefined) return undefined;
    const refused = this.refusal(path, condition);
    if (refused) return refused;
    this.put(path, kept.size, kept.mtime);
    kept.finishedAs = path;
    return undefined;
  }

  /** What a HEAD says. */
  private offsetOf(kept: Kept): number {
    const all = kept.finishedAs === undefined && kept.offset === kept.size && kept.size > 0;
    return all ? kept.size - 1 : kept.offset;
  }

  readonly client: Pick<Client, 'operations' | 'lookup' | 'plan' | 'finishUpload' | 'digests'> = {
    plan: async (files) => {
      this.lookups++;
      await this.api('lookup');
      if (files.length > 1000) throw new Problem(problem(400, 'too-many'));
      return files.map(({ path, size, mtime }): Planned => {
        const entry = this.tree.get(path);
        const same = entry && !entry.folder && entry.size === size && entry.mtime === mtime;
        if (entry) return { state: same ? 'same' : 'conflict', entry };
        for (const kept of this.uploads.values()) {
          if (kept.path !== path || kept.size !== size || kept.mtime !== mtime) continue;
          if (kept.finishedAs !== undefined) continue;
          const id = kept.url.replace('/tus/', '');
          const upload = { id, path, size, offset: kept.offset, created: 0, expires: 0 };
          return { state: 'new', upload };
        }
        return { state: 'new' };
      });
    },
    lookup: async (paths) => {
      this.lookups++;
      await this.api('lookup');
      if (paths.length > 1000) throw new Problem(problem(400, 'too-many'));
      return paths.map((path) => this.tree.get(path) ?? null);
    },
    operations: async (operations) => {
      await this.api('operations');
      if (operations.length > 1000) throw new Problem(problem(400, 'too-many'));
      return operations.map((o): OperationResult => {
        if (o.op === 'mkdir') return this.mkdir(o.path);
        if (o.op !== 'move') return { problem: problem(400, 'bad-operation') };
        const there = this.tree.get(o.from);
        if (!there) return { problem: problem(404, 'not-found') };
        if (this.tree.has(o.to) && !o.overwrite) return { problem: problem(409, 'exists') };
        this.tree.delete(o.from);
        this.tree.set(o.to, { ...there, name: partsOf(o.to).pop() ?? '' });
        return { node: there.id, path: o.to };
      });
    },
    digests: async (id, from) => {
      await this.api('digests');
      const kept = this.uploads.get(`/tus/${id}`);
      if (!kept) throw new Problem(problem(404, 'not-found'));
      if (kept.finishedAs !== undefined) throw new Problem(problem(410, 'finished'));
      const piece = 8 << 20;
      const digests: string[] = [];
      for (let at = from; at < kept.offset && digests.length < 2; at += piece) {
        const bytes = new Uint8Array(Math.min(piece, kept.offset - at)).fill(kept.byte ?? 0);
        if (kept.other) bytes.fill(kept.other.byte, Math.max(0, kept.other.from - at));
        digests.push(await fakeDigest(bytes));
      }
      return { offset: kept.offset, piece, sha256: digests };
    },
    finishUpload: async (id, request) => {
      await this.api('finish');
      const kept = this.uploads.get(`/tus/${id}`);
      if (!kept) throw new Problem(problem(404, 'not-found'));
      if (kept.offset < kept.size) throw new Problem(problem(400, 'incomplete'));
      const { ifMatch, ifNoneMatch } = request;
      const condition = ifMatch !== undefined ? { ifMatch } : ifNoneMatch && { ifNoneMatch };
      const refused = this.commit(kept, request.path, condition);
      if (refused) throw new Problem(refused);
      const at = kept.finishedAs ?? '';
      const entry = this.tree.get(at) ?? this.entry(at, false, kept.size, kept.mtime);
      return { entry, ...(at === request.path && { path: at }) };
    },
  };

  private async api(what: Call): Promise<void> {
    await this.wait();
    const fault = this.apiFault(what);
    if (fault) throw new Problem(fault);
  }

  private mkdir(path: string): OperationResult {
    const parts = partsOf(path);
    for (let n = 1; n <= parts.length; n++) {
      const at = parts.slice(0, n).join('/');
      const there = this.tree.get(at);
      if (there && !there.folder) {
        const code = n === parts.length ? 'exists' : 'not-a-folder';
        return { problem: problem(409, code) };
      }
      if (!there) this.folder(at);
    }
    return { node: this.tree.get(path)?.id ?? '', path };
  }

  readonly transport: { -readonly [K in keyof Transport]: Transport[K] } = {
    start: (job, events) => {
      const end = () => {
        this.together--;
      };
      const way = new Way({
        ...events,
        done: () => {
          end();
          events.done();
        },
        failed: (failure) => {
          end();
          events.failed(failure);
        },
      });
      way.onStop(end);
      this.together++;
      this.most = Math.max(this.most, this.together);
      void this.run(job, way);
      return { stop: () => way.stop() };
    },
    drop: (url) => {
      this.dropped.push(url);
      this.uploads.delete(url);
    },
  };

  private wait(): Promise<void> {
    return new Promise((go) => this.clock.after(latency, go));
  }

  private async run(job: Job, way: Way): Promise<void> {
    const { file } = job;
    let url = job.url;
    let offset = 0;
    try {
      if (url === undefined) {
        const small = file.size <= 1 << 20;
        const kept = await this.ask(way, 'create', joinPath(job.folder, job.name), small, () =>
          this.create(job),
        );
        url = kept.url;
        way.tell((e) => e.located(kept.url));
        if (small) {
          way.tell((e) => e.acked(kept.size));
          way.tell((e) => e.done());
          return;
        }
      } else {
        const kept = await this.ask(way, 'head', joinPath(job.folder, job.name), false, () =>
          this.find(url),
        );
        offset = this.offsetOf(kept);
        way.tell((e) => e.acked(offset));
        if (kept.finishedAs !== undefined) {
          way.tell((e) => e.done());
          return;
        }
      }
      while (offset < file.size) {
        const end = Math.min(offset + job.partSize(), file.size);
        const last = end === file.size;
        const start = offset;
        way.tell((e) => e.phase('reading', last));
        await this.ask(
          way,
          'patch',
          joinPath(job.folder, job.name),
          last,
          (share) => this.append(url, start, share === 1 ? end : start + (end - start) * share),
          end - start,
          start,
        );
        offset = end;
        way.tell((e) => e.acked(offset));
      }
      way.tell((e) => e.done());
    } catch (error) {
      if (error instanceof Broken) way.tell((e) => e.failed(error.failure));
      else if (!(error instanceof Stopped)) throw error;
    }
  }

  private async ask<T>(
    way: Way,
    step: Step,
    path: string,
    last: boolean,
    obey: (share: number) => T,
    body = 0,
    start = 0,
  ): Promise<T> {
    const request: Request = { step, path, n: this.requests.length, last, body };
    this.requests.push(request);
    const fault = this.fault(request);
    const fail = (words: ProblemBody, at: Step = step) =>
      new Broken({ step: at, last, problem: words });
    if (fault === 'unreadable') throw fail(problem(0, 'changed'), 'read');
    way.tell((e) => e.phase(body > 0 ? 'sending' : 'asking', last, body));
    this.largestBody = Math.max(this.largestBody, body);
    await this.pass(way);
    if (body > 0) {
      way.tell((e) => e.sent(start + body / 2));
      await this.pass(way);
    }
    if (fault === 'hang') await new Promise(() => {});
    if (fault === 'lost') throw fail(networkProblem());
    if (fault === 'half') {
      if (body > 0) obey(0.5);
      throw fail(networkProblem());
    }
    if (typeof fault === 'object') throw fail(fault);
    if (body > 0) way.tell((e) => e.sent(start + body));
    try {
      const answer = obey(1);
      if (fault === 'mute') await new Promise(() => {});
      if (fault === 'answer-lost') throw fail(networkProblem());
      return answer;
    } catch (error) {
      if (error instanceof Problem) throw fail(error.body);
      throw error;
    }
  }

  private async pass(way: Way): Promise<void> {
    await this.wait();
    if (way.stopped) throw new Stopped();
  }

  private create(job: Job): Kept {
    const path = joinPath(job.folder, job.name);
    const refused = this.refusal(path, job.condition);
    if (refused) throw new Problem(refused);
    const kept: Kept = {
      url: `/tus/${this.next++}`,
      path,
      size: job.file.size,
      mtime: job.file.lastModified,
      condition: job.condition,
      offset: 0,
      finishedAs: undefined,
    };
    this.uploads.set(kept.url, kept);
    if (job.file.size <= 1 << 20) {
      kept.offset = kept.size;
      this.received += kept.size;
      this.commit(kept, path, job.condition);
    }
    return kept;
  }

  private find(url: string | undefined): Kept {
    const kept = this.uploads.get(url ?? '');
    if (!kept) throw new Problem(problem(404, 'not-found'));
    return kept;
  }

  private append(url: string | undefined, from: number, to: number): void {
    const kept = this.find(url);
    if (kept.finishedAs !== undefined) throw new Problem(problem(410, 'finished'));
    if (this.offsetOf(kept) !== from) throw new Problem(problem(409, 'wrong-offset'));
    this.received += to - from;
    kept.offset = to;
    if (to < kept.size) return;
    const refused = this.commit(kept, kept.path, kept.condition);
    if (refused) throw new Problem(refused);
  }
}

class Stopped extends Error {}

class Broken extends Error {
  constructor(readonly failure: Failure) {
    super('broken');
  }
}

/** The events of a job, silent after stop. */
class Way {
  stopped = false;
  private atStop = () => {};

  constructor(private readonly events: JobEvents) {}

  tell(what: (events: JobEvents) => void): void {
    if (this.stopped) throw new Stopped();
    what(this.events);
  }

  onStop(run: () => void): void {
    this.atStop = run;
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.atStop();
  }
}
