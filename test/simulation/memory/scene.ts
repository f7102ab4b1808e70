/**
 * One world, one wire and the programs on them, for unit tests: `run` gives a program its services, `rest` lets time
 * pass and the sweeper work until nothing is open any more.
 */
import { Clock, Effect, Logger } from "effect";
import { TestClock } from "effect/testing";
import { OperationId, type RegisterUser } from "../../../src/domain/operation.ts";
import { Email } from "../../../src/domain/user.ts";
import { withBudget } from "../../../src/ports/budget.ts";
import { finishInBackground } from "../../../src/programs/register/finish.ts";
import { register } from "../../../src/programs/register/register.ts";
import { sweep } from "../../../src/programs/sweep/sweep.ts";
import { memory } from "./memory.ts";
import { type Fault, scriptedWire } from "./script.ts";
import { admin, makeWorld, type Row, researcherRole } from "./world.ts";

export const BUDGET_MS = 20_000;
export const HORIZON_MS = 1_200_000;

export const operationId = (n: number) =>
  OperationId.make(`00000000-0000-4000-8000-${String(n).padStart(12, "0")}`);

export const alice = Email.make("alice@hospital.example");
export const bob = Email.make("bob@hospital.example");

/** A request to register alice, unless it is said otherwise. */
export const command = (overrides: Partial<RegisterUser> = {}): RegisterUser => ({
  id: operationId(1),
  kind: "register",
  caller: admin,
  email: alice,
  name: null,
  organisation: null,
  roles: [researcherRole],
  idempotencyKey: null,
  ...overrides,
});

/** How often `rest` lets the sweeper work before it gives up. */
const SWEEPS_MAX = 40;

export const makeScene = (
  faults: ReadonlyArray<Fault> = [],
  overrides: Readonly<Record<string, string>> = {},
) => {
  const world = makeWorld();
  const wire = scriptedWire(world, ...faults);
  const layer = memory(world, wire, overrides);
  const run = <A, E, R>(program: Effect.Effect<A, E, R>) =>
    program.pipe(Effect.provide(layer), Effect.provide(Logger.layer([])));

  return {
    world,
    wire,
    run,
    /** The program of a request, without what follows its answer. */
    register: (overridden: Partial<RegisterUser> = {}) =>
      run(register(command(overridden)).pipe(withBudget(BUDGET_MS))),
    finishInBackground: (registered: Parameters<typeof finishInBackground>[0]) =>
      run(finishInBackground(registered)),
    sweep: () => run(sweep()),
    row: (n = 1): Row => {
      const row = world.rows.get(operationId(n));
      if (row === undefined) throw new Error(`there is no registration ${n}`);
      return row;
    },
    /** Time passes and the sweeper works, as long as anything is due. */
    rest: Effect.fnUntraced(function* () {
      for (let n = 0; n < SWEEPS_MAX; n++) {
        const due = [...world.rows.values()].flatMap(({ dueAt }) => dueAt ?? []);
        if (due.length === 0) return;
        const now = yield* Clock.currentTimeMillis;
        yield* TestClock.adjust(Math.max(Math.min(...due) - now, 0) + 1000);
        yield* run(sweep());
      }
    }),
  };
};
