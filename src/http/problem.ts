/**
 * The one place where errors become HTTP: problem details (RFC 9457) with FLIP's sentences as `detail`.
 *
 * Exhaustive by type: an error that has no answer here does not compile. No provider's text, stack or secret passes.
 */
import type { ManagementError, RegistrationError } from "../domain/errors.ts";
import type { SigningKeysUnavailable, Unauthenticated } from "../ports/token-verifier.ts";
import type { RequestError, Violation } from "./errors.ts";
import * as say from "./sentences.ts";
import { BODY_BYTES_MAX } from "./validation.ts";

export type HttpError =
  | RegistrationError
  | ManagementError
  | RequestError
  | Unauthenticated
  | SigningKeysUnavailable;

/** What is certain about the user: none was created; he was deleted again; the ledger will see to him. */
export type Outcome = "nothing_created" | "rolled_back" | "tracked";

/** An answer before it knows its request. `retryAfter` in seconds (RFC 9110, section 10.2.3). */
export interface Problem {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 500 | 503;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly operationId?: string;
  readonly errors?: ReadonlyArray<Violation>;
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Seconds after which a caller should ask again where a registration is open, or a dependency is down. */
const RETRY_AFTER = { inProgress: 5, keys: 5, database: 5, provider: 10 };

const REALM = 'Bearer realm="registrar"';

const TITLES = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Content too large",
  415: "Unsupported media type",
  422: "Unprocessable content",
  500: "Internal server error",
  503: "Service unavailable",
} as const;

type Status = Problem["status"];

/** An answer after which nothing of this request is left, and which a repeat hears again; unless `more` says other. */
const refusal = (status: Status, code: string, detail: string, more: Partial<Problem> = {}): Problem => {
  const title = TITLES[status];
  return { status, code, title, detail, outcome: "nothing_created", retryable: false, ...more };
};

const unavailable = (
  code: string,
  what: string,
  retryAfter: number,
  more: Partial<Problem> = {},
): Problem => {
  const detail = `The ${what} cannot be reached at the moment. Please try again.`;
  return refusal(503, code, detail, { retryAfter, retryable: true, ...more });
};

const replayed = (error: { readonly replayed?: boolean }): Record<string, string> =>
  error.replayed === true ? { "Idempotency-Replayed": "true" } : {};

