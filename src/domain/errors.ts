/**
 * Every answer to a registration that is not a success, as a typed error. http/problem.ts maps each to HTTP.
 *
 * Messages name no person: an address stays in a field that only the answer to its own caller shows.
 */
import * as Schema from "effect/Schema";
import { Edition } from "./edition.ts";
import { ChangeKind, OperationId, RefusalReason, RegistrationKind, WhyNotDone } from "./operation.ts";
import { Email, RoleId, UserId } from "./user.ts";

/** The caller does not hold CAN_MANAGE_USERS. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  caller: UserId,
  action: Schema.Literals(["register a user", "manage users", "update roles", "see roles"]),
}) {}

/** The request names roles that do not exist. */
export class UnknownRoles extends Schema.TaggedError<UnknownRoles>()("UnknownRoles", {
  roles: Schema.Array(RoleId),
}) {}

/** `replayed`: the verdict was stored by an earlier request with the same idempotency key. */
const Judged = { operationId: OperationId, replayed: Schema.optionalKey(Schema.Boolean) };

/** The address, in this spelling or another, belongs to a user that this registration did not create: `userId`, where known. */
export class UserExists extends Schema.TaggedError<UserExists>()("UserExists", {
  ...Judged,
  email: Email,
  userId: Schema.optionalKey(UserId),
}) {}

/** Cognito refused the create, for good (`verdict`) or because the deployment is wrong (`configuration`). */
export class CreateRefused extends Schema.TaggedError<CreateRefused>()("CreateRefused", {
  ...Judged,
  why: Schema.Literals(["verdict", "configuration"]),
  reason: RefusalReason,
  cause: Schema.optionalKey(Schema.Defect()),
}) {}

/** Another registration for this address, or with this key, is under way. */
export class RegistrationInProgress extends Schema.TaggedError<RegistrationInProgress>()(
  "RegistrationInProgress",
  {
    operationId: OperationId,
    /** Seconds after which the registration may be resolved, if its request has not done so by then. */
    retryAfter: Schema.optionalKey(Schema.Int),
  },
) {}

/** The ledger's row of this operation cannot be read, and stands in the way: an operator has to mend it. */
export class OperationUndecodable extends Schema.TaggedError<OperationUndecodable>()("OperationUndecodable", {
  operationId: OperationId,
}) {}

/** The idempotency key was used before, for another request. */
export class IdempotencyKeyReused extends Schema.TaggedError<IdempotencyKeyReused>()("IdempotencyKeyReused", {
  operationId: OperationId,
}) {}

/** The registration of this idempotency key registered a user whom somebody has removed since. */
export class UserLost extends Schema.TaggedError<UserLost>()("UserLost", {
  operationId: OperationId,
}) {}

/**
 * `user`: whom the create had returned, and by which endpoint, where the commit of user, audit and grants failed: then
 * FLIP's step endpoint has its own sentences.
 */
const Failed = {
  operationId: OperationId,
  user: Schema.optionalKey(Schema.Struct({ sub: UserId, kind: RegistrationKind })),
  /** The request's idempotency key may stay with this registration for ever: another try needs a new one. */
  needsNewKey: Schema.optionalKey(Schema.Boolean),
};

/** The user is not registered, and nothing of this registration is left in Cognito: trying again is right. */
export class RegistrationRolledBack extends Schema.TaggedError<RegistrationRolledBack>()(
  "RegistrationRolledBack",
  { ...Failed, cause: Schema.optionalKey(Schema.Defect()) },
) {}

/** A user may be left over in Cognito. The registration stands open in the ledger until the sweeper has resolved it. */
export class CleanupRequired extends Schema.TaggedError<CleanupRequired>()("CleanupRequired", {
  ...Failed,
  cause: Schema.optionalKey(Schema.Defect()),
}) {}

/**
 * A part that the answer depends on cannot be reached, or asks us to slow down. Nothing was done; but with an
 * `operationId` the operation stays open, and `inDoubt` says that what was asked for may have been done, or may still be.
 */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  dependency: Schema.Literals(["database", "identity provider", "user lookup"]),
  operationId: Schema.optionalKey(OperationId),
  inDoubt: Schema.optionalKey(Schema.Boolean),
  /** Whose sentence is said of a `user lookup`. */
  edition: Schema.optionalKey(Edition),
  cause: Schema.optionalKey(Schema.Defect()),
}) {}

/** Postgres refuses a statement, and will again: a table or a right is missing, or a rule of its own forbids it. */
export class DatabaseRefused extends Schema.TaggedError<DatabaseRefused>()("DatabaseRefused", {
  cause: Schema.Defect(),
}) {}

/** What was written to the user's profile all the same, where what was asked for with it was not done. */
const Updated = { updated: Schema.optionalKey(Schema.Array(Schema.Literals(["name", "organisation"]))) };

