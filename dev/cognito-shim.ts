/**
 * What real Cognito does and cognito-local 5.3 does not: RESEND, MFA preferences, global sign-out, pages of ListUsers,
 * attributes checked against the pool's schema, request signatures asked for and held against the policy of their key,
 * the settings that it does not show, dates with milliseconds.
 * Everything else goes to cognito-local unchanged. RESEND's refusals and the page size are as AWS or its users report
 * them; the wording of refusals and the checks of schema and signature are our best understanding, never compared with a
 * live pool, so test against the exceptions' names only. Throttling and stale reads are not imitated: use the faults.
 */
import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { CognitoError, UnsupportedError } from "cognito-local/lib/errors.js";
import type { User, UserPoolService } from "cognito-local/lib/services/userPoolService.js";
import { userToResponseObject } from "cognito-local/lib/targets/responses.js";
import type { Console } from "./cognito-console.ts";
import type { Login } from "./cognito-login.ts";
import { attribute, context } from "./cognito-users.ts";
import type { Answer, Arrival, Provider } from "./door.ts";
import type { Outbox } from "./outbox.ts";
import { type PoolTraits, refusedDomain } from "./pool-kinds.ts";

/** A request's body: Cognito's own field names. */
export type Request = Record<string, unknown>;
/** One call of cognito-local: the operation and its request. */
export type Emulator = (operation: string, request: Request) => Promise<unknown>;

interface Parts {
  readonly emulator: Emulator;
  readonly pool: UserPoolService;
  readonly traits: PoolTraits;
  readonly outbox: Outbox;
  readonly console: Console;
  readonly login: Login;
}

/** Real Cognito's refusal: an exception's name and a sentence, as a 400. */
class Refusal extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** The pool as a provider behind a door: the signed API at `/`, the login at `/oauth2`, the public keys at `/<pool>/.well-known/jwks.json`. */
export function cognitoProvider(parts: Parts): Provider {
  const operations = shim(parts);
  let turn: Promise<unknown> = Promise.resolve();

  async function call(operation: string, request: Request): Promise<unknown> {
    if (request.UserPoolId !== undefined && request.UserPoolId !== parts.pool.options.Id)
      throw new Refusal("ResourceNotFoundException", "User pool does not exist.");
    if (operation === "AdminCreateUser") await triggers(parts.traits);
    // cognito-local reads and then writes across awaits: one call at a time keeps "exactly one create wins" true.
    const mine = turn.then(() =>
      (operations[operation] ?? ((r: Request) => parts.emulator(operation, r)))(request),
    );
    turn = mine.catch(() => {});
    return mine;
  }

  async function handle(arrival: Arrival): Promise<Answer> {
    const { keys, issuer } = parts.console.published();
    if (parts.login.owns(arrival)) return parts.login.handle(arrival);
    if (isKeys(arrival)) return json(200, { keys });
    if (isDiscovery(arrival)) return json(200, { issuer, jwks_uri: `${issuer}/.well-known/jwks.json` });
    const operation = operationOf(arrival);
    if (arrival.method !== "POST" || operation === undefined) return refuse("UnknownOperationException", "");
    try {
      assertPermitted(arrival, operation, parts.console);
      return json(200, await call(operation, parse(arrival.body)));
    } catch (error) {
      if (error instanceof Refusal) return refuse(error.type, error.message);
      if (error instanceof UnsupportedError) return json(500, { __type: "CognitoLocal#Unsupported" });
      if (error instanceof CognitoError) return refuse(error.code, error.message);
      throw error;
    }
  }

  return {
    describe: (arrival) => {
      const operation = nameOf(arrival);
      return { operation, text: operation };
    },
    handle: async (arrival) => {
      const answer = await handle(arrival);
      return { ...answer, headers: { ...answer.headers, date: parts.console.date() } };
    },
    refusal: (code) =>
      code === "InternalErrorException"
        ? json(500, { __type: code, message: "injected" })
        : refuse(code, "injected"),
    throttled: refuse("TooManyRequestsException", "Too many requests"),
  };
}

