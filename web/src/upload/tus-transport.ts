import {
  type DetailedError,
  type HttpRequest,
  type HttpResponse,
  type HttpStack,
  Upload,
  type UploadOptions,
} from 'tus-js-client';
import { networkProblem, ownProblem, readProblem, readRetryAfter } from '../api/problem';
import { text } from '../lib/text';
import { sendBatch } from './batch-transport';
import { ReadFault, readBytes } from './read-bytes';
import {
  creationLimit,
  type Failure,
  type Job,
  type JobEvents,
  type Step,
  type Transport,
} from './transport';
import { XhrStack } from './xhr-stack';

/** What the transport needs of the client: where to, and the token of this moment. */
export interface Door {
  readonly token: string;
  href(relative: string): string;
}

/**
 * What a large body is. Slices lie in the file, and go out at once. Bytes are held by the page:
 * of 16 MiB it takes Chromium and Firefox half a second until the first leaves, each time. But
 * Safari 26 hangs on slices.
 */
export type Bodies = 'slices' | 'bytes';

const apple = (globalThis.navigator?.vendor ?? '').startsWith('Apple');

/** tus 1.0 by tus-js-client, of which only the protocol is used: no retries, no storage. */
export function createTusTransport(
  door: Door,
  stack?: HttpStack,
  bodies: Bodies = apple ? 'bytes' : 'slices',
): Transport {
  const http = stack ?? new XhrStack();
  return {
    start: (job, events) => new Sending(door, http, bodies, job, events),
    batch: (jobs, events) => sendBatch(door, http, jobs, events),
    drop(url) {
      const req = http.createRequest('DELETE', url);
      req.setHeader('Tus-Resumable', '1.0.0');
      req.setHeader('X-Cairn-Token', door.token);
      req.send(null).catch(() => {});
    },
  };
}

/** The transfer was stopped before the request went out. */
class Stopped extends Error {}

class Sending {
  private readonly upload: Upload;
  private over = false;
  /** Where the bytes end that were read last, and how many a request takes along. */
  private end = 0;
  private body = 0;
  private last = false;
  /** The bytes behind those, read while they are on their way. */
  private ahead: { readonly start: number; readonly bytes: Promise<Uint8Array> } | undefined;

  constructor(
    private readonly door: Door,
    http: HttpStack,
    private readonly bodies: Bodies,
    private readonly job: Job,
    private readonly events: JobEvents,
  ) {
    const { file, folder, name } = job;
    const options: UploadOptions = {
      // Without an endpoint a HEAD that fails is an error. With one, tus-js-client would
      // answer a 401 or 503 with a new upload, and what arrived would be lost.
      endpoint: job.url === undefined ? door.href('tus/') : null,
      uploadUrl: job.url ?? null,
      uploadSize: file.size,
      metadata: {
        ...(folder !== '' && { dir: folder }),
        filename: name,
        ...(file.type !== '' && { filetype: file.type }),
        mtime: String(file.lastModified / 1000),
      },
      chunkSize: Number.POSITIVE_INFINITY, // source() cuts
      uploadDataDuringCreation:
        file.size > 0 && file.size <= Math.min(creationLimit, job.partSize()),
      retryDelays: null,
      storeFingerprintForResuming: false,
      fingerprint: async () => '',
      httpStack: http,
      fileReader: { openFile: async () => this.source() },
      onBeforeRequest: (req) => this.beforeRequest(req),
      onAfterResponse: (_, res) => this.afterResponse(res),
      onUploadUrlAvailable: () => this.located(),
      onProgress: (bytes) => this.progress(bytes),
      onSuccess: () => this.finish(() => events.done()),
      onError: (error) => this.finish(() => events.failed(this.failure(error))),
    };
    this.upload = new Upload(file, options);
    if (job.url === undefined) this.readAhead(0); // while the upload is created
    this.upload.start();
  }

  stop(): void {
    this.over = true;
    this.ahead = undefined;
    void this.upload.abort();
  }

  /** Whether a body of so many bytes is a slice of the file. */
  private slices(bytes: number): boolean {
    return this.bodies === 'slices' && bytes > creationLimit;
  }

