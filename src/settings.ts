/**
 * The environment, read once and decoded as a whole: a bad deployment is told every bad key at once, never a value.
 *
 * Nothing else in src/ reads the environment. docs/configuration.md is made of the annotations here.
 */
import { createHash } from "node:crypto";
import { Duration, Effect, Option, Schema, SchemaTransformation } from "effect";
import { UserId } from "./domain/user.ts";
import type { Deployment } from "./ports/settings.ts";

/** What a variable must be, in words: for whoever set it wrongly, and for docs/configuration.md. */
export const takes = (words: string) => ({ message: `must be ${words}`, takes: words });

const NOT_EMPTY = takes("text that is not empty");

/** What examples and templates leave where a value belongs. */
const PLACEHOLDER = /example|changeme|placeholder|^your[-_]|^<.*>$|@host\//i;

const isNoPlaceholder = Schema.makeFilter((value: string) => !PLACEHOLDER.test(value), {
  message: "must not be a placeholder",
}).abort();

const Text = Schema.String.annotate(NOT_EMPTY).check(isNoPlaceholder, Schema.isNonEmpty(NOT_EMPTY));

const secret = <S extends Schema.Top>(schema: S) => schema.pipe(Schema.RedactedFromValue);

/** Text of this form. */
export const matching = (pattern: RegExp, words: string) =>
  Schema.String.annotate(takes(words)).check(isNoPlaceholder, Schema.isPattern(pattern, takes(words)));

/** A whole number. Without a unit it counts nothing. */
export const numberFrom = (minimum: number, maximum: number, unit?: string) => {
  const what = unit === undefined ? "a whole number" : `a whole number of ${unit}`;
  const said = takes(`${what} from ${minimum} to ${maximum}`);
  return Schema.String.annotate(said)
    .check(Schema.isPattern(/^\d{1,9}$/, said))
    .pipe(
      Schema.decodeTo(
        Schema.Number.annotate(said).check(Schema.isBetween({ minimum, maximum }, said)),
        SchemaTransformation.transform({ decode: Number, encode: String }),
      ),
    );
};

const UNITS = {
  milliseconds: { decode: Duration.millis, encode: Duration.toMillis },
  seconds: { decode: Duration.seconds, encode: Duration.toSeconds },
  minutes: { decode: Duration.minutes, encode: Duration.toMinutes },
  hours: { decode: Duration.hours, encode: Duration.toHours },
  days: { decode: Duration.days, encode: Duration.toDays },
};

/** A span of time, written as a whole number of this unit. */
export const duration = (minimum: number, maximum: number, unit: keyof typeof UNITS) =>
  numberFrom(minimum, maximum, unit).pipe(
    Schema.decodeTo(Schema.Duration, SchemaTransformation.transform(UNITS[unit])),
  );

/** A number of days that have to pass; empty text for never. */
const daysOrNever = (minimum: number, maximum: number) => {
  const said = takes(`a whole number of days from ${minimum} to ${maximum}, or empty`);
  return Schema.String.annotate(said)
    .check(Schema.isPattern(/^\d{0,9}$/, said))
    .pipe(
      Schema.decodeTo(
        Schema.NullOr(Schema.Number.check(Schema.isBetween({ minimum, maximum }, said))).annotate(said),
        SchemaTransformation.transform({
          decode: (text) => (text === "" ? null : Number(text)),
          encode: (days) => (days === null ? "" : String(days)),
        }),
      ),
    );
};

const WEB_ADDRESS = takes("an http or https URL");
const Url = Schema.String.annotate(WEB_ADDRESS).check(
  Schema.makeFilter((value: string) => URL.canParse(value) && /^https?:/.test(value), WEB_ADDRESS),
);

const oneOf = <const Values extends readonly [string, ...string[]]>(...values: Values) =>
  Schema.Literals(values).annotate(takes(values.join(" or ")));

/** The items of a list with commas. */
const itemsOf = (list: string): ReadonlyArray<string> =>
  list
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

const commaSeparated = SchemaTransformation.transform({
  decode: itemsOf,
  encode: (items: ReadonlyArray<string>) => items.join(","),
});

const CLIENTS = takes("the id of an app client, or several, comma-separated");

const Clients = Schema.String.annotate(CLIENTS)
  .check(
    isNoPlaceholder,
    Schema.makeFilter(
      (list: string) => itemsOf(list).length > 0 && itemsOf(list).every((id) => /^[\w+-]{1,128}$/.test(id)),
      CLIENTS,
    ),
  )
  .pipe(Schema.decodeTo(Schema.Array(Schema.String), commaSeparated));

