/**
 * The ledger in Postgres: every method is one statement, and the fence reads once more.
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { CAN_MANAGE_USERS } from "../../domain/audit.ts";
import {
  type AnyOperation,
  Forgotten,
  isChange,
  isDecodable,
  type OperationId,
  Registration,
  State,
} from "../../domain/operation.ts";
import { RoleId } from "../../domain/user.ts";
import { Database, type Row, type Statement } from "../../ports/database.ts";
import { Actor, Ledger, type Opening } from "../../ports/ledger.ts";
import { Settings } from "../../ports/settings.ts";
import { spanned } from "../../ports/trace.ts";
import * as statements from "./ledger-statements.ts";
import { lockOf } from "./locks.ts";
import { readOperation, readRow } from "./operations.ts";
import { expire } from "./retention-statements.ts";
import { decodeRow, startOf } from "./rows.ts";
import { waking } from "./waking.ts";

const isState = Schema.is(State);

/** What every way to open a registration answers. */
export const OpenAnswer = Schema.Struct({
  allowed: Schema.Boolean,
  unknownRoles: Schema.Array(RoleId),
  own: Schema.NullOr(Schema.Union([Registration, Forgotten])),
  keyHolder: Schema.NullOr(Schema.Unknown),
  sameRequest: Schema.NullOr(Schema.Boolean),
  userGone: Schema.Boolean,
  addressHolder: Schema.NullOr(Schema.Unknown),
  earlier: Schema.Array(Schema.Unknown),
});

const Holder = Schema.Literals(["registered", "open", "nobody"]);

const Leased = Schema.Struct({
  operations: Schema.Array(Schema.Unknown),
  open: Schema.Int,
  needOperator: Schema.Int,
  toForget: Schema.Boolean,
});

const Expired = Schema.Struct({
  keysExpired: Schema.Int,
  addressesForgotten: Schema.Int,
  operationsDeleted: Schema.Int,
  more: Schema.Boolean,
});

const daysOf = (kept: Duration.Duration | null) => (kept === null ? null : Duration.toDays(kept));

const operations = (rows: ReadonlyArray<Row>) => rows.map((row) => readOperation(row.operation));

const readRegistration = readRow(Registration as Schema.Codec<Registration, unknown>);

const isRegistration = (entry: AnyOperation): entry is Registration => isDecodable(entry) && !isChange(entry);

/** Registrations that cannot be read name nobody who could be looked for; a commit does not know them, and is refused. */
const earlierOf = ({ earlier }: typeof OpenAnswer.Type): ReadonlyArray<Registration> =>
  earlier.map(readOperation).filter(isRegistration);

export const opening = (answer: typeof OpenAnswer.Type): Opening => {
  if (!answer.allowed) return { _tag: "Denied" };
  if (answer.keyHolder !== null) {
    const registration = readRegistration(answer.keyHolder);
    if ("undecodable" in registration) return { _tag: "Undecodable", id: registration.id };
    const { sameRequest, userGone } = answer;
    return { _tag: "KeyHeld", registration, sameRequest: sameRequest === true, userGone };
  }
  if (answer.unknownRoles.length > 0) return { _tag: "UnknownRoles", roles: answer.unknownRoles };
  if (answer.own !== null) return { _tag: "Opened", registration: answer.own, earlier: earlierOf(answer) };
  if (answer.addressHolder !== null) {
    const registration = readRegistration(answer.addressHolder);
    if ("undecodable" in registration) return { _tag: "Undecodable", id: registration.id };
    return { _tag: "AddressHeld", registration };
  }
  return { _tag: "Contended" };
};

