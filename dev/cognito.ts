/**
 * A local Cognito: cognito-local's own services in this process, with a pool like FLIP's, one client, and two people who
 * have really signed in. Users live in memory and are gone at the end. The helpers act behind the fault switch, as a
 * person at the AWS console would. `cognito-shim.ts` supplies what the emulator lacks.
 */
import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { Router } from "cognito-local/lib/server/Router.js";
import { DateClock } from "cognito-local/lib/services/clock.js";
import { CognitoServiceImpl, USER_POOL_AWS_DEFAULTS } from "cognito-local/lib/services/cognitoService.js";
import type { Services } from "cognito-local/lib/services/index.js";
import { JwtTokenGenerator } from "cognito-local/lib/services/tokenGenerator.js";
import { type User, UserPoolServiceFactoryImpl } from "cognito-local/lib/services/userPoolService.js";
import { type Console, makeConsole } from "./cognito-console.ts";
import { makeLogin } from "./cognito-login.ts";
import { cognitoProvider, type Emulator, type WithPasskey, withTotp } from "./cognito-shim.ts";
import { attribute, context, MemoryStore } from "./cognito-users.ts";
import type { Provider } from "./door.ts";
import { type Mail, Outbox } from "./outbox.ts";
import { POOL_KINDS, type PoolKind, type PoolTraits } from "./pool-kinds.ts";
import { publicJwk } from "./tokens.ts";

/** The attribute that says which registration created a user. */
export const ownershipAttribute = "custom:registration_id";

