/** How long to wait before the next try. */
export interface BackoffOptions {
  /** Milliseconds before the first repeat. */
  readonly first: number;
  /** Milliseconds that no wait exceeds. */
  readonly most: number;
}

/**
 * Milliseconds before repeat number attempt (0 is the first): doubling, then reduced by up
 * to half at random, so that many clients of a server that restarts do not come at once.
 */
export function backoff(attempt: number, options: BackoffOptions, random = Math.random): number {
  const whole = Math.min(options.most, options.first * 2 ** Math.min(attempt, 30));
  return Math.round(whole * (1 - random() / 2));
}
