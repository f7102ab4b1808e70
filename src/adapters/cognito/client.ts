/**
 * How Cognito is called, and what each failure proves: decided here, once, for every operation.
 *
 * Every call is sent by the SDK exactly once (`maxAttempts: 1`): the SDK's own retry would turn a create whose
 * answer was lost into "already exists". Where a repeat is harmless, `once` repeats it.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/
 */
import { type AttributeType, CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { Context, Effect, Layer, Predicate, Redacted, Schedule, Schema } from "effect";
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

const EXISTS = new Set(["UsernameExistsException", "AliasExistsException"]);
const REFUSED = new Set([
  "InvalidParameterException",
  "InvalidPasswordException",
  "PreconditionNotMetException",
]);
const THROTTLED = new Set([
  "TooManyRequestsException",
  "ThrottlingException",
  "Throttling",
  "RequestThrottledException",
]);
const MISCONFIGURED = new Set([
  "AccessDeniedException",
  "CredentialsProviderError",
  "ExpiredTokenException",
  "IncompleteSignatureException",
  "InvalidSignatureException",
  "InvalidSmsRoleAccessPolicyException",
  "InvalidSmsRoleTrustRelationshipException",
  "MissingAuthenticationTokenException",
  "NotAuthorizedException",
  "OperationNotEnabledException",
  "ResourceNotFoundException",
  "UnrecognizedClientException",
]);

/**
 * What a failure of the SDK proves. A name counts only on an answer below 500 (or before anything was sent);
 * all else, timeouts and unreadable answers included, proves nothing. Nor does LimitExceeded: the day's mails may be
 * used up by the very call that has made the user. `attribute`: the ownership attribute, which the pool has to have.
 */
export const classify = (
  cause: unknown,
  attribute: string | null = null,
): IdentityProviderError["reason"] => {
  const name = errorName(cause);
  const status = httpStatus(cause);
  if (status === 429) return new Throttled();
  if (status !== undefined && (status < 400 || status >= 500)) return new OutcomeUnknown();
  if (MISCONFIGURED.has(name) || doesNotFit(cause, attribute)) return new Misconfigured();
  if (status === undefined) return new OutcomeUnknown();
  if (EXISTS.has(name)) return new UserAlreadyExists();
  if (REFUSED.has(name)) return new Refused();
  if (THROTTLED.has(name)) return new Throttled();
  return TRIGGERS.has(name) ? beforeTheUser(messageOf(cause)) : new OutcomeUnknown();
};

const messageOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "message") ? String(cause.message) : "";

/** The pool is not one that we can use: a deployment to mend, not a verdict on this user. */
const doesNotFit = (cause: unknown, attribute: string | null): boolean => {
  if (errorName(cause) !== "InvalidParameterException") return false;
  const message = messageOf(cause);
  // The pool has no attribute for the tag; or its user names are something else than addresses.
  return (attribute !== null && message.includes(attribute)) || message.includes("cannot be of email format");
};

const TRIGGERS = new Set(["UserLambdaValidationException", "UnexpectedLambdaException"]);

/**
 * What a trigger's failure proves. The pre sign-up trigger runs before there is a user: what it refuses is refused, and
 * where it is broken the deployment is. Every other trigger of a create runs when the user may be there.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html
 */
const beforeTheUser = (message: string): IdentityProviderError["reason"] => {
  if (message.startsWith("PreSignUp failed")) return new Refused();
  return message.startsWith("PreSignUp invocation failed") ? new Misconfigured() : new OutcomeUnknown();
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

/** One more try, where the first proved nothing. */
export const once = {
  schedule: Schedule.recurs(1),
  while: (error: IdentityProviderError) => error.reason._tag === "OutcomeUnknown" && !isAbsent(error),
};

type Operation = IdentityProviderError["operation"];

const make = Effect.gen(function* () {
  const settings = yield* Settings;
  const client = new CognitoIdentityProviderClient({
    region: settings.region,
    maxAttempts: 1,
    credentials: {
      accessKeyId: settings.accessKeyId,
      secretAccessKey: Redacted.value(settings.secretAccessKey),
      ...(settings.sessionToken && { sessionToken: Redacted.value(settings.sessionToken) }),
    },
    ...(settings.cognitoEndpoint && { endpoint: settings.cognitoEndpoint }),
  });
  const attribute = settings.ownershipAttribute;

  return {
    UserPoolId: settings.userPoolId,
    /** The ownership attribute's name; null where the pool has none. */
    attribute,

    /** Sends one command through the client, once, within its time limit. */
    call: Effect.fnUntraced(function* <A>(
      operation: Operation,
      send: (client: CognitoIdentityProviderClient, options: { abortSignal: AbortSignal }) => Promise<A>,
    ) {
      const limit = yield* callTimeout(settings.cognitoTimeout);
      return yield* Effect.tryPromise({
        try: () => send(client, { abortSignal: AbortSignal.timeout(limit) }),
        catch: (cause) => new IdentityProviderError({ operation, reason: classify(cause, attribute), cause }),
      });
    }),

    /** Reads a user from their attributes. An answer without a `sub` proves nothing. */
    toUser: (
      operation: Operation,
      attributes: ReadonlyArray<AttributeType> | undefined,
    ): Effect.Effect<PoolUser, IdentityProviderError> => {
      const value = (name: string) => attributeOf(attributes, name);
      return Schema.decodeUnknownEffect(UserId)(value("sub")).pipe(
        Effect.map((sub) => ({ sub, tag: (attribute !== null && value(attribute)) || null })),
        Effect.mapError(() => {
          const cause = new Error("the answer holds no sub");
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
