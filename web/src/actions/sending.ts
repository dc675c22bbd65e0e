import type { Client } from '../api/client';
import { ownProblem, Problem, problemOf } from '../api/problem';
import type { Operation, OperationResult } from '../api/types';
import { text } from '../lib/text';

/** The way of operations to the server. */
export interface Sending {
  /**
   * Sends in order, and one call after the other: an undo never overtakes its change. What
   * could not be sent counts as refused, and so does all behind it.
   */
  send(operations: readonly Operation[]): Promise<OperationResult[]>;
}

const batch = 1000;

export function createSending(client: Client): Sending {
  let sending: Promise<unknown> = Promise.resolve();

  async function sendAll(operations: readonly Operation[]): Promise<OperationResult[]> {
    const person = client.person;
    const results: OperationResult[] = [];
    for (let at = 0; at < operations.length; at += batch) {
      try {
        if (client.person !== person) throw new Problem(someoneElse());
        results.push(...(await client.operations(operations.slice(at, at + batch))));
      } catch (error) {
        const problem = problemOf(error);
        while (results.length < operations.length) results.push({ problem });
        break;
      }
    }
    return results.map(inOurWords);
  }

  return {
    send(operations) {
      const work = () => sendAll(operations);
      const mine = sending.then(work, work);
      sending = mine.catch(() => {});
      return mine;
    },
  };
}

function someoneElse() {
  return ownProblem('someone-else', text.problems.someoneElse);
}

function inOurWords(result: OperationResult): OperationResult {
  if (!('problem' in result) || result.problem.code !== 'precondition-failed') return result;
  return { problem: { ...result.problem, ...text.problems.changedMeanwhile } };
}
