/** Lets at most so many run at the same time; the others wait in their order. */
export function limiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let head = 0;
  let running = 0;
  return async (work) => {
    if (running < most) running++;
    else await new Promise<void>((go) => waiting.push(go)); // who ends hands its place on
    try {
      return await work();
    } finally {
      const go = waiting[head++];
      if (go) go();
      else {
        running--;
        waiting.length = 0;
        head = 0;
      }
    }
  };
}
