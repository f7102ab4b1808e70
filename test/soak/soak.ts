/**
 * The soak: thousands of registrations from retrying clients, changes of the users whom they have registered, every call lost now and then in every way, workerd
 * killed every few seconds, the sweeper now and then. Afterwards both stores must agree on everybody.
 *
 *   node test/soak/soak.ts        SOAK_REGISTRATIONS=3000 SOAK_CLIENTS=8 SEED=1 SOAK_ISOLATION="repeatable read"
 *
 * The seed fixes what clients ask for and which calls are struck by chance; what meets what in time, it cannot.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { startStack } from "../../dev/stack.ts";
import { sweepUntilNothingIsDue } from "../matrix/registrations.ts";
import { setup as build } from "../support/build.ts";
import { beginAs } from "../support/isolation.ts";
import { startWorker } from "../support/worker.ts";
import { type Asked, makeClient } from "./client.ts";
import { everyFault } from "./faults.ts";
import { type Deed, makeManager } from "./manager.ts";
import { report } from "./report.ts";
import { verify } from "./verify.ts";

const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);
const [registrations, clients, seed] = [
  number("SOAK_REGISTRATIONS", 3000),
  number("SOAK_CLIENTS", 8),
  number("SEED", 1),
];
// Short enough that budgets end and horizons pass while it lasts.
const settings = {
  COGNITO_TIMEOUT_MS: "500",
  COGNITO_CREATE_TIMEOUT_MS: "500",
  DATABASE_TIMEOUT_MS: "500",
  REQUEST_BUDGET_SECONDS: "6",
  HORIZON_SECONDS: "20",
};

await build();
const stack = await startStack();
// As a database or a role may have it: at such a level a snapshot is older than a lock.
if (process.env.SOAK_ISOLATION !== undefined) await beginAs(stack, process.env.SOAK_ISOLATION);
const worker = await startWorker(stack, settings);
const started = performance.now();
console.log(`soak: ${registrations} registrations, ${clients} clients, seed ${seed}`);

const deeds: Deed[] = [];
const managers = await Promise.all(
  Array.from({ length: clients }, (_, n) => makeManager({ stack, worker, deeds, seed: seed * 1000 + n })),
);
stack.faults.seed(seed);
stack.faults.set(everyFault(0.05));
const asked: Asked[] = [];
const tally = { kills: 0, sweeps: 0, did: {} as Record<string, number> };
let running = true;

const sweep = async () => {
  const summary = await worker.sweep().catch(() => undefined);
  tally.sweeps += 1;
  for (const [what, count] of Object.entries(summary ?? {}))
    if (!/open|needOperator|milliseconds/.test(what)) tally.did[what] = (tally.did[what] ?? 0) + count;
};
const every = async (milliseconds: number, work: () => Promise<unknown>) => {
  while (running) {
    await sleep(milliseconds);
    if (running) await work();
  }
};
const chaos = [
  every(3000, async () => {
    await worker.kill();
    tally.kills += 1;
  }),
  every(700, sweep),
  every(10_000, async () => console.log(`  ${asked.length} asked after ${seconds()} s`)),
];
const seconds = () => Math.round((performance.now() - started) / 1000);

const each = Math.ceil(registrations / clients);
const work = managers.map((manager, n) =>
  makeClient({ worker, asked, seed: seed * 1000 + n, count: each, manager })(),
);
await Promise.all(work);
running = false;
await Promise.all(chaos);

const calls = stack.faults.calls();
stack.faults.clear();
await stack.faults.settled();
const before = await stack.query<{ state: string; count: number }>(
  "select state, count(*)::integer as count from registrar.operation where due_at is not null group by 1 order by 1",
);
let rounds = 0;
for (let more = 1; more > 0 && rounds < 200; rounds += more)
  more = await sweepUntilNothingIsDue({ stack, worker });

report({ asked, deeds, calls, tally, before, rounds, seconds: seconds(), mails: stack.mails() });
const { passed, failed } = await verify(stack, {
  asked,
  deeds,
  foreign: managers.flatMap(({ foreign }) => foreign),
});
for (const violation of failed.slice(0, 20)) console.log(`VIOLATION ${violation}`);
console.log(`${passed} passed, ${failed.length} failed`);
await worker.stop();
await stack.stop();
process.exit(failed.length === 0 ? 0 : 1);
