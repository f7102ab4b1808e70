/**
 * Moments of a call at a provider's socket: waiting for one, holding it, and waiting until nothing more happens.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Matcher, Target } from "../../dev/faults.ts";
import type { Stack } from "../../dev/stack.ts";

/** A call that is held at the socket. */
export interface Held {
  /** Resolves when the call has arrived, or, with `after`, taken effect. */
  readonly reached: Promise<void>;
  release(): void;
}

const holding = new Set<() => void>();

/** Releases every call that is still held: a test that failed in between must not keep the next one waiting. */
export function releaseAll(): void {
  for (const release of holding) release();
  holding.clear();
}

/** Holds the next matching call until it is released. */
export function hold(
  { faults }: Pick<Stack, "faults">,
  target: Target,
  match: Matcher,
  when: "before" | "after" = "before",
): Held {
  const held = { reached: () => {}, release: () => {} };
  const reached = new Promise<void>((done) => {
    held.reached = done;
  });
  const released = new Promise<void>((done) => {
    held.release = done;
  });
  holding.add(held.release);
  const hook = () => {
    held.reached();
    return released;
  };
  faults[when](target, match, hook, { once: true });
  return { reached, release: held.release };
}

/** Milliseconds since the last call ended; none while one is open. */
export function idleFor({ faults }: Pick<Stack, "faults">): number {
  const calls = faults.calls();
  if (calls.some(({ endedAt }) => endedAt === undefined)) return 0;
  const last = Math.max(0, ...calls.map(({ at, endedAt }) => endedAt ?? at));
  return performance.timeOrigin + performance.now() - last;
}

/** Resolves when no call has been open for so long; a Worker's own work between two calls takes a few milliseconds. */
export async function quiet(stack: Pick<Stack, "faults">, milliseconds = 60): Promise<void> {
  await stack.faults.settled();
  while (idleFor(stack) < Math.max(milliseconds, 1)) await sleep(5);
  await stack.faults.settled();
}

/** Asks until it is so; fails with `what` after five seconds. */
export async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`never came: ${what}`);
    await sleep(5);
  }
}
