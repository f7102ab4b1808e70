/** The ledger as a whole, in Postgres. */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import { Database } from "../../ports/database.ts";
import { Status } from "../../ports/status.ts";
import { spanned } from "../../ports/trace.ts";
import { decodeRow } from "./rows.ts";
import * as statements from "./status-statements.ts";

const Readiness = Schema.Struct({ schemaVersion: Schema.NullOr(Schema.Int), overdue: Schema.Boolean });

const Count = Schema.Struct({ kind: Schema.String, state: Schema.String, count: Schema.Int });

const Metrics = Schema.Struct({
  closed: Schema.Array(Schema.Struct({ ...Count.fields, reason: Schema.String })),
  open: Schema.Array(Count),
  inGracePeriod: Schema.Array(Count),
  due: Schema.Int,
  overdue: Schema.Int,
  needOperator: Schema.Int,
  oldestOpenAge: Schema.Finite,
  newestClosedAt: Schema.NullOr(Schema.Finite),
});

/** How many closed operations one statement counts: a part of a second's work. */
const COUNTED_AT_ONCE = 100_000;

export const StatusPostgres = Layer.effect(
  Status,
  Effect.gen(function* () {
    const database = yield* Database;

    return Status.of({
      readiness: spanned("Status.readiness")(function* () {
        const [row] = yield* database.query(statements.readiness, {});
        const { schemaVersion, overdue } = yield* decodeRow(Readiness)(row);
        return { migrated: (schemaVersion ?? 0) >= statements.SCHEMA_VERSION, overdue };
      }),

      metrics: spanned("Status.metrics")(function* () {
        const [row] = yield* database.query(statements.metrics, { atOnce: COUNTED_AT_ONCE });
        return yield* decodeRow(Metrics)(row);
      }),
    });
  }),
);
