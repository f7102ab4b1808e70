/** An attempt in some state, its user in the pool or not, and one look at it as the sweeper takes it. */
import { Effect, Option } from "effect";
import { TestClock } from "effect/testing";
import { Actor, Registrations } from "../../src/services/Registrations.ts";
import { LeaveUser, settle } from "../../src/settle.ts";
import type { Fault } from "./Script.ts";
import { alice, attemptId, command, makeScene } from "./scene.ts";
import { addUser, type Row } from "./World.ts";

export const look = Effect.fnUntraced(function* (options: {
  readonly change?: Partial<Row>;
  readonly user?: "own" | "other" | "none";
  readonly afterMs?: number;
  readonly faults?: ReadonlyArray<Fault>;
  readonly overrides?: Readonly<Record<string, string>>;
  /** An operator's word that whoever has the address is somebody else's. */
  readonly leave?: boolean;
}) {
  const scene = makeScene(options.faults, options.overrides);
  const { world, run, row } = scene;
  yield* run(Effect.flatMap(Registrations, (ledger) => ledger.open(command())));
  const { user = "own" } = options;
  const mark = user === "own" ? attemptId(1) : null;
  const sub = user === "none" ? null : addUser(world, alice, { mark }).sub;
  world.rows.set(attemptId(1), { ...row(), sub, ...options.change });
  yield* TestClock.adjust(options.afterMs ?? 0);
  const settlement = yield* run(
    Effect.gen(function* () {
      const ledger = yield* Registrations;
      const attempt = Option.getOrThrow(yield* ledger.find(attemptId(1)));
      return yield* settle(attempt);
    }).pipe(
      Effect.provideService(Actor, "sweeper"),
      Effect.provideService(LeaveUser, options.leave ?? false),
    ),
  ).pipe(Effect.catch(({ _tag }) => Effect.succeed(_tag)));
  return { ...scene, settlement };
});
