/**
 * The operations of the ledger: a registration, and a change to a user who exists, and the words for what may happen to it.
 *
 * The registration's id is at once the id of the audit row (so a repeated commit writes it once) and the ownership tag
 * on the Cognito user (so nothing is deleted by guess). docs/protocol.md says who may move a registration, and when.
 */
import * as Schema from "effect/Schema";
import { Email, type IfMatch, Name, Organisation, type ProfileFields, RoleId, UserId } from "./user.ts";

/** The id of a registration: chosen by the request before anything is sent. */
export const OperationId = Schema.String.check(Schema.isUUID()).pipe(Schema.brand("OperationId"));
export type OperationId = typeof OperationId.Type;

/** Whether something can be the id of an operation. */
export const isOperationId = Schema.is(OperationId);

/** A new id for what is about to be written. */
export const newOperationId = (): OperationId => OperationId.make(crypto.randomUUID());

/**
 * How somebody came to be known: `register` only registers, `register_with_roles` also grants the roles in the same commit;
 * `adopt` writes down somebody who was in the pool already, and is completed from the start.
 */
export const RegistrationKind = Schema.Literals(["register", "register_with_roles", "adopt"]);
export type RegistrationKind = typeof RegistrationKind.Type;

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

/** Why a registration was rejected for good: what a repeat of its idempotency key hears again. */
export const Verdict = Schema.Literals(["user_exists", "create_refused"]);
export type Verdict = typeof Verdict.Type;

/**
 * Why Cognito refused, in our own words: never a provider's text. About what was asked for: the pool does not take this
 * address (`address_not_accepted`) or a password (`password_policy`), its pre sign-up trigger refuses (`pool_rule`), the
 * user is not as they would have to be (`user_state`). About the deployment: the trigger is broken
 * (`pool_trigger_broken`), the pool is not one that we can use (`pool_configuration`), keys or rights are wrong
 * (`credentials`). `other`: none of these; the log has the provider's name for it.
 */
export const RefusalReason = Schema.Literals([
  "address_not_accepted",
  "password_policy",
  "pool_rule",
  "user_state",
  "pool_trigger_broken",
  "pool_configuration",
  "credentials",
  "other",
]);
export type RefusalReason = typeof RefusalReason.Type;

/**
 * Why a change has ended without its effect: Cognito refuses it; or `superseded`: a newer change contradicts it;
 * `user_not_found`, `user_disabled`, `invitation_not_needed` (they can sign in): what the pool said in the moment in
 * which it was to be done; `closed_by_operator`: nobody tries it any more.
 */
export const WhyNotDone = Schema.Literals([
  ...RefusalReason.literals,
  "superseded",
  "user_not_found",
  "user_disabled",
  "invitation_not_needed",
  "closed_by_operator",
]);
export type WhyNotDone = typeof WhyNotDone.Type;

/** An instant of the database's clock: ISO text in UTC, to the microsecond. */
export const Instant = Schema.String.annotate({ format: "date-time" });

/** The same; null where it has not come, or does not come. */
export const InstantOrNull = Schema.NullOr(Instant);

/** One line of a registration's history: when it reached a state, and who moved it. */
export const HistoryEntry = Schema.Struct({
  at: Instant,
  state: Schema.String,
  /** `request`, `sweeper` or `operator`. */
  by: Schema.String,
  /** The operator. */
  who: Schema.optionalKey(UserId),
  note: Schema.optionalKey(Schema.String),
});

/**
 * A registration as the ledger shows it. The four questions about time
 * (`stale`, `pastHorizon`, `graceOver`, `readAt`) are answered by the database in the statement that read the row.
 */
export const Registration = Schema.Struct({
  id: OperationId,
  kind: RegistrationKind,
  caller: UserId,
  email: Email,
  name: Schema.NullOr(Name),
  organisation: Schema.NullOr(Organisation),
  roles: Schema.Array(RoleId),
  state: State,
  verdict: Schema.NullOr(Verdict),
  /** Why Cognito refused, where it did. */
  reason: Schema.NullOr(RefusalReason),
  sub: Schema.NullOr(UserId),
  startedAt: Instant,
  closedAt: InstantOrNull,
  acknowledgedAt: InstantOrNull,
  missingSince: InstantOrNull,
  graceUntil: InstantOrNull,
  dueAt: InstantOrNull,
  tries: Schema.Int,
  needsOperator: Schema.Boolean,
  lastError: Schema.NullOr(Schema.String),
  history: Schema.Array(HistoryEntry),
  /** Its request's budget is over: another may resolve it. */
  stale: Schema.Boolean,
  /** No create of this registration can land any more, and its request is gone for certain. */
  pastHorizon: Schema.Boolean,
  /** It is closed, and its grace period is over: the final check is due. */
  graceOver: Schema.Boolean,
  /** The database's time when this row was read. */
  readAt: Instant,
});
export type Registration = typeof Registration.Type;

/** What a registration asks the identity provider to create. The registration's id is the ownership tag. */
export type NewUser = Pick<Registration, "id" | "email" | "name">;

/**
 * A change to a user who exists: written down with its audit row first, then done in Cognito, by its request or, as
 * often as it takes, by the sweeper. All of them may be repeated.
 */