/** The answer to an error. */
export const toProblem = (error: HttpError): Problem => {
  switch (error._tag) {
    case "Unauthenticated": {
      const known = error.reason !== "missing";
      const headers = { "WWW-Authenticate": known ? `${REALM}, error="invalid_token"` : REALM };
      const code = known ? "invalid_token" : "not_authenticated";
      return refusal(401, code, say.UNAUTHENTICATED[error.reason], { headers });
    }
    case "SigningKeysUnavailable":
      return unavailable("signing_keys_unavailable", "service that signs the tokens", RETRY_AFTER.keys);
    case "Forbidden":
      return refusal(403, "forbidden", `User with ID: ${error.caller} ${say.FORBIDDEN[error.action]}`);
    case "MfaRequired":
      return refusal(403, "mfa_required", "MFA enrolment required");
    case "NotOneself":
      return refusal(403, "not_oneself", "User ID does not match token ID. Access denied.");

    case "NotFound":
      return refusal(404, "not_found", "Not Found");
    case "OperationNotFound":
      return refusal(404, "operation_not_found", "There is no operation with this id.");
    case "UserNotFound":
      return refusal(404, "user_not_found", say.userNotFound(error));
    case "MethodNotAllowed": {
      const headers = { Allow: error.allow.join(", ") };
      return refusal(405, "method_not_allowed", "Method Not Allowed", { headers });
    }
    case "UnsupportedMediaType":
      return refusal(415, "unsupported_media_type", say.UNSUPPORTED_MEDIA_TYPE);
    case "BodyTooLarge":
      return refusal(413, "body_too_large", `The body must not be larger than ${BODY_BYTES_MAX} bytes.`);
    case "MalformedBody":
      return refusal(400, "malformed_body", "The body is not valid JSON in UTF-8.");
    case "InvalidIdempotencyKey":
      return refusal(400, "invalid_idempotency_key", say.INVALID_IDEMPOTENCY_KEY);
    case "InvalidUserKey":
      return refusal(400, "invalid_user_key", "Invalid user ID format. Must be a valid email or UUID.");
    case "InvalidRequest": {
      const errors = error.violations;
      return refusal(422, "invalid_request", say.invalid(errors), { errors });
    }
    case "UnknownCursor": {
      const errors = [say.UNKNOWN_CURSOR];
      return refusal(422, "invalid_request", say.invalid(errors), { errors });
    }

    case "UnknownRoles":
      return refusal(400, "unknown_roles", `Invalid role(s): [${error.roles.join(", ")}]`);
    case "UserExists": {
      const { operationId, email } = error;
      const more = { operationId, headers: replayed(error) };
      return refusal(400, "user_exists", `User with email ${email} already exists`, more);
    }
    case "IdempotencyKeyReused": {
      const { operationId } = error;
      return refusal(422, "idempotency_key_reused", say.IDEMPOTENCY_KEY_REUSED, { operationId });
    }
    case "RegistrationInProgress": {
      const { operationId, retryAfter = RETRY_AFTER.inProgress } = error;
      const more = { operationId, retryAfter, retryable: true };
      return refusal(409, "registration_in_progress", say.IN_PROGRESS, more);
    }
    case "UserLost": {
      const { operationId } = error;
      return refusal(409, "user_removed", say.USER_REMOVED, { operationId });
    }
    case "OwnAccount":
      return refusal(409, "own_account", say.OWN_ACCOUNT[error.kind]);
    case "LastManager":
      return refusal(409, "last_manager", "At least one user must keep the permission to manage users.");
    case "InvitationNotNeeded":
      return refusal(409, "invitation_not_needed", `${say.INVITATION_NOT_NEEDED} ${error.status}.`);

    case "CreateRefused": {
      const { operationId, why } = error;
      const more = { operationId, retryable: why === "configuration", headers: replayed(error) };
      return refusal(500, "create_refused", "Failed to create user", more);
    }
    case "RegistrationRolledBack": {
      const { operationId } = error;
      const more = { operationId, retryable: true, outcome: "rolled_back" } as const;
      return refusal(500, "registration_rolled_back", say.rolledBack(error), more);
    }
    case "CleanupRequired": {
      const { operationId } = error;
      const more = { operationId, retryable: true, outcome: "tracked" } as const;
      return refusal(500, "cleanup_required", say.cleanupRequired(error), more);
    }
    case "ChangeTracked": {
      const { operationId, kind } = error;
      const more = { operationId, retryable: true, outcome: "tracked" } as const;
      return refusal(500, `${kind}_tracked`, say.CHANGE_TRACKED[kind], more);
    }

    case "Unavailable": {
      const { dependency, operationId } = error;
      const more = operationId && ({ operationId, outcome: "tracked" } as const);
      if (dependency === "database")
        return unavailable("database_unavailable", dependency, RETRY_AFTER.database, more);
      const problem = unavailable(
        "identity_provider_unavailable",
        "identity provider",
        RETRY_AFTER.provider,
        more,
      );
      return dependency === "user lookup" ? { ...problem, detail: say.USER_LOOKUP_FAILED } : problem;
    }
  }
};

/** The answer to a bug, or to a deployment that cannot work. */
export const internalProblem = (outcome: Outcome): Problem =>
  refusal(500, "internal_error", "Internal server error", { outcome });

/** Writes a problem as the answer to one request. */
export const problemResponse = (problem: Problem, requestId: string): Response => {
  const { status, code, title, detail, outcome, retryable, operationId, errors, retryAfter, headers } =
    problem;
  const body = {
    type: `urn:registrar:problem:${code.replaceAll("_", "-")}`,
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
    ...(errors && { errors }),
  };
  return Response.json(body, {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      ...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
      ...headers,
    },
  });
};
