/**
 * How Cognito is called, and what each failure proves: decided here, once, for every operation.
 *
 * Every call is sent by the SDK exactly once (`maxAttempts: 1`): the SDK's own retry would turn a create whose
 * answer was lost into "already exists". Where a repeat is harmless, `sendTwice` repeats it.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/
 */
import { type AttributeType, CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import { isOperationId, type RefusalReason } from "../../domain/operation.ts";
import { UserId } from "../../domain/user.ts";
import { callTimeout } from "../../ports/budget.ts";
import {
  IdentityProviderError,
  Misconfigured,
  OutcomeUnknown,
  type PoolUser,
  Refused,
  Throttled,
  UserAlreadyExists,
} from "../../ports/identity-provider.ts";
import { Settings } from "../../ports/settings.ts";
import { belowSpan } from "../../ports/trace.ts";
import { noteSent } from "./sent.ts";
import { Sha256 } from "./sha256.ts";

const EXISTS = new Set(["UsernameExistsException", "AliasExistsException"]);

const THROTTLED = new Set([
  "BandwidthLimitExceeded",
  "RequestLimitExceeded",
  "RequestThrottledException",
  "SlowDown",
  "Throttling",
  "ThrottledException",
  "ThrottlingException",
  "TooManyRequestsException",
]);

/** Refused for good, and why. An exception that the caller reads for itself (no such user) is here as well. */
const REFUSED: Readonly<Record<string, RefusalReason>> = {
  InvalidParameterException: "other",
  InvalidPasswordException: "password_policy",
  PasswordHistoryPolicyViolationException: "password_policy",
  PasswordResetRequiredException: "user_state",
  PreconditionNotMetException: "other",
  UnsupportedUserStateException: "user_state",
  UserNotConfirmedException: "user_state",
  UserNotFoundException: "user_state",
  ValidationException: "other",
};

/** Refused until somebody mends the deployment, and where. */
const MISCONFIGURED: Readonly<Record<string, RefusalReason>> = {
  AccessDenied: "credentials",
  AccessDeniedException: "credentials",
  ExpiredToken: "credentials",
  ExpiredTokenException: "credentials",
  IncompleteSignature: "credentials",
  IncompleteSignatureException: "credentials",
  InvalidAccessKeyId: "credentials",
  InvalidClientTokenId: "credentials",
  InvalidSignatureException: "credentials",
  MissingAuthenticationToken: "credentials",
  MissingAuthenticationTokenException: "credentials",
  NotAuthorized: "credentials",
  NotAuthorizedException: "credentials",
  OptInRequired: "credentials",
  RequestExpired: "credentials",
  SignatureDoesNotMatch: "credentials",
  UnrecognizedClientException: "credentials",
  FeatureUnavailableInTierException: "pool_configuration",
  ForbiddenException: "pool_configuration",
  InvalidSmsRoleAccessPolicyException: "pool_configuration",
  InvalidSmsRoleTrustRelationshipException: "pool_configuration",
  InvalidUserPoolConfigurationException: "pool_configuration",
  OperationNotEnabledException: "pool_configuration",
  ResourceNotFoundException: "pool_configuration",
  UnknownOperationException: "pool_configuration",
  UserPoolAddOnNotEnabledException: "pool_configuration",
};

/** How the pool is said to be: the ownership attribute that it has to have, and what its user names are. */
interface PoolAsSet {
  readonly attribute: string | null;
  readonly username: "email" | "operation-id";
}

/**
 * What a failure of the SDK proves. `sent`: whether the request had left; one that could not be built or signed has had
 * no effect. A name counts only on an answer from 400 to 499; all else, timeouts and unreadable answers included, proves
 * nothing. Nor does LimitExceeded: the day's mails may be used up by the very call that has made the user.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
 */
export const classify = (
  cause: unknown,
  { attribute, username }: PoolAsSet = { attribute: null, username: "email" },
  sent = true,
): IdentityProviderError["reason"] => {
  const name = errorName(cause);
  const status = httpStatus(cause);
  if (status === undefined) return withoutAnswer(name, sent);
  if (status === 429) return new Throttled();
  if (status < 400 || status >= 500) return new OutcomeUnknown();
  if (EXISTS.has(name)) return new UserAlreadyExists();
  if (THROTTLED.has(name)) return new Throttled();
  if (TRIGGERS.has(name)) return beforeTheUser(name, messageOf(cause));
  if (name === "InvalidParameterException") {
    return invalidParameter(messageOf(cause), { attribute, username });
  }
  const refused = REFUSED[name];
  if (refused !== undefined) return new Refused({ why: refused });
  const misconfigured = MISCONFIGURED[name];
  return misconfigured === undefined ? new OutcomeUnknown() : new Misconfigured({ why: misconfigured });
};

/** What interrupts a call proves nothing, whenever it does. */
const INTERRUPTED = new Set(["AbortError", "TimeoutError"]);

const withoutAnswer = (name: string, sent: boolean): IdentityProviderError["reason"] => {
  if (name === "CredentialsProviderError") return new Misconfigured({ why: "credentials" });
  if (sent || INTERRUPTED.has(name)) return new OutcomeUnknown();
  // Only the credentials reach a header; a key with a line break makes one that cannot be sent.
  return new Misconfigured({ why: name === "TypeError" ? "credentials" : "other" });
};

const messageOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "message") ? String(cause.message).slice(0, MESSAGE_LENGTH_MAX) : "";

