/** What each failure of a provider proves, from the errors that the vendors' own libraries throw. */
import {
  CodeDeliveryFailureException,
  InternalErrorException,
  InvalidLambdaResponseException,
  InvalidParameterException,
  InvalidPasswordException,
  NotAuthorizedException,
  PreconditionNotMetException,
  ResourceNotFoundException,
  TooManyRequestsException,
  UnexpectedLambdaException,
  UserLambdaValidationException,
  UsernameExistsException,
} from "@aws-sdk/client-cognito-identity-provider";
import { assert, describe, it } from "@effect/vitest";
import { NeonDbError } from "@neondatabase/serverless";
import { errors } from "jose";
import { classify as cognito } from "../../src/adapters/cognito/client.ts";
import { classify as jose } from "../../src/adapters/jose/token-verifier.ts";
import { classify as neon } from "../../src/adapters/neon/database.ts";

const meta = (httpStatusCode: number) => ({ message: "", $metadata: { httpStatusCode } });
const named = (name: string, more: object = {}) => Object.assign(new Error("x"), { name, ...more });
const answered = (name: string, status: number) => named(name, { $metadata: { httpStatusCode: status } });

describe("Cognito", () => {
  const cases: ReadonlyArray<readonly [string, unknown, string]> = [
    ["an existing user", new UsernameExistsException(meta(400)), "UserAlreadyExists"],
    ["an existing alias", answered("AliasExistsException", 400), "UserAlreadyExists"],
    ["a bad parameter", new InvalidParameterException(meta(400)), "Refused"],
    [
      "an attribute that the pool lacks",
      new InvalidParameterException({
        ...meta(400),
        message: "Attributes did not conform to the schema: custom:registration_id: Attribute does not exist",
      }),
      "Misconfigured",
    ],
    [
      "an attribute that the pool lacks, told with 500",
      new InvalidParameterException({ ...meta(500), message: "custom:registration_id" }),
      "OutcomeUnknown",
    ],
    [
      "an address that the pool's schema does not take",
      new InvalidParameterException({
        ...meta(400),
        message: "Attributes did not conform to the schema: email: Email length exceeds maximum",
      }),
      "Refused",
    ],
    [
      "a pool whose user names are not addresses",
      new InvalidParameterException({
        ...meta(400),
        message: "Username cannot be of email format, since user pool is configured for email alias.",
      }),
      "Misconfigured",
    ],
    [
      "a rule of a trigger that runs before there is a user",
      new UserLambdaValidationException({
        ...meta(400),
        message: "PreSignUp failed with error only our own domains are admitted.",
      }),
      "Refused",
    ],
    [
      "a trigger that is broken, and runs before there is a user",
      new UnexpectedLambdaException({
        ...meta(400),
        message: "PreSignUp invocation failed due to configuration.",
      }),
      "Misconfigured",
    ],
    [
      "a trigger that runs when there is a user",
      new UserLambdaValidationException({
        ...meta(400),
        message: "CustomMessage failed with error PreSignUp failed with error x.",
      }),
      "OutcomeUnknown",
    ],
    [
      "the day's mails used up: the user may be there",
      answered("LimitExceededException", 400),
      "OutcomeUnknown",
    ],
    ["a bad password", new InvalidPasswordException(meta(400)), "Refused"],
    ["a precondition", new PreconditionNotMetException(meta(400)), "Refused"],
    ["too many requests", new TooManyRequestsException(meta(400)), "Throttled"],
    ["429 without a name", answered("Unknown", 429), "Throttled"],
    ["a throttled account", answered("ThrottlingException", 400), "Throttled"],
    ["missing rights", new NotAuthorizedException(meta(400)), "Misconfigured"],
    ["a missing pool", new ResourceNotFoundException(meta(400)), "Misconfigured"],
    ["a denied key", answered("AccessDeniedException", 400), "Misconfigured"],
    ["a wrong signature", answered("InvalidSignatureException", 403), "Misconfigured"],
    ["an expired session token", answered("ExpiredTokenException", 400), "Misconfigured"],
    ["credentials that nobody gave", named("CredentialsProviderError"), "Misconfigured"],
    ["an internal error", new InternalErrorException(meta(500)), "OutcomeUnknown"],
    ["an HTML page with 503", answered("SyntaxError", 503), "OutcomeUnknown"],
    ["an existing user, told with 500", new UsernameExistsException(meta(500)), "OutcomeUnknown"],
    ["a bad parameter, told with 502", new InvalidParameterException(meta(502)), "OutcomeUnknown"],
    ["a 200 that cannot be read", answered("SyntaxError", 200), "OutcomeUnknown"],
    ["a message that did not leave", new CodeDeliveryFailureException(meta(400)), "OutcomeUnknown"],
    ["a trigger that failed", new UnexpectedLambdaException(meta(400)), "OutcomeUnknown"],
    ["a trigger that answered nonsense", new InvalidLambdaResponseException(meta(400)), "OutcomeUnknown"],
    ["a trigger that refused", new UserLambdaValidationException(meta(400)), "OutcomeUnknown"],
    ["a timeout of ours", new DOMException("timed out", "TimeoutError"), "OutcomeUnknown"],
    ["an abort", named("AbortError"), "OutcomeUnknown"],
    ["a lost connection", new Error("Network connection lost."), "OutcomeUnknown"],
    ["an existing user of whom no answer tells", named("UsernameExistsException"), "OutcomeUnknown"],
    ["a name that nobody knows", answered("BrandNewException", 400), "OutcomeUnknown"],
    ["a thing that is no error", "oops", "OutcomeUnknown"],
    ["nothing", undefined, "OutcomeUnknown"],
  ];
  it.each([...cases])("takes %s for $2", (_, cause, reason) => {
    assert.strictEqual(cognito(cause, "custom:registration_id")._tag, reason);
  });
});

