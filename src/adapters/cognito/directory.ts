/** The directory on AWS Cognito. Every one of its calls may be repeated, and is, once, where the first proved nothing. */
import {
  AdminDeleteSoftwareTokenCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserAuthFactorsCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminUserGlobalSignOutCommand,
  ListUsersCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { isUserId } from "../../domain/user.ts";
import { Directory } from "../../ports/directory.ts";
import type { IdentityProviderError } from "../../ports/identity-provider.ts";
import { inSpan, spanned } from "../../ports/trace.ts";
import { CognitoClient, errorName, isAbsent, sendTwice } from "./client.ts";
import { contradiction, makePeople, shown } from "./people.ts";

export const DirectoryCognito = Layer.effect(
  Directory,
  Effect.gen(function* () {
    const cognito = yield* CognitoClient;
    const { UserPoolId, call, toUser } = cognito;
    const people = makePeople(cognito);
    return Directory.of({
      profile: spanned("Directory.profile")(function* (key) {
        const found = yield* isUserId(key) ? people.bySub(key) : people.byAddress(key);
        return Option.map(found, ({ username: _, factors, ...seen }) => ({
          ...seen,
          totp: factors.includes("SOFTWARE_TOKEN_MFA"),
        }));
      }),

      page: spanned("Directory.page")(function* (limit, cursor) {
        const command = new ListUsersCommand({
          UserPoolId,
          Limit: limit,
          ...(cursor !== null && { PaginationToken: cursor }),
        });
        const answer = yield* call("list", (client, options) => client.send(command, options));
        if (!Array.isArray(answer.Users)) return yield* contradiction("list", "the answer holds no users");
        // A member whom we cannot read (no UUID as `sub`) must not hide the others.
        const [users] = yield* Effect.partition(answer.Users, (user) =>
          Effect.map(toUser("list", user.Username, user.Attributes), ({ sub, tag }) => ({
            sub,
            tag,
            ...shown(user, user.Attributes),
          })),
        );
        return { users, next: answer.PaginationToken ?? null };
      }, sendTwice),

      setEnabled: (sub, enabled) => {
        const operation = enabled ? "enable" : "disable";
        return people
          .act(operation, { sub }, ({ username }) => {
            const user = { UserPoolId, Username: username };
            const command = enabled ? new AdminEnableUserCommand(user) : new AdminDisableUserCommand(user);
            return call(operation, (client, options) => client.send(command, options)).pipe(
              sendTwice,
              Effect.as("done" as const),
            );
          })
          .pipe(inSpan("Directory.setEnabled"));
      },

      // What a reset has not achieved is read back: a factor that cannot be switched off does not keep the others.
      resetMfa: (sub) =>
        people
          .act(
            RESET,
            { sub },
            Effect.fnUntraced(function* ({ username, factors }) {
              const user = { UserPoolId, Username: username };
              for (const factor of factors) {
                const settings = SWITCHED_OFF[factor];
                if (settings === undefined) continue;
                const preference = new AdminSetUserMFAPreferenceCommand({ ...user, ...settings });
                yield* call(RESET, (client, options) => client.send(preference, options)).pipe(unlessRefused);
              }
              const token = new AdminDeleteSoftwareTokenCommand(user);
              yield* call(RESET, (client, options) => client.send(token, options)).pipe(unlessRefused);
              const signOut = new AdminUserGlobalSignOutCommand(user);
              yield* call(RESET, (client, options) => client.send(signOut, options));
              return "done" as const;
            }, sendTwice),
          )
          .pipe(inSpan("Directory.resetMfa")),

      secondFactors: (sub) =>
        people
          .act(
            "find",
            { sub },
            Effect.fnUntraced(function* ({ username, factors }) {
              const command = new AdminGetUserAuthFactorsCommand({ UserPoolId, Username: username });
              const answer = yield* call("find", (client, options) => client.send(command, options));
              if (answer.Username === undefined)
                return yield* contradiction("find", "the answer names nobody");
              const registered = (answer.ConfiguredUserAuthFactors ?? []).flatMap(
                (one) => REGISTERED[one] ?? [],
              );
              return [...new Set([...factors, ...(answer.UserMFASettingList ?? []), ...registered])];
            }, sendTwice),
          )
          .pipe(inSpan("Directory.secondFactors")),
    });
  }),
);

const RESET = "reset MFA";

const OFF = { Enabled: false, PreferredMfa: false };

/** How each second factor is switched off, by its name in `UserMFASettingList`. A passkey is its user's to remove. */
const SWITCHED_OFF: Readonly<Record<string, object>> = {
  SOFTWARE_TOKEN_MFA: { SoftwareTokenMfaSettings: OFF },
  SMS_MFA: { SMSMfaSettings: OFF },
  EMAIL_OTP: { EmailMfaSettings: OFF },
};

/**
 * The authentication factors that a user has registered, by our name for each. Codes by mail and by text message are
 * offered to everybody in some pools, so they count where they are switched on as a second factor only.
 */
const REGISTERED: Readonly<Record<string, string>> = {
  SOFTWARE_TOKEN: "SOFTWARE_TOKEN_MFA",
  WEB_AUTHN: "WEB_AUTHN",
};

/** What Cognito answers where there is no authenticator app to delete. */
const NO_TOKEN = new Set(["ResourceNotFoundException", "SoftwareTokenMFANotFoundException"]);

/** A definite refusal leaves a factor as it is; of a user who is not there it says that. */
const unlessRefused = <A>(call: Effect.Effect<A, IdentityProviderError>) =>
  Effect.catchIf(
    call,
    (error) => !isAbsent(error) && (error.reason._tag === "Refused" || NO_TOKEN.has(errorName(error.cause))),
    () => Effect.void,
  );
