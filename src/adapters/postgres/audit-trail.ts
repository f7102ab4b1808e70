/**
 * The audit trail in FLIP's table. Its `timestamp` column is naive UTC in older databases and has a zone in newer
 * ones: parameters are read as the column's own type, and what comes out is brought to UTC here.
 */
import { Effect, Layer, Schema } from "effect";
import { UserId } from "../../domain/user.ts";
import { AuditTrail } from "../../ports/audit-trail.ts";
import { Database } from "../../ports/database.ts";
import { decodeRow, toUtc } from "./rows.ts";

/** A parameter as a value of the column's type; a zone in it is dropped where the column has none. */
const asTimestamp = (parameter: string) =>
  `(jsonb_populate_record(null::users_audit, jsonb_build_object('timestamp', ${parameter}::text)))."timestamp"`;

/** $1 actor, $2 subject, $3 action, $4 from, $5 until, $6 and $7 cursor, $8 limit */
const PAGE = `
select id, action, user_id as subject, modified_by_user_id as actor, to_jsonb("timestamp") as at
from users_audit
where ($1::uuid is null or modified_by_user_id = $1::uuid)
  and ($2::uuid is null or user_id = $2::uuid)
  and ($3::text is null or action = $3::text)
  and ($4::text is null or "timestamp" >= ${asTimestamp("$4")})
  and ($5::text is null or "timestamp" < ${asTimestamp("$5")})
  and ($6::text is null or ("timestamp", id) < (${asTimestamp("$6")}, $7::uuid))
order by "timestamp" desc, id desc limit $8::integer`;

const Rows = Schema.Array(
  Schema.Struct({
    id: Schema.String,
    action: Schema.String,
    subject: UserId,
    actor: UserId,
    at: Schema.String,
  }),
);

export const AuditTrailPostgres = Layer.effect(
  AuditTrail,
  Effect.gen(function* () {
    const database = yield* Database;

    return AuditTrail.of({
      page: Effect.fn("AuditTrail.page")(function* ({ actor, subject, action, from, until, cursor, limit }) {
        const rows = yield* database.query("audit.page", PAGE, [
          ...[actor, subject, action, from, until, cursor?.at ?? null, cursor?.id ?? null, limit + 1],
        ]);
        const found = yield* decodeRow(Rows)(rows);
        const entries = found.slice(0, limit).map((row) => ({ ...row, at: toUtc(row.at) }));
        const last = entries.at(-1);
        const next = found.length > limit && last !== undefined ? { at: last.at, id: last.id } : null;
        return { entries, next };
      }),
    });
  }),
);
