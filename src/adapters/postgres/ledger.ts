/**
 * The ledger in Postgres: every method is one statement of statements.ts, and the fence reads once more.
 */
import { Duration, Effect, Layer, Option, Schema } from "effect";
import { CAN_MANAGE_USERS } from "../../domain/audit.ts";
import { isChange, Operation, type OperationId, Registration, State } from "../../domain/operation.ts";
import { RoleId } from "../../domain/user.ts";
import { Database, type Row } from "../../ports/database.ts";
import { Actor, Ledger, type Opening } from "../../ports/ledger.ts";
import { Settings } from "../../ports/settings.ts";
import { decodeRow, toUtc } from "./rows.ts";
import * as sql from "./statements.ts";

const Found = Schema.NullOr(Registration);

const OpenAnswer = Schema.Struct({
  allowed: Schema.Boolean,
  unknownRoles: Schema.Array(RoleId),
  own: Found,
  keyHolder: Found,
  sameRequest: Schema.NullOr(Schema.Boolean),
  addressHolder: Found,
});

const operations = (rows: ReadonlyArray<Row>) =>
  Effect.forEach(rows, (row) => decodeRow(Operation)(row.registration));

const opening = (answer: typeof OpenAnswer.Type): Opening => {
  if (!answer.allowed) return { _tag: "Denied" };
  if (answer.keyHolder !== null) {
    return { _tag: "KeyHeld", registration: answer.keyHolder, sameRequest: answer.sameRequest === true };
  }
  if (answer.unknownRoles.length > 0) return { _tag: "UnknownRoles", roles: answer.unknownRoles };
  if (answer.own !== null) return { _tag: "Opened", registration: answer.own };
  if (answer.addressHolder !== null) return { _tag: "AddressHeld", registration: answer.addressHolder };
  return { _tag: "Contended" };
};

export const LedgerPostgres = Layer.effect(
  Ledger,
  Effect.gen(function* () {
    const database = yield* Database;
    const settings = yield* Settings;
    const budget = Duration.toSeconds(settings.requestBudget);
    const horizon = Duration.toSeconds(settings.horizon);

    const moved = (name: string, text: string, parameters: Parameters<typeof database.query>[2]) =>
      Effect.map(database.query(name, text, parameters), (rows) => rows.length > 0);

    const find = Effect.fn("Ledger.find")(function* (id: OperationId) {
      const rows = yield* database.query("ledger.find", sql.find, [id, budget, horizon]);
      return Option.fromNullishOr((yield* operations(rows))[0]);
    });

    return Ledger.of({
      open: Effect.fn("Ledger.open")(function* (command) {
        const { id, caller, kind, email, roles, idempotencyKey } = command;
        const rows = yield* database.query("ledger.open", sql.open, [
          ...[id, caller, kind, email, roles, idempotencyKey, CAN_MANAGE_USERS, budget, horizon],
          yield* Actor,
        ]);
        return opening(yield* decodeRow(OpenAnswer)(rows[0]?.answer));
      }),

      commit: Effect.fn("Ledger.commit")(function* (id, sub) {
        const parameters = [id, sub, horizon, yield* Actor];
        const rows = yield* database.queryAlone(sql.MANAGERS, "ledger.commit", sql.commit, parameters);
        return rows.length > 0;
      }),

      // Zero rows say only that the row was not `started` in this statement's eyes; its snapshot may be old.
      // What holds is a row that moved, or what a statement begun finishInBackground reads.
      fence: Effect.fn("Ledger.fence")(function* (id) {
        const rows = yield* database.query("ledger.fence", sql.fence, [id, yield* Actor]);
        if (rows.length > 0) return "rolling_back";
        const operation = yield* find(id);
        return Option.isNone(operation) || isChange(operation.value) ? "started" : operation.value.state;
      }),

      markRolledBack: Effect.fn("Ledger.markRolledBack")(function* (id, { consumed, sub }) {
        return yield* moved("ledger.markRolledBack", sql.markRolledBack, [
          id,
          consumed,
          sub,
          horizon,
          yield* Actor,
        ]);
      }),

      reject: Effect.fn("Ledger.reject")(function* (id, verdict, outcomeUnknown) {
        return yield* moved("ledger.reject", sql.reject, [
          id,
          verdict,
          outcomeUnknown,
          horizon,
          yield* Actor,
        ]);
      }),

      abandon: Effect.fn("Ledger.abandon")(function* (id) {
        return yield* moved("ledger.abandon", sql.abandon, [id, yield* Actor]);
      }),

      acknowledge: Effect.fn("Ledger.acknowledge")(function* (id) {
        return yield* moved("ledger.acknowledge", sql.acknowledge, [id]);
      }),

      complete: Effect.fn("Ledger.complete")(function* (id) {
        return yield* moved("ledger.complete", sql.complete, [id, yield* Actor]);
      }),

      missing: Effect.fn("Ledger.missing")(function* (id, lookedAt) {
        const parameters = [id, lookedAt, horizon, yield* Actor];
        const rows = yield* database.query("ledger.missing", sql.missing, parameters);
        return yield* decodeRow(State)(rows[0]?.state);
      }),

      seen: Effect.fn("Ledger.seen")(function* (id) {
        return yield* moved("ledger.seen", sql.seen, [id]);
      }),

      endGracePeriod: Effect.fn("Ledger.endGracePeriod")(function* (id, sub) {
        return yield* moved("ledger.endGracePeriod", sql.endGracePeriod, [id, sub, yield* Actor]);
      }),

      find,

      lease: Effect.fn("Ledger.lease")(function* (limit) {
        const rows = yield* database.query("ledger.lease", sql.lease, [limit, budget, horizon]);
        return yield* operations(rows);
      }),

      defer: Effect.fn("Ledger.defer")(function* ({ id, state }, error, needsOperator) {
        return yield* moved("ledger.defer", sql.defer, [id, error, needsOperator, state]);
      }),

      expireKeys: Effect.fn("Ledger.expireKeys")(function* () {
        const rows = yield* database.query("ledger.expireKeys", sql.expireKeys, [
          Duration.toHours(settings.idempotencyKeysKept),
        ]);
        const counts = yield* decodeRow(
          Schema.Struct({ keys_forgotten: Schema.Int, open: Schema.Int, need_operator: Schema.Int }),
        )(rows[0]);
        return {
          keysForgotten: counts.keys_forgotten,
          open: counts.open,
          needOperator: counts.need_operator,
        };
      }),

      list: Effect.fn("Ledger.list")(function* ({ state, needsOperator, cursor, limit }) {
        const rows = yield* database.query("ledger.list", sql.list, [
          ...[state, needsOperator, cursor?.at ?? null, cursor?.id ?? null, limit + 1, budget, horizon],
        ]);
        const found = yield* operations(rows);
        const items = found.slice(0, limit);
        const last = items.at(-1);
        const next =
          found.length > limit && last !== undefined ? { at: toUtc(last.startedAt), id: last.id } : null;
        return { items, next };
      }),
    });
  }),
);
