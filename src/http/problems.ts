/**
 * Every problem that a caller can hear, as a table: what the application answers, what the OpenAPI document says and
 * what the problem pages explain are made from it.
 *
 * A problem's code is stable; machines may rely on it.
 */
import type { ManagementError, RegistrationError } from "../domain/errors.ts";
import type { SigningKeysUnavailable, Unauthenticated } from "../ports/token-verifier.ts";
import type { RequestError } from "./errors.ts";

/** Every typed failure that an answer can be made of. */
export type HttpError =
  | RegistrationError
  | ManagementError
  | RequestError
  | Unauthenticated
  | SigningKeysUnavailable;

/** What a problem means, what is left of the request in either store, and what the caller does next. */
interface Known {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 415 | 422 | 429 | 500 | 503;
  readonly means: string;
  readonly left: string;
  readonly todo: string;
}

const NOTHING = "Nothing of this request, in neither store.";
const AUDITED = "No change. The refusal is in the audit trail.";
const TRACKED =
  "The audit row and the operation. The sweeper repeats the call to Cognito until it is answered.";
const ASK_LATER = "Repeat the request after Retry-After seconds.";

/** The codes, each with its status and its explanation. */
export const PROBLEMS = {
  malformed_body: {
    status: 400,
    means: "The body is not JSON in UTF-8.",
    left: NOTHING,
    todo: "Send valid JSON (RFC 8259).",
  },
  invalid_idempotency_key: {
    status: 400,
    means: "The Idempotency-Key header is not one string of 1 to 255 printable ASCII characters.",
    left: NOTHING,
    todo: "Send one quoted string, for example a UUID.",
  },
  invalid_if_match: {
    status: 400,
    means: "The If-Match header is neither `*` nor a list of quoted entity tags.",
    left: NOTHING,
    todo: "Send the ETag of an answer as it came, with its quotes.",
  },
  invalid_user_key: {
    status: 400,
    means: "The path names neither an e-mail address nor an id.",
    left: NOTHING,
    todo: "Ask with an address or with the user's id.",
  },
  unknown_roles: {
    status: 400,
    means: "The request names roles that do not exist. `detail` lists them.",
    left: NOTHING,
    todo: "Choose roles that GET /api/roles lists.",
  },
  user_exists: {
    status: 400,
    means:
      "The address already has a user, perhaps in another spelling, whom this request did not create. `userId` names them, where known: a replay does not.",
    left: NOTHING,
    todo: "Look the user up by the address. Invite them again, or choose another address.",
  },
  not_authenticated: {
    status: 401,
    means: "The request has no bearer token.",
    left: NOTHING,
    todo: "Sign in, and send the access token in the Authorization header.",
  },
  invalid_token: {
    status: 401,
    means:
      "The token is expired, not signed by the pool, or not meant for this service; or its user was removed.",
    left: NOTHING,
    todo: "Sign in again.",
  },
  forbidden: {
    status: 403,
    means: "The caller does not hold the permission CAN_MANAGE_USERS.",
    left: AUDITED,
    todo: "Ask an administrator for a role that holds the permission.",
  },
  mfa_required: {
    status: 403,
    means: "This deployment wants a second factor, and the caller has none.",
    left: NOTHING,
    todo: "Enrol a time-based one-time password, then repeat the request.",
  },
  not_oneself: {
    status: 403,
    means: "Permissions are shown to their holder only.",
    left: NOTHING,
    todo: "Ask with the id of the token's own user.",
  },
  not_found: {
    status: 404,
    means: "There is no such path.",
    left: NOTHING,
    todo: "Compare the path with the OpenAPI document.",
  },
  operation_not_found: {
    status: 404,
    means: "The ledger has no operation with this id.",
    left: NOTHING,
    todo: "Compare the id with the Operation-Id header or the operationId of the problem that named it.",
  },
  user_not_found: {
    status: 404,
    means: "The pool has no such user.",
    left: NOTHING,
    todo: "Look the user up by address, or in the list.",
  },
  method_not_allowed: {
    status: 405,
    means: "The path does not know this method. The Allow header lists those that it knows.",
    left: NOTHING,
    todo: "Use a method that Allow lists.",
  },
  registration_in_progress: {
    status: 409,
    means: "Another registration of this user is open.",
    left: NOTHING,
    todo: "Wait for Retry-After seconds, then repeat the request with the same key.",
  },
  user_removed: {
    status: 409,
    means: "The user whom this idempotency key registered has been removed since, or is being removed.",
    left: NOTHING,
    todo: "Register the user again with a new key, if that is wanted.",
  },
  own_account: {
    status: 409,
    means: "Administrators cannot delete or disable their own account.",
    left: NOTHING,
    todo: "Ask another administrator.",
  },
  last_manager: {
    status: 409,
    means:
      "Nobody who can come in would hold the permission to manage users any more. `userIds` are others who hold it, and are not in the pool, are disabled, or have never signed in.",
    left: NOTHING,
    todo: "Give another user a role that manages users first. Delete those of `userIds` who are gone.",
  },
  superseded: {
    status: 409,
    means:
      "The opposite, or another value of the same field, was asked for later, and is written down already.",
    left: NOTHING,
    todo: "Look at the user again, and decide anew.",
  },
  invitation_not_needed: {
    status: 409,
    means:
      "The user can sign in already, does so through another identity provider, or is disabled: an invitation would be refused.",
    left: NOTHING,
    todo: "Enable the user, or let them sign in, with “forgot password” where they have one.",
  },
  profiles_not_kept: {
    status: 409,
    means: "The database has no table user_profile: it keeps neither a user's name nor their organisation.",
    left: NOTHING,
    todo: "Leave `name` and `organisation` out; FLIP's migrations of September 2026 make the table.",
  },
  change_refused: {
    status: 409,
    means: "The change has ended without its effect. `reason` says why. Nobody tries it again.",
    left: "The audit row, and a second one that says that it was not done. A deletion has revoked the grants.",
    todo: "Mend what `reason` names. A repeat of the request is a new change.",
  },
  close_not_possible: {
    status: 409,
    means: "The operation's request may still be at work on it, or its final check is not due yet.",
    left: NOTHING,
    todo: "Wait for Retry-After seconds, or until `next.at` of the operation, and close it then.",
  },
  second_factor_elsewhere: {
    status: 409,
    means: "The user signs in through another identity provider, which keeps their second factor.",
    left: NOTHING,
    todo: "Reset the second factor at the user's identity provider.",
  },
  leave_not_possible: {
    status: 409,
    means: "The pool has ownership tags, and the tag decides whose user it is.",
    left: NOTHING,
    todo: "Resolve the operation without leave.",
  },
  precondition_failed: {
    status: 412,
    means: "The user has changed since: none of the entity tags in If-Match is theirs any more.",
    left: NOTHING,
    todo: "Look at the user again, and decide anew.",
  },
  body_too_large: {
    status: 413,
    means: "The body is larger than 65,536 bytes.",
    left: NOTHING,
    todo: "Send less.",
  },
  unsupported_media_type: {
    status: 415,
    means: "The body is not sent as JSON.",
    left: NOTHING,
    todo: "Send Content-Type: application/json.",
  },
  invalid_request: {
    status: 422,
    means: "A parameter or a field is wrong. `errors` names each one.",
    left: NOTHING,
    todo: "Correct what `errors` names.",
  },
  idempotency_key_reused: {
    status: 422,
    means: "The idempotency key was used before, for another request.",
    left: NOTHING,
    todo: "Use a new key for a new request.",
  },
  too_many_requests: {
    status: 429,
    means:
      "The caller, or the network that the request comes from, asks more often than this deployment lets anybody.",
    left: NOTHING,
    todo: "Ask less often. Repeat the request after Retry-After seconds.",
  },
  create_refused: {
    status: 500,
    means: "Cognito refused to create the user.",
    left: NOTHING,
    todo: "An operator finds Cognito's reason in the log, under the requestId.",
  },
  registration_rolled_back: {
    status: 500,
    means: "The registration could not be committed, and its user was deleted again.",
    left: NOTHING,
    todo: "Repeat the request; with a new key where `retryable` is false.",
  },
  cleanup_required: {
    status: 500,
    means: "The registration failed, and its user may be left over in Cognito.",
    left: "Perhaps a user in Cognito. The operation is open in the ledger until that is resolved.",
    todo: "Wait: the sweeper resolves it. GET /api/operations/{operationId} says how far it is. Where `retryable` is false, another try needs a new key.",
  },
  remove_tracked: {
    status: 500,
    means: "The user's grants are revoked, and Cognito has not answered the deletion yet.",
    left: TRACKED,
    todo: "Wait, or repeat the request: a repeat is the same operation.",
  },
  disable_tracked: {
    status: 500,
    means: "The user is to be disabled, and Cognito has not answered yet.",
    left: TRACKED,
    todo: "Wait, or repeat the request: a repeat is the same operation.",
  },
  enable_tracked: {
    status: 500,
    means: "The user is to be enabled, and Cognito has not answered yet.",
    left: TRACKED,
    todo: "Wait, or repeat the request: a repeat is the same operation.",
  },
  reset_mfa_tracked: {
    status: 500,
    means: "The second factor is to be reset, and Cognito has not answered yet.",
    left: TRACKED,
    todo: "Wait, or repeat the request: a repeat is the same operation.",
  },
  invite_tracked: {
    status: 500,
    means: "The invitation is to be sent, and Cognito has not answered yet.",
    left: TRACKED,
    todo: "Wait, or repeat the request: a repeat is the same operation.",
  },
  operation_undecodable: {
    status: 500,
    means: "The ledger's row of an operation cannot be read, and stands in the way of what was asked for.",
    left: NOTHING,
    todo: "An operator mends the row: GET /api/operations/{operationId} names the fields.",
  },
  database_refused: {
    status: 500,
    means:
      "Postgres refuses a statement, and will again: a table or a right is missing, or a rule of its own forbids it.",
    left: NOTHING,
    todo: "An operator finds the SQLSTATE in the log. `npm run migrate` makes what is missing.",
  },
  internal_error: {
    status: 500,
    means: "The service met a defect of its own, or the deployment is misconfigured.",
    left: "Unknown. `outcome` says whether an operation may be open.",
    todo: "Give the requestId to an operator; the log has the cause.",
  },
  database_unavailable: {
    status: 503,
    means: "The database does not answer.",
    left: "Nothing; with `outcome` tracked the operation stays open; with unknown the change may have been made.",
    todo: "Repeat the request after Retry-After seconds. With unknown look at the user first.",
  },
  identity_provider_unavailable: {
    status: 503,
    means: "Cognito does not answer, or asks to slow down.",
    left: NOTHING,
    todo: ASK_LATER,
  },
  signing_keys_unavailable: {
    status: 503,
    means: "The pool's signing keys cannot be read, so no token can be verified.",
    left: NOTHING,
    todo: ASK_LATER,
  },
} as const satisfies Record<string, Known>;

