/**
 * What the service's own keys may do: each action is asked about a user that cannot exist. Whoever may ask hears that there
 * is no such user; whoever may not hears that first. Nothing is created, changed or mailed.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
 */
import { randomUUID } from "node:crypto";
import {
  AdminCreateUserCommand,
  AdminDeleteSoftwareTokenCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserAuthFactorsCommand,
  AdminGetUserCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminUserGlobalSignOutCommand,
  type CognitoIdentityProviderClient,
  ListUsersCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { type Check, check, NotAsked } from "../check.ts";
import { isBadKey, isDenied, nameOf, type Subject } from "../subject.ts";

/** A name that nobody has: an address below a domain that never exists (RFC 6761), which every kind of pool takes. */
const nobody = () => `registrar-doctor-${randomUUID()}@doctor.invalid`;

/** What Cognito says to who may ask. */
const PERMITTED =
  /^(UserNotFoundException|InvalidParameterException|ResourceNotFoundException|UnsupportedUserStateException)$/;

interface Who {
  readonly UserPoolId: string;
  readonly Username: string;
}
type Ask = (
  client: CognitoIdentityProviderClient,
  who: Who,
  options: { readonly abortSignal: AbortSignal },
) => Promise<unknown>;

const OFF = { Enabled: false, PreferredMfa: false };

/** How each action is asked, and what the service needs it for. */
const ACTIONS: Readonly<Record<string, readonly [for_: string, ask: Ask]>> = {
  AdminGetUser: [
    "to look users up",
    (client, who, options) => client.send(new AdminGetUserCommand(who), options),
  ],
  ListUsers: [
    "to list users, and to find those of another identity provider",
    (client, { UserPoolId }, options) =>
      client.send(new ListUsersCommand({ UserPoolId, Limit: 1, Filter: `sub = "${randomUUID()}"` }), options),
  ],
  AdminCreateUser: [
    "to create users, and to invite them; asked as RESEND, which creates nobody",
    (client, who, options) =>
      client.send(new AdminCreateUserCommand({ ...who, MessageAction: "RESEND" }), options),
  ],
  AdminDeleteUser: [
    "to delete users, and to roll registrations back",
    (client, who, options) => client.send(new AdminDeleteUserCommand(who), options),
  ],
  AdminDisableUser: [
    "to disable users",
    (client, who, options) => client.send(new AdminDisableUserCommand(who), options),
  ],
  AdminEnableUser: [
    "to enable users",
    (client, who, options) => client.send(new AdminEnableUserCommand(who), options),
  ],
  AdminUserGlobalSignOut: [
    "to sign users out",
    (client, who, options) => client.send(new AdminUserGlobalSignOutCommand(who), options),
  ],
  AdminSetUserMFAPreference: [
    "to reset second factors",
    (client, who, options) =>
      client.send(new AdminSetUserMFAPreferenceCommand({ ...who, SoftwareTokenMfaSettings: OFF }), options),
  ],
  AdminDeleteSoftwareToken: [
    "to reset second factors",
    (client, who, options) => client.send(new AdminDeleteSoftwareTokenCommand(who), options),
  ],
  AdminGetUserAuthFactors: [
    "to see which second factors a reset has left",
    (client, who, options) => client.send(new AdminGetUserAuthFactorsCommand(who), options),
  ],
};

type Verdict = "permitted" | "denied" | "no key" | "no pool";

/** Asks one action. Throws NotAsked where the answer says nothing of rights. */
async function asked({ service, settings }: Subject, ask: Ask): Promise<Verdict> {
  const { userPoolId: UserPoolId } = settings();
  try {
    await service((client, options) => ask(client, { UserPoolId, Username: nobody() }, options));
    return "permitted";
  } catch (error) {
    if (isBadKey(error)) return "no key";
    if (isDenied(error)) return "denied";
    if (/user pool/i.test((error as Error).message) && nameOf(error) === "ResourceNotFoundException")
      return "no pool";
    if (PERMITTED.test(nameOf(error))) return "permitted";
    throw new NotAsked(`Cognito has no answer that counts (${nameOf(error)})`);
  }
}

const keys = check({
  id: "rights.keys",
  title: "Keys",
  asks: "AdminGetUser, with the service's own keys",
  faults: {
    refused: {
      status: "wrong",
      means: "AWS does not know the keys, or their secret is another.",
      mend: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY anew, and AWS_SESSION_TOKEN where they are temporary.",
    },
    noPool: {
      status: "wrong",
      means: "The account of these keys has no such pool.",
      mend: "Mend AWS_COGNITO_USER_POOL_ID and AWS_REGION, or take keys of the pool's account.",
    },
  },
  ask: async (subject) => {
    const verdict = await asked(subject, (client, who, options) =>
      client.send(new AdminGetUserCommand(who), options),
    );
    if (verdict === "no key") return { fault: "refused" };
    return verdict === "no pool" ? { fault: "noPool" } : { good: "AWS takes them" };
  },
});

const action = ([name, [purpose, ask]]: readonly [string, readonly [string, Ask]]): Check =>
  check({
    id: `rights.${name}`,
    title: name,
    asks: purpose,
    faults: {
      denied: {
        status: "wrong",
        means: `The service's keys may not call ${name}.`,
        mend: `Allow cognito-idp:${name} on the pool (deploy/iam-policy.json).`,
      },
    },
    ask: async (subject) => {
      const verdict = await asked(subject, ask);
      if (verdict === "no key" || verdict === "no pool")
        throw new NotAsked("the keys or the pool are not right");
      return verdict === "denied" ? { fault: "denied" } : { good: "permitted" };
    },
  });

export const rights: ReadonlyArray<Check> = [keys, ...Object.entries(ACTIONS).map(action)];
