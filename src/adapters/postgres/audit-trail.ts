/**
 * The audit trail in FLIP's table. Its `timestamp` column is naive UTC in older databases and has a zone in newer
 * ones: parameters are read as the column's own type, and what comes out is brought to UTC here.
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import { RoleId, UserId } from "../../domain/user.ts";
import { AuditTrail } from "../../ports/audit-trail.ts";
import { Database } from "../../ports/database.ts";
import { spanned } from "../../ports/trace.ts";
import * as statements from "./audit-statements.ts";
import { decodeRow, startOf, toUtc } from "./rows.ts";

const Roles = Schema.Array(Schema.Struct({ id: RoleId, rolename: Schema.NullOr(Schema.String) }));

const Rows = Schema.Array(
  Schema.Struct({
    id: Schema.String,
    action: Schema.String,
    subject: UserId,
    subjectEmail: Schema.NullOr(Schema.String),
    actor: UserId,
    actorEmail: Schema.NullOr(Schema.String),
    at: Schema.String,
    roles: Schema.NullOr(Schema.Struct({ before: Roles, after: Roles })),
    denials: Schema.NullOr(Schema.Struct({ count: Schema.Int, first: Schema.String, last: Schema.String })),
  }),
);

export const AuditTrailPostgres = Layer.effect(
  AuditTrail,
  Effect.gen(function* () {
    const database = yield* Database;

    return AuditTrail.of({
      page: spanned("AuditTrail.page")(function* ({ cursor, until, limit, ...filters }) {
        const values = { ...filters, ...startOf(cursor, until), limit: limit + 1 };
        const rows = yield* database.query(statements.page, values);
        const found = yield* decodeRow(Rows)(rows);
        const entries = found.slice(0, limit).map((row) => ({ ...row, at: toUtc(row.at) }));
        const last = entries.at(-1);
        const next = found.length > limit && last !== undefined ? { at: last.at, id: last.id } : null;
        return { entries, next };
      }),
    });
  }),
);
