/**
 * The ledger in memory: every method is one statement on the wire, and the fence reads once more, as in
 * src/adapters/postgres/ledger.ts.
 */
import { Duration, Effect, Layer, Option } from "effect";
import { isChange, type OperationId } from "../../../src/domain/operation.ts";
import { Ledger } from "../../../src/ports/ledger.ts";
import { type Deployment, Settings } from "../../../src/ports/settings.ts";
import * as moves from "./moves.ts";
import * as queries from "./queries.ts";
import { expire } from "./retention.ts";
import { operationOf } from "./rows.ts";
import { makeStatements, notHere, noting } from "./statements.ts";
import { directWire, type Wire } from "./wire.ts";
import type { World } from "./world.ts";

/** The service itself, for those who do without layers. */
export const makeLedger = (world: World, wire: Wire, settings: Deployment) => {
  const run = makeStatements("ledger", world, wire, settings);
  const budget = Duration.toMillis(settings.requestBudget);

  const find = (id: OperationId) =>
    run("find", id, (at) =>
      Option.map(Option.fromNullishOr(world.rows.get(id)), (row) => operationOf(row, at)),
    );

  return noting(
    Ledger.of({
      open: (command) => run("open", command.id, (at) => queries.open(at, command), { dueWithin: budget }),
      commit: (id, sub, known) => run("commit", id, (at) => moves.commit(at, id, sub, known)),
      fence: Effect.fnUntraced(function* (id) {
        if (yield* run("fence", id, (at) => moves.fence(at, id))) return "rolling_back";
        const entry = yield* find(id);
        return Option.isNone(entry) || isChange(entry.value) ? "started" : entry.value.state;
      }),
      markRolledBack: (id, end) => run("markRolledBack", id, (at) => moves.markRolledBack(at, id, end)),
      reject: (id, verdict, outcomeUnknown, reason) =>
        run("reject", id, (at) => moves.reject(at, id, verdict, outcomeUnknown, reason)),
      abandon: (id) => run("abandon", id, (at) => moves.abandon(at, id)),
      acknowledge: (id) => run("acknowledge", id, (at) => moves.acknowledge(at, id)),
      complete: (id, notInvited) => run("complete", id, (at) => moves.complete(at, id, notInvited)),
      missing: (id, lookedAt) =>
        Effect.flatMap(
          run("missing", id, (at) => moves.missing(at, id, lookedAt)),
          (state) =>
            state === undefined
              ? Effect.die(new Error("there is no such registration"))
              : Effect.succeed(state),
        ),
      seen: (id) => run("seen", id, (at) => moves.seen(at, id)),
      endGracePeriod: (id, sub, note) =>
        run("endGracePeriod", id, (at) => moves.endGracePeriod(at, id, sub, note)),
      heard: (id, note) => run("heard", id, (at) => moves.heard(at, id, note)),
      find,
      holderOf: (registration, sub) =>
        run("holderOf", registration.id, (at) => queries.holderOf(at, registration, sub)),
      lease: (limit) => run("lease", "", (at) => moves.lease(at, limit)),
      setAside: (id) => run("setAside", id, (at) => moves.setAside(at, id)),
      defer: (entry, error, needs) => run("defer", entry.id, (at) => moves.defer(at, entry, error, needs)),
      expire: () => run("expire", "", expire),
      list: () => notHere("list"),
    }),
  );
};

export const LedgerMemory = (world: World, wire: Wire = directWire(world)) =>
  Layer.effect(
    Ledger,
    Effect.map(Settings, (settings) => makeLedger(world, wire, settings)),
  );
