import type { Client } from '../api/client';
import { isPassing, ownProblem } from '../api/problem';
import type { Operation, OperationResult, ProblemBody } from '../api/types';

const batch = 1000;

/** What an operation is about, as it was seen before. */
export interface Subject {
  readonly id: string;
  readonly name: string;
}

/**
 * The answer may be lost of what was done: looks where the entries are now. What still
 * cannot be told stays refused, by the network. place is where one is once its operation is
 * done, or was before it went.
 */
export async function settle(
  client: Client,
  operations: readonly Operation[],
  subjects: readonly Subject[],
  results: readonly OperationResult[],
  place: (op: Operation, i: number) => string = placeOf,
): Promise<OperationResult[]> {
  const lost = results.flatMap((r, i) => ('problem' in r && isPassing(r.problem) ? [i] : []));
  const settled = [...results];
  for (let at = 0; at < lost.length; at += batch) {
    const some = lost.slice(at, at + batch);
    const paths = some.map((i) => {
      const op = operations[i];
      return op ? place(op, i) : '';
    });
    try {
      const there = await client.lookup(paths);
      some.forEach((i, k) => {
        const subject = subjects[i];
        const here = there[k]?.id === subject?.id;
        const done = operations[i]?.op === 'remove' ? !here : here;
        if (subject && done) settled[i] = { node: subject.id };
        else settled[i] = { problem: notDone(results[i]) };
      });
    } catch {
      break;
    }
  }
  return settled;
}

function placeOf(op: Operation): string {
  if (op.op === 'remove') return op.path;
  return 'to' in op ? (op.to ?? '') : '';
}

/** It was looked for and is as before: not a matter of chance any more. */
function notDone(result: OperationResult | undefined): ProblemBody {
  const title = result && 'problem' in result ? result.problem.title : '';
  return ownProblem('not-done', { title });
}
