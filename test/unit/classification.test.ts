/** What each failure of a provider proves, from the errors that the vendors' own libraries throw. */
import { Readable } from "node:stream";
import {
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  CodeDeliveryFailureException,
  CognitoIdentityProviderClient,
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
import { Effect, Layer, Redacted } from "effect";
import { errors } from "jose";
import { CognitoClient, classify as cognito } from "../../src/adapters/cognito/client.ts";
import { IdentityProviderCognito } from "../../src/adapters/cognito/identity-provider.ts";
import { noteSent } from "../../src/adapters/cognito/sent.ts";
import { classify as jose } from "../../src/adapters/jose/token-verifier.ts";
import { DatabaseNeon, classify as neon } from "../../src/adapters/neon/database.ts";
import { LedgerPostgres } from "../../src/adapters/postgres/ledger.ts";
import type { RefusalReason } from "../../src/domain/operation.ts";
import { DatabaseError, StatementRefused } from "../../src/ports/database.ts";
import { failureName } from "../../src/ports/failure-name.ts";
import {
  IdentityProvider,
  IdentityProviderError,
  OutcomeUnknown,
  Refused,
} from "../../src/ports/identity-provider.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { Settings } from "../../src/ports/settings.ts";
import { settings } from "../simulation/memory/memory.ts";
import { command, operationId } from "../simulation/memory/scene.ts";

const meta = (httpStatusCode: number) => ({ message: "", $metadata: { httpStatusCode } });
const named = (name: string, more: object = {}) => Object.assign(new Error("x"), { name, ...more });
const answered = (name: string, status: number) => named(name, { $metadata: { httpStatusCode: status } });

const TAGGED = { attribute: "custom:registration_id", username: "email" } as const;

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
    [
      "a trigger that ran out of time before there is a user",
      new UnexpectedLambdaException({
        ...meta(400),
        message: "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.",
      }),
      "Misconfigured",
    ],
    [
      "nonsense from a trigger that runs before there is a user",
      new InvalidLambdaResponseException({
        ...meta(400),
        message: "PreSignUp failed: unrecognizable output",
      }),
      "Misconfigured",
    ],
    ["a state of the user that does not allow it", answered("UnsupportedUserStateException", 400), "Refused"],
    ["nobody of this name", answered("UserNotFoundException", 400), "Refused"],
    ["nobody of this name, told with 500", answered("UserNotFoundException", 500), "OutcomeUnknown"],
    ["a replica that takes no changes", answered("OperationNotEnabledException", 400), "Misconfigured"],
    ["a firewall's refusal", answered("ForbiddenException", 403), "Misconfigured"],
    ["a signature that has expired", answered("RequestExpired", 400), "Misconfigured"],
    [
      "an attribute that the pool lacks, of which no answer tells",
      named("InvalidParameterException", {
        message: "custom:registration_id",
      }),
      "OutcomeUnknown",
    ],
    ["denied rights, told with 500", answered("AccessDeniedException", 500), "OutcomeUnknown"],
    ["a redirect", answered("InvalidParameterException", 302), "OutcomeUnknown"],
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
    assert.strictEqual(cognito(cause, TAGGED)._tag, reason);
  });
});

describe("what Cognito refuses", () => {
  const parameter = (message: string) => new InvalidParameterException({ ...meta(400), message });
  const reasons: ReadonlyArray<readonly [RefusalReason, unknown]> = [
    ["address_not_accepted", parameter("Attributes did not conform to the schema: email: too long")],
    ["address_not_accepted", parameter("Invalid email address format.")],
    ["address_not_accepted", parameter("Username should be an email.")],
    ["password_policy", new InvalidPasswordException(meta(400))],
    ["password_policy", parameter("Password did not conform with policy: Password not long enough")],
    [
      "pool_rule",
      new UserLambdaValidationException({ ...meta(400), message: "PreSignUp failed with error no." }),
    ],
    [
      "pool_trigger_broken",
      new UnexpectedLambdaException({ ...meta(400), message: "PreSignUp invocation failed due to x." }),
    ],
    ["pool_configuration", parameter("custom:registration_id: Attribute does not exist in the schema.")],
    ["pool_configuration", parameter("Username cannot be of email format, since …")],
    ["pool_configuration", new ResourceNotFoundException(meta(400))],
    ["credentials", new NotAuthorizedException(meta(400))],
    ["credentials", answered("UnrecognizedClientException", 400)],
    ["user_state", answered("UnsupportedUserStateException", 400)],
    ["other", parameter("1 validation error detected")],
    ["other", new PreconditionNotMetException(meta(400))],
  ];
  it.each([...reasons])("is told as %s", (why, cause) => {
    assert.deepInclude(cognito(cause, TAGGED), { why });
  });
});

