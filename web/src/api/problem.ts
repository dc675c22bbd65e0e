import { text } from '../lib/text';
import type { ProblemBody } from './types';

/** An error with words to show, from the server or about reaching it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly body: ProblemBody;
  /** Seconds that the server asks to wait; undefined: it says nothing. */
  readonly retryAfter: number | undefined;

  constructor(body: ProblemBody, retryAfter?: number) {
    super(body.title);
    this.body = Object.freeze(body);
    this.retryAfter = retryAfter;
  }

  get code(): string {
    return this.body.code;
  }

  get status(): number {
    return this.body.status;
  }
}

/** There was no answer, or none of Cairn's. Status 0. */
export function networkProblem(): ProblemBody {
  return { status: 0, code: 'network', ...text.problems.network };
}

/** What the app itself found, before or without asking the server. Status 0. */
export function ownProblem(code: string, words: { title: string; detail?: string }): ProblemBody {
  return { status: 0, code, ...words };
}

/** What went wrong, whatever was thrown. */
export function problemOf(error: unknown): ProblemBody {
  if (error instanceof Problem) return error.body;
  return ownProblem(
    'app',
    text.problems.app(error instanceof Error ? error.message : String(error)),
  );
}

/** Reads the body of an error answer; what is no problem+json gets words by its status. */
export function readProblem(status: number, body: string): ProblemBody {
  try {
    const p: unknown = JSON.parse(body);
    if (isRecord(p) && typeof p.code === 'string' && typeof p.title === 'string') {
      return {
        status,
        code: p.code,
        title: p.title,
        ...(typeof p.detail === 'string' && p.detail !== '' && { detail: p.detail }),
        ...(typeof p.request_id === 'string' && { request_id: p.request_id }),
      };
    }
  } catch {
    // Not JSON: a proxy's own page. Its status says enough.
  }
  return { status, code: 'http', ...text.problems.http(status) };
}

/** Retry-After in seconds; the form with a date is not sent by Cairn. */
export function readRetryAfter(header: string | null | undefined): number | undefined {
  const seconds = Number.parseInt(header ?? '', 10);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** Codes of 4xx answers that only say that the connection broke. */
const broken = new Set([
  'aborted',
  'incomplete',
  'timeout',
  'cancelled',
  'busy',
  'wrong-offset',
  'network',
]);

/** Whether the same request may well succeed later, with nobody doing anything. */
export function isPassing(p: ProblemBody): boolean {
  if (p.status === 507) return false; // full: somebody must make room
  return (
    p.code === 'network' ||
    p.status >= 500 ||
    p.status === 408 ||
    p.status === 423 ||
    p.status === 425 ||
    p.status === 429 ||
    broken.has(p.code)
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
