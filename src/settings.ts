/**
 * The environment, read once and decoded as a whole: a bad deployment is told every bad key at once, never a value.
 *
 * Nothing else in src/ reads the environment. docs/configuration.md is made of the annotations here.
 */
import { createHash } from "node:crypto";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import * as SchemaTransformation from "effect/SchemaTransformation";
import { UserId } from "./domain/user.ts";
import { type Deployment, DRIVERS, type Drivers } from "./ports/settings.ts";

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

const ORIGIN = takes("an origin such as https://registrar.your-hospital.org");
const Origin = Schema.String.annotate(ORIGIN).check(
  isNoPlaceholder,
  Schema.makeFilter((text: string) => isOrigin(text) && /^https?:/.test(text), ORIGIN),
);

const ORIGINS = takes("origins such as https://admin.example.org, comma-separated");

const Origins = Schema.String.annotate(ORIGINS)
  .check(
    Schema.makeFilter((list: string) => !list.includes("*"), {
      message: "must name each origin: it takes no wildcard",
    }).abort(),
    Schema.makeFilter((list: string) => itemsOf(list).every(isOrigin), ORIGINS),
  )
  .pipe(Schema.decodeTo(Schema.Array(Schema.String), commaSeparated));

const LOGIN = takes("an origin such as https://flip.auth.eu-west-2.amazoncognito.com");

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
  COGNITO_DOMAIN: Schema.optionalKey(
    Schema.String.annotate(LOGIN).check(Schema.makeFilter(isOrigin, LOGIN)).annotate({
      description:
        "Where the pool's managed login is: the console signs in there ([deploy.md](deploy.md#the-console)). Not set: nobody can sign in to the console.",
    }),
  ),
  CONSOLE_CLIENT_ID: Schema.optionalKey(
    matching(/^[\w+-]{1,128}$/, "the id of an app client").annotate({
      description:
        "The app client of the console, one of AWS_COGNITO_APP_CLIENT_ID. Not set: the first of them.",
    }),
  ),
  DATABASE_URL: secret(
    matching(
      /^postgres(ql)?:\/\/[^:@/\s]+(:[^@/\s]+)?@[^/\s]+\/[^\s]+$/,
      "postgresql://user:password@host/database",
    ),
  ).annotate({
    description:
      "The Postgres database. Behind Hyperdrive it is not set: the binding `HYPERDRIVE` has it. For how `sslmode` is read see [deploy.md](deploy.md#which-postgres-and-how-it-is-reached).",
    secret: true,
  }),
  DATABASE_DRIVER: Schema.optionalKey(
    oneOf("pg", "neon", "hyperdrive").annotate({
      description:
        "How Postgres is reached. The entry decides: Neon over HTTP, or Hyperdrive, on Workers. A process of its own has `pg`, a pool of connections, and can do with `neon` where only HTTPS leaves its network.",
    }),
  ),
  DATABASE_AUTH: orElse(oneOf("password", "rds-iam"), "password").annotate({
    description:
      "Driver `pg` only: `rds-iam` signs a token for each connection to RDS or RDS Proxy, and `DATABASE_URL` needs no password.",
  }),
  DATABASE_POOL_SIZE: orElse(numberFrom(1, 200, "connections"), "10").annotate({
    description: "Driver `pg` only: how many connections a process has at the most.",
  }),
  DATABASE_PREPARED: orElse(oneOf("true", "false"), "false").annotate({
    description:
      "Driver `pg` only: whether connections keep statements parsed. Not behind a proxy such as PgBouncer or RDS Proxy.",
  }),
  COGNITO_ENDPOINT: Schema.optionalKey(
    Url.annotate({ description: "Local stacks only: where the Cognito API is." }),
  ),
  NEON_ENDPOINT: Schema.optionalKey(
    Url.annotate({
      description:
        "Local stacks only: where Neon's SQL endpoint is. Not set: the one of the host, if it is Neon's.",
    }),
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
  COGNITO_USERNAME: orElse(oneOf("email", "operation-id"), "email").annotate({
    description:
      "What a new user is called in the pool: the address, or the id of their registration, in pools whose user names are no addresses. Then the user name is the ownership tag, and OWNERSHIP_ATTRIBUTE is not used.",
  }),
  COGNITO_PASSWORDLESS: orElse(oneOf("true", "false"), "false").annotate({
    description:
      "Whether the pool lets users sign in without a password. Then a user is CONFIRMED from the start, and of those who manage users only one who has done something here counts as somebody who can come in.",
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
    description: "How long one statement may take, with connecting and committing.",
  }),
  DATABASE_WAKE_TIMEOUT_MS: orElse(duration(50, 20_000, "milliseconds"), "10000").annotate({
    description:
      "How long the first statement of a request or a sweep may take, within its budget: the database may be asleep.",
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
  PUBLIC_URL: Schema.optionalKey(
    Origin.annotate({
      description:
        "Where the deployment is reached. The `type` of a problem is then the address of its page there, `/problems/…`, and a urn otherwise.",
    }),
  ),
  SECURITY_CONTACT: Schema.optionalKey(
    matching(
      /^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+|tel:\+[\d-]+)$/,
      "a mailto:, https: or tel: address",
    ).annotate({
      description:
        "Who is told of a vulnerability of this deployment: `Contact` of /.well-known/security.txt (RFC 9116). Not set: there is no such file.",
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

/** The binding of Hyperdrive: https://developers.cloudflare.com/hyperdrive/get-started/ */
const HYPERDRIVE = "HYPERDRIVE";

/** The variables as they are set, and the database behind Hyperdrive where that is how it is reached. */
const variablesOf = (bindings: object, [driver]: Drivers): object => {
  if (driver !== "hyperdrive") return bindings;
  const { DATABASE_URL: _, [HYPERDRIVE]: bound, ...others } = bindings as Readonly<Record<string, unknown>>;
  return Predicate.hasProperty(bound, "connectionString")
    ? { ...others, DATABASE_URL: bound.connectionString }
    : others;
};

/** Where the connection string comes from the binding, what is wrong with it is the binding's. */
const ofHyperdrive = (problem: string): string => problem.replace(/^DATABASE_URL/, HYPERDRIVE);

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

/**
 * Reads the settings from what a platform gives the entry, which has these drivers. Throws BadConfiguration, which lists
 * every bad key.
 */
export const readSettings = (given: object, drivers: Drivers = DRIVERS.workers): Deployment => {
  const bindings = variablesOf(given, drivers);
  const { value, problems } = decodeVariables(Environment, bindings);
  const wrong = [...problems, ...contradictions(bindings), ...wrongDatabase(bindings, drivers)];
  const all = [...new Set(drivers[0] === "hyperdrive" ? wrong.map(ofHyperdrive) : wrong)];
  if (value === undefined || all.length > 0) throw new BadConfiguration({ problems: all });
  return toDeployment(value, drivers);
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
const { AWS_COGNITO_APP_CLIENT_ID, CONSOLE_CLIENT_ID } = Environment.fields;
const clients = Schema.decodeUnknownOption(Schema.Struct({ AWS_COGNITO_APP_CLIENT_ID, CONSOLE_CLIENT_ID }));
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
  const unknownClient = Option.exists(
    clients(bindings),
    ({ AWS_COGNITO_APP_CLIENT_ID: known, CONSOLE_CLIENT_ID: client }) =>
      client !== undefined && !known.includes(client),
  );
  return [
    ...Option.getOrElse(Option.map(retention(bindings), forgottenTooSoon), () => []),
    ...(tooShort ? [`HORIZON_SECONDS must be more than REQUEST_BUDGET_SECONDS + ${validity}`] : []),
    ...(elsewhere ? ["AWS_COGNITO_USER_POOL_ID must be a pool of AWS_REGION"] : []),
    ...(unknownClient ? ["CONSOLE_CLIENT_ID must be one of AWS_COGNITO_APP_CLIENT_ID"] : []),
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

/** Hosts at which Neon's own endpoint takes a password: https://neon.com/docs/connect/connection-details */
const NEON_HOST = /^[^.]+(\.[\w-]+)*\.neon\.(tech|build)$/;

/** Where Neon's driver sends statements for a host of Neon's; null for any other. */
const neonEndpointOf = (databaseUrl: string): string | null => {
  const { hostname } = new URL(databaseUrl);
  return NEON_HOST.test(hostname) ? `https://${hostname.replace(/^[^.]+/, "api")}/sql` : null;
};

/** What `sslmode` may be. All but the first mean the last. */
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

const { DATABASE_URL, DATABASE_DRIVER, DATABASE_AUTH, DATABASE_PREPARED, NEON_ENDPOINT } = Environment.fields;
const databases = Schema.decodeUnknownOption(
  Schema.Struct({ DATABASE_URL, DATABASE_DRIVER, DATABASE_AUTH, DATABASE_PREPARED, NEON_ENDPOINT }),
);

/** What is wrong with the database and how it is reached. A password is never sent to a host that is not meant. */
const wrongDatabase = (bindings: object, drivers: Drivers): ReadonlyArray<string> => {
  const read = Option.getOrUndefined(databases(bindings));
  if (read === undefined || !URL.canParse(Redacted.value(read.DATABASE_URL))) return [];
  const { password, searchParams } = new URL(Redacted.value(read.DATABASE_URL));
  const driver = read.DATABASE_DRIVER ?? drivers[0];
  const foreign =
    read.NEON_ENDPOINT === undefined && neonEndpointOf(Redacted.value(read.DATABASE_URL)) === null;
  const signed = read.DATABASE_AUTH === "rds-iam";
  const sslMode = searchParams.get("sslmode");
  const wrong: ReadonlyArray<readonly [boolean, string]> = [
    [!drivers.includes(driver), `DATABASE_DRIVER must be ${drivers.join(" or ")} for this entry`],
    [
      driver === "neon" && foreign,
      "DATABASE_URL must be a database of Neon's, below neon.tech or neon.build: its driver would send the password to a host of that name",
    ],
    [signed && driver !== "pg", "DATABASE_AUTH must be password for this driver"],
    [!signed && password === "", "DATABASE_URL must be postgresql://user:password@host/database"],
    [
      read.DATABASE_PREPARED === "true" && driver !== "pg",
      "DATABASE_PREPARED must be false for this driver: a proxy gives each transaction another connection",
    ],
    [
      driver === "pg" && sslMode !== null && !SSL_MODES.includes(sslMode),
      "DATABASE_URL must have disable or verify-full as its sslmode",
    ],
  ];
  return wrong.filter(([is]) => is).map(([, sentence]) => sentence);
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

const toDeployment = (read: typeof Environment.Type, drivers: Drivers): Deployment => ({
  region: read.AWS_REGION,
  accessKeyId: read.AWS_ACCESS_KEY_ID,
  secretAccessKey: read.AWS_SECRET_ACCESS_KEY,
  sessionToken: read.AWS_SESSION_TOKEN ?? null,
  userPoolId: read.AWS_COGNITO_USER_POOL_ID,
  appClientIds: read.AWS_COGNITO_APP_CLIENT_ID,
  machines: machinesOf(read),
  consoleLogin: read.COGNITO_DOMAIN ?? null,
  consoleClientId: read.CONSOLE_CLIENT_ID ?? read.AWS_COGNITO_APP_CLIENT_ID[0] ?? "",
  databaseUrl: read.DATABASE_URL,
  databaseDriver: read.DATABASE_DRIVER ?? drivers[0],
  neonEndpoint: read.NEON_ENDPOINT ?? neonEndpointOf(Redacted.value(read.DATABASE_URL)),
  databaseAuth: read.DATABASE_AUTH,
  databasePoolSize: read.DATABASE_POOL_SIZE,
  databasePrepared: read.DATABASE_PREPARED === "true",
  cognitoEndpoint: read.COGNITO_ENDPOINT ?? null,
  issuers: read.TOKEN_ISSUER === undefined ? issuersOf(read) : [read.TOKEN_ISSUER],
  passwordless: read.COGNITO_PASSWORDLESS === "true",
  username: read.COGNITO_USERNAME,
  ownershipAttribute:
    read.OWNERSHIP_ATTRIBUTE === "" || read.COGNITO_USERNAME === "operation-id"
      ? null
      : read.OWNERSHIP_ATTRIBUTE,
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
  databaseWakeTimeout: read.DATABASE_WAKE_TIMEOUT_MS,
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
  publicUrl: read.PUBLIC_URL ?? null,
  securityContact: read.SECURITY_CONTACT ?? null,
  corsOrigins: read.CORS_ORIGINS,
});