describe("Neon", () => {
  const withCode = (code: string | undefined) =>
    Object.assign(new NeonDbError("text"), code === undefined ? {} : { code });
  const cases: ReadonlyArray<readonly [string, unknown, string, boolean]> = [
    ["a broken rule", withCode("23505"), "StatementRefused", false],
    ["a missing table", withCode("42P01"), "StatementRefused", false],
    ["a wrong password", withCode("28P01"), "StatementRefused", false],
    ["a lost race", withCode("40001"), "StatementRefused", true],
    ["a deadlock", withCode("40P01"), "StatementRefused", true],
    ["a statement whose end is unknown", withCode("40003"), "StatementUnknown", true],
    ["a connection that broke", withCode("08006"), "StatementUnknown", true],
    ["a cancelled query", withCode("08P01"), "StatementUnknown", true],
    ["a server that shuts down", withCode("57P01"), "StatementUnknown", true],
    ["an internal error", withCode("XX000"), "StatementUnknown", true],
    ["400 with an empty code", withCode(""), "StatementUnknown", true],
    ["a code that is none", withCode("ECONNRESET"), "StatementUnknown", true],
    ["an answer without a code", withCode(undefined), "StatementUnknown", true],
    [
      "a request that failed",
      Object.assign(new NeonDbError("Error connecting to database: fetch failed"), {
        sourceError: new DOMException("timed out", "TimeoutError"),
      }),
      "StatementUnknown",
      true,
    ],
    ["a truncated answer", new SyntaxError("Unexpected end of JSON input"), "StatementUnknown", true],
    ["a code on another's error", named("Error", { code: "23505" }), "StatementUnknown", true],
  ];
  it.each([...cases])("takes %s for $2", (_, cause, reason, isRetryable) => {
    const classified = neon(cause);
    assert.strictEqual(classified._tag, reason);
    assert.strictEqual(classified.isRetryable, isRetryable);
  });
});

describe("jose", () => {
  const payload = { sub: "x" };
  const cases: ReadonlyArray<readonly [string, unknown, string]> = [
    ["an expired token", new errors.JWTExpired("exp", payload), "expired"],
    ["a claim that does not fit", new errors.JWTClaimValidationFailed("iss", payload), "invalid"],
    ["a wrong signature", new errors.JWSSignatureVerificationFailed(), "invalid"],
    ["a text that is no token", new errors.JWSInvalid("no"), "invalid"],
    ["an algorithm that is not allowed", new errors.JOSEAlgNotAllowed("no"), "invalid"],
    ["an unknown key", new errors.JWKSNoMatchingKey(), "invalid"],
    ["keys that take too long", new errors.JWKSTimeout(), "keys"],
    ["keys that are none", new errors.JWKSInvalid("no"), "keys"],
    ["keys that are answered with 500", new errors.JOSEError("Expected 200 OK"), "keys"],
    ["a lost connection", new TypeError("fetch failed"), "keys"],
  ];
  it.each([...cases])("takes %s for $2", (_, cause, expected) => {
    const error = jose(cause);
    assert.strictEqual(error._tag === "Unauthenticated" ? error.reason : "keys", expected);
    assert.strictEqual(error.cause, cause);
  });
});