/** A problem's code: stable, for machines. */
export type Code = keyof typeof PROBLEMS;

/** The tag of a failure. */
export type Tag = HttpError["_tag"];

/** Which codes each failure can be answered with. `toProblem` returns no other: its type says so. */
export const CODES = {
  Unauthenticated: ["not_authenticated", "invalid_token"],
  SigningKeysUnavailable: ["signing_keys_unavailable"],
  Forbidden: ["forbidden"],
  TooManyRequests: ["too_many_requests"],
  MfaRequired: ["mfa_required"],
  NotOneself: ["not_oneself"],
  NotFound: ["not_found"],
  OperationNotFound: ["operation_not_found"],
  UserNotFound: ["user_not_found"],
  MethodNotAllowed: ["method_not_allowed"],
  UnsupportedMediaType: ["unsupported_media_type"],
  BodyTooLarge: ["body_too_large"],
  MalformedBody: ["malformed_body"],
  InvalidIdempotencyKey: ["invalid_idempotency_key"],
  InvalidIfMatch: ["invalid_if_match"],
  InvalidUserKey: ["invalid_user_key"],
  InvalidRequest: ["invalid_request"],
  UnknownCursor: ["invalid_request"],
  UnknownRoles: ["unknown_roles"],
  UserExists: ["user_exists"],
  IdempotencyKeyReused: ["idempotency_key_reused"],
  RegistrationInProgress: ["registration_in_progress"],
  OperationUndecodable: ["operation_undecodable"],
  UserLost: ["user_removed"],
  OwnAccount: ["own_account"],
  LastManager: ["last_manager"],
  Superseded: ["superseded"],
  PreconditionFailed: ["precondition_failed"],
  InvitationNotNeeded: ["invitation_not_needed"],
  ProfilesNotKept: ["profiles_not_kept"],
  ChangeRefused: ["change_refused"],
  CloseNotPossible: ["close_not_possible"],
  SecondFactorElsewhere: ["second_factor_elsewhere"],
  LeaveNotPossible: ["leave_not_possible"],
  CreateRefused: ["create_refused"],
  RegistrationRolledBack: ["registration_rolled_back"],
  CleanupRequired: ["cleanup_required"],
  DatabaseRefused: ["database_refused"],
  ChangeTracked: [
    "remove_tracked",
    "disable_tracked",
    "enable_tracked",
    "reset_mfa_tracked",
    "invite_tracked",
  ],
  Unavailable: ["database_unavailable", "identity_provider_unavailable"],
} as const satisfies Record<Tag, ReadonlyArray<Code>>;

/** The codes of one failure. */
export type CodeOf<T extends Tag> = (typeof CODES)[T][number];
