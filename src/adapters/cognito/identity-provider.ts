/**
 * The identity provider on AWS Cognito: what a registration needs, and nothing else.
 *
 * The create is never repeated here; reads and deletes are, once, where the first proved nothing.
 */
import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminGetUserCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { Effect, Layer, Option } from "effect";
import {
  IdentityProvider,
  IdentityProviderError,
  type InviteUser,
  OutcomeUnknown,
  type PoolUser,
  Refused,
} from "../../ports/identity-provider.ts";
import { Settings } from "../../ports/settings.ts";
import { CognitoClient, errorName, isAbsent, once } from "./client.ts";

/** A refusal that another name for the same user may not meet; not one of the user's own state. */
const isAboutTheName = (error: IdentityProviderError): boolean =>
  error.reason._tag === "Refused" &&
  (error.reason.why !== "user_state" || errorName(error.cause) === "UserNotFoundException");

export const IdentityProviderCognito = Layer.effect(
  IdentityProvider,
  Effect.gen(function* () {
    const { invitation } = yield* Settings;
    const { UserPoolId, attribute, call, toUser } = yield* CognitoClient;

    const find = Effect.fnUntraced(function* (key: string) {
      const command = new AdminGetUserCommand({ UserPoolId, Username: key });
      const { UserAttributes } = yield* call("find", (client, options) => client.send(command, options));
      return yield* toUser("find", UserAttributes);
    });

    // Only the answer's own shape, which names the user, proves that there was somebody to invite.
    const resend = Effect.fnUntraced(function* (username: string) {
      const command = new AdminCreateUserCommand({
        UserPoolId,
        Username: username,
        MessageAction: "RESEND",
        DesiredDeliveryMediums: ["EMAIL"],
      });
      const { User } = yield* call("invite", (client, options) => client.send(command, options));
      if (User !== undefined) return;
      const cause = new Error("the answer names no user");
      return yield* new IdentityProviderError({ operation: "invite", reason: new OutcomeUnknown(), cause });
    });

    // A pool whose users sign in by e-mail may insist on an address where AdminCreateUser takes a user name.
    const resendByAddress = Effect.fnUntraced(function* ({ sub, email }: InviteUser) {
      const holder = yield* find(email);
      if (holder.sub === sub) return yield* resend(email);
      return yield* new IdentityProviderError({
        operation: "invite",
        reason: new Refused({ why: "user_state" }),
        cause: Object.assign(new Error("the address has another user"), { name: "UserNotFoundException" }),
      });
    });

    return IdentityProvider.of({
      tagsUsers: attribute !== null,

      create: Effect.fn("IdentityProvider.create")(function* ({ id, email, name }) {
        const command = new AdminCreateUserCommand({
          UserPoolId,
          Username: email,
          UserAttributes: [
            { Name: "email", Value: email },
            { Name: "email_verified", Value: "true" },
            ...(name === null ? [] : [{ Name: "name", Value: name }]),
            ...(attribute === null ? [] : [{ Name: attribute, Value: id }]),
          ],
          DesiredDeliveryMediums: ["EMAIL"],
          ...(invitation === "immediate" ? {} : { MessageAction: "SUPPRESS" as const }),
        });
        const { User } = yield* call("create", (client, options) => client.send(command, options));
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
          yield* call("remove", (client, options) => client.send(command, options));
          return "deleted" as const;
        },
        Effect.retry(once),
        Effect.catchIf(isAbsent, () => Effect.succeed("absent" as const)),
      ),

      // Not repeated here: every message that is sent makes the one before it worthless.
      invite: Effect.fn("IdentityProvider.invite")(
        function* (user) {
          yield* resend(user.sub).pipe(Effect.catchIf(isAboutTheName, () => resendByAddress(user)));
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