const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text;

const ORIGINS = takes("origins such as https://admin.example.org, comma-separated");

const Origins = Schema.String.annotate(ORIGINS)
  .check(
    Schema.makeFilter((list: string) => !list.includes("*"), {
      message: "must name each origin: it takes no wildcard",
    }).abort(),
    Schema.makeFilter((list: string) => itemsOf(list).every(isOrigin), ORIGINS),
  )
  .pipe(Schema.decodeTo(Schema.Array(Schema.String), commaSeparated));

/** A variable that has a value where it is not set. */
export const orElse = <S extends Schema.Top>(schema: S, value: S["Encoded"] & string) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value))).annotate({ default: value });

/** The variables. `description` and `takes` of each are its row in docs/configuration.md. */
export const Environment = Schema.Struct({
  AWS_REGION: matching(/^[a-z]{2}(-[a-z]+)+-\d$/, "a region such as eu-west-2").annotate({
    description: "The region of the user pool.",
  }),
  AWS_ACCESS_KEY_ID: Text.annotate({ description: "The id of the AWS key." }),
  AWS_SECRET_ACCESS_KEY: secret(Text).annotate({ description: "The AWS key.", secret: true }),
  AWS_SESSION_TOKEN: Schema.optionalKey(
    secret(Text).annotate({ description: "The token of a temporary AWS key.", secret: true }),
  ),
  AWS_COGNITO_USER_POOL_ID: matching(
    /^[a-z]{2}(-[a-z]+)+-\d_[0-9A-Za-z]{1,40}$/,
    "the pool's id, such as eu-west-2_Ab1Cd2Ef3",
  ).annotate({ description: "The user pool. It is in AWS_REGION." }),
  AWS_COGNITO_APP_CLIENT_ID: Clients.annotate({
    description: "The app clients whose access tokens are accepted, and no other's.",
  }),
  DATABASE_URL: secret(
    matching(
      /^postgres(ql)?:\/\/[^:@/\s]+:[^@/\s]+@[^/\s]+\/[^\s]+$/,
      "postgresql://user:password@host/database",
    ),
  ).annotate({ description: "The Postgres database.", secret: true }),
  COGNITO_ENDPOINT: Schema.optionalKey(
    Url.annotate({ description: "Local stacks only: where the Cognito API is." }),
  ),
  NEON_ENDPOINT: Schema.optionalKey(
    Url.annotate({ description: "Local stacks only: where Neon's SQL endpoint is." }),
  ),
  TOKEN_ISSUER: Schema.optionalKey(
    Url.annotate({
      description: "The `iss` of the pool's tokens. Not set: the pool's own, in both forms that Cognito has.",
    }),
  ),
  OWNERSHIP_ATTRIBUTE: orElse(
    Schema.String.annotate(takes("custom:<name> of at most 20 characters, or empty")).check(
      Schema.isPattern(/^(custom:[\w.-]{1,20})?$/, takes("custom:<name> of at most 20 characters, or empty")),
    ),
    "custom:registration_id",
  ).annotate({
    description:
      "The pool's immutable custom attribute that holds the ownership tag. Empty: the pool has none.",
  }),
  INVITATION: orElse(oneOf("after-commit", "immediate", "none"), "after-commit").annotate({
    description:
      "When Cognito sends the invitation: when the registration is certain, with the create (as FLIP does), or never.",
  }),
  FLIP_EDITION: orElse(oneOf("auto", "2026-05", "2026-09"), "auto").annotate({
    description:
      "Whose sentences FLIP's clients hear: those of FLIP of May or of September 2026, or those that belong to the database's tables.",
  }),
  ENFORCE_MFA: orElse(oneOf("true", "false"), "false").annotate({
    description: "Whether callers need a one-time password as second factor to be heard.",
  }),
  REQUEST_BUDGET_SECONDS: orElse(duration(1, 28, "seconds"), "20").annotate({
    description: "How long one request may take. After that the sweeper may resolve its operation.",
  }),
  HORIZON_SECONDS: orElse(duration(1, 86_400, "seconds"), "1200").annotate({
    description: "After how long a create that was sent can no longer land. More than the budget and 900 s.",
  }),
  IDEMPOTENCY_KEY_HOURS: orElse(duration(1, 8760, "hours"), "24").annotate({
    description: "How long an idempotency key is kept at the least.",
  }),
  OPERATION_ADDRESS_DAYS: orElse(daysOrNever(1, 36_500), "").annotate({
    description:
      "How long a closed operation keeps the address, the name and an operator's note. More than IDEMPOTENCY_KEY_HOURS. Empty: for ever.",
  }),
  OPERATION_DAYS: orElse(daysOrNever(1, 36_500), "").annotate({
    description:
      "How long a closed operation is kept that nothing needs any more. Not less than OPERATION_ADDRESS_DAYS, and more than two horizons. Empty: for ever.",
  }),
  TEMPORARY_PASSWORD_DAYS: orElse(duration(1, 365, "days"), "7").annotate({
    description:
      "How long the pool takes a temporary password: `TemporaryPasswordValidityDays` of its policy.",
  }),
  COGNITO_TIMEOUT_MS: orElse(duration(50, 20_000, "milliseconds"), "4000").annotate({
    description: "How long one call to Cognito may take.",
  }),
  COGNITO_CREATE_TIMEOUT_MS: orElse(duration(50, 20_000, "milliseconds"), "15000").annotate({
    description:
      "How long a create or an invitation may take, within the request's budget. Cognito waits 5 s for a trigger, up to three times, and for the mail.",
  }),
  COGNITO_CASE_SENSITIVE: orElse(oneOf("true", "false"), "false").annotate({
    description:
      "Whether Ann@… and ann@… can be two users of the pool. Then a registration looks for the address in any spelling first.",
  }),
  DATABASE_TIMEOUT_MS: orElse(duration(50, 20_000, "milliseconds"), "4000").annotate({
    description: "How long one statement may take.",
  }),
  SIGNING_KEYS_TIMEOUT_MS: orElse(duration(50, 20_000, "milliseconds"), "3000").annotate({
    description: "How long reading the pool's signing keys may take.",
  }),
  SWEEP_CALLS: orElse(numberFrom(20, 9000, "calls"), "900").annotate({
    description:
      "How many remote calls one sweep, or one walk through the pool, makes at the most. Workers Free allows 50: set 45.",
  }),
  SWEEP_SECONDS: orElse(duration(1, 600, "seconds"), "45").annotate({
    description: "How long one sweep goes on taking up operations.",
  }),
  BACKSTOP_MINUTES: orElse(duration(1, 1440, "minutes"), "60").annotate({
    description:
      "How often a process of its own sweeps although nothing was due. On Workers the cron of wrangler.toml says that: keep them alike.",
  }),
  WAKE_UPS: orElse(oneOf("on", "off"), "on").annotate({
    description:
      "Whether the sweeper comes when something is due (on Workers by `SWEEPER_ALARM` of wrangler.toml). Off, or without the binding: only by the backstop, which then has to come every minute.",
  }),
  RATE_LIMIT: orElse(oneOf("on", "off"), "on").annotate({
    description:
      "Whether callers, and clients by their network, are refused who ask too often. On Workers the bindings `CALLERS` and `CLIENTS` of wrangler.toml count, and say how often that is; without them there is no limit.",
  }),
  CALLER_REQUESTS_PER_MINUTE: orElse(numberFrom(1, 1_000_000, "requests"), "300").annotate({
    description: "How often one caller may ask. Not on Workers.",
  }),
  CLIENT_REQUESTS_PER_MINUTE: orElse(numberFrom(1, 1_000_000, "requests"), "1200").annotate({
    description:
      "How often clients of one network may ask (an IPv4 address, or 64 bits of an IPv6 address). Not on Workers.",
  }),
  TRACES: orElse(oneOf("on", "off"), "off").annotate({
    description:
      "Whether the spans of requests and remote calls are handed to Workers' own tracing, as docs/operate.md says. Only on Workers.",
  }),
  METRICS_TOKEN: Schema.optionalKey(
    secret(matching(/^[\w.~+/-]{20,256}=*$/, "20 to 256 letters, digits and - . _ ~ + /")).annotate({
      description:
        "What a monitoring system sends as bearer token to read GET /api/metrics. Not set: only who manages users may.",
      secret: true,
    }),
  ),
  CORS_ORIGINS: orElse(Origins, "").annotate({
    description: "Origins whose pages may call the API. Empty: none but the API's own.",
  }),
});