describe("a request that was never sent", () => {
  const ask = (overrides: Record<string, string>, more: object = {}) => {
    const deployment = { ...settings({ COGNITO_ENDPOINT: "http://127.0.0.1:9", ...overrides }), ...more };
    const pool = IdentityProviderCognito.pipe(Layer.provide(CognitoClient.layer));
    const ledger = LedgerPostgres.pipe(Layer.provide(DatabaseNeon));
    const layer = Layer.merge(pool, ledger).pipe(Layer.provide(Settings.layer(deployment)));
    return <A, E>(program: Effect.Effect<A, E, IdentityProvider | Ledger>) =>
      Effect.runPromise(Effect.flip(Effect.provide(program, layer)));
  };
  const create = Effect.flatMap(IdentityProvider, (pool) => pool.create(command()));

  it.each([
    ["an access key with a line break", { accessKeyId: "AKIA\nX" }],
    ["an access key that no header can hold", { accessKeyId: "AKIA\u2014X" }],
    ["a session token with a line break", { sessionToken: Redacted.make("a\nb") }],
  ])("because of %s has had no effect", async (_, more) => {
    const error = await ask({}, more)(create);
    assert.deepInclude(error.reason, { _tag: "Misconfigured", why: "credentials" });
  });

  it("is no request that nobody answers", async () => {
    assert.strictEqual((await ask({})(create)).reason._tag, "OutcomeUnknown");
  });

  it("proves that a statement wrote nothing, and waiting does not help", async () => {
    const find = Effect.flatMap(Ledger, (ledger) => ledger.find(operationId(1)));
    const error = await ask({ NEON_ENDPOINT: "http://user:password@127.0.0.1:9/sql" })(find);
    assert.strictEqual(error.reason._tag, "StatementNotSent");
    assert.deepEqual([error.isRefusal, error.isRetryable], [true, false]);
    const silent = await ask({ NEON_ENDPOINT: "http://127.0.0.1:9/sql" })(find);
    assert.strictEqual(silent.reason._tag, "StatementUnknown");
  });
});

describe("an answer without content", () => {
  const answering = async (body: string, command: AdminDeleteUserCommand | AdminDisableUserCommand) => {
    const headers = { "content-type": "application/x-amz-json-1.1" };
    const client = new CognitoIdentityProviderClient({
      region: "eu-west-2",
      credentials: { accessKeyId: "AKIA", secretAccessKey: "secret" },
      maxAttempts: 1,
      requestHandler: {
        handle: async () => ({ response: { statusCode: 200, headers, body: Readable.from([body]) } }),
      },
    });
    const sent = noteSent(client);
    const abortSignal = AbortSignal.timeout(1000);
    return client.send(command as AdminDeleteUserCommand, { abortSignal }).then(
      () => "done",
      (cause: unknown) => cognito(cause, undefined, sent.has(abortSignal))._tag,
    );
  };
  const user = { UserPoolId: "eu-west-2_x", Username: "x" };
  const commands = [
    ["AdminDeleteUser", () => new AdminDeleteUserCommand(user)],
    ["AdminDisableUser", () => new AdminDisableUserCommand(user)],
  ] as const;

  for (const [name, make] of commands) {
    it.each(["", "{}", " { }\n"])(`of ${name} is %j`, async (body) => {
      assert.strictEqual(await answering(body, make()), "done");
    });

    it.each(['{"message":"Welcome"}', '{"User":{}}', "[]", "null", '"x"', "<html>", " ".repeat(100)])(
      `of ${name} is not %j, which proves nothing`,
      async (body) => {
        assert.strictEqual(await answering(body, make()), "OutcomeUnknown");
      },
    );
  }
});

describe("the name of a failure", () => {
  const cases: ReadonlyArray<readonly [string, unknown, string | undefined]> = [
    ["an exception's", new TooManyRequestsException(meta(400)), "TooManyRequestsException"],
    ["an SQLSTATE", Object.assign(new NeonDbError("text"), { code: "57014" }), "57014"],
    ["a timeout's", new DOMException("timed out", "TimeoutError"), "timeout"],
    [
      "a timeout's inside the driver's",
      Object.assign(new NeonDbError("x"), { sourceError: new DOMException("x", "TimeoutError") }),
      "timeout",
    ],
    ["none of a lost connection", new Error("Network connection lost."), undefined],
    ["none with a text in it", named("for alice@hospital.example"), undefined],
    ["none that may be a key", named("AKIAIOSFODNN7EXAMPLE"), undefined],
    ["none that is too long", named("A".repeat(65)), undefined],
    ["none of no error", "oops", undefined],
  ];
  it.each([...cases])("is %s", (_, cause, name) => {
    assert.strictEqual(failureName(cause), name);
  });

  it("follows the call or the statement", () => {
    const cause = named("UnsupportedUserStateException");
    const reason = new Refused({ why: "user_state" });
    assert.strictEqual(
      new IdentityProviderError({ operation: "invite", reason, cause }).inAWord,
      "invite: UnsupportedUserStateException",
    );
    const refused = new StatementRefused({ sqlState: "57014" });
    const error = new DatabaseError({ statement: "ledger.commit", reason: refused, cause: new Error("x") });
    assert.strictEqual(error.inAWord, "ledger.commit: 57014");
    const lost = new IdentityProviderError({
      operation: "find",
      reason: new OutcomeUnknown(),
      cause: new Error("Network connection lost."),
    });
    assert.strictEqual(lost.inAWord, "find: OutcomeUnknown");
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
    ...[
      "22P02",
      "23514",
      "25006",
      "42501",
      "53300",
      "54000",
      "55P03",
      "57014",
      "58030",
      "P0001",
      "F0000",
    ].map((code) => [`SQLSTATE ${code}`, withCode(code), "StatementRefused", false] as const),
    ...["00000", "01000", "02000", "03000", "08000", "08P01", "57P02", "57P03", "57P05", "XX001"].map(
      (code) => [`SQLSTATE ${code}`, withCode(code), "StatementUnknown", true] as const,
    ),
    [
      "a server that has gone down with the statement",
      Object.assign(withCode("58030"), { severity: "PANIC" }),
      "StatementUnknown",
      true,
    ],
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
    ["a code in a text of another kind", withCode("2350"), "StatementUnknown", true],
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

  it("calls its errors by their codes, since a bundle has other names for its classes", () => {
    assert.propertyVal(jose(new errors.JWKSTimeout()).cause, "name", "ERR_JWKS_TIMEOUT");
  });
});