function shim({
  emulator,
  pool,
  traits,
  outbox,
  console,
}: Parts): Record<string, (request: Request) => Promise<unknown>> {
  async function userOf(request: Request): Promise<User> {
    const user = await pool.getUserByUsername(context, String(request.Username ?? ""));
    if (user === null) throw new Refusal("UserNotFoundException", "User does not exist.");
    return user;
  }
  const save = (user: User) => pool.saveUser(context, { ...user, UserLastModifiedDate: new Date() });

  return {
    async AdminCreateUser(request) {
      if (request.MessageAction === "RESEND") {
        if (traits.resendBySub !== null && !isAddress(request.Username))
          throw new Refusal(traits.resendBySub, REFUSED_NAME[traits.resendBySub]);
        const user = await userOf(request);
        if (user.UserStatus !== "FORCE_CHANGE_PASSWORD")
          throw new Refusal(
            "UnsupportedUserStateException",
            `User cannot be resent an invitation. User status is ${user.UserStatus}`,
          );
        const password = String(request.TemporaryPassword ?? randomBytes(9).toString("base64url"));
        await save({ ...user, Password: password });
        if (traits.customMessageFails) throw messageFailed();
        outbox.record("resend", user, password);
        return { User: userToResponseObject(user) };
      }
      checkCreate(request, pool);
      await checkKind(request, pool, traits);
      // AWS's default medium is SMS, yet a pool that knows only e-mail addresses does send e-mail.
      const made = await emulator("AdminCreateUser", { DesiredDeliveryMediums: ["EMAIL"], ...request });
      if (traits.customMessageFails && request.MessageAction !== "SUPPRESS") throw messageFailed();
      if (!traits.passwordless || request.TemporaryPassword !== undefined) return made;
      const { User: answered } = made as { readonly User: { readonly Username: string } };
      const { Password: _, ...user } = await userOf(answered);
      await save({ ...user, Password: "", UserStatus: "CONFIRMED" });
      return { User: { ...answered, UserStatus: "CONFIRMED" } };
    },

    async DescribeUserPool(request) {
      const { UserPool } = (await emulator("DescribeUserPool", request)) as { readonly UserPool: object };
      return { UserPool: { ...UserPool, ...console.settings() } };
    },

    async AdminSetUserMFAPreference(request) {
      const user = await userOf(request);
      const totp = request.SoftwareTokenMfaSettings as MfaSettings | undefined;
      const verified = user.SoftwareTokenMfaConfiguration?.Verified;
      if (totp !== undefined && (verified === false || (totp.Enabled === true && verified !== true)))
        throw new Refusal(
          "InvalidParameterException",
          "User does not have delivery config set to turn on TOTP",
        );
      // In a pool that demands a second factor it answers so, too, and does nothing.
      if (traits.mfaRequired) return {};
      let changed = user;
      for (const [field, name] of Object.entries(MFA_SETTINGS)) {
        const settings = request[field] as MfaSettings | undefined;
        if (settings !== undefined)
          changed = withFactor(changed, name, settings.Enabled === true, settings.PreferredMfa === true);
      }
      await save(changed);
      return {};
    },

    async AdminDeleteSoftwareToken(request) {
      const { SoftwareTokenMfaConfiguration: _, ...user } = withTotp(await userOf(request), false, false);
      await save(user);
      return {};
    },

    async AdminGetUserAuthFactors(request) {
      const user: WithPasskey = await userOf(request);
      return {
        Username: user.Username,
        UserMFASettingList: user.UserMFASettingList,
        ConfiguredUserAuthFactors: [
          "PASSWORD",
          ...(user.passkey === true ? ["WEB_AUTHN"] : []),
          ...(user.SoftwareTokenMfaConfiguration?.Verified === true ? ["SOFTWARE_TOKEN"] : []),
        ],
      };
    },

    async AdminUserGlobalSignOut(request) {
      await save({ ...(await userOf(request)), RefreshTokens: [] });
      return {};
    },

    async ListUsers(request) {
      const { Limit: limit = 60, PaginationToken: token, Filter: filter, AttributesToGet: wanted } = request;
      if (typeof limit !== "number" || limit < 0 || limit > 60)
        throw new Refusal(
          "InvalidParameterException",
          `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 60`,
        );
      const after = token === undefined ? "" : placeOf(String(token));
      const found = await filtered(pool, String(filter ?? ""));
      // In the order of user names, and from a name on: who comes or goes meanwhile moves nobody else between pages.
      const rest = found.filter(({ Username }) => Username > after).sort(byUsername);
      const page = rest.slice(0, limit).map((user) => {
        const shown = userToResponseObject(user);
        if (!Array.isArray(wanted)) return shown;
        return { ...shown, Attributes: user.Attributes.filter((one) => wanted.includes(one.Name)) };
      });
      const last = rest[limit - 1];
      return { Users: page, ...(last && rest.length > limit ? { PaginationToken: tokenAt(last) } : {}) };
    },
  };
}

