/** A registration in some state, its user in the pool or not, and one look at it as the sweeper takes it. */
import { Effect, Option } from "effect";
import { TestClock } from "effect/testing";
import { isDecodable } from "../../../src/domain/operation.ts";
import { Actor, Ledger } from "../../../src/ports/ledger.ts";
import { LeaveUser, resolve } from "../../../src/programs/sweep/resolve.ts";
import { alice, command, makeScene, operationId } from "./scene.ts";
import type { Fault } from "./script.ts";
import { addUser, type Row } from "./world.ts";

export const look = Effect.fnUntraced(function* (options: {
  readonly change?: Partial<Row>;
  readonly user?: "own" | "other" | "none";
  /** The user can sign in already. */
  readonly confirmed?: boolean;
  readonly afterMs?: number;
  readonly faults?: ReadonlyArray<Fault>;
  readonly overrides?: Readonly<Record<string, string>>;
  /** An operator's word that whoever has the address is somebody else's. */
  readonly leave?: boolean;
}) {
  const scene = makeScene(options.faults, options.overrides);
  const { world, run, row } = scene;
  yield* run(Effect.flatMap(Ledger, (ledger) => ledger.open(command())));
  const { user = "own" } = options;
  const tag = user === "own" ? operationId(1) : null;
  const sub =
    user === "none" ? null : addUser(world, alice, { tag, confirmed: options.confirmed === true }).sub;
  world.rows.set(operationId(1), { ...row(), sub, ...options.change });
  yield* TestClock.adjust(options.afterMs ?? 0);
  const resolution = yield* run(
    Effect.gen(function* () {
      const ledger = yield* Ledger;
      const registration = Option.getOrThrow(yield* ledger.find(operationId(1)));
      if (!isDecodable(registration)) return yield* Effect.die(new Error("a row that cannot be read"));
      return yield* resolve(registration);
    }).pipe(
      Effect.provideService(Actor, "sweeper"),
      Effect.provideService(LeaveUser, options.leave ?? false),
    ),
  ).pipe(Effect.catch(({ _tag }) => Effect.succeed(_tag)));
  return { ...scene, resolution };
});
