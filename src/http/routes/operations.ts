/** The ledger for operators: what became of an operation, which ones are open, and one more try now. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { nextStep, UNDECODABLE_STEP } from "../../domain/next-step.ts";
import {
  type AnyOperation,
  ChangeKind,
  ChangeState,
  HistoryEntry,
  isDecodable,
  type Operation,
  RegistrationKind,
  State,
  type Undecodable,
  Verdict,
  WhyNotDone,
} from "../../domain/operation.ts";
import { Email, Note, UserId, violation } from "../../domain/user.ts";
import * as operations from "../../programs/operations.ts";
import { CursorParameter, inUtc, limitUpTo, Period, parseCursor, writeCursor } from "../query.ts";
import { route } from "../route.ts";
import { Address, Next, RoleIds, Timestamp, Uuid } from "../wire.ts";

const PAGE_SIZE = { default: 50, max: 200 };

const AnyKind = Schema.Literals([...RegistrationKind.literals, ...ChangeKind.literals]);

const AnyState = Schema.Literals([...State.literals, ...ChangeState.literals]);

const OperationView = Schema.Struct({
  operationId: Uuid,
  kind: AnyKind,
  state: AnyState,
  email: Schema.NullOr(Address),
  name: Schema.NullOr(Schema.String),
  organisation: Schema.NullOr(Schema.String),
  roles: RoleIds,
  userId: Schema.NullOr(Uuid),
  caller: Uuid,
  verdict: Schema.NullOr(Verdict),
  reason: Schema.NullOr(WhyNotDone),
  startedAt: Timestamp,
  closedAt: Schema.NullOr(Timestamp),
  acknowledgedAt: Schema.NullOr(Timestamp),
  missingSince: Schema.NullOr(Timestamp),
  graceUntil: Schema.NullOr(Timestamp),
  tries: Schema.Int,
  needsOperator: Schema.Boolean,
  lastError: Schema.NullOr(Schema.String),
  history: Schema.Array(HistoryEntry),
  next: Schema.Struct({ what: Schema.String, at: Schema.NullOr(Timestamp) }),
}).annotate({ identifier: "Operation" });

const UndecodableView = Schema.Struct({
  operationId: Uuid,
  undecodable: Schema.Literal(true),
  kind: Schema.NullOr(Schema.String),
  state: Schema.NullOr(Schema.String),
  email: Schema.NullOr(Schema.String),
  userId: Schema.NullOr(Schema.String),
  caller: Schema.NullOr(Schema.String),
  startedAt: Schema.String,
  closedAt: Schema.NullOr(Schema.String),
  tries: Schema.NullOr(Schema.Int),
  needsOperator: Schema.Boolean,
  lastError: Schema.NullOr(Schema.String),
  unreadable: Schema.Array(Schema.String).annotate({ description: "The fields that cannot be read." }),
  next: Schema.Struct({ what: Schema.String, at: Schema.NullOr(Schema.String) }),
}).annotate({
  identifier: "UndecodableOperation",
  description: "A row that cannot be read. What is said of it is text as the row has it, cut short.",
});

const AnyOperationView = Schema.Union([OperationView, UndecodableView]);

/** A row of the ledger as an operator reads it. */
const view = (operation: AnyOperation): typeof AnyOperationView.Encoded =>
  isDecodable(operation) ? viewOperation(operation) : viewUndecodable(operation);

const viewUndecodable = (row: Undecodable): typeof UndecodableView.Encoded => ({
  operationId: row.id,
  undecodable: true,
  kind: row.kind,
  state: row.state,
  email: row.email,
  userId: row.sub,
  caller: row.caller,
  startedAt: row.startedAt,
  closedAt: row.closedAt,
  tries: row.tries,
  needsOperator: row.needsOperator,
  lastError: row.lastError,
  unreadable: row.unreadable,
  next: { what: UNDECODABLE_STEP, at: row.dueAt },
});

const viewOperation = (operation: Operation): typeof OperationView.Encoded => ({
  operationId: operation.id,
  kind: operation.kind,
  state: operation.state,
  email: operation.email,
  name: operation.name,
  organisation: operation.organisation,
  roles: operation.roles,
  userId: operation.sub,
  caller: operation.caller,
  verdict: operation.verdict,
  reason: operation.reason,
  startedAt: operation.startedAt,
  closedAt: operation.closedAt,
  acknowledgedAt: operation.acknowledgedAt,
  missingSince: operation.missingSince,
  graceUntil: operation.graceUntil,
  tries: operation.tries,
  needsOperator: operation.needsOperator,
  lastError: operation.lastError,
  history: operation.history,
  next: { what: nextStep(operation), at: operation.dueAt },
});

const ByOperationId = Schema.Struct({
  operation_id: Schema.String.annotate({ format: "uuid" })
    .check(Schema.isUUID(undefined, violation("uuid_parsing", "Input should be a valid UUID")))
    .pipe(Schema.brand("OperationId")),
});