/** How much of a provider's text is read. */
const MESSAGE_LENGTH_MAX = 2048;

/** A verdict on what was asked for; or the pool is not one that we can use, which is a deployment to mend. */
const invalidParameter = (
  message: string,
  { attribute, username }: PoolAsSet,
): IdentityProviderError["reason"] => {
  // The pool has no attribute for the tag; or its user names are something else than we were told.
  if (attribute !== null && message.includes(attribute)) return new Misconfigured({ why: POOL });
  if (message.includes("cannot be of email format")) return new Misconfigured({ why: POOL });
  if (username === "operation-id" && /username/i.test(message)) return new Misconfigured({ why: POOL });
  if (/password/i.test(message)) return new Refused({ why: "password_policy" });
  return new Refused({ why: /e-?mail|username/i.test(message) ? "address_not_accepted" : "other" });
};

const POOL = "pool_configuration";

const TRIGGERS = new Set([
  "InvalidLambdaResponseException",
  "UnexpectedLambdaException",
  "UserLambdaValidationException",
]);

/**
 * What a trigger's failure proves. The pre sign-up trigger runs before there is a user: what it refuses is refused, and
 * where it is broken the deployment is. Every other trigger of a create runs when the user may be there.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html
 */
const beforeTheUser = (name: string, message: string): IdentityProviderError["reason"] => {
  if (!/^PreSignUp\b/.test(message)) return new OutcomeUnknown();
  return name !== "InvalidLambdaResponseException" && message.startsWith("PreSignUp failed")
    ? new Refused({ why: "pool_rule" })
    : new Misconfigured({ why: "pool_trigger_broken" });
};

/** The exception's name on the wire, or nothing. */
export const errorName = (cause: unknown): string =>
  Predicate.hasProperty(cause, "name") && Predicate.isString(cause.name) ? cause.name : "";

const httpStatus = (cause: unknown): number | undefined =>
  Predicate.hasProperty(cause, "$metadata") &&
  Predicate.hasProperty(cause.$metadata, "httpStatusCode") &&
  Predicate.isNumber(cause.$metadata.httpStatusCode)
    ? cause.$metadata.httpStatusCode
    : undefined;

/** Whether the provider says that there is no such user. */
export const isAbsent = (error: IdentityProviderError): boolean =>
  errorName(error.cause) === "UserNotFoundException" && (httpStatus(error.cause) ?? 400) < 500;

/**
 * One more try, where the first proved nothing. What refuses the second says nothing of the first, which may have taken
 * effect, or may still: only that there is no such user is true of both.
 */
