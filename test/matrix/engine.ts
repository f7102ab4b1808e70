/**
 * The engine of the failure matrix: it performs a cell, of a registration or of a change, on a stack and a Worker that
 * the cell has for itself, and compares what came of it with what is promised. Several stacks run side by side,
 * because a fault switch serves one cell at a time.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Stack, startStack } from "../../dev/stack.ts";
import { expectDiscreet } from "../support/fixture.ts";
import { startWorker, type Worker } from "../support/worker.ts";

/** A stack and a Worker that one cell has for itself at a time. */
export interface Lane {
  readonly stack: Stack;
  readonly worker: Worker;
}

/** One cell: how it is performed, and what has to come of it. */
export interface Proof {
  readonly title: string;
  readonly promised: object;
  /** `missed`: how many of its faults and deeds met no call. */
  readonly perform: (lane: Lane) => Promise<{ readonly outcome: object; readonly missed: number }>;
}

const LANES = Number(process.env.MATRIX_LANES ?? 4);
const lanes: Lane[] = [];
const free: Lane[] = [];
const waiting: ((lane: Lane) => void)[] = [];

/** Starts the stacks for the file that calls it, and stops them. No log of theirs names a person. */
export function useLanes(): void {
  beforeAll(async () => {
    while (lanes.length < LANES) {
      const stack = await startStack();
      const lane = { stack, worker: await startWorker(stack) };
      lanes.push(lane);
      free.push(lane);
    }
  });
  afterAll(async () => {
    for (const lane of lanes) expectDiscreet(lane);
    for (const { worker, stack } of lanes) {
      await worker.stop();
      await stack.stop();
    }
  });
}

const onLane = async <A>(work: (lane: Lane) => Promise<A>): Promise<A> => {
  const lane = free.pop() ?? (await new Promise<Lane>((done) => waiting.push(done)));
  try {
    return await work(lane);
  } finally {
    const next = waiting.shift();
    if (next === undefined) free.push(lane);
    else next(lane);
  }
};

/** One test for each cell. */
export function prove(proofs: ReadonlyArray<Proof>): void {
  for (const { title, promised, perform } of proofs)
    it.concurrent(title, { timeout: 120_000 }, async () => {
      const performed = await onLane(async (lane) => {
        const first = await perform(lane);
        // Where a fault struck nothing (a busy machine let two steps change places), nothing was shown yet.
        return first.missed === 0 ? first : perform(lane);
      });
      expect(performed).toEqual({ outcome: promised, missed: 0 });
    });
}
