/**
 * The identity provider on AWS Cognito: what a registration needs, and nothing else.
 *
 * The create is never repeated here; reads and deletes are, once, where the first proved nothing.
 */
import { AdminCreateUserCommand, AdminDeleteUserCommand } from "@aws-sdk/client-cognito-identity-provider";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { isUserId } from "../../domain/user.ts";
import { EXTERNAL_PROVIDER } from "../../ports/directory.ts";
import {
  IdentityProvider,
  type IdentityProviderError,
  type KnownUser,
  type PoolUser,
} from "../../ports/identity-provider.ts";
import { Settings } from "../../ports/settings.ts";
import { spanned } from "../../ports/trace.ts";
import { attributeOf, CognitoClient, errorName, isAbsent, sendTwice } from "./client.ts";
import { contradiction, makePeople, type Seen } from "./people.ts";

/** A refusal that another name for the same user may not meet; not one of the user's own state. */
const isAboutTheName = (error: IdentityProviderError): boolean =>
  error.reason._tag === "Refused" && (error.reason.why !== "user_state" || isAbsent(error));

/**
 * Whether the user can be asked for by their `sub` without a look-up: it is the user name that the pool gave them, so it
 * cannot be somebody else's.
 */
const isCalledBySub = ({ sub, username }: KnownUser): boolean => username === sub;

/** Whether a create of this address would meet the user: they have it as user name, or Cognito has made up theirs for it. */
const isMet = (user: Seen, email: string): boolean =>
  user.email === email && (user.username === email || isCalledBySub(user));

const isNamed =
  (name: string) =>
  ({ username }: Seen): boolean =>
    username === name;

const shown = ({ sub, username, tag }: Seen): PoolUser => ({ sub, username, tag });

export const IdentityProviderCognito = Layer.effect(
  IdentityProvider,
  Effect.gen(function* () {
    const { invitation, caseSensitive } = yield* Settings;
    const client = yield* CognitoClient;
    const { UserPoolId, attribute, isNamedById, call, toUser } = client;
    const people = makePeople(client);

    const removeByName = (username: string) => {
      const command = new AdminDeleteUserCommand({ UserPoolId, Username: username });
      return call("remove", (sdk, options) => sdk.send(command, options)).pipe(
        sendTwice,
        Effect.as("deleted" as const),
      );
    };

    // Only the answer's own shape, which names this user, proves that it was they who were invited.
    const resend = Effect.fnUntraced(
      function* (sub: string, username: string) {
        const command = new AdminCreateUserCommand({
          UserPoolId,
          Username: username,
          MessageAction: "RESEND",
          DesiredDeliveryMediums: ["EMAIL"],
        });
        const { User } = yield* call("invite", (sdk, options) => sdk.send(command, options));
        const answered = attributeOf(User?.Attributes, "sub") ?? User?.Username;
        if (answered === sub || answered === username) return "sent" as const;
        return yield* contradiction("invite", "the answer does not name the user");
      },
      Effect.catchIf(
        (error) => errorName(error.cause) === "UnsupportedUserStateException",
        () => Effect.succeed("notNeeded" as const),
      ),
    );

    // A pool whose users sign in by e-mail may insist on an address where AdminCreateUser takes a user name.
    const resendByAddress = Effect.fnUntraced(function* (
      { sub, email }: Seen,
      refusal: IdentityProviderError,
    ) {
      const holder = email === "" ? Option.none<Seen>() : yield* people.read(email);
      if (Option.exists(holder, (user) => user.sub === sub)) return yield* resend(sub, email);
      return yield* refusal;
    });

    return IdentityProvider.of({
      tagsUsers: attribute !== null || isNamedById,
      sharesAddresses: isNamedById,

      create: spanned("IdentityProvider.create")(function* ({ id, email, name }) {
        const command = new AdminCreateUserCommand({
          UserPoolId,
          Username: isNamedById ? id : email,
          UserAttributes: [
            { Name: "email", Value: email },
            { Name: "email_verified", Value: "true" },
            ...(name === null ? [] : [{ Name: "name", Value: name }]),
            ...(attribute === null ? [] : [{ Name: attribute, Value: id }]),
          ],
          DesiredDeliveryMediums: ["EMAIL"],
          ...(invitation === "immediate" ? {} : { MessageAction: "SUPPRESS" as const }),
        });
        const { User } = yield* call("create", (sdk, options) => sdk.send(command, options));
        if (attributeOf(User?.Attributes, "email")?.toLowerCase() !== email) {
          return yield* contradiction("create", "the answer names another address");
        }
        const user = yield* toUser("create", User?.Username, User?.Attributes);
        if (isNamedById && user.username !== id)
          return yield* contradiction("create", "the answer has another user name");
        return user;
      }),

      find: spanned("IdentityProvider.find")(function* (key) {
        const found = yield* isUserId(key) ? people.bySub(key) : people.byAddress(key);
        return Option.map(found, shown);
      }),

      findOwn: spanned("IdentityProvider.findOwn")(function* ({ id, email }) {
        if (!isNamedById) return Option.map(yield* people.read(email), shown);
        // A pool may find somebody by another name of theirs, which they have chosen.
        return Option.map(Option.filter(yield* people.read(id), isNamed(id)), shown);
      }),

      unmetHolders: spanned("IdentityProvider.unmetHolders")(function* (email) {
        if (!caseSensitive && !isNamedById) return [];
        const holders = yield* people.havingAddress(email);
        return holders.filter((user) => isNamedById || !isMet(user, email)).map(shown);
      }),

      remove: spanned("IdentityProvider.remove")(function* (user) {
        const lookUp = people.act("remove", user, ({ username }) => removeByName(username));
        if (!isCalledBySub(user)) return yield* lookUp;
        return yield* removeByName(user.sub).pipe(Effect.catchIf(isAbsent, () => lookUp));
      }),

      // Not repeated here: every message that is sent makes the one before it worthless.
      invite: spanned("IdentityProvider.invite")(function* (user) {
        const lookUp = people.act("invite", user, (seen) =>
          seen.status === EXTERNAL_PROVIDER
            ? Effect.succeed("notNeeded" as const)
            : resend(seen.sub, seen.username).pipe(
                Effect.catchIf(isAboutTheName, (refusal) => resendByAddress(seen, refusal)),
              ),
        );
        if (!isCalledBySub(user)) return yield* lookUp;
        return yield* resend(user.sub, user.sub).pipe(Effect.catchIf(isAboutTheName, () => lookUp));
      }),
    });
  }),
);
