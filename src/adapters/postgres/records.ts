/** What the database knows of people, on PostgreSQL. */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import { CAN_MANAGE_USERS } from "../../domain/audit.ts";
import { OperationId } from "../../domain/operation.ts";
import { UserId } from "../../domain/user.ts";
import { Database } from "../../ports/database.ts";
import { Records } from "../../ports/records.ts";
import { spanned } from "../../ports/trace.ts";
import { lockOf, MANAGERS } from "./locks.ts";
import * as statements from "./records-statements.ts";
import { decodeRow, NIL } from "./rows.ts";

const RecordRow = Schema.Struct({
  record: Schema.Struct({
    sub: UserId,
    email: Schema.NullOr(Schema.String),
    isRecorded: Schema.Boolean,
    isGone: Schema.Boolean,
    newestSwitch: Schema.NullOr(Schema.Literals(["enable", "disable"])),
    grants: Schema.Int,
    isMoving: Schema.Boolean,
  }),
});
const AdoptionRow = Schema.Struct({
  allowed: Schema.Boolean,
  unresolved: Schema.NullOr(OperationId),
  gone: Schema.Boolean,
  recorded: Schema.Boolean,
  adopted: Schema.Boolean,
});
const MovedRow = Schema.Struct({ allowed: Schema.Boolean, letIn: Schema.Boolean, grants: Schema.Int });

const decodeRecords = Effect.fnUntraced(function* (rows: ReadonlyArray<unknown>) {
  return (yield* decodeRow(Schema.Array(RecordRow))(rows)).map(({ record }) => record);
});

export const RecordsPostgres = Layer.effect(
  Records,
  Effect.gen(function* () {
    const database = yield* Database;
    return Records.of({
      of: spanned("Records.of")(function* (users) {
        const tags = users.map(({ tag }) => tag ?? "");
        return yield* decodeRecords(
          yield* database.query(statements.of, { users: users.map(({ sub }) => sub), tags }),
        );
      }),

      page: spanned("Records.page")(function* (after, limit) {
        return yield* decodeRecords(yield* database.query(statements.page, { after: after ?? NIL, limit }));
      }),

      adopt: spanned("Records.adopt")(function* (adopted) {
        const values = { ...adopted, permission: CAN_MANAGE_USERS };
        const rows = yield* database.queryAlone([lockOf(adopted.sub)], statements.adopt, values);
        const answer = yield* decodeRow(AdoptionRow)(rows[0]);
        if (answer.adopted) return { _tag: "Adopted", id: adopted.id };
        if (!answer.allowed) return { _tag: "Denied" };
        if (answer.unresolved !== null) return { _tag: "Unresolved", id: answer.unresolved };
        return answer.gone ? { _tag: "Gone" } : { _tag: "Recorded" };
      }),

      moveGrants: spanned("Records.moveGrants")(function* (move) {
        const values = { ...move, permission: CAN_MANAGE_USERS };
        // In one order for all, whichever way the grants go.
        const users = [move.from, move.to].toSorted().map(lockOf);
        const rows = yield* database.queryAlone([...users, MANAGERS], statements.moveGrants, values);
        const answer = yield* decodeRow(MovedRow)(rows[0]);
        if (!answer.allowed) return { _tag: "Denied" };
        return answer.letIn ? { _tag: "Moved", grants: answer.grants } : { _tag: "NotLetIn" };
      }),
    });
  }),
);
