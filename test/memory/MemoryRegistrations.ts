/**
 * The ledger in memory: every method is one statement on the wire, and the fence reads once more, as in
 * src/services/RegistrationsSql.ts.
 */
import { Effect, Layer, Option } from "effect";
import { Config, type Settings } from "../../src/config.ts";
import { isErrand, type RegistrationId } from "../../src/domain/Registration.ts";
import { Registrations } from "../../src/services/Registrations.ts";
import * as moves from "./moves.ts";
import * as queries from "./queries.ts";
import { entryOf } from "./rows.ts";
import { makeStatements } from "./statements.ts";
import { directWire, type Wire } from "./Wire.ts";
import type { World } from "./World.ts";

/** The service itself, for those who do without layers. */
export const makeRegistrations = (world: World, wire: Wire, settings: Settings) => {
  const run = makeStatements("ledger", world, wire, settings);

  const find = (id: RegistrationId) =>
    run("find", id, (at) => Option.map(Option.fromNullishOr(world.rows.get(id)), (row) => entryOf(row, at)));

  return Registrations.of({
    open: (command) => run("open", command.id, (at) => queries.open(at, command)),
    commit: (id, sub) => run("commit", id, (at) => moves.commit(at, id, sub)),
    fence: Effect.fnUntraced(function* (id) {
      if (yield* run("fence", id, (at) => moves.fence(at, id))) return "rolling_back";
      const entry = yield* find(id);
      return Option.isNone(entry) || isErrand(entry.value) ? "started" : entry.value.state;
    }),
    settle: (id, end) => run("settle", id, (at) => moves.settle(at, id, end)),
    reject: (id, verdict, doubt) => run("reject", id, (at) => moves.reject(at, id, verdict, doubt)),
    abandon: (id) => run("abandon", id, (at) => moves.abandon(at, id)),
    acknowledge: (id) => run("acknowledge", id, (at) => moves.acknowledge(at, id)),
    complete: (id) => run("complete", id, (at) => moves.complete(at, id)),
    missing: (id, lookedAt) =>
      Effect.flatMap(
        run("missing", id, (at) => moves.missing(at, id, lookedAt)),
        (state) =>
          state === undefined ? Effect.die(new Error("there is no such attempt")) : Effect.succeed(state),
      ),
    seen: (id) => run("seen", id, (at) => moves.seen(at, id)),
    unwatch: (id, sub) => run("unwatch", id, (at) => moves.unwatch(at, id, sub)),
    find,
    lease: (limit) => run("lease", "", (at) => moves.lease(at, limit)),
    defer: (entry, error, needs) => run("defer", entry.id, (at) => moves.defer(at, entry, error, needs)),
    tidy: () => run("tidy", "", queries.tidy),
    list: (query) => run("list", "", (at) => queries.list(at, query)),
  });
};

export const MemoryRegistrations = (world: World, wire: Wire = directWire(world)) =>
  Layer.effect(
    Registrations,
    Effect.map(Config, (settings) => makeRegistrations(world, wire, settings)),
  );
