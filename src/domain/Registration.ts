/**
 * One attempt to register one user: the row of the ledger, and the words for what may happen to it.
 *
 * The attempt's id is at once the id of the audit row (so a repeated commit writes it once) and the ownership mark
 * on the Cognito user (so nothing is deleted by guess). docs/protocol.md says who may move an attempt, and when.
 */
import { Schema } from "effect";
import { Email, RoleId, UserId } from "./User.ts";

/** The id of an attempt: chosen by the worker before anything is sent. */
export const RegistrationId = Schema.String.check(Schema.isUUID()).pipe(Schema.brand("RegistrationId"));
export type RegistrationId = typeof RegistrationId.Type;

/** Which endpoint asked: `user` only registers, `step` also grants the roles in the same commit. */
export const Kind = Schema.Literals(["user", "step"]);
export type Kind = typeof Kind.Type;

/**
 * `started`: Cognito may or may not have the user. `registered`: committed. `rolling_back`: fenced, a late commit
 * cannot land any more. The other four are closed.
 */
export const State = Schema.Literals([
  "started",
  "registered",
  "rolling_back",
  "completed",
  "rejected",
  "rolled_back",
  "user_lost",
]);
export type State = typeof State.Type;

/** Why an attempt was rejected for good: what a repeat of its idempotency key hears again. */
export const Verdict = Schema.Literals(["user_exists", "create_refused"]);
export type Verdict = typeof Verdict.Type;

/** One line of an attempt's history: when it reached a state, and who moved it. */
export const HistoryEntry = Schema.Struct({
  at: Schema.String,
  state: Schema.String,
  by: Schema.String,
  note: Schema.optionalKey(Schema.String),
});

const Timestamp = Schema.NullOr(Schema.String);

/**
 * An attempt as the ledger shows it. Times are ISO strings of the database's clock; the four questions about time
 * (`stale`, `pastHorizon`, `watchOver`, `readAt`) are answered by the database in the statement that read the row.
 */
export const Attempt = Schema.Struct({
  id: RegistrationId,
  kind: Kind,
  caller: UserId,
  email: Email,
  roles: Schema.Array(RoleId),
  state: State,
  verdict: Schema.NullOr(Verdict),
  sub: Schema.NullOr(UserId),
  startedAt: Schema.String,
  closedAt: Timestamp,
  acknowledgedAt: Timestamp,
  missingSince: Timestamp,
  watchUntil: Timestamp,
  dueAt: Timestamp,
  tries: Schema.Int,
  needsOperator: Schema.Boolean,
  lastError: Schema.NullOr(Schema.String),
  history: Schema.Array(HistoryEntry),
  /** Its worker's budget is over: somebody else may settle it. */
  stale: Schema.Boolean,
  /** No create of this attempt can land any more, and its worker is gone for certain. */
  pastHorizon: Schema.Boolean,
  /** It is closed under watch, and the watch has run out: one last look is due. */
  watchOver: Schema.Boolean,
  /** The database's time when this row was read. */
  readAt: Schema.String,
});
export type Attempt = typeof Attempt.Type;

/**
 * A change to a user who exists: written down with its audit row first, then done in Cognito, by its worker or, as
 * often as it takes, by the sweeper. All of them may be repeated.
 */
export const ErrandKind = Schema.Literals(["remove", "disable", "enable", "reset_mfa", "invite"]);
export type ErrandKind = typeof ErrandKind.Type;

export const ErrandState = Schema.Literals(["pending", "done"]);
export type ErrandState = typeof ErrandState.Type;

/** An errand as the ledger shows it: a row of the same table, with a user and no address. */
export const Errand = Schema.Struct({
  ...Attempt.fields,
  kind: ErrandKind,
  state: ErrandState,
  email: Schema.Null,
  sub: UserId,
});
export type Errand = typeof Errand.Type;

/** Any row of the ledger. */
export const Entry = Schema.Union([Attempt, Errand]);
export type Entry = typeof Entry.Type;

/** Whether a row is an errand. */
export const isErrand = (entry: Entry): entry is Errand => entry.email === null;

/** What an administrator wants done to a user. */
export interface RunErrand {
  readonly id: RegistrationId;
  readonly kind: ErrandKind;
  readonly caller: UserId;
  readonly subject: UserId;
  /** The user's ownership mark, where he was looked up: an attempt that may still roll him back. */
  readonly mark: string | null;
}

/** What an administrator asked for. With an idempotency key, kind, address and set of roles are the request. */
export interface RegisterUser {
  readonly id: RegistrationId;
  readonly kind: Kind;
  readonly caller: UserId;
  readonly email: Email;
  readonly roles: ReadonlyArray<RoleId>;
  readonly idempotencyKey: string | null;
}

/** What 200 and 201 say. `replayed`: the answer was stored by an earlier request with the same key. */
export interface Registered {
  readonly attempt: Attempt;
  readonly userId: UserId;
  readonly replayed: boolean;
}
