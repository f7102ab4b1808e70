/**
 * The long run of the simulation: `npm run prove`. Two processes, each with a seed of its own, print what they have
 * seen; a history that breaks the protocol is shrunk and printed step by step, with the command that runs it again.
 * The statements of some histories are run once more on PostgreSQL in this process.
 *
 * HISTORIES (100000), REPLAYED (1000), PROCESSES (2) and SEED (random) may be set; SEED with PLAN_PATH runs one history
 * again.
 */
import { fork } from "node:child_process";
import fc from "fast-check";
import { explain } from "./explain.ts";
import { History } from "./history.ts";
import type { Act } from "./memory/world.ts";
import { plans } from "./plan.ts";
import { Replay } from "./replay.ts";

const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);
const HISTORIES = number("HISTORIES", 100_000);
const REPLAYED = number("REPLAYED", 1000);
const PROCESSES = number("PROCESSES", 2);
const SEED = number("SEED", Date.now() % 2 ** 31);
const PROGRESS = 10_000;

type Counts = Record<string, number>;
type Message = { readonly done: number } | { readonly counts: Counts; readonly failed: string };

const add = (counts: Counts, more: Counts) => {
  for (const [name, count] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + count;
};

const run = (seed: number, histories: number, progress: (done: number) => void, path?: string): Message => {
  Error.stackTraceLimit = 0;
  const counts: Counts = {};
  const holds = fc.property(plans, (plan) => {
    const history = History.run(plan);
    add(counts, history.counts);
    if (counts.histories !== undefined && counts.histories % PROGRESS === 0) progress(PROGRESS);
    return history.violations.length === 0;
  });
  const result = fc.check(holds, {
    seed,
    numRuns: histories,
    ...(path !== undefined && { path, endOnFailure: true }),
  });
  return { counts, failed: explain(result) };
};

const share = process.env.PROVE_SHARE;
const path = process.env.PLAN_PATH;

if (share !== undefined) {
  process.send?.(run(SEED, Number(share), (done) => process.send?.({ done } satisfies Message)));
} else if (path !== undefined) {
  const message = run(SEED, 1, () => {}, path);
  const failed = "failed" in message ? message.failed : "";
  console.log(failed === "" ? "The protocol holds in this history." : failed);
  process.exitCode = failed === "" ? 0 : 1;
} else {
  await proveAll();
}

/** Runs the statements of some histories on PostgreSQL, notes what differs, and answers how many were run. */
async function replaySome(failures: Array<string>): Promise<number> {
  if (REPLAYED === 0) return 0;
  console.log(`  the statements of ${REPLAYED} histories once more, on PostgreSQL`);
  const replay = await Replay.start();
  let statements = 0;
  for (const plan of fc.sample(plans, { numRuns: REPLAYED, seed: SEED })) {
    const acts: Array<Act> = [];
    const { world } = History.run(plan, undefined, acts);
    const differences = await replay.run(acts, world);
    if (differences.length > 0) failures.push(differences.join("\n"));
    statements += acts.length;
  }
  await replay.stop();
  return statements;
}

async function proveAll(): Promise<void> {
  const started = performance.now();
  const counts: Counts = {};
  const failures: Array<string> = [];
  let done = 0;
  console.log(`${HISTORIES} histories in ${PROCESSES} processes, seeds from ${SEED}`);
  const one = (index: number) =>
    new Promise<void>((resolve) => {
      const env = {
        ...process.env,
        SEED: String(SEED + index),
        PROVE_SHARE: String(Math.ceil(HISTORIES / PROCESSES)),
      };
      const child = fork(import.meta.filename, { env });
      child.on("message", (message: Message) => {
        if ("done" in message) {
          done += message.done;
          console.log(`  ${done} (${perSecond(done)} a second)`);
        } else {
          add(counts, message.counts);
          if (message.failed !== "") failures.push(message.failed);
        }
      });
      child.on("exit", (code) => {
        if (code !== 0) failures.push(`a process ended with ${code}`);
        resolve();
      });
    });
  const perSecond = (histories: number) => Math.round((histories / (performance.now() - started)) * 1000);
  await Promise.all(Array.from({ length: PROCESSES }, (_, index) => one(index)));
  counts["replayed statements"] = await replaySome(failures);

  const { histories = 0, ...figures } = counts;
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(`\n${histories} histories, ${perSecond(histories)} a second`);
  for (const [name, count] of Object.entries(figures).sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`  ${String(count).padStart(9)}  ${name}`);
  }
  console.log(`${histories - failures.length} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
