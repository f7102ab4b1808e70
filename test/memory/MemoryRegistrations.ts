/**
 * The ledger in memory: every method is one statement on the wire, and the fence reads once more, as in
 * src/services/RegistrationsSql.ts.
 */
import { Effect, Layer, Option } from "effect";
import { Config, type Settings } from "../../src/config.ts";
import type { RegistrationId } from "../../src/domain/Registration.ts";
import { DatabaseError, StatementRefused, StatementUnknown } from "../../src/services/Database.ts";
import { Actor, Registrations } from "../../src/services/Registrations.ts";
import * as moves from "./moves.ts";
import * as queries from "./queries.ts";
import { attemptOf, HOUR, type Statement, type Terms } from "./rows.ts";
import { directWire, type Wire, type Word } from "./Wire.ts";
import type { World } from "./World.ts";

type Name =
  Extract<Parameters<Wire["send"]>[0]["operation"], `ledger.${string}`> extends `ledger.${infer N}`
    ? N
    : never;

/** `throttled`: the statement lost a race (40001). `refused`, `misconfigured`: it broke a rule, or a table is gone. */
const REASONS: Record<Word, () => DatabaseError["reason"]> = {
  unknown: () => new StatementUnknown(),
  refused: () => new StatementRefused({ sqlState: "23514" }),
  throttled: () => new StatementRefused({ sqlState: "40001" }),
  misconfigured: () => new StatementRefused({ sqlState: "42P01" }),
};

/** The service itself, for those who do without layers. */
export const makeRegistrations = (world: World, wire: Wire, settings: Settings) => {
  const terms: Terms = {
    budget: settings.REQUEST_BUDGET_SECONDS * 1000,
    horizon: settings.HORIZON_SECONDS * 1000,
    keyKept: settings.IDEMPOTENCY_KEY_HOURS * HOUR,
  };

  const run = Effect.fnUntraced(function* <A>(name: Name, about: string, work: (at: Statement) => A) {
    const by = yield* Actor;
    return yield* wire
      .send({ operation: `ledger.${name}`, about, act: ({ now }) => work({ world, terms, now, by }) })
      .pipe(
        Effect.mapError(
          (word) =>
            new DatabaseError({
              statement: `registrations.${name}`,
              reason: REASONS[word](),
              cause: new Error(`the database said: ${word}`),
            }),
        ),
      );
  });

  const find = (id: RegistrationId) =>
    run("find", id, (at) =>
      Option.map(Option.fromNullishOr(world.rows.get(id)), (row) => attemptOf(row, at)),
    );

  return Registrations.of({
    open: (command) => run("open", command.id, (at) => queries.open(at, command)),
    commit: (id, sub) => run("commit", id, (at) => moves.commit(at, id, sub)),
    fence: Effect.fnUntraced(function* (id) {
      if (yield* run("fence", id, (at) => moves.fence(at, id))) return "rolling_back";
      return Option.match(yield* find(id), {
        onNone: () => "started" as const,
        onSome: ({ state }) => state,
      });
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
    defer: (id, error, needs) => run("defer", id, (at) => moves.defer(at, id, error, needs)),
    tidy: () => run("tidy", "", queries.tidy),
    mayManageUsers: (caller) => run("mayManageUsers", caller, () => queries.mayManageUsers(world, caller)),
    list: (query) => run("list", "", (at) => queries.list(at, query)),
  });
};

export const MemoryRegistrations = (world: World, wire: Wire = directWire(world)) =>
  Layer.effect(
    Registrations,
    Effect.map(Config, (settings) => makeRegistrations(world, wire, settings)),
  );