/** A deployment that cannot work. `problems` names each bad key and what it must be, never a value. */
export class BadConfiguration extends Schema.TaggedError<BadConfiguration>()("BadConfiguration", {
  problems: Schema.Array(Schema.String),
}) {
  override get message(): string {
    return `The configuration is wrong: ${this.problems.join("; ")}`;
  }
}

/** Variables: each has its annotations, and needs nothing but its text. */
type Variables<A> = Schema.ConstraintDecoder<A> & { readonly fields: Readonly<Record<string, Schema.Top>> };

/** What variables decode to, where they do, and what is wrong with them, a sentence for each, never a value. */
export const decodeVariables = <A>(schema: Variables<A>, bindings: object) => {
  const standard = Schema.toStandardSchemaV1(schema, { parseOptions: { errors: "all" } });
  const result = standard["~standard"].validate(bindings);
  if (result instanceof Promise) throw new Error("the environment's schema must be synchronous");
  const issues = (result.issues ?? []).map(({ path, message }) => {
    const key = String(path?.[0] ?? "environment");
    return key in bindings ? `${key} ${message}` : `${key} is missing`;
  });
  const value = result.issues === undefined ? result.value : undefined;
  return { value, problems: [...blanks(schema, bindings), ...issues] };
};

/** Reads the settings from the Worker's bindings. Throws BadConfiguration, which lists every bad key. */
export const readSettings = (bindings: object): Deployment => {
  const { value, problems } = decodeVariables(Environment, bindings);
  const all = [...new Set([...problems, ...contradictions(bindings)])];
  if (value === undefined || all.length > 0) throw new BadConfiguration({ problems: all });
  return toDeployment(value);
};