/** The change is written down, with its audit row, and not done yet: the sweeper carries it out. */
export class ChangeTracked extends Schema.TaggedError<ChangeTracked>()("ChangeTracked", {
  ...Updated,
  operationId: OperationId,
  kind: ChangeKind,
  edition: Edition,
  cause: Schema.Defect(),
}) {}

/**
 * The change has ended without its effect, and nobody tries it again. `certain`: nothing of it was done; otherwise an
 * earlier call may have taken effect.
 */
export class ChangeRefused extends Schema.TaggedError<ChangeRefused>()("ChangeRefused", {
  ...Updated,
  operationId: OperationId,
  kind: ChangeKind,
  edition: Edition,
  reason: WhyNotDone,
  certain: Schema.Boolean,
}) {}

/** An administrator asked to delete or disable their own account. */
export class OwnAccount extends Schema.TaggedError<OwnAccount>()("OwnAccount", {
  kind: Schema.Literals(["remove", "disable"]),
}) {}

/** Nobody who can come in would hold CAN_MANAGE_USERS any more. `doubtful`: who else holds it, and cannot. */
export class LastManager extends Schema.TaggedError<LastManager>()("LastManager", {
  doubtful: Schema.Array(UserId),
}) {}

/** Somebody has asked for another change of this user while this one was under way, and theirs is done. */
export class Superseded extends Schema.TaggedError<Superseded>()("Superseded", {}) {}

/** The user has changed since the caller looked: their entity tag is none of those that `If-Match` names. */
export class PreconditionFailed extends Schema.TaggedError<PreconditionFailed>()("PreconditionFailed", {}) {}

/** The pool has no such user. `kind`: what was asked for, for FLIP's sentence. */
export class UserNotFound extends Schema.TaggedError<UserNotFound>()("UserNotFound", {
  ...Updated,
  key: Schema.String,
  kind: Schema.Literals([...ChangeKind.literals, "update profile", "see", "set roles", "see permissions"]),
}) {}

/** The database keeps no profiles: FLIP's table of them is not there. */
export class ProfilesNotKept extends Schema.TaggedError<ProfilesNotKept>()("ProfilesNotKept", {}) {}

/** The user has signed in, or cannot: an invitation would be refused. `status`: Cognito's word for it. */
export class InvitationNotNeeded extends Schema.TaggedError<InvitationNotNeeded>()("InvitationNotNeeded", {
  status: Schema.String,
}) {}

/** The user signs in through another identity provider, which keeps their second factor: there is none here to reset. */
export class SecondFactorElsewhere extends Schema.TaggedError<SecondFactorElsewhere>()(
  "SecondFactorElsewhere",
  {},
) {}

/** An operator says that the user at the address is somebody else's, where the ownership tag says whose they are. */
export class LeaveNotPossible extends Schema.TaggedError<LeaveNotPossible>()("LeaveNotPossible", {
  operationId: OperationId,
}) {}

/**
 * An operator wants an operation closed whose request may still be at work on it (`in_progress`), or whose final check is
 * not due yet (`grace_period`).
 */
export class CloseNotPossible extends Schema.TaggedError<CloseNotPossible>()("CloseNotPossible", {
  operationId: OperationId,
  why: Schema.Literals(["in_progress", "grace_period"]),
}) {}

/** The ledger has no operation with this id. */
export class OperationNotFound extends Schema.TaggedError<OperationNotFound>()("OperationNotFound", {}) {}

/** The list's cursor is none that an earlier page has given. */
export class UnknownCursor extends Schema.TaggedError<UnknownCursor>()("UnknownCursor", {}) {}

/** A caller, or a client's network, asks more often than the deployment lets anybody. Nothing was read or written. */
export class TooManyRequests extends Schema.TaggedError<TooManyRequests>()("TooManyRequests", {
  retryAfterSeconds: Schema.Int,
}) {}

/** The deployment wants a second factor, and the caller has none. */
export class MfaRequired extends Schema.TaggedError<MfaRequired>()("MfaRequired", {}) {}

/** Permissions are shown to their holder only. */
export class NotOneself extends Schema.TaggedError<NotOneself>()("NotOneself", {}) {}

/** Every typed failure of the programs that manage users who exist. */
export type ManagementError =
  | ChangeTracked
  | ChangeRefused
  | OwnAccount
  | LastManager
  | Superseded
  | PreconditionFailed
  | ProfilesNotKept
  | UserNotFound
  | InvitationNotNeeded
  | SecondFactorElsewhere
  | LeaveNotPossible
  | CloseNotPossible
  | OperationNotFound
  | OperationUndecodable
  | UnknownCursor
  | TooManyRequests
  | MfaRequired
  | NotOneself;

/** Every typed failure of the registration program. */
export type RegistrationError =
  | Forbidden
  | UnknownRoles
  | UserExists
  | CreateRefused
  | RegistrationInProgress
  | OperationUndecodable
  | IdempotencyKeyReused
  | UserLost
  | RegistrationRolledBack
  | CleanupRequired
  | DatabaseRefused
  | Unavailable;