/** A user as the console shows it. */
export interface Person {
  readonly sub: string;
  /** The pool's name for the user: the `sub` in a pool like FLIP's, for all but users of another identity provider. */
  readonly username: string;
  readonly email: string;
  readonly status: string;
  readonly enabled: boolean;
  /** Every attribute, the ownership tag among them. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The pool, and what one can do to it behind the fault switch. */
export interface Cognito {
  readonly provider: Provider;
  readonly console: Console;
  readonly userPoolId: string;
  readonly clientId: string;
  /** `<door>/<pool>`, with the updated issuer's part between them where the pool has it: the `iss` of its tokens. */
  readonly issuer: string;
  listUsers(): Person[];
  /** By e-mail or by sub, whatever the kind of the pool. */
  getUser(emailOrSub: string): Person | undefined;
  /** A user made by hand: no mail, no tag unless one is given; returns the sub. */
  createUser(email: string, attributes?: Readonly<Record<string, string>>): Promise<string>;
  /** A user with this user name, whatever the kind of the pool; returns the sub. */
  createNamed(username: string, email: string): Promise<string>;
  /** A user of another identity provider, who has signed in; returns the sub. */
  createFederated(email: string): Promise<string>;
  /** A confirmed user and an access token created by signing in. */
  signIn(email: string): Promise<{ sub: string; token: string }>;
  deleteUser(sub: string): Promise<void>;
  setStatus(sub: string, status: "FORCE_CHANGE_PASSWORD" | "CONFIRMED" | "RESET_REQUIRED"): Promise<void>;
  confirm(sub: string): Promise<void>;
  setEnabled(sub: string, enabled: boolean): Promise<void>;
  /** Whether the user has an authenticator app, which `UserMFASettingList` then shows. */
  setTotp(sub: string, enabled: boolean): Promise<void>;
  /** The user's second factors, by Cognito's names. `WEB_AUTHN`: a passkey; `half`: an app whose set-up was not finished. */
  setFactors(sub: string, factors: ReadonlyArray<SecondFactor>): Promise<void>;
  mails(to?: string): Mail[];
  clearMails(): void;
}

/** A second factor of a local user, or the beginning of one. */
export type SecondFactor = "SOFTWARE_TOKEN_MFA" | "SMS_MFA" | "EMAIL_OTP" | "WEB_AUTHN" | "half";

const region = "eu-west-2";

/** The custom attribute of pools that have the ownership tag in one. */
const tagAttribute = {
  Name: ownershipAttribute,
  AttributeDataType: "String",
  DeveloperOnlyAttribute: false,
  Mutable: false,
  Required: false,
  StringAttributeConstraints: { MinLength: "0", MaxLength: "2048" },
} as const;

/** What `npm run doctor` wants to see of a pool. */
const WELL_KEPT: object = {
  DeletionProtection: "ACTIVE",
  AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
  EmailConfiguration: { EmailSendingAccount: "DEVELOPER", From: "registrar@flip.example" },
  Policies: {
    PasswordPolicy: { ...USER_POOL_AWS_DEFAULTS.Policies?.PasswordPolicy, TemporaryPasswordValidityDays: 7 },
    SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD"] },
  },
};

/** Builds the pool; `door` is the public URL in front of it, the start of every token's `iss`. */
export async function createCognito(door: string, kind: PoolKind = "email"): Promise<Cognito> {
  const traits: PoolTraits = POOL_KINDS[kind];
  const userPoolId = `${region}_Local${randomBytes(3).toString("hex")}`;
  const issuerDomain = `${door}${traits.issuer}`;
  const issuer = `${issuerDomain}/${userPoolId}`;
  const outbox = new Outbox();
  const users = new MemoryStore({ Users: {}, Groups: {} }, traits);
  const clock = new DateClock();
  const factory = new UserPoolServiceFactoryImpl(clock, { create: async () => users });
  const cognito = new CognitoServiceImpl("", new MemoryStore({ Clients: {} }, traits), {}, factory);
  // Its `init` would look for pools on disk; ours has none there.
  Object.assign(cognito, { userPools: [] });
  // It asks `enabled` before it calls any trigger, and none is.
  const triggers = { enabled: () => false } as unknown as Services["triggers"];
  const tokenGenerator = new JwtTokenGenerator(clock, triggers, { IssuerDomain: issuerDomain });
  const emulate = Router({
    clock,
    cognito,
    config: {} as Services["config"],
    messages: { deliver: async (_c, _s, _i, _p, user, code) => outbox.record("invitation", user, code) },
    otp: () => "123456",
    tokenGenerator,
    triggers,
  });
  const emulator: Emulator = (operation, request) => emulate(operation)(context, request as never);

  await cognito.createUserPool(context, {
    Id: userPoolId,
    Name: "flip-local",
    Arn: `arn:aws:cognito-idp:${region}:000000000000:userpool/${userPoolId}`,
    ...(traits.signIn === "email" && { UsernameAttributes: ["email"] }),
    ...(traits.signIn === "alias" && { AliasAttributes: ["email"] }),
    UsernameConfiguration: { CaseSensitive: traits.caseSensitive },
    AutoVerifiedAttributes: ["email"],
    MfaConfiguration: traits.mfaRequired ? "ON" : "OPTIONAL",
    ...WELL_KEPT,
    SchemaAttributes: [
      ...(USER_POOL_AWS_DEFAULTS.SchemaAttributes ?? []).map((one) =>
        one.Name === "email" ? { ...one, Required: true, Mutable: false } : one,
      ),
      ...(traits.username === "email" ? [tagAttribute] : []),
    ],
  });
  const pool = await cognito.getUserPool(context, userPoolId);
  pool.getUserByUsername = async (_, name) => users.find(name);
  const made = (await emulator("CreateUserPoolClient", {
    UserPoolId: userPoolId,
    ClientName: "flip-ui",
    ExplicitAuthFlows: ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    AccessTokenValidity: 60,
    IdTokenValidity: 60,
    TokenValidityUnits: { AccessToken: "minutes", IdToken: "minutes" },
    CallbackURLs: ["https://localhost:443"],
  })) as { UserPoolClient: { ClientId: string } };
  const clientId = made.UserPoolClient.ClientId;

  const seek = (emailOrSub: string): User | undefined =>
    users.bySub(emailOrSub) ??
    users.find(emailOrSub) ??
    users.all().find((user) => attribute(user, "email") === emailOrSub);
  function must(emailOrSub: string): User {
    const user = seek(emailOrSub);
    if (user === undefined) throw new Error("The local pool has no such user.");
    return user;
  }
  async function createUser(
    email: string,
    attributes: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const given = Object.entries({ email, email_verified: "true", ...attributes });
    const made = (await emulator("AdminCreateUser", {
      UserPoolId: userPoolId,
      Username: traits.signIn === "email" ? email : `user-${randomBytes(6).toString("hex")}`,
      MessageAction: "SUPPRESS",
      UserAttributes: given.map(([Name, Value]) => ({ Name, Value })),
    })) as { User: User };
    return attribute(made.User, "sub") ?? "";
  }
  async function save(Username: string, UserStatus: User["UserStatus"], more: Record<string, string>) {
    const sub = randomUUID();
    const Attributes = Object.entries({ sub, ...more }).map(([Name, Value]) => ({ Name, Value }));
    const now = new Date();
    await pool.saveUser(context, {
      Username,
      Attributes,
      UserStatus,
      Enabled: true,
      Password: "",
      RefreshTokens: [],
      UserCreateDate: now,
      UserLastModifiedDate: now,
    });
    return sub;
  }
  const createFederated = (email: string) =>
    save(`Google_1${randomInt(10 ** 12)}`, "EXTERNAL_PROVIDER", { email, email_verified: "false" });
  const setStatus = async (sub: string, UserStatus: User["UserStatus"]) =>
    pool.saveUser(context, { ...must(sub), UserStatus });

  const login = makeLogin({ cognito, tokenGenerator, pool, seek });
  const console = await makeConsole({ cognito, pool, clientId }, { keys: [publicJwk], issuer });

  return {
    provider: cognitoProvider({ emulator, pool, traits, outbox, console, login }),
    console,
    userPoolId,
    clientId,
    issuer,
    listUsers: () => users.all().map(personOf),
    getUser: (emailOrSub) => {
      const user = seek(emailOrSub);
      return user && personOf(user);
    },
    createUser,
    createNamed: (username, email) =>
      save(username, "FORCE_CHANGE_PASSWORD", { email, email_verified: "true" }),
    createFederated,
    signIn: async (email) => {
      const { Username } = seek(email) ?? must(await createUser(email));
      const password = randomBytes(18).toString("base64url");
      await emulator("AdminSetUserPassword", {
        UserPoolId: userPoolId,
        Username,
        Password: password,
        Permanent: true,
      });
      const signedIn = (await emulator("AdminInitiateAuth", {
        UserPoolId: userPoolId,
        ClientId: clientId,
        AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: Username, PASSWORD: password },
      })) as { AuthenticationResult: { AccessToken: string } };
      return { sub: personOf(must(Username)).sub, token: signedIn.AuthenticationResult.AccessToken };
    },
    deleteUser: async (sub) => pool.deleteUser(context, must(sub)),
    setStatus,
    confirm: (sub) => setStatus(sub, "CONFIRMED"),
    setEnabled: async (sub, Enabled) => pool.saveUser(context, { ...must(sub), Enabled }),
    setTotp: async (sub, enabled) => {
      const SoftwareTokenMfaConfiguration = { Secret: "LOCAL", Verified: enabled };
      await pool.saveUser(context, {
        ...withTotp(must(sub), enabled, enabled),
        SoftwareTokenMfaConfiguration,
      });
    },
    setFactors: async (sub, factors) => {
      const user: WithPasskey = {
        ...must(sub),
        UserMFASettingList: factors.filter((one) => one !== "WEB_AUTHN" && one !== "half"),
        passkey: factors.includes("WEB_AUTHN"),
      };
      const Verified = factors.includes("SOFTWARE_TOKEN_MFA");
      if (Verified || factors.includes("half"))
        user.SoftwareTokenMfaConfiguration = { Secret: "LOCAL", Verified };
      await pool.saveUser(context, user);
    },
    mails: (to) => outbox.mails(to),
    clearMails: () => outbox.clear(),
  };
}

function personOf(user: User): Person {
  return {
    sub: attribute(user, "sub") ?? "",
    username: user.Username,
    email: attribute(user, "email") ?? "",
    status: user.UserStatus,
    enabled: user.Enabled,
    attributes: Object.fromEntries(user.Attributes.map(({ Name, Value }) => [Name, Value ?? ""])),
  };
}