export const LedgerPostgres = Layer.effect(
  Ledger,
  Effect.gen(function* () {
    const database = waking(yield* Database);
    const settings = yield* Settings;
    const budget = Duration.toSeconds(settings.requestBudget);
    const horizon = Duration.toSeconds(settings.horizon);

    const times = { budget, horizon };
    const kept = {
      hours: Duration.toHours(settings.idempotencyKeysKept),
      addressDays: daysOf(settings.addressesKept),
      operationDays: daysOf(settings.operationsKept),
    };

    /** Runs a move, and says whether a row has moved. */
    const moved = <Values>(statement: Statement<Values>, values: Values) =>
      Effect.map(database.query(statement, values), (rows) => rows.length > 0);

    const find = spanned("Ledger.find")(function* (id: OperationId) {
      const rows = yield* database.query(statements.find, { id, ...times });
      return Option.fromNullishOr(operations(rows)[0]);
    });

    return Ledger.of({
      open: spanned("Ledger.open")(function* (command) {
        const permission = CAN_MANAGE_USERS;
        const values = { ...command, permission, ...times, actor: yield* Actor };
        const rows = yield* database.query(statements.open, values);
        return opening(yield* decodeRow(OpenAnswer)(rows[0]));
      }),

      commit: spanned("Ledger.commit")(function* (id, sub, known = null) {
        const values = { id, sub, known, horizon, actor: yield* Actor };
        const rows = yield* database.queryAlone([lockOf(sub)], statements.commit, values);
        return rows.length > 0;
      }),

      // Zero rows say only that the row was not `started` in this statement's eyes; its snapshot may be old.
      // What holds is a row that moved, or what a statement reads that begins afterwards.
      fence: spanned("Ledger.fence")(function* (id) {
        const rows = yield* database.query(statements.fence, { id, actor: yield* Actor });
        if (rows.length > 0) return "rolling_back";
        const operation = yield* find(id);
        const state = Option.isSome(operation) ? operation.value.state : null;
        return isState(state) ? state : "started";
      }),

      markRolledBack: spanned("Ledger.markRolledBack")(function* (id, { consumed, sub, note = null }) {
        return yield* moved(statements.markRolledBack, {
          id,
          consumed,
          sub,
          note,
          horizon,
          actor: yield* Actor,
        });
      }),

      reject: spanned("Ledger.reject")(function* (id, verdict, outcomeUnknown, reason) {
        const values = { id, verdict, outcomeUnknown, reason, horizon, actor: yield* Actor };
        return yield* moved(statements.reject, values);
      }),

      abandon: spanned("Ledger.abandon")(function* (id) {
        return yield* moved(statements.abandon, { id, actor: yield* Actor });
      }),

      acknowledge: spanned("Ledger.acknowledge")(function* (id) {
        const rows = yield* database.query(statements.acknowledge, { id });
        return rows[0]?.mayComeIn === true;
      }),

      complete: spanned("Ledger.complete")(function* (id, { note = null, needsOperator = false } = {}) {
        return yield* moved(statements.complete, { id, note, needsOperator, actor: yield* Actor });
      }),

      missing: spanned("Ledger.missing")(function* (id, lookedAt) {
        const values = { id, lookedAt, horizon, actor: yield* Actor };
        const rows = yield* database.query(statements.missing, values);
        return yield* decodeRow(State)(rows[0]?.state);
      }),

      seen: spanned("Ledger.seen")(function* (id) {
        return yield* moved(statements.seen, { id });
      }),

      endGracePeriod: spanned("Ledger.endGracePeriod")(function* (id, sub, note = "final check done") {
        return yield* moved(statements.endGracePeriod, { id, sub, note, actor: yield* Actor });
      }),

      heard: spanned("Ledger.heard")(function* (id, note) {
        return yield* moved(statements.heard, { id, note, actor: yield* Actor });
      }),

      find,

      holderOf: spanned("Ledger.holderOf")(function* ({ id, email }, sub) {
        const rows = yield* database.query(statements.holderOf, { id, email, sub });
        return yield* decodeRow(Holder)(rows[0]?.holder);
      }),

      lease: spanned("Ledger.lease")(function* (limit) {
        const rows = yield* database.query(statements.lease, { limit, ...times, ...kept });
        const leased = yield* decodeRow(Leased)(rows[0]);
        return { ...leased, operations: leased.operations.map(readOperation) };
      }),

      setAside: spanned("Ledger.setAside")(function* (id) {
        return yield* moved(statements.setAside, { id });
      }),

      defer: spanned("Ledger.defer")(function* ({ id, state }, error, needsOperator) {
        return yield* moved(statements.defer, { id, error, needsOperator, state });
      }),

      expire: spanned("Ledger.expire")(function* () {
        const rows = yield* database.query(expire, kept);
        return yield* decodeRow(Expired)(rows[0]);
      }),

      list: spanned("Ledger.list")(function* ({ cursor, until, limit, ...filters }) {
        const values = { ...filters, ...startOf(cursor, until), limit: limit + 1, ...times };
        const found = operations(yield* database.query(statements.list, values));
        const items = found.slice(0, limit);
        const last = items.at(-1);
        const next = found.length > limit && last !== undefined ? { at: last.startedAt, id: last.id } : null;
        return { items, next };
      }),
    });
  }),
);
