/**
 * Every answer to a registration that is not a success, as a typed error. http/problem.ts maps each to HTTP.
 *
 * Messages name no person: an address stays in a field that only the answer to its own caller shows.
 */
import { Schema } from "effect";
import { RegistrationId } from "./Registration.ts";
import { Email, RoleId, UserId } from "./User.ts";

/** The caller does not hold CAN_MANAGE_USERS. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  caller: UserId,
  action: Schema.Literals(["register a user", "manage users"]),
}) {}

/** The request names roles that do not exist. */
export class UnknownRoles extends Schema.TaggedError<UnknownRoles>()("UnknownRoles", {
  roles: Schema.Array(RoleId),
}) {}

/** The address belongs to a user that this attempt did not create. */
export class UserExists extends Schema.TaggedError<UserExists>()("UserExists", {
  registrationId: RegistrationId,
  email: Email,
}) {}

/** Cognito refused the create, for good (`verdict`) or because the deployment is wrong (`configuration`). */
export class CreateRefused extends Schema.TaggedError<CreateRefused>()("CreateRefused", {
  registrationId: RegistrationId,
  why: Schema.Literals(["verdict", "configuration"]),
  cause: Schema.optionalKey(Schema.Defect()),
}) {}

/** Another attempt for this address, or with this key, is under way. */
export class RegistrationInProgress extends Schema.TaggedError<RegistrationInProgress>()(
  "RegistrationInProgress",
  { registrationId: RegistrationId },
) {}

/** The idempotency key was used before, for another request. */
export class IdempotencyKeyReused extends Schema.TaggedError<IdempotencyKeyReused>()("IdempotencyKeyReused", {
  registrationId: RegistrationId,
}) {}

/** The attempt of this idempotency key registered a user whom somebody has removed since. */
export class UserLost extends Schema.TaggedError<UserLost>()("UserLost", {
  registrationId: RegistrationId,
}) {}

/** The user is not registered, and nothing of this attempt is left in Cognito: trying again is right. */
export class RegistrationRolledBack extends Schema.TaggedError<RegistrationRolledBack>()(
  "RegistrationRolledBack",
  { registrationId: RegistrationId, cause: Schema.optionalKey(Schema.Defect()) },
) {}

/** A user may be left over in Cognito. The attempt stands open in the ledger until the sweeper has settled it. */
export class CleanupRequired extends Schema.TaggedError<CleanupRequired>()("CleanupRequired", {
  registrationId: RegistrationId,
  cause: Schema.optionalKey(Schema.Defect()),
}) {}

/** A part that the answer depends on cannot be reached, or asks us to slow down. Nothing was created. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  dependency: Schema.Literals(["database", "identity provider", "signing keys"]),
  cause: Schema.optionalKey(Schema.Defect()),
}) {}

/** Every typed failure of the registration program. */
export type RegistrationError =
  | Forbidden
  | UnknownRoles
  | UserExists
  | CreateRefused
  | RegistrationInProgress
  | IdempotencyKeyReused
  | UserLost
  | RegistrationRolledBack
  | CleanupRequired
  | Unavailable;
