/**
 * The one place where failures become answers: problem details (RFC 9457) with FLIP's sentences as `detail`.
 *
 * Exhaustive by type: a failure without an entry here does not compile, and neither does an entry with a code that
 * problems.ts does not list for it. No provider's text, stack or secret passes.
 */
import type { WhyNotDone } from "../domain/operation.ts";
import type { Violation } from "./errors.ts";
import {
  type Code,
  type CodeOf,
  type HttpError,
  hyphenated,
  PROBLEMS,
  pageOf,
  type Tag,
} from "./problems.ts";
import * as say from "./sentences.ts";
import { BODY_BYTES_MAX } from "./validation.ts";

/**
 * What is certain: nothing was done; what was created was deleted again; the sweeper resolves the operation; what `updated`
 * names was written, and nothing else was done; nothing is, and what was asked for may have been done, or may still be while
 * the request's budget lasts.
 */
export const OUTCOMES = ["nothing_created", "rolled_back", "tracked", "partly_done", "unknown"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** An answer before it knows its request. `retryAfter` in seconds (RFC 9110, section 10.2.3). */
export interface Problem {
  readonly status: (typeof PROBLEMS)[Code]["status"];
  readonly code: Code;
  readonly title: string;
  readonly detail: string;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly operationId?: string | undefined;
  /** Why Cognito refused, or a change has ended without its effect. */
  readonly reason?: WhyNotDone;
  readonly errors?: ReadonlyArray<Violation>;
  /** The users whom the answer is about, where the request does not name them. */
  readonly userIds?: ReadonlyArray<string>;
  /** The user who has what was asked for. */
  readonly userId?: string | undefined;
  /** What was written to the user's profile all the same. */
  readonly updated?: ReadonlyArray<string> | undefined;
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Seconds after which a caller asks again where an operation is open, or a dependency is down. */
const RETRY_AFTER = {
  closing: 20,
  checking: 60,
  inProgress: 5,
  keys: 5,
  database: 5,
  provider: 10,
};

const REALM = 'Bearer realm="registrar"';

const TITLES: Record<Problem["status"], string> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  412: "Precondition failed",
  413: "Content too large",
  415: "Unsupported media type",
  422: "Unprocessable content",
  429: "Too many requests",
  500: "Internal server error",
  503: "Service unavailable",
};

/** An entry: the code and what differs from an answer after which nothing is left and which a repeat hears again. */
type Told<C extends Code> = Pick<Problem, "detail"> &
  Partial<Omit<Problem, "status" | "title" | "code">> & { readonly code: C };

const complete = ({ code, ...told }: Told<Code>): Problem => {
  const { status } = PROBLEMS[code];
  return { status, code, title: TITLES[status], outcome: "nothing_created", retryable: false, ...told };
};

const unreachable = (what: string) => `The ${what} cannot be reached at the moment. Please try again.`;

/** Something else that was asked for was not done; of the profile what `updated` names was. */
const partly = ({ updated }: { readonly updated?: ReadonlyArray<string> }) =>
  updated === undefined ? {} : ({ outcome: "partly_done", updated } as const);

const replayed = (error: { readonly replayed?: boolean }): Record<string, string> =>
  error.replayed === true ? { "Idempotency-Replayed": "true" } : {};

const TOLD: {
  readonly [T in Tag]: (error: Extract<HttpError, { readonly _tag: T }>) => Told<CodeOf<T>>;
} = {
  Unauthenticated: ({ reason }) => {
    const detail = say.UNAUTHENTICATED[reason];
    if (reason === "missing") {
      return { code: "not_authenticated", detail, headers: { "WWW-Authenticate": REALM } };
    }
    const headers = { "WWW-Authenticate": `${REALM}, error="invalid_token"` };
    return { code: "invalid_token", detail, headers };
  },
  SigningKeysUnavailable: () => ({
    code: "signing_keys_unavailable",
    detail: unreachable("service that signs the tokens"),
    retryAfter: RETRY_AFTER.keys,
    retryable: true,
  }),
  Forbidden: ({ caller, action }) => ({
    code: "forbidden",
    detail: `User with ID: ${caller} ${say.FORBIDDEN[action]}`,
  }),
  TooManyRequests: ({ retryAfterSeconds }) => ({
    code: "too_many_requests",
    detail: "Too many requests. Please wait, and then ask less often.",
    retryAfter: retryAfterSeconds,
    retryable: true,
  }),
  MfaRequired: () => ({ code: "mfa_required", detail: "MFA enrolment required" }),
  NotOneself: () => ({
    code: "not_oneself",
    detail: "User ID does not match token ID. Access denied.",
  }),

  NotFound: () => ({ code: "not_found", detail: "Not Found" }),
  OperationNotFound: () => ({
    code: "operation_not_found",
    detail: "There is no operation with this id.",
  }),
  UserNotFound: (error) => ({
    code: "user_not_found",
    detail: say.userNotFound(error),
    ...partly(error),
  }),
  MethodNotAllowed: ({ allow }) => ({
    code: "method_not_allowed",
    detail: "Method Not Allowed",
    headers: { Allow: allow.join(", ") },
  }),
  UnsupportedMediaType: () => ({ code: "unsupported_media_type", detail: say.UNSUPPORTED_MEDIA_TYPE }),
  BodyTooLarge: () => ({
    code: "body_too_large",
    detail: `The body must not be larger than ${BODY_BYTES_MAX} bytes.`,
  }),
  MalformedBody: () => ({ code: "malformed_body", detail: "The body is not valid JSON in UTF-8." }),
  InvalidIdempotencyKey: () => ({ code: "invalid_idempotency_key", detail: say.INVALID_IDEMPOTENCY_KEY }),
  InvalidIfMatch: () => ({ code: "invalid_if_match", detail: say.INVALID_IF_MATCH }),
  InvalidUserKey: () => ({
    code: "invalid_user_key",
    detail: "Invalid user ID format. Must be a valid email or UUID.",
  }),
  InvalidRequest: ({ violations: errors, more }) => ({
    code: "invalid_request",
    detail: say.invalid(errors, more),
    errors,
  }),
  UnknownCursor: () => {
    const errors = [say.UNKNOWN_CURSOR];
    return { code: "invalid_request", detail: say.invalid(errors), errors };
  },

  UnknownRoles: ({ roles }) => ({ code: "unknown_roles", detail: `Invalid role(s): [${roles.join(", ")}]` }),
  UserExists: (error) => ({
    code: "user_exists",
    detail: `User with email ${error.email} already exists`,
    operationId: error.operationId,
    userId: error.userId,
    headers: replayed(error),
  }),
  IdempotencyKeyReused: ({ operationId }) => ({
    code: "idempotency_key_reused",
    detail: say.IDEMPOTENCY_KEY_REUSED,
    operationId,
  }),
  RegistrationInProgress: ({ operationId, retryAfter = RETRY_AFTER.inProgress }) => ({
    code: "registration_in_progress",
    detail: say.IN_PROGRESS,
    operationId,
    retryAfter,
    retryable: true,
  }),
  OperationUndecodable: ({ operationId }) => ({
    code: "operation_undecodable",
    detail: say.OPERATION_UNDECODABLE,
    operationId,
  }),
  UserLost: ({ operationId }) => ({ code: "user_removed", detail: say.USER_REMOVED, operationId }),
  OwnAccount: ({ kind }) => ({ code: "own_account", detail: say.OWN_ACCOUNT[kind] }),
  LastManager: ({ doubtful }) => ({
    code: "last_manager",
    detail: say.lastManager(doubtful),
    ...(doubtful.length > 0 && { userIds: doubtful }),
  }),
  Superseded: () => ({ code: "superseded", detail: say.SUPERSEDED }),
  PreconditionFailed: () => ({ code: "precondition_failed", detail: say.PRECONDITION_FAILED }),
  InvitationNotNeeded: ({ status }) => ({
    code: "invitation_not_needed",
    detail: `${say.INVITATION_NOT_NEEDED} ${status}.`,
  }),

  ChangeRefused: (error) => ({
    code: "change_refused",
    detail: say.changeTracked(error),
    operationId: error.operationId,
    reason: error.reason,
    ...partly(error),
    ...(!error.certain && { outcome: "unknown" }),
  }),
  ProfilesNotKept: () => ({ code: "profiles_not_kept", detail: say.PROFILES_NOT_KEPT }),

  CloseNotPossible: ({ operationId, why }) => ({
    code: "close_not_possible",
    detail: say.CLOSE_NOT_POSSIBLE[why],
    operationId,
    retryable: true,
    retryAfter: RETRY_AFTER[why === "in_progress" ? "closing" : "checking"],
  }),
  SecondFactorElsewhere: () => ({
    code: "second_factor_elsewhere",
    detail: "The user signs in through another identity provider, which keeps their second factor.",
  }),

  LeaveNotPossible: ({ operationId }) => ({
    code: "leave_not_possible",
    detail: say.LEAVE_NOT_POSSIBLE,
    operationId,
  }),

  CreateRefused: (error) => ({
    code: "create_refused",
    detail: "Failed to create user",
    operationId: error.operationId,
    reason: error.reason,
    retryable: error.why === "configuration",
    headers: replayed(error),
  }),
  RegistrationRolledBack: (error) => ({
    code: "registration_rolled_back",
    detail: say.rolledBack(error),
    operationId: error.operationId,
    outcome: "rolled_back",
    retryable: error.needsNewKey !== true,
  }),
  CleanupRequired: (error) => ({
    code: "cleanup_required",
    detail: say.cleanupRequired(error),
    operationId: error.operationId,
    outcome: "tracked",
    retryable: error.needsNewKey !== true,
  }),
  DatabaseRefused: () => ({ code: "database_refused", detail: say.DATABASE_REFUSED }),
  ChangeTracked: (error) => ({
    code: `${error.kind}_tracked`,
    detail: say.changeTracked(error),
    operationId: error.operationId,
    updated: error.updated,
    outcome: "tracked",
    retryable: true,
  }),
  Unavailable: ({ dependency, operationId, inDoubt = false, edition = "2026-09" }) => {
    const outcome = inDoubt ? "unknown" : operationId === undefined ? "nothing_created" : "tracked";
    const shared = { operationId, outcome, retryable: true } as const;
    if (dependency === "database") {
      const detail = inDoubt ? say.IN_DOUBT : unreachable("database");
      return { ...shared, code: "database_unavailable", detail, retryAfter: RETRY_AFTER.database };
    }
    const detail =
      dependency === "user lookup" ? say.USER_LOOKUP_FAILED[edition] : unreachable("identity provider");
    return { ...shared, code: "identity_provider_unavailable", detail, retryAfter: RETRY_AFTER.provider };
  },
};

/** The answer to a failure. */
export const toProblem = (error: HttpError): Problem =>
  complete((TOLD[error._tag] as (error: HttpError) => Told<Code>)(error));

/** The answer to a defect, or of a deployment that cannot work. */
export const internalProblem = (outcome: Outcome): Problem =>
  complete({ code: "internal_error", detail: "Internal server error", outcome });

/** What a problem needs of the request and of the deployment. `publicUrl`: its origin, where it has one. */
export interface Asked {
  readonly requestId: string;
  readonly publicUrl: string | null;
}

/** The address of a problem's page, or a name where nobody knows where the pages are. */
export const problemType = (code: Code, publicUrl: string | null): string =>
  publicUrl === null ? `urn:registrar:problem:${hyphenated(code)}` : `${publicUrl}${pageOf(code)}`;

/** What is told of a problem: the answer's body. */
export const problemBody = (problem: Problem, { requestId, publicUrl }: Asked) => {
  const { status, code, title, detail, outcome, retryable, operationId } = problem;
  const { reason, errors, userId, userIds, updated } = problem;
  return {
    type: problemType(code, publicUrl),
    title,
    status,
    detail,
    instance:
      operationId === undefined ? `urn:registrar:request:${requestId}` : `/api/operations/${operationId}`,
    code,
    outcome,
    retryable,
    ...(operationId !== undefined && { operationId }),
    requestId,
    ...(reason && { reason }),
    ...(errors && { errors }),
    ...(userId && { userId }),
    ...(userIds && { userIds }),
    ...(updated && { updated }),
  };
};

/** Writes a problem as the answer to one request. */
export const problemResponse = (problem: Problem, asked: Asked): Response => {
  const { status, retryAfter, headers } = problem;
  return Response.json(problemBody(problem, asked), {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "X-Request-Id": asked.requestId,
      ...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
      ...headers,
    },
  });
};
