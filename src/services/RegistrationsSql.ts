/**
 * The ledger in Postgres: every method is one statement of statements.ts, and the fence reads once more.
 */
import { Effect, Layer, Option, Schema } from "effect";
import { Config } from "../config.ts";
import { CAN_MANAGE_USERS } from "../domain/Audit.ts";
import { Attempt, Entry, isErrand, type RegistrationId, State } from "../domain/Registration.ts";
import { RoleId } from "../domain/User.ts";
import { Database, type Row } from "./Database.ts";
import { Actor, type Opening, Registrations } from "./Registrations.ts";
import { decodeRow, toUtc } from "./rows.ts";
import * as sql from "./statements.ts";

const Found = Schema.NullOr(Attempt);

const OpenAnswer = Schema.Struct({
  allowed: Schema.Boolean,
  unknownRoles: Schema.Array(RoleId),
  own: Found,
  keyHolder: Found,
  sameRequest: Schema.NullOr(Schema.Boolean),
  addressHolder: Found,
});

const entries = (rows: ReadonlyArray<Row>) => Effect.forEach(rows, (row) => decodeRow(Entry)(row.attempt));

const opening = (answer: typeof OpenAnswer.Type): Opening => {
  if (!answer.allowed) return { _tag: "Denied" };
  if (answer.keyHolder !== null) {
    return { _tag: "KeyHeld", attempt: answer.keyHolder, sameRequest: answer.sameRequest === true };
  }
  if (answer.unknownRoles.length > 0) return { _tag: "UnknownRoles", roles: answer.unknownRoles };
  if (answer.own !== null) return { _tag: "Opened", attempt: answer.own };
  if (answer.addressHolder !== null) return { _tag: "AddressHeld", attempt: answer.addressHolder };
  return { _tag: "Contended" };
};

export const RegistrationsSql = Layer.effect(
  Registrations,
  Effect.gen(function* () {
    const database = yield* Database;
    const settings = yield* Config;
    const budget = settings.REQUEST_BUDGET_SECONDS;
    const horizon = settings.HORIZON_SECONDS;

    const moved = (name: string, text: string, parameters: Parameters<typeof database.query>[2]) =>
      Effect.map(database.query(name, text, parameters), (rows) => rows.length > 0);

    const find = Effect.fn("Registrations.find")(function* (id: RegistrationId) {
      const rows = yield* database.query("registrations.find", sql.find, [id, budget, horizon]);
      return Option.fromNullishOr((yield* entries(rows))[0]);
    });

    return Registrations.of({
      open: Effect.fn("Registrations.open")(function* (command) {
        const { id, caller, kind, email, roles, idempotencyKey } = command;
        const rows = yield* database.query("registrations.open", sql.open, [
          ...[id, caller, kind, email, roles, idempotencyKey, CAN_MANAGE_USERS, budget, horizon],
          yield* Actor,
        ]);
        return opening(yield* decodeRow(OpenAnswer)(rows[0]?.answer));
      }),

      commit: Effect.fn("Registrations.commit")(function* (id, sub) {
        const parameters = [id, sub, horizon, yield* Actor];
        const rows = yield* database.queryAlone(sql.MANAGERS, "registrations.commit", sql.commit, parameters);
        return rows.length > 0;
      }),

      // Zero rows say only that the row was not `started` in this statement's eyes; its snapshot may be old.
      // What holds is a row that moved, or what a statement begun afterwards reads.
      fence: Effect.fn("Registrations.fence")(function* (id) {
        const rows = yield* database.query("registrations.fence", sql.fence, [id, yield* Actor]);
        if (rows.length > 0) return "rolling_back";
        const entry = yield* find(id);
        return Option.isNone(entry) || isErrand(entry.value) ? "started" : entry.value.state;
      }),

      settle: Effect.fn("Registrations.settle")(function* (id, { consumed, sub }) {
        return yield* moved("registrations.settle", sql.settle, [id, consumed, sub, horizon, yield* Actor]);
      }),

      reject: Effect.fn("Registrations.reject")(function* (id, verdict, doubt) {
        return yield* moved("registrations.reject", sql.reject, [id, verdict, doubt, horizon, yield* Actor]);
      }),

      abandon: Effect.fn("Registrations.abandon")(function* (id) {
        return yield* moved("registrations.abandon", sql.abandon, [id, yield* Actor]);
      }),

      acknowledge: Effect.fn("Registrations.acknowledge")(function* (id) {
        return yield* moved("registrations.acknowledge", sql.acknowledge, [id]);
      }),

      complete: Effect.fn("Registrations.complete")(function* (id) {
        return yield* moved("registrations.complete", sql.complete, [id, yield* Actor]);
      }),

      missing: Effect.fn("Registrations.missing")(function* (id, lookedAt) {
        const parameters = [id, lookedAt, horizon, yield* Actor];
        const rows = yield* database.query("registrations.missing", sql.missing, parameters);
        return yield* decodeRow(State)(rows[0]?.state);
      }),

      seen: Effect.fn("Registrations.seen")(function* (id) {
        return yield* moved("registrations.seen", sql.seen, [id]);
      }),

      unwatch: Effect.fn("Registrations.unwatch")(function* (id, sub) {
        return yield* moved("registrations.unwatch", sql.unwatch, [id, sub, yield* Actor]);
      }),

      find,

      lease: Effect.fn("Registrations.lease")(function* (limit) {
        const rows = yield* database.query("registrations.lease", sql.lease, [limit, budget, horizon]);
        return yield* entries(rows);
      }),

      defer: Effect.fn("Registrations.defer")(function* ({ id, state }, error, needsOperator) {
        return yield* moved("registrations.defer", sql.defer, [id, error, needsOperator, state]);
      }),

      tidy: Effect.fn("Registrations.tidy")(function* () {
        const rows = yield* database.query("registrations.tidy", sql.tidy, [settings.IDEMPOTENCY_KEY_HOURS]);
        const counts = yield* decodeRow(
          Schema.Struct({ keys_forgotten: Schema.Int, open: Schema.Int, need_operator: Schema.Int }),
        )(rows[0]);
        return {
          keysForgotten: counts.keys_forgotten,
          open: counts.open,
          needOperator: counts.need_operator,
        };
      }),

      list: Effect.fn("Registrations.list")(function* ({ state, needsOperator, cursor, limit }) {
        const rows = yield* database.query("registrations.list", sql.list, [
          ...[state, needsOperator, cursor?.at ?? null, cursor?.id ?? null, limit + 1, budget, horizon],
        ]);
        const found = yield* entries(rows);
        const items = found.slice(0, limit);
        const last = items.at(-1);
        const next =
          found.length > limit && last !== undefined ? { at: toUtc(last.startedAt), id: last.id } : null;
        return { items, next };
      }),
    });
  }),
);