/** One operation, its history, and what happens next. */
export const getOperation = route(
  {
    id: "getOperation",
    method: "GET",
    path: "/api/operations/{operation_id}",
    area: "Operations",
    summary: "Shows one operation, its history, and what happens next",
    needs: "CAN_MANAGE_USERS",
    params: ByOperationId,
    answers: { 200: { means: "The operation as the ledger has it.", body: AnyOperationView } },
    fails: ["Forbidden", "OperationNotFound", "DatabaseRefused", ["Unavailable", "database_unavailable"]],
  },
  Effect.fnUntraced(function* ({ caller, params }) {
    const operation = yield* operations.getOperation(caller.sub, params.operation_id);
    return { status: 200 as const, body: view(operation) };
  }),
);

const oneOf = (values: ReadonlyArray<string>) =>
  violation("literal_error", `Input should be one of: ${values.join(", ")}`);

/** The ledger, newest first. */
export const listOperations = route(
  {
    id: "listOperations",
    method: "GET",
    path: "/api/operations",
    area: "Operations",
    summary: "Lists the operations of the ledger, newest first",
    needs: "CAN_MANAGE_USERS",
    query: Schema.Struct({
      state: Schema.optionalKey(AnyState.annotate(oneOf(AnyState.literals))),
      needsOperator: Schema.optionalKey(
        Schema.Literals(["true", "false"]).annotate(oneOf(["true", "false"])),
      ),
      kind: Schema.optionalKey(AnyKind.annotate(oneOf(AnyKind.literals))),
      email: Schema.optionalKey(Email),
      userId: Schema.optionalKey(UserId),
      caller: Schema.optionalKey(UserId),
      ...Period,
      limit: limitUpTo(PAGE_SIZE.max),
      cursor: CursorParameter,
    }),
    answers: {
      200: {
        means: "A page of the ledger.",
        body: Schema.Struct({ items: Schema.Array(AnyOperationView), next: Next }).annotate({
          identifier: "Operations",
        }),
      },
    },
    fails: ["Forbidden", "DatabaseRefused", ["Unavailable", "database_unavailable"]],
  },
  Effect.fnUntraced(function* ({ caller, query }) {
    const page = yield* operations.listOperations(caller.sub, {
      state: query.state ?? null,
      kind: query.kind ?? null,
      email: query.email ?? null,
      userId: query.userId ?? null,
      caller: query.caller ?? null,
      from: query.from === undefined ? null : inUtc(query.from),
      until: query.until === undefined ? null : inUtc(query.until),
      needsOperator: query.needsOperator === undefined ? null : query.needsOperator === "true",
      cursor: parseCursor(query.cursor),
      limit: Number(query.limit ?? PAGE_SIZE.default),
    });
    return { status: 200 as const, body: { items: page.items.map(view), next: writeCursor(page.next) } };
  }),
);

const ResolveBody = Schema.Struct({
  leave: Schema.optionalKey(Schema.Boolean),
  close: Schema.optionalKey(Schema.Boolean),
  note: Schema.optionalKey(Note),
})
  .check(
    Schema.makeFilter(
      ({ leave, close, note }) => (close === true ? leave !== true : note === undefined),
      violation("value_error", "`leave` and `close` exclude each other, and `note` belongs to `close`"),
    ),
  )
  .annotate({ identifier: "ResolveBody" });

/** Tries to resolve an operation now, as far as the protocol allows. */
export const resolveOperation = route(
  {
    id: "resolveOperation",
    method: "POST",
    path: "/api/operations/{operation_id}/resolve",
    area: "Operations",
    summary: "Tries to resolve one operation now, as far as the protocol allows",
    details:
      '`{ "leave": true }` is for pools without ownership tags, and refused with them: the user at the address is somebody else\'s, who is left alone, and the registration is closed. `{ "close": true, "note": "…" }` closes an operation that can never be done: nobody tries it any more, and history and audit trail say that it was not done, or not for certain.',
    needs: "CAN_MANAGE_USERS",
    params: ByOperationId,
    body: ResolveBody,
    bodyOptional: true,
    answers: {
      200: {
        means: "It was tried; `resolution` says how far it came.",
        body: Schema.Struct({
          resolution: Schema.Literals([
            "rolled_back",
            "completed",
            "user_lost",
            "missing",
            "grace_ended",
            "change_done",
            "change_refused",
            "waiting",
            "already_resolved",
            "needs_operator",
            "closed",
          ]),
          operation: AnyOperationView,
        }).annotate({ identifier: "Resolution" }),
      },
    },
    fails: [
      "Forbidden",
      "OperationNotFound",
      "OperationUndecodable",
      "LeaveNotPossible",
      "CloseNotPossible",
      "DatabaseRefused",
      "Unavailable",
    ],
  },
  Effect.fnUntraced(function* ({ caller, params, body: { leave = false, close = false, note } }) {
    const word = { leave, close, note };
    const { resolution, operation } = yield* operations.resolveOperation(
      caller.sub,
      params.operation_id,
      word,
    );
    return { status: 200 as const, body: { resolution, operation: view(operation) } };
  }),
);
