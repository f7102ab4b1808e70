/** The directory on AWS Cognito. Every one of its calls may be repeated, and is, once, where the first proved nothing. */
import {
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminUserGlobalSignOutCommand,
  ListUsersCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { Effect, Layer, Option } from "effect";
import { Directory, type Profile } from "../../ports/directory.ts";
import { attributeOf, CognitoClient, isAbsent, once } from "./client.ts";

export const DirectoryCognito = Layer.effect(
  Directory,
  Effect.gen(function* () {
    const { UserPoolId, call, toUser } = yield* CognitoClient;
    return Directory.of({
      profile: Effect.fn("Directory.profile")(
        function* (key) {
          const command = new AdminGetUserCommand({ UserPoolId, Username: key });
          const user = yield* call("find", (client, options) => client.send(command, options));
          const { sub, tag } = yield* toUser("find", user.UserAttributes);
          return Option.some({
            sub,
            tag,
            email: attributeOf(user.UserAttributes, "email") ?? "",
            name: attributeOf(user.UserAttributes, "name") ?? null,
            enabled: user.Enabled ?? true,
            status: user.UserStatus ?? "UNKNOWN",
            totp: user.UserMFASettingList?.includes("SOFTWARE_TOKEN_MFA") ?? false,
          });
        },
        Effect.retry(once),
        Effect.catchIf(isAbsent, () => Effect.succeed(Option.none<Profile>())),
      ),

      page: Effect.fn("Directory.page")(function* (limit, cursor) {
        const command = new ListUsersCommand({
          UserPoolId,
          Limit: limit,
          ...(cursor !== null && { PaginationToken: cursor }),
        });
        const answer = yield* call("list", (client, options) => client.send(command, options));
        // A member whom we cannot read (no UUID as `sub`) must not hide the others.
        const [users] = yield* Effect.partition(answer.Users ?? [], ({ Attributes, Enabled, UserStatus }) =>
          Effect.map(toUser("list", Attributes), ({ sub }) => ({
            sub,
            email: attributeOf(Attributes, "email") ?? "",
            name: attributeOf(Attributes, "name") ?? null,
            enabled: Enabled ?? true,
            status: UserStatus ?? "UNKNOWN",
          })),
        );
        return { users, next: answer.PaginationToken ?? null };
      }, Effect.retry(once)),

      setEnabled: Effect.fn("Directory.setEnabled")(
        function* (sub, enabled) {
          const user = { UserPoolId, Username: sub };
          yield* enabled
            ? call("enable", (client, options) => client.send(new AdminEnableUserCommand(user), options))
            : call("disable", (client, options) => client.send(new AdminDisableUserCommand(user), options));
          return "done" as const;
        },
        Effect.retry(once),
        Effect.catchIf(isAbsent, () => Effect.succeed("absent" as const)),
      ),

      resetMfa: Effect.fn("Directory.resetMfa")(
        function* (sub) {
          const user = { UserPoolId, Username: sub };
          const preference = new AdminSetUserMFAPreferenceCommand({
            ...user,
            SoftwareTokenMfaSettings: { Enabled: false, PreferredMfa: false },
          });
          yield* call("reset MFA", (client, options) => client.send(preference, options));
          const signOut = new AdminUserGlobalSignOutCommand(user);
          yield* call("reset MFA", (client, options) => client.send(signOut, options));
          return "done" as const;
        },
        Effect.retry(once),
        Effect.catchIf(isAbsent, () => Effect.succeed("absent" as const)),
      ),
    });
  }),
);