const byUsername = (a: User, b: User) => (a.Username < b.Username ? -1 : 1);
// AWS's tokens hold what a query would have to escape.
const tokenAt = ({ Username }: User) => `+/${Buffer.from(`after ${Username}`).toString("base64url")}=`;

function placeOf(token: string): string {
  const place = /^after (.+)$/.exec(Buffer.from(token.slice(2, -1), "base64url").toString())?.[1];
  if (place === undefined) throw new Refusal("InvalidParameterException", "Invalid pagination token.");
  return place;
}

interface MfaSettings {
  readonly Enabled?: boolean;
  readonly PreferredMfa?: boolean;
}

/** The fields of AdminSetUserMFAPreference, and what `UserMFASettingList` calls each. */
const MFA_SETTINGS = {
  SoftwareTokenMfaSettings: "SOFTWARE_TOKEN_MFA",
  SMSMfaSettings: "SMS_MFA",
  EmailMfaSettings: "EMAIL_OTP",
} as const;

/** A user who may have a passkey, which cognito-local does not know. */
export type WithPasskey = User & { passkey?: boolean };

function withFactor(user: User, name: string, enabled: boolean, preferred: boolean): User {
  const others = (user.UserMFASettingList ?? []).filter((one) => one !== name);
  const { PreferredMfaSetting: was, ...rest } = user;
  const kept = was === undefined || was === name ? {} : { PreferredMfaSetting: was };
  return {
    ...rest,
    UserMFASettingList: enabled ? [...others, name] : others,
    ...(enabled && preferred ? { PreferredMfaSetting: name } : kept),
  };
}

/** The user with TOTP on or off, as AdminGetUser then shows it. */
export const withTotp = (user: User, enabled: boolean, preferred: boolean): User =>
  withFactor(user, MFA_SETTINGS.SoftwareTokenMfaSettings, enabled, preferred);

function checkCreate(request: Request, pool: UserPoolService): void {
  if (String(request.Username ?? "").length > 128)
    throw new Refusal(
      "InvalidParameterException",
      "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must have length less than or equal to 128",
    );
  const known = new Set(pool.options.SchemaAttributes?.map((one) => one.Name));
  for (const { Name } of (request.UserAttributes ?? []) as { Name: string }[]) {
    if (!known.has(Name))
      throw new Refusal(
        "InvalidParameterException",
        `Attributes did not conform to the schema: ${Name}: Attribute does not exist in the schema.\n`,
      );
  }
}

const isAddress = (name: unknown) => String(name ?? "").includes("@");

const REFUSED_NAME = {
  InvalidParameterException: "Username should be an email.",
  UserNotFoundException: "User does not exist.",
};

/** The triggers of a create or a RESEND run before it has an effect. */
const triggers = ({ triggersTakeMs }: PoolTraits) => setTimeout(triggersTakeMs);

const messageFailed = () =>
  new Refusal("UserLambdaValidationException", "CustomMessage failed with error The template is missing.");

