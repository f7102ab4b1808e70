/**
 * The identity provider on AWS Cognito.
 *
 * Every call is sent by the SDK exactly once (`maxAttempts: 1`): the SDK's own retry would turn a create whose
 * answer was lost into "already exists". Reads and deletes are repeated here, where a repeat is harmless.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/
 */
import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminGetUserCommand,
  type AttributeType,
  CognitoIdentityProviderClient,
} from "@aws-sdk/client-cognito-identity-provider";
import { Effect, Layer, Option, Predicate, Redacted, Schedule, Schema } from "effect";
import { Config } from "../config.ts";
import { UserId } from "../domain/User.ts";
import { callTimeout } from "./Budget.ts";
import {
  IdentityProvider,
  IdentityProviderError,
  type InviteUser,
  Misconfigured,
  OutcomeUnknown,
  type PoolUser,
  Refused,
  Throttled,
  UserAlreadyExists,
} from "./IdentityProvider.ts";

const EXISTS = new Set(["UsernameExistsException", "AliasExistsException"]);
const REFUSED = new Set([
  "InvalidParameterException",
  "InvalidPasswordException",
  "PreconditionNotMetException",
]);
const THROTTLED = new Set([
  "TooManyRequestsException",
  "LimitExceededException",
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
 * all else, timeouts and unreadable answers included, proves nothing.
 */
export const classify = (cause: unknown): IdentityProviderError["reason"] => {
  const name = errorName(cause);
  const status = httpStatus(cause);
  if (status === 429) return new Throttled();
  if (status !== undefined && (status < 400 || status >= 500)) return new OutcomeUnknown();
  if (MISCONFIGURED.has(name)) return new Misconfigured();
  if (status === undefined) return new OutcomeUnknown();
  if (EXISTS.has(name)) return new UserAlreadyExists();
  if (REFUSED.has(name)) return new Refused();
  if (THROTTLED.has(name)) return new Throttled();
  return new OutcomeUnknown();
};

const errorName = (cause: unknown): string =>
  Predicate.hasProperty(cause, "name") && Predicate.isString(cause.name) ? cause.name : "";

const httpStatus = (cause: unknown): number | undefined =>
  Predicate.hasProperty(cause, "$metadata") &&
  Predicate.hasProperty(cause.$metadata, "httpStatusCode") &&
  Predicate.isNumber(cause.$metadata.httpStatusCode)
    ? cause.$metadata.httpStatusCode
    : undefined;

const isAbsent = (error: IdentityProviderError) => errorName(error.cause) === "UserNotFoundException";

/** One more try, where the first proved nothing. */
const once = {
  schedule: Schedule.recurs(1),
  while: (error: IdentityProviderError) => error.reason._tag === "OutcomeUnknown" && !isAbsent(error),
};

export const CognitoLive = Layer.effect(
  IdentityProvider,
  Effect.gen(function* () {
    const settings = yield* Config;
    const client = new CognitoIdentityProviderClient({
      region: settings.AWS_REGION,
      maxAttempts: 1,
      credentials: {
        accessKeyId: settings.AWS_ACCESS_KEY_ID,
        secretAccessKey: Redacted.value(settings.AWS_SECRET_ACCESS_KEY),
        ...(settings.AWS_SESSION_TOKEN && { sessionToken: Redacted.value(settings.AWS_SESSION_TOKEN) }),
      },
      ...(settings.COGNITO_ENDPOINT && { endpoint: settings.COGNITO_ENDPOINT }),
    });
    const UserPoolId = settings.AWS_COGNITO_USER_POOL_ID;
    const attribute = settings.OWNERSHIP_ATTRIBUTE;

    const call = Effect.fnUntraced(function* <A>(
      operation: IdentityProviderError["operation"],
      send: (options: { abortSignal: AbortSignal }) => Promise<A>,
    ) {
      const limit = yield* callTimeout(settings.COGNITO_TIMEOUT_MS);
      return yield* Effect.tryPromise({
        try: () => send({ abortSignal: AbortSignal.timeout(limit) }),
        catch: (cause) => new IdentityProviderError({ operation, reason: classify(cause), cause }),
      });
    });

    const toUser = (
      operation: IdentityProviderError["operation"],
      attributes: ReadonlyArray<AttributeType> | undefined,
    ): Effect.Effect<PoolUser, IdentityProviderError> => {
      const value = (name: string) => attributes?.find((entry) => entry.Name === name)?.Value;
      return Schema.decodeUnknownEffect(UserId)(value("sub")).pipe(
        Effect.map((sub) => ({ sub, mark: (attribute !== "" && value(attribute)) || null })),
        Effect.mapError(
          () =>
            new IdentityProviderError({
              operation,
              reason: new OutcomeUnknown(),
              cause: new Error("the answer holds no sub"),
            }),
        ),
      );
    };

    const find = Effect.fnUntraced(function* (key: string) {
      const command = new AdminGetUserCommand({ UserPoolId, Username: key });
      const { UserAttributes } = yield* call("find", (options) => client.send(command, options));
      return yield* toUser("find", UserAttributes);
    });

    const resend = (username: string) => {
      const command = new AdminCreateUserCommand({
        UserPoolId,
        Username: username,
        MessageAction: "RESEND",
        DesiredDeliveryMediums: ["EMAIL"],
      });
      return call("invite", (options) => client.send(command, options));
    };

    // A pool whose users sign in by e-mail may insist on an address where AdminCreateUser takes a user name.
    const resendByAddress = Effect.fnUntraced(function* ({ sub, email }: InviteUser) {
      const holder = yield* find(email);
      if (holder.sub === sub) return yield* resend(email);
      return yield* new IdentityProviderError({
        operation: "invite",
        reason: new Refused(),
        cause: Object.assign(new Error("the address has another user"), { name: "UserNotFoundException" }),
      });
    });

    return IdentityProvider.of({
      marksUsers: attribute !== "",

      create: Effect.fn("IdentityProvider.create")(function* ({ email, mark }) {
        const command = new AdminCreateUserCommand({
          UserPoolId,
          Username: email,
          UserAttributes: [
            { Name: "email", Value: email },
            { Name: "email_verified", Value: "true" },
            ...(attribute === "" ? [] : [{ Name: attribute, Value: mark }]),
          ],
          DesiredDeliveryMediums: ["EMAIL"],
          ...(settings.INVITATION === "immediate" ? {} : { MessageAction: "SUPPRESS" as const }),
        });
        const { User } = yield* call("create", (options) => client.send(command, options));
        return yield* toUser("create", User?.Attributes);
      }),

      find: Effect.fn("IdentityProvider.find")(
        function* (key) {
          return Option.some(yield* find(key));
        },
        Effect.retry(once),
        Effect.catchIf(isAbsent, () => Effect.succeed(Option.none<PoolUser>())),
      ),

      remove: Effect.fn("IdentityProvider.remove")(
        function* (sub) {
          const command = new AdminDeleteUserCommand({ UserPoolId, Username: sub });
          yield* call("remove", (options) => client.send(command, options));
          return "deleted" as const;
        },
        Effect.retry(once),
        Effect.catchIf(isAbsent, () => Effect.succeed("absent" as const)),
      ),

      // Not repeated here: every message that is sent makes the one before it worthless.
      invite: Effect.fn("IdentityProvider.invite")(
        function* ({ sub, email }) {
          yield* resend(sub).pipe(
            Effect.catchReason("IdentityProviderError", "Refused", () => resendByAddress({ sub, email })),
          );
          return "sent" as const;
        },
        Effect.catchIf(isAbsent, () => Effect.succeed("absent" as const)),
        Effect.catchIf(
          (error) => errorName(error.cause) === "UnsupportedUserStateException",
          () => Effect.succeed("notNeeded" as const),
        ),
      ),
    });
  }),
);