/** Keys whose value begins or ends with a blank: pasted with a newline, a key signs nothing that AWS accepts. */
const blanks = ({ fields }: Variables<unknown>, bindings: object): ReadonlyArray<string> =>
  Object.entries(bindings)
    .filter(([key, value]) => key in fields && typeof value === "string" && value !== value.trim())
    .map(([key]) => `${key} must not begin or end with a blank`);

/** Seconds for which a signed request stays good: with the budget, the least that a horizon has to be. */
const SIGNATURE_VALIDITY_SECONDS = 900;

const { AWS_REGION, AWS_COGNITO_USER_POOL_ID, HORIZON_SECONDS, REQUEST_BUDGET_SECONDS } = Environment.fields;
const { IDEMPOTENCY_KEY_HOURS, OPERATION_ADDRESS_DAYS, OPERATION_DAYS } = Environment.fields;
const retention = Schema.decodeUnknownOption(
  Schema.Struct({ IDEMPOTENCY_KEY_HOURS, HORIZON_SECONDS, OPERATION_ADDRESS_DAYS, OPERATION_DAYS }),
);
const times = Schema.decodeUnknownOption(Schema.Struct({ HORIZON_SECONDS, REQUEST_BUDGET_SECONDS }));
const places = Schema.decodeUnknownOption(Schema.Struct({ AWS_REGION, AWS_COGNITO_USER_POOL_ID }));

/** What is wrong between keys that are each right by themselves. Local stacks may shrink the horizon. */
const contradictions = (bindings: object): ReadonlyArray<string> => {
  const validity = "COGNITO_ENDPOINT" in bindings ? 0 : SIGNATURE_VALIDITY_SECONDS;
  const tooShort = Option.exists(
    times(bindings),
    ({ HORIZON_SECONDS: horizon, REQUEST_BUDGET_SECONDS: budget }) =>
      Duration.toSeconds(horizon) <= Duration.toSeconds(budget) + validity,
  );
  const elsewhere = Option.exists(
    places(bindings),
    ({ AWS_REGION: region, AWS_COGNITO_USER_POOL_ID: pool }) => !pool.startsWith(`${region}_`),
  );
  return [
    ...Option.getOrElse(Option.map(retention(bindings), forgottenTooSoon), () => []),
    ...(tooShort ? [`HORIZON_SECONDS must be more than REQUEST_BUDGET_SECONDS + ${validity}`] : []),
    ...(elsewhere ? ["AWS_COGNITO_USER_POOL_ID must be a pool of AWS_REGION"] : []),
  ];
};

interface Retention {
  readonly IDEMPOTENCY_KEY_HOURS: Duration.Duration;
  readonly HORIZON_SECONDS: Duration.Duration;
  readonly OPERATION_ADDRESS_DAYS: number | null;
  readonly OPERATION_DAYS: number | null;
}

/** What would be forgotten while something still asks for it. */
const forgottenTooSoon = (set: Retention): ReadonlyArray<string> => {
  const keys = Duration.toDays(set.IDEMPOTENCY_KEY_HOURS);
  const horizons = 2 * Duration.toDays(set.HORIZON_SECONDS);
  const addresses = set.OPERATION_ADDRESS_DAYS ?? Number.POSITIVE_INFINITY;
  const operations = set.OPERATION_DAYS ?? Number.POSITIVE_INFINITY;
  return [
    ...(addresses <= keys ? ["OPERATION_ADDRESS_DAYS must be more than IDEMPOTENCY_KEY_HOURS"] : []),
    ...(operations <= keys ? ["OPERATION_DAYS must be more than IDEMPOTENCY_KEY_HOURS"] : []),
    ...(set.OPERATION_ADDRESS_DAYS !== null && operations < addresses
      ? ["OPERATION_DAYS must not be less than OPERATION_ADDRESS_DAYS"]
      : []),
    ...(operations <= horizons ? ["OPERATION_DAYS must be more than 2 × HORIZON_SECONDS"] : []),
  ];
};

