import type { HttpRequest, HttpStack } from 'tus-js-client';
import { isRecord, networkProblem, ownProblem, readProblem, readRetryAfter } from '../api/problem';
import type { ProblemBody } from '../api/types';
import { joinPath } from '../lib/path';
import { text } from '../lib/text';
import type { BatchEvents, Job } from './transport';
import type { Door } from './tus-transport';

/** One file of the body: a line that says what it is, and its bytes. */
interface Part {
  readonly line: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Sends files in one request; the server answers for each of them. */
export function sendBatch(
  door: Door,
  http: HttpStack,
  jobs: readonly Job[],
  events: BatchEvents,
): { stop(): void } {
  let over = false;
  let request: HttpRequest | undefined;

  const finish = (tell: () => void) => {
    if (over) return;
    over = true;
    tell();
  };
  const fail = (problem: ProblemBody, retryAfter?: number) =>
    finish(() => events.failed({ step: 'create', last: true, problem, retryAfter }));

  async function read(job: Job, place: number): Promise<Uint8Array | undefined> {
    const bytes = await readBytes(job.file);
    if (!bytes && !over) events.unreadable(place, ownProblem('changed', text.problems.changed));
    return bytes;
  }

  async function partsOf(): Promise<(Part | undefined)[]> {
    const files = jobs.map(({ file }) => file);
    const all = (await readTogether(files)) ?? (await Promise.all(jobs.map(read)));
    return Promise.all(
      jobs.map(async (job, place) => {
        const bytes = all[place];
        return bytes && { line: await lineOf(job, bytes), bytes };
      }),
    );
  }

  async function run(): Promise<void> {
    events.phase('reading');
    const parts = await partsOf();
    if (over) return;
    const { body, ends } = join(parts);
    if (body.length === 0) {
      finish(() => events.done(jobs.map(() => undefined)));
      return;
    }
    request = http.createRequest('POST', door.href('api/v1/batch'));
    request.setHeader('Content-Type', 'application/vnd.cairn.batch');
    request.setHeader('Accept', 'application/json');
    request.setHeader('X-Cairn-Token', door.token);
    request.setProgressHandler((loaded) => {
      if (over) return;
      events.sent(fileBytes(ends, loaded));
      if (loaded >= body.length) events.phase('sent');
    });
    events.phase('sending');
    const answer = await request.send(body).catch(() => undefined);
    if (!answer) {
      fail(networkProblem());
      return;
    }
    const status = answer.getStatus();
    if (status !== 200) {
      if (status < 300) fail(networkProblem());
      else
        fail(
          readProblem(status, answer.getBody()),
          readRetryAfter(answer.getHeader('Retry-After')),
        );
      return;
    }
    const sent = parts.filter((part) => part !== undefined).length;
    const results = resultsIn(answer.getBody(), sent);
    if (!results) {
      fail(networkProblem()); // a proxy's own page
      return;
    }
    let at = 0;
    finish(() => events.done(parts.map((part) => (part ? results[at++] : undefined))));
  }

  run().catch(() => fail(networkProblem()));
  return {
    stop() {
      over = true;
      void request?.abort();
    },
  };
}

/** undefined: it cannot be read, or not as it was when it was picked. */
async function readBytes(file: Blob): Promise<Uint8Array | undefined> {
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    // Not every browser notices that a file has become shorter.
    return bytes.length === file.size ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** In one call, which costs far less than one a file. undefined: one of them cannot be read. */
async function readTogether(files: readonly File[]): Promise<Uint8Array[] | undefined> {
  const all = await readBytes(new Blob([...files]));
  const places: number[] = [];
  let end = 0;
  for (const { size } of files) {
    places.push(end);
    end += size;
  }
  if (all?.length !== end) return undefined;
  return places.map((at, n) => all.subarray(at, places[n + 1]));
}

const encoder = new TextEncoder();

async function lineOf({ file, folder, name, condition }: Job, bytes: Uint8Array) {
  const sum = await sha256(bytes);
  const line = {
    path: joinPath(folder, name),
    size: bytes.length,
    mtime: file.lastModified,
    ...condition,
    ...(sum && { sha256: sum }),
  };
  return encoder.encode(`${JSON.stringify(line)}\n`);
}

/** In base64; undefined where the page may not compute it, without TLS. */
async function sha256(bytes: Uint8Array): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined;
  const sum = await crypto.subtle.digest('SHA-256', bytes as BufferSource);
  return btoa(String.fromCharCode(...new Uint8Array(sum)));
}

/** The body, and for each file where it ends in that, and in all files one after the other. */
function join(parts: readonly (Part | undefined)[]) {
  let length = 0;
  for (const part of parts) if (part) length += part.line.length + part.bytes.length;
  const body = new Uint8Array(length);
  const ends: { body: number; files: number }[] = [];
  let at = 0;
  let files = 0;
  for (const part of parts) {
    if (!part) continue;
    body.set(part.line, at);
    body.set(part.bytes, at + part.line.length);
    at += part.line.length + part.bytes.length;
    files += part.bytes.length;
    ends.push({ body: at, files });
  }
  return { body, ends };
}

/** Bytes of files that have gone with so many of the body. */
function fileBytes(ends: readonly { body: number; files: number }[], loaded: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((ends[mid]?.body ?? 0) <= loaded) low = mid + 1;
    else high = mid;
  }
  return ends[low - 1]?.files ?? 0;
}

function resultsIn(body: string, count: number): (ProblemBody | undefined)[] | undefined {
  try {
    const json: unknown = JSON.parse(body);
    if (!isRecord(json) || !Array.isArray(json.results) || json.results.length !== count) {
      return undefined;
    }
    const results: (ProblemBody | undefined)[] = [];
    for (const r of json.results as unknown[]) {
      if (!isRecord(r) || (!isRecord(r.entry) && !isRecord(r.problem))) return undefined;
      results.push(isRecord(r.problem) ? (r.problem as unknown as ProblemBody) : undefined);
    }
    return results;
  } catch {
    return undefined;
  }
}
