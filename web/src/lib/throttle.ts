import type { Clock } from './clock';

/**
 * Runs work at most once in so many milliseconds, the first time at once and the last call
 * never lost. Work that takes long is run more seldom: a fifth of the time at most.
 */
export function throttle(
  clock: Clock,
  milliseconds: number,
  work: () => Promise<unknown>,
): () => void {
  let state: 'idle' | 'busy' | 'again' = 'idle';
  const run = () => {
    state = 'busy';
    const begun = clock.now();
    const rest = () => {
      const wait = Math.max(milliseconds, 5 * (clock.now() - begun)) - (clock.now() - begun);
      clock.after(wait, () => {
        if (state === 'again') run();
        else state = 'idle';
      });
    };
    work().then(rest, rest);
  };
  return () => {
    if (state === 'idle') run();
    else state = 'again';
  };
}
