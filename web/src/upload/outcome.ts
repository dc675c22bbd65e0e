import { isPassing } from '../api/problem';
import type { ProblemBody } from '../api/types';
import type { Failure } from './transport';

/** What to do about a failure. */
export type Outcome =
  /** Try again later; keeps its place among those that are sent, since others would fare alike. */
  | 'retry-holding'
  /** Try again later; it concerns this file, so another one may go meanwhile. */
  | 'retry-yielding'
  /** The upload is unknown to the server: begin anew. */
  | 'restart'
  /** Wait for a new session. */
  | 'signin'
  /** The token is not right: get it anew. */
  | 'token'
  /** Something on the way takes smaller requests only. */
  | 'smaller'
  /** There is no room: nothing else will fit either. */
  | 'full'
  /** A person has to decide. */
  | 'fail';

/** HTTP decides, and the code where one status means two things. Network causes never fail. */
export function outcomeOf({ step, problem }: Failure): Outcome {
  const { status, code } = problem;
  if (step === 'read') return 'fail';
  if (status === 401) return 'signin';
  if (status === 403 && code === 'token') return 'token';
  // 410 'finished': the answer to the last byte was lost. A HEAD will say that it is there.
  if (code === 'finished') return 'retry-yielding';
  if ((status === 404 || status === 410) && step !== 'create') return 'restart';
  if (status === 413 && code === 'http') return 'smaller';
  if (status === 507) {
    // Before it was begun: a smaller one may still fit.
    const fails =
      code === 'properties-too-large' || (code === 'quota-exceeded' && step === 'create');
    return fails ? 'fail' : 'full';
  }
  // 'http' is an answer of a proxy, which may say anything.
  if (status === 423 || code === 'wrong-offset' || (status === 409 && code === 'http')) {
    return 'retry-yielding';
  }
  return isPassing(problem) ? 'retry-holding' : 'fail';
}

/** Whether the server, or the way to it, is away, and not only one file in trouble. */
export function isAway({ status }: ProblemBody): boolean {
  return status === 0 || (status >= 502 && status <= 504);
}

/** Whether a request that held the last byte may have been obeyed although it failed. */
export function mayBeStored({ problem, last }: Failure): boolean {
  return last && (problem.status === 0 || problem.status === 408 || problem.status >= 499);
}
