/**
 * What callers read as `detail`. FLIP's sentences are part of the contract and stand here to the letter; the others
 * are ours.
 */
import type { Edition } from "../domain/edition.ts";
import type {
  ChangeTracked,
  CleanupRequired,
  CloseNotPossible,
  RegistrationRolledBack,
  UserNotFound,
} from "../domain/errors.ts";
import type { ChangeKind } from "../domain/operation.ts";
import type { Unauthenticated } from "../ports/token-verifier.ts";
import type { Violation } from "./errors.ts";

export const UNAUTHENTICATED: Record<Unauthenticated["reason"], string> = {
  missing: "Not authenticated",
  invalid: "Could not validate credentials",
  expired: "Token has expired",
  "no subject": "Token missing user identifier",
  "bad subject": "Invalid user identifier format",
  "no username": "Token missing username claim",
};

export const FORBIDDEN = {
  "register a user": "was unable to register a user",
  "manage users": "was unable to manage users",
  "update roles": "was unable to update a user's roles",
  "see roles": "does not have permission",
};

const REMOVE_TRACKED: Record<Edition, string> = {
  "2026-05":
    "Role grants revoked, but Cognito user deletion failed. The user can still authenticate with zero app authority — manual Cognito cleanup required.",
  "2026-09":
    "Role grants revoked, but identity-provider user deletion failed. The user can still authenticate with zero app authority — manual identity-provider cleanup required.",
};

const CHANGE_TRACKED: Record<Exclude<ChangeKind, "remove">, string> = {
  disable: "Failed to update user",
  enable: "Failed to update user",
  reset_mfa: "Failed to reset user MFA",
  invite: "Failed to send the invitation",
};

/** A change is not done, or not yet. */
export const changeTracked = ({ kind, edition }: Pick<ChangeTracked, "kind" | "edition">): string =>
  kind === "remove" ? REMOVE_TRACKED[edition] : CHANGE_TRACKED[kind];

export const OWN_ACCOUNT: Record<"remove" | "disable", string> = {
  remove: "You cannot delete your own account; another administrator can.",
  disable: "You cannot disable your own account; another administrator can.",
};

export const userNotFound = ({ key, kind }: UserNotFound): string => {
  if (kind === "see permissions") return "The user does not exist or does not have a role assigned.";
  if (kind === "set roles") return `User with ID ${key} not found`;
  if (kind !== "see") return `User with ID ${key} is not registered.`;
  const [email, id] = key.includes("@") ? [key, "None"] : ["None", key];
  return `User with email: ${email} or ID: ${id} is not registered.`;
};

export const UNKNOWN_CURSOR: Violation = {
  type: "cursor",
  loc: ["query", "cursor"],
  msg: "Input should be the `next` of an earlier page",
};

export const UNSUPPORTED_MEDIA_TYPE = "The body must be JSON, sent as Content-Type: application/json.";

export const INVALID_IDEMPOTENCY_KEY =
  "The Idempotency-Key header must be one string of 1 to 255 printable ASCII characters.";

export const SUPERSEDED =
  "Somebody has changed this user while the request was under way. Nothing was done; look at the user again.";

export const IN_DOUBT =
  "The database did not answer, and whether the change was made is not known. Look at the user before you try again.";

/** `others`: who holds the permission, and cannot come in. */
export const lastManager = (others: ReadonlyArray<string>): string =>
  `At least one user must keep the permission to manage users.${others.length > 0 ? " Nobody else who holds it can sign in." : ""}`;

export const INVALID_IF_MATCH = "The If-Match header must be * or a list of quoted entity tags.";

export const PRECONDITION_FAILED =
  "The user has changed since you looked. Nothing was done; look at the user again.";

export const IDEMPOTENCY_KEY_REUSED = "This Idempotency-Key was used before, for another request.";

export const IN_PROGRESS = "A registration of this user is in progress. Please try again later.";

export const OPERATION_UNDECODABLE =
  "An operation in the ledger that stands in the way cannot be read. An operator has to mend it.";

export const DATABASE_REFUSED =
  "The database refuses what was asked of it. An operator finds the reason in the log.";

export const CLOSE_NOT_POSSIBLE: Record<CloseNotPossible["why"], string> = {
  in_progress: "Its request may still be at work on it. Close it when that is over.",
  grace_period: "It is closed, but for its final check, which is not due yet. Close it when that is due.",
};

export const LEAVE_NOT_POSSIBLE =
  "The pool has ownership tags, and the tag decides whose user it is. Resolve it without leave.";

export const USER_REMOVED = "The user of this Idempotency-Key was registered, and has been removed since.";

export const USER_LOOKUP_FAILED: Record<Edition, string> = {
  "2026-05": "Could not verify user existence in Cognito; please try again.",
  "2026-09": "Could not verify user existence with the identity provider; please try again.",
};

export const PROFILES_NOT_KEPT =
  "This database has no table user_profile, so that name and organisation cannot be changed. Nothing was done.";

export const INVITATION_NOT_NEEDED =
  "An invitation can be sent only to an enabled user who has not signed in yet; this one is";

/** The key may stay with what has failed: the same request with the same key could never succeed. */
const NEW_KEY = "Another try needs a new Idempotency-Key.";

export const rolledBack = ({ user, needsNewKey }: RegistrationRolledBack): string => {
  if (user?.kind === "register_with_roles") {
    const deleted = `Failed to set user roles for user ${user.sub}. User has been deleted.`;
    return needsNewKey ? `${deleted} ${NEW_KEY}` : deleted;
  }
  return `Failed to register user. ${needsNewKey ? NEW_KEY : "Please try again."}`;
};

export const cleanupRequired = ({ user, needsNewKey }: CleanupRequired): string => {
  const failed =
    user?.kind === "register_with_roles"
      ? `Failed to set user roles for user ${user.sub}; rollback also failed (the user could not be deleted). Manual cleanup required.`
      : "Failed to register user; rollback also failed. Manual cleanup of the Cognito user required.";
  return needsNewKey ? `${failed} ${NEW_KEY}` : failed;
};

/** Names every field that is wrong, the first ten of many. */
export const invalid = (violations: ReadonlyArray<Violation>, unnamed = 0): string => {
  const fields = [...new Set(violations.map(({ loc }) => loc.slice(1).join(".") || loc.join(".")))];
  const shown = fields.slice(0, 10).join(", ");
  const more = Math.max(fields.length - 10, 0) + unnamed;
  return `The request is not valid: ${shown}${more > 0 ? ` and ${more} more` : ""}.`;
};