/**
 * The issuer that pools have had from the start, and the updated one that a pool may be set to.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html
 */
const issuersOf = ({
  AWS_REGION: region,
  AWS_COGNITO_USER_POOL_ID: pool,
}: typeof Environment.Type): readonly [string, string] => [
  `https://cognito-idp.${region}.amazonaws.com/${pool}`,
  `https://issuer-cognito-idp.${region}.amazonaws.com/${pool}`,
];

/** The namespace of names that are URLs: https://www.rfc-editor.org/rfc/rfc9562#section-6.6 */
const URL_NAMESPACE = Buffer.from("6ba7b8119dad11d180b400c04fd430c8", "hex");

/** The UUID that follows from a URL: version 5, https://www.rfc-editor.org/rfc/rfc9562#section-5.5 */
const uuidOf = (url: string): string => {
  const hash = createHash("sha1").update(URL_NAMESPACE).update(url).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};

/**
 * The ids of the app clients, for those that call in their own name. Each follows from the pool and the client, whichever
 * issuer signs and wherever the service runs: grants and audit rows stay the machine's.
 */
const machinesOf = (read: typeof Environment.Type): ReadonlyMap<string, UserId> => {
  const [pool] = issuersOf(read);
  return new Map(
    read.AWS_COGNITO_APP_CLIENT_ID.map((client) => [client, UserId.make(uuidOf(`${pool}/${client}`))]),
  );
};

const daysOf = (days: number | null) => (days === null ? null : Duration.days(days));

const toDeployment = (read: typeof Environment.Type): Deployment => ({
  region: read.AWS_REGION,
  accessKeyId: read.AWS_ACCESS_KEY_ID,
  secretAccessKey: read.AWS_SECRET_ACCESS_KEY,
  sessionToken: read.AWS_SESSION_TOKEN ?? null,
  userPoolId: read.AWS_COGNITO_USER_POOL_ID,
  appClientIds: read.AWS_COGNITO_APP_CLIENT_ID,
  machines: machinesOf(read),
  databaseUrl: read.DATABASE_URL,
  cognitoEndpoint: read.COGNITO_ENDPOINT ?? null,
  neonEndpoint: read.NEON_ENDPOINT ?? null,
  issuers: read.TOKEN_ISSUER === undefined ? issuersOf(read) : [read.TOKEN_ISSUER],
  ownershipAttribute: read.OWNERSHIP_ATTRIBUTE === "" ? null : read.OWNERSHIP_ATTRIBUTE,
  invitation: read.INVITATION,
  flipEdition: read.FLIP_EDITION,
  enforceMfa: read.ENFORCE_MFA === "true",
  requestBudget: read.REQUEST_BUDGET_SECONDS,
  horizon: read.HORIZON_SECONDS,
  idempotencyKeysKept: read.IDEMPOTENCY_KEY_HOURS,
  addressesKept: daysOf(read.OPERATION_ADDRESS_DAYS),
  operationsKept: daysOf(read.OPERATION_DAYS),
  temporaryPassword: read.TEMPORARY_PASSWORD_DAYS,
  cognitoTimeout: read.COGNITO_TIMEOUT_MS,
  cognitoCreateTimeout: read.COGNITO_CREATE_TIMEOUT_MS,
  caseSensitive: read.COGNITO_CASE_SENSITIVE === "true",
  databaseTimeout: read.DATABASE_TIMEOUT_MS,
  signingKeysTimeout: read.SIGNING_KEYS_TIMEOUT_MS,
  sweepCalls: read.SWEEP_CALLS,
  sweepTime: read.SWEEP_SECONDS,
  wakeUps: read.WAKE_UPS === "on",
  backstop: read.BACKSTOP_MINUTES,
  rateLimit: read.RATE_LIMIT === "on",
  callerRequests: read.CALLER_REQUESTS_PER_MINUTE,
  clientRequests: read.CLIENT_REQUESTS_PER_MINUTE,
  traces: read.TRACES === "on",
  metricsToken: read.METRICS_TOKEN ?? null,
  corsOrigins: read.CORS_ORIGINS,
});
