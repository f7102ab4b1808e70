/** The work that a process must not end before: requests, also those whose client has gone away, and what follows them. */

/** Keeps work until it has ended, well or not. */
export const makeWork = () => {
  const running = new Set<Promise<unknown>>();
  return {
    /** What Workers call `ctx.waitUntil`. Whoever made the work has its failures logged. */
    waitUntil: (work: Promise<unknown>): void => {
      const kept: Promise<unknown> = work.then(
        () => running.delete(kept),
        () => running.delete(kept),
      );
      running.add(kept);
    },
    /** How much is running. */
    size: (): number => running.size,
    /** Resolves once nothing is running; work may make more work. */
    settled: async (): Promise<void> => {
      while (running.size > 0) await Promise.all(running);
    },
  };
};