  private readAhead(start: number): void {
    const { file } = this.job;
    const end = Math.min(file.size, start + this.job.partSize());
    if (start >= end || this.slices(end - start)) return;
    const bytes = readBytes(file, start, end);
    bytes.catch(() => {}); // who takes it sees that
    this.ahead = { start, bytes };
  }

  /** The bytes of the next body: at most a part, and fewer if a smaller part was read ahead. */
  private async next(start: number, end: number): Promise<Uint8Array> {
    const { ahead } = this;
    this.ahead = undefined;
    if (ahead?.start !== start) return readBytes(this.job.file, start, end);
    return (await ahead.bytes).subarray(0, end - start);
  }

  private source() {
    const { file } = this.job;
    return {
      size: file.size,
      close: () => {},
      slice: async (start: number, end: number) => {
        const most = Math.min(end, file.size, start + this.job.partSize());
        this.check();
        this.events.phase('reading', most === file.size);
        const large = this.slices(most - start);
        // The last byte of a slice is read before: who sent it would not say why that failed.
        const bytes = await (large ? readBytes(file, most - 1, most) : this.next(start, most));
        this.check();
        this.end = large ? most : start + bytes.length;
        this.last = this.end === file.size;
        this.body = this.end - start;
        // Never done: then tus-js-client would compare with a Blob's size, and fail.
        return { value: large ? file.slice(start, this.end) : bytes, done: false };
      },
    };
  }

  /** tus-js-client forgets an abort of before its start has come about, and goes on. */
  private check(): void {
    if (this.over) throw new Stopped();
  }

  private beforeRequest(req: HttpRequest): void {
    this.check();
    const method = req.getMethod();
    req.setHeader('X-Cairn-Token', this.door.token);
    if (method === 'POST') {
      const { condition } = this.job;
      if ('ifMatch' in condition) req.setHeader('If-Match', `"${condition.ifMatch}"`);
      else req.setHeader('If-None-Match', condition.ifNoneMatch);
    }
    // An empty file is there as soon as it is created.
    if (!this.body) this.last = method === 'POST' && this.job.file.size === 0;
    this.events.phase(this.body > 0 ? 'sending' : 'asking', this.last, this.body);
    if (this.body > 0) this.readAhead(this.end);
    this.body = 0;
  }

  private afterResponse(res: HttpResponse): void {
    const status = res.getStatus();
    if (this.over || status < 200 || status > 299) return;
    const offset = Number.parseInt(res.getHeader('Upload-Offset') ?? '', 10);
    if (!Number.isNaN(offset)) this.events.acked(offset);
  }

  private located(): void {
    if (!this.over && this.upload.url) this.events.located(this.upload.url);
  }

  private progress(bytes: number): void {
    if (this.over) return;
    this.events.sent(bytes);
    if (bytes >= this.end && this.end > 0) this.events.phase('sent', this.last);
  }

  private finish(tell: () => void): void {
    if (this.over) return;
    this.over = true;
    this.ahead = undefined;
    tell();
  }

  private failure(error: Error | DetailedError): Failure {
    const detailed = 'originalRequest' in error ? error : undefined;
    if (error instanceof ReadFault || detailed?.causingError instanceof ReadFault) {
      return { step: 'read', last: false, problem: ownProblem('changed', text.problems.changed) };
    }
    const res = detailed?.originalResponse;
    const step = stepOf(detailed?.originalRequest?.getMethod());
    const status = res?.getStatus() ?? 0;
    if (!res || status < 300) return { step, last: this.last, problem: networkProblem() };
    const at = res.getHeader('Location');
    // A refused creation tells where the bytes are kept that came with it.
    if (step === 'create' && at) {
      this.events.located(new URL(at, this.door.href('tus/')).href);
    }
    return {
      step,
      last: this.last,
      problem: readProblem(status, res.getBody()),
      retryAfter: readRetryAfter(res.getHeader('Retry-After')),
    };
  }
}

function stepOf(method: string | undefined): Step {
  if (method === 'POST') return 'create';
  return method === 'HEAD' ? 'head' : 'patch';
}
