import type { Client } from '../api/client';

/** Paths in one request, at most. */
export const together = 1000;

/** What planning asks of the server; each call waits until there is an answer. */
export interface Planner extends Pick<Client, 'operations' | 'lookup' | 'plan'> {
  /** What it is for was not cancelled meanwhile; if it was, nothing is asked any more. */
  wanted(): boolean;
}
