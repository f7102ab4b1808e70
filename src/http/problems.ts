/**
 * Every problem that a caller can hear, as a table: what the application answers is made from it. What each means is
 * explanations.ts.
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

/** The statuses that problems have. */
type Status = 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 415 | 422 | 429 | 500 | 503;

/** The codes, each with its status. What each means, and what to do, is explanations.ts: no answer needs it. */
export const PROBLEMS = {
  malformed_body: { status: 400 },
  invalid_idempotency_key: { status: 400 },
  invalid_if_match: { status: 400 },
  invalid_user_key: { status: 400 },
  unknown_roles: { status: 400 },
  user_exists: { status: 400 },
  not_authenticated: { status: 401 },
  invalid_token: { status: 401 },
  forbidden: { status: 403 },
  mfa_required: { status: 403 },
  not_oneself: { status: 403 },
  not_found: { status: 404 },
  operation_not_found: { status: 404 },
  user_not_found: { status: 404 },
  method_not_allowed: { status: 405 },
  registration_in_progress: { status: 409 },
  user_removed: { status: 409 },
  own_account: { status: 409 },
  last_manager: { status: 409 },
  superseded: { status: 409 },
  invitation_not_needed: { status: 409 },
  profiles_not_kept: { status: 409 },
  change_refused: { status: 409 },
  close_not_possible: { status: 409 },
  second_factor_elsewhere: { status: 409 },
  leave_not_possible: { status: 409 },
  precondition_failed: { status: 412 },
  body_too_large: { status: 413 },
  unsupported_media_type: { status: 415 },
  invalid_request: { status: 422 },
  idempotency_key_reused: { status: 422 },
  too_many_requests: { status: 429 },
  create_refused: { status: 500 },
  registration_rolled_back: { status: 500 },
  cleanup_required: { status: 500 },
  remove_tracked: { status: 500 },
  disable_tracked: { status: 500 },
  enable_tracked: { status: 500 },
  reset_mfa_tracked: { status: 500 },
  invite_tracked: { status: 500 },
  operation_undecodable: { status: 500 },
  database_refused: { status: 500 },
  internal_error: { status: 500 },
  database_unavailable: { status: 503 },
  identity_provider_unavailable: { status: 503 },
  signing_keys_unavailable: { status: 503 },
} as const satisfies Record<string, { readonly status: Status }>;

/** A problem's code: stable, for machines. */
export type Code = keyof typeof PROBLEMS;

/** A code as it stands in addresses: `user_exists` is `user-exists`. */
export const hyphenated = (code: Code): string => code.replaceAll("_", "-");

/** The path of the page that explains a problem. */
export const pageOf = (code: Code): string => `/problems/${hyphenated(code)}`;

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
