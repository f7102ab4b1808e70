/**
 * The one place where errors become HTTP: problem details (RFC 9457) with FLIP's sentences as `detail`.
 *
 * Exhaustive by type: an error that has no answer here does not compile. No provider's text, stack or secret passes.
 */
import type { RegistrationError } from "../domain/errors.ts";
import type { SigningKeysUnavailable, Unauthenticated } from "../services/TokenVerifier.ts";
import type { RequestError, Violation } from "./errors.ts";
import { BODY_BYTES_MAX } from "./validation.ts";

export type HttpError = RegistrationError | RequestError | Unauthenticated | SigningKeysUnavailable;

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
  readonly registrationId?: string;
  readonly errors?: ReadonlyArray<Violation>;
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Seconds after which a caller should ask again where an attempt is open, or a dependency is down. */
const RETRY_AFTER = { inProgress: 5, keys: 5, database: 5, "identity provider": 10 };

const REALM = 'Bearer realm="registrar"';

const UNAUTHENTICATED: Record<Unauthenticated["reason"], string> = {
  missing: "Not authenticated",
  invalid: "Could not validate credentials",
  expired: "Token has expired",
  "no subject": "Token missing user identifier",
  "bad subject": "Invalid user identifier format",
  "no username": "Token missing username claim",
};

const FORBIDDEN = {
  "register a user": "was unable to register a user",
  "manage users": "was unable to manage users",
};

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

const nothing = (
  status: Problem["status"],
  code: string,
  detail: string,
  more: Partial<Problem> = {},
): Problem => ({
  status,
  code,
  title: TITLES[status],
  detail,
  outcome: "nothing_created",
  retryable: false,
  ...more,
});

const conflict = (code: string, registrationId: string, detail: string, retryable: boolean): Problem =>
  nothing(409, code, detail, {
    ...{ registrationId, retryable },
    ...(retryable && { retryAfter: RETRY_AFTER.inProgress }),
  });

const unavailable = (code: string, what: string, retryAfter: number): Problem =>
  nothing(503, code, `The ${what} cannot be reached at the moment. Please try again.`, {
    retryAfter,
    retryable: true,
  });

/** The answer to an error. */
export const toProblem = (error: HttpError): Problem => {
  switch (error._tag) {
    case "Unauthenticated": {
      const challenge = error.reason === "missing" ? REALM : `${REALM}, error="invalid_token"`;
      const code = error.reason === "missing" ? "not_authenticated" : "invalid_token";
      return nothing(401, code, UNAUTHENTICATED[error.reason], {
        headers: { "WWW-Authenticate": challenge },
      });
    }
    case "SigningKeysUnavailable":
      return unavailable("signing_keys_unavailable", "service that signs the tokens", RETRY_AFTER.keys);
    case "Forbidden":
      return nothing(403, "forbidden", `User with ID: ${error.caller} ${FORBIDDEN[error.action]}`);

    case "NotFound":
      return nothing(404, "not_found", "Not Found");
    case "RegistrationNotFound":
      return nothing(404, "registration_not_found", "There is no registration with this id.");
    case "MethodNotAllowed":
      return nothing(405, "method_not_allowed", "Method Not Allowed", {
        headers: { Allow: error.allow.join(", ") },
      });
    case "UnsupportedMediaType":
      return nothing(
        415,
        "unsupported_media_type",
        "The body must be JSON, sent as Content-Type: application/json.",
      );
    case "BodyTooLarge":
      return nothing(413, "body_too_large", `The body must not be larger than ${BODY_BYTES_MAX} bytes.`);
    case "MalformedBody":
      return nothing(400, "malformed_body", "The body is not valid JSON in UTF-8.");
    case "InvalidIdempotencyKey":
      return nothing(
        ...([400, "invalid_idempotency_key"] as const),
        "The Idempotency-Key header must be one string of 1 to 255 printable ASCII characters.",
      );
    case "InvalidRequest":
      return nothing(422, "invalid_request", sentence(error.violations), { errors: error.violations });

    case "UnknownRoles":
      return nothing(400, "unknown_roles", `Invalid role(s): [${error.roles.join(", ")}]`);
    case "UserExists":
      return nothing(400, "user_exists", `User with email ${error.email} already exists`, {
        registrationId: error.registrationId,
      });
    case "IdempotencyKeyReused":
      return nothing(
        422,
        "idempotency_key_reused",
        "This Idempotency-Key was used before, for another request.",
        {
          registrationId: error.registrationId,
        },
      );
    case "RegistrationInProgress":
      return conflict(
        ...(["registration_in_progress", error.registrationId] as const),
        "A registration of this user is in progress. Please try again in a few seconds.",
        true,
      );
    case "UserLost":
      return conflict(
        ...(["user_removed", error.registrationId] as const),
        "The user of this Idempotency-Key was registered, and has been removed since.",
        false,
      );
    case "CreateRefused":
      return nothing(500, "create_refused", "Failed to create user", {
        ...{ registrationId: error.registrationId, retryable: error.why === "configuration" },
      });
    case "RegistrationRolledBack":
      return nothing(500, "registration_rolled_back", "Failed to register user. Please try again.", {
        ...{ registrationId: error.registrationId, retryable: true, outcome: "rolled_back" },
      });
    case "CleanupRequired":
      return nothing(
        ...([500, "cleanup_required"] as const),
        "Failed to register user; rollback also failed. Manual cleanup of the Cognito user required.",
        { registrationId: error.registrationId, outcome: "tracked", retryable: true },
      );
    case "Unavailable":
      return error.dependency === "signing keys"
        ? unavailable("signing_keys_unavailable", "service that signs the tokens", RETRY_AFTER.keys)
        : unavailable(
            `${error.dependency.replace(" ", "_")}_unavailable`,
            error.dependency,
            RETRY_AFTER[error.dependency],
          );
  }
};

/** The answer to a bug, or to a deployment that cannot work. What became of the attempt, the ledger knows. */
export const internalProblem: Problem = {
  status: 500,
  code: "internal_error",
  title: TITLES[500],
  detail: "Internal server error",
  outcome: "tracked",
  retryable: false,
};

const sentence = (violations: ReadonlyArray<Violation>): string => {
  const fields = [...new Set(violations.map(({ loc }) => loc.slice(1).join(".") || loc.join(".")))];
  const shown = fields.slice(0, 10).join(", ");
  return `The request is not valid: ${shown}${fields.length > 10 ? ` and ${fields.length - 10} more` : ""}.`;
};

/** Writes a problem as the answer to one request. */
export const problemResponse = (problem: Problem, requestId: string): Response => {
  const { status, code, title, detail, outcome, retryable, registrationId, errors, retryAfter, headers } =
    problem;
  const body = {
    type: `urn:registrar:problem:${code.replaceAll("_", "-")}`,
    ...{ title, status, detail },
    instance:
      registrationId === undefined
        ? `urn:registrar:request:${requestId}`
        : `/api/registrations/${registrationId}`,
    ...{ code, outcome, retryable },
    ...(registrationId !== undefined && { registrationId }),
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
