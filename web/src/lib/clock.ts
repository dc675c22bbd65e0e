/** Time, so that tests can make it pass. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Runs once after so many milliseconds, 0: in a task of its own, at once also while the page is
   * hidden. The returned function prevents it.
   */
  after(milliseconds: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, run) {
    if (milliseconds <= 0) return soon(run);
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Timers of a hidden page run once a second, messages at once. */
function soon(run: () => void): () => void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    run();
  };
  port2.postMessage(undefined);
  return () => port1.close();
}
