/** The directory on AWS Cognito. Every one of its calls may be repeated, and is, once, where the first proved nothing. */
import {
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminUserGlobalSignOutCommand,
  ListUsersCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { Effect, Layer, Option } from "effect";
import { isUserId } from "../../domain/user.ts";
import { Directory } from "../../ports/directory.ts";
import { attributeOf, CognitoClient, once } from "./client.ts";
import { contradiction, makePeople } from "./people.ts";

export const DirectoryCognito = Layer.effect(
  Directory,
  Effect.gen(function* () {
    const cognito = yield* CognitoClient;
    const { UserPoolId, call, toUser } = cognito;
    const people = makePeople(cognito);
    return Directory.of({
      profile: Effect.fn("Directory.profile")(function* (key) {
        const found = yield* isUserId(key) ? people.bySub(key) : people.read(key);
        return Option.map(found, ({ username: _, factors, ...seen }) => ({
          ...seen,
          totp: factors.includes("SOFTWARE_TOKEN_MFA"),
        }));
      }),

      page: Effect.fn("Directory.page")(function* (limit, cursor) {
        const command = new ListUsersCommand({
          UserPoolId,
          Limit: limit,
          ...(cursor !== null && { PaginationToken: cursor }),
        });
        const answer = yield* call("list", (client, options) => client.send(command, options));
        if (!Array.isArray(answer.Users)) return yield* contradiction("list", "the answer holds no users");
        // A member whom we cannot read (no UUID as `sub`) must not hide the others.
        const [users] = yield* Effect.partition(
          answer.Users,
          ({ Username, Attributes, Enabled, UserStatus }) =>
            Effect.map(toUser("list", Username, Attributes), ({ sub }) => ({
              sub,
              email: attributeOf(Attributes, "email") ?? "",
              name: attributeOf(Attributes, "name") ?? null,
              enabled: Enabled ?? true,
              status: UserStatus ?? "UNKNOWN",
            })),
        );
        return { users, next: answer.PaginationToken ?? null };
      }, Effect.retry(once)),

      setEnabled: Effect.fn("Directory.setEnabled")((sub, enabled) => {
        const operation = enabled ? "enable" : "disable";
        return people.act(operation, sub, ({ username }) => {
          const user = { UserPoolId, Username: username };
          const command = enabled ? new AdminEnableUserCommand(user) : new AdminDisableUserCommand(user);
          return call(operation, (client, options) => client.send(command, options)).pipe(
            Effect.retry(once),
            Effect.as("done" as const),
          );
        });
      }),

      resetMfa: Effect.fn("Directory.resetMfa")((sub) =>
        people.act(
          "reset MFA",
          sub,
          Effect.fnUntraced(function* ({ username }) {
            const user = { UserPoolId, Username: username };
            const preference = new AdminSetUserMFAPreferenceCommand({
              ...user,
              SoftwareTokenMfaSettings: { Enabled: false, PreferredMfa: false },
            });
            yield* call("reset MFA", (client, options) => client.send(preference, options));
            const signOut = new AdminUserGlobalSignOutCommand(user);
            yield* call("reset MFA", (client, options) => client.send(signOut, options));
            return "done" as const;
          }, Effect.retry(once)),
        ),
      ),
    });
  }),
);