export const sendTwice = <A, R>(call: Effect.Effect<A, IdentityProviderError, R>) =>
  Effect.catchIf(
    call,
    (first) => first.reason._tag === "OutcomeUnknown" && !isAbsent(first),
    (first) =>
      Effect.mapError(call, (second) =>
        isAbsent(second)
          ? second
          : new IdentityProviderError({
              operation: first.operation,
              reason: first.reason,
              cause: second.cause,
            }),
      ),
  );

type Operation = IdentityProviderError["operation"];

/** Whether a user name can be one that we have given: where case counts, another spelling of it is another user's. */
const isName = (username: string) => isOperationId(username) && username === username.toLowerCase();

/** What every answer that shows a user has. */
const Names = Schema.Struct({ sub: UserId, username: Schema.NonEmptyString });

const make = Effect.gen(function* () {
  const settings = yield* Settings;
  const client = new CognitoIdentityProviderClient({
    region: settings.region,
    maxAttempts: 1,
    sha256: Sha256,
    credentials: {
      accessKeyId: settings.accessKeyId,
      secretAccessKey: Redacted.value(settings.secretAccessKey),
      ...(settings.sessionToken && { sessionToken: Redacted.value(settings.sessionToken) }),
    },
    ...(settings.cognitoEndpoint && { endpoint: settings.cognitoEndpoint }),
  });
  const { ownershipAttribute: attribute, username: named } = settings;
  const asSet = { attribute, username: named };
  const sent = noteSent(client);

  const tagOf = (username: string, value: (name: string) => string | undefined): string | null => {
    if (named === "operation-id") return isName(username) ? username : null;
    return (attribute !== null && value(attribute)) || null;
  };

  return {
    UserPoolId: settings.userPoolId,
    /** The ownership attribute's name; null where none is used. */
    attribute,
    /** Whether users are called by the id of their registration, which is the ownership tag then. */
    isNamedById: named === "operation-id",

    /** Sends one command through the client, once, within its time limit: a longer one where triggers and mail are awaited. */
    call: Effect.fnUntraced(function* <A>(
      operation: Operation,
      send: (client: CognitoIdentityProviderClient, options: { abortSignal: AbortSignal }) => Promise<A>,
    ) {
      const awaited = operation === "create" || operation === "invite";
      const limit = yield* callTimeout(awaited ? settings.cognitoCreateTimeout : settings.cognitoTimeout);
      const abortSignal = AbortSignal.timeout(limit);
      const below = yield* belowSpan;
      return yield* Effect.tryPromise({
        try: () => below(() => send(client, { abortSignal })),
        catch: (cause) => {
          const reason = classify(cause, asSet, sent.has(abortSignal));
          return new IdentityProviderError({ operation, reason, cause });
        },
      });
    }),

    /** Reads a user from their user name and attributes. An answer without a name or a `sub` proves nothing. */
    toUser: (
      operation: Operation,
      username: string | undefined,
      attributes: ReadonlyArray<AttributeType> | undefined,
    ): Effect.Effect<PoolUser, IdentityProviderError> => {
      const value = (name: string) => attributeOf(attributes, name);
      return Schema.decodeUnknownEffect(Names)({ sub: value("sub"), username }).pipe(
        Effect.map((names) => ({ ...names, tag: tagOf(names.username, value) })),
        Effect.mapError(() => {
          const cause = new Error("the answer holds no sub, or no user name");
          return new IdentityProviderError({ operation, reason: new OutcomeUnknown(), cause });
        }),
      );
    },
  };
});

/** The value of one attribute of a user. */
export const attributeOf = (
  attributes: ReadonlyArray<AttributeType> | undefined,
  name: string,
): string | undefined => attributes?.find((entry) => entry.Name === name)?.Value;

/** One client of one pool. It keeps no connection and no request's state. */
export class CognitoClient extends Context.Service<CognitoClient, Effect.Success<typeof make>>()(
  "registrar/ports/CognitoClient",
) {
  static readonly layer = Layer.effect(CognitoClient, make);
}
