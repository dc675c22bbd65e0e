import { expect, test } from 'vitest';
import { type Outcome, outcomeOf } from './outcome';
import type { Step } from './transport';

test.each<[Step, number, string, Outcome]>([
  ['patch', 0, 'network', 'retry-holding'],
  ['patch', 500, 'internal', 'retry-holding'],
  ['patch', 503, 'stopped', 'retry-holding'],
  ['create', 408, 'timeout', 'retry-holding'],
  ['create', 429, 'throttled', 'retry-holding'],
  ['patch', 400, 'aborted', 'retry-holding'],
  ['head', 423, 'busy', 'retry-yielding'],
  ['patch', 423, 'locked', 'retry-yielding'],
  ['patch', 409, 'wrong-offset', 'retry-yielding'],
  ['patch', 409, 'http', 'retry-yielding'],
  ['patch', 410, 'finished', 'retry-yielding'],
  ['patch', 409, 'no-parent', 'fail'],
  ['patch', 409, 'is-a-folder', 'fail'],
  ['create', 400, 'invalid-name', 'fail'],
  ['patch', 412, 'precondition-failed', 'fail'],
  ['create', 403, 'cross-site', 'fail'],
  ['create', 404, 'not-found', 'fail'],
  ['head', 404, 'not-found', 'restart'],
  ['patch', 404, 'not-found', 'restart'],
  ['patch', 410, 'http', 'restart'],
  ['patch', 401, 'unauthorized', 'signin'],
  ['patch', 403, 'token', 'token'],
  ['patch', 413, 'http', 'smaller'],
  ['patch', 413, 'too-long', 'fail'],
  ['create', 507, 'quota-exceeded', 'fail'],
  ['patch', 507, 'quota-exceeded', 'full'],
  ['create', 507, 'disk-full', 'full'],
  ['patch', 507, 'disk-full', 'full'],
  ['read', 0, 'changed', 'fail'],
  ['finish', 412, 'precondition-failed', 'fail'],
])('%s answered %i %s: %s', (step, status, code, want) => {
  expect(outcomeOf({ step, last: false, problem: { status, code, title: '' } })).toBe(want);
});