export const ChangeKind = Schema.Literals(["remove", "disable", "enable", "reset_mfa", "invite"]);
export type ChangeKind = typeof ChangeKind.Type;

/** `refused`: it has ended without its effect; `reason` says why, and a second row of the audit trail that it was not done. */
export const ChangeState = Schema.Literals(["pending", "done", "refused"]);
export type ChangeState = typeof ChangeState.Type;

/** A change as the ledger shows it: a row of the same table, with a user and no address. */
export const Change = Schema.Struct({
  ...Registration.fields,
  kind: ChangeKind,
  state: ChangeState,
  reason: Schema.NullOr(WhyNotDone),
  email: Schema.Null,
  name: Schema.Null,
  organisation: Schema.Null,
  sub: UserId,
});
export type Change = typeof Change.Type;

/**
 * A registration that is long closed, and has forgotten for whom it was (docs/protocol.md, Retention): nothing is left to
 * do for it, and nothing of a person is in it but ids.
 */
export const Forgotten = Schema.Struct({
  ...Registration.fields,
  email: Schema.Null,
  name: Schema.Null,
  organisation: Schema.Null,
  state: Schema.Literals(["completed", "rejected", "rolled_back", "user_lost"]),
  closedAt: Instant,
  graceUntil: Schema.Null,
  dueAt: Schema.Null,
});
export type Forgotten = typeof Forgotten.Type;

/** How the history begins to say why a registered user got no invitation. */
export const NOT_INVITED = "not invited";

/** What the history says of a registration whose final check an operator has given up. */
export const LEFT_OVER = "a user may be left over";

/** How the history's note begins where an operator has closed an operation; their own words follow, after a colon. */
export const CLOSED_BY_OPERATOR = "closed by an operator";

/** How such a note ends, where that is to be known for as long as there is the row. */
export const NOTE_ENDINGS = [
  " (the invitation may not have been sent)",
  ` (without its final check: ${LEFT_OVER})`,
] as const;

/** Any row of the ledger. */
export const Operation = Schema.Union([Registration, Forgotten, Change]);
export type Operation = typeof Operation.Type;

/**
 * A row that is none of these: somebody has written to it by hand, or another version has. What can be said of it is
 * text as the row has it, cut short, and true of nothing. Nobody moves such a row before an operator has mended it.
 */
export interface Undecodable {
  readonly undecodable: true;
  readonly id: OperationId;
  readonly kind: string | null;
  readonly state: string | null;
  readonly email: string | null;
  readonly sub: string | null;
  readonly caller: string | null;
  readonly startedAt: string;
  readonly closedAt: string | null;
  readonly dueAt: string | null;
  readonly tries: number | null;
  readonly needsOperator: boolean;
  readonly lastError: string | null;
  /** The fields that cannot be read. Empty: each can, but not together. */
  readonly unreadable: ReadonlyArray<string>;
}

/** A row of the ledger, whatever is in it. */
export type AnyOperation = Operation | Undecodable;

/** Whether a row can be read. */
export const isDecodable = (operation: AnyOperation): operation is Operation => !("undecodable" in operation);

/** Whether a row is a change. */
export const isChange = (operation: Operation): operation is Change => isChangeKind(operation.kind);

/** Whether a kind is that of a registration. */
export const isRegistrationKind = Schema.is(RegistrationKind);

const isChangeKind = Schema.is(ChangeKind);

/** What an administrator wants done to a user. */
export interface ChangeUser {
  readonly id: OperationId;
  readonly kind: ChangeKind;
  readonly caller: UserId;
  readonly subject: UserId;
  /** The user's ownership tag, where they were looked up: a registration that may still roll them back. */
  readonly tag: string | null;
  /** The database's clock when the caller was checked, as ISO text. */
  readonly askedAt: string;
  /** Who manages users, and can come in, as the pool has just said. */
  readonly confirmed: ReadonlyArray<UserId>;
  /** Absent: the user may have changed as they like since the caller looked. */
  readonly ifMatch?: IfMatch;
  /** What is written to the user's profile with it. */
  readonly profile?: ProfileFields;
}

/** What an administrator wants written to a user's profile. */
export interface SetProfile extends Omit<ChangeUser, "kind" | "confirmed" | "profile"> {
  readonly profile: ProfileFields;
}

/**
 * What an administrator asked for. With an idempotency key, kind, address, name, organisation and set of roles are the
 * request.
 */
export interface RegisterUser {
  readonly id: OperationId;
  readonly kind: Exclude<RegistrationKind, "adopt">;
  readonly caller: UserId;
  readonly email: Email;
  readonly name: Name | null;
  readonly organisation: Organisation | null;
  readonly roles: ReadonlyArray<RoleId>;
  readonly idempotencyKey: string | null;
}

/** What 200 and 201 say. `replayed`: the answer was stored by an earlier request with the same key. */
export interface Registered {
  readonly registration: Registration;
  readonly userId: UserId;
  /** The pool's name for the user; null in a replay, which does not know it. */
  readonly username: string | null;
  readonly replayed: boolean;
}