/** What a create meets in pools of other kinds than FLIP's. */
async function checkKind(request: Request, pool: UserPoolService, traits: PoolTraits): Promise<void> {
  if (traits.signIn === "alias" && isAddress(request.Username))
    throw new Refusal(
      "InvalidParameterException",
      "Username cannot be of email format, since user pool is configured for email alias.",
    );
  const given = (request.UserAttributes ?? []) as { Name: string; Value: string }[];
  const claimed = (name: string) => given.find(({ Name }) => Name === name)?.Value;
  if (traits.signIn === "email" && !isAddress(request.Username))
    throw new Refusal("InvalidParameterException", "Username should be an email.");
  const email = claimed("email") ?? String(request.Username ?? "");
  const claims = traits.signIn === "alias" && claimed("email_verified") === "true";
  if (claims && (await pool.getUserByUsername(context, email)) !== null)
    throw new Refusal("AliasExistsException", "An account with the email already exists.");
  if (traits.preSignUp === "broken")
    throw new Refusal("UnexpectedLambdaException", "PreSignUp invocation failed due to error AccessDenied.");
  if (traits.preSignUp === "refuses" && email.endsWith(`@${refusedDomain}`))
    throw new Refusal(
      "UserLambdaValidationException",
      "PreSignUp failed with error This domain is not admitted.",
    );
}

/** What a filter finds. AWS compares addresses without regard to case, and takes `sub="…"` as well as `sub = "…"`. */
async function filtered(pool: UserPoolService, filter: string): Promise<ReadonlyArray<User>> {
  const [, name = "", sign = "", quoted = ""] = /^\s*([\w:]+)\s*(\^?=)\s*"(.*)"\s*$/.exec(filter) ?? [];
  if (name === "email" && sign === "=") {
    const wanted = quoted.replace(/\\(.)/g, "$1").toLowerCase();
    return (await pool.listUsers(context)).filter(
      (user) => attribute(user, "email")?.toLowerCase() === wanted,
    );
  }
  return pool.listUsers(context, name === "" ? filter || undefined : `${name} ${sign} "${quoted}"`);
}

function assertPermitted(arrival: Arrival, operation: string, console: Console): void {
  const signature = arrival.headers.authorization ?? "";
  if (!signature.startsWith("AWS4-HMAC-SHA256 "))
    throw new Refusal("MissingAuthenticationTokenException", "Missing Authentication Token");
  const actions = console.actions(/Credential=([^/]+)\//.exec(signature)?.[1] ?? "");
  if (actions === undefined)
    throw new Refusal(
      "UnrecognizedClientException",
      "The security token included in the request is invalid.",
    );
  if (!actions.has(operation))
    throw new Refusal(
      "AccessDeniedException",
      `User: arn:aws:iam::000000000000:user/local is not authorized to perform: cognito-idp:${operation} on resource: ${console.settings().Arn} because no identity-based policy allows the cognito-idp:${operation} action`,
    );
}

const isKeys = ({ method, path }: Arrival) => method === "GET" && path.endsWith("/.well-known/jwks.json");
const isDiscovery = ({ method, path }: Arrival) =>
  method === "GET" && path.endsWith("/.well-known/openid-configuration");
const operationOf = ({ headers }: Arrival) => String(headers["x-amz-target"] ?? "").split(".")[1];

function nameOf(arrival: Arrival): string {
  if (isKeys(arrival)) return "JWKS";
  if (isDiscovery(arrival)) return "OpenID configuration";
  const operation = operationOf(arrival) ?? `${arrival.method} ${arrival.path.replace(/\?.*/, "")}`;
  return operation === "AdminCreateUser" && parse(arrival.body).MessageAction === "RESEND"
    ? "AdminCreateUser RESEND"
    : operation;
}

function parse(body: string): Request {
  try {
    return JSON.parse(body) as Request;
  } catch {
    throw new Refusal("SerializationException", "");
  }
}

const refuse = (type: string, message: string): Answer => json(400, { __type: type, message });

function json(status: number, body: unknown): Answer {
  const text = JSON.stringify(body, function (this: Record<string, unknown>, key, value: unknown) {
    const raw = this[key];
    return raw instanceof Date ? raw.getTime() / 1000 : value;
  });
  return { status, headers: { "content-type": "application/x-amz-json-1.1" }, body: text };
}
