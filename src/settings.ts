/**
 * The environment, read once and checked as a whole: a bad deployment hears of every bad key at once.
 *
 * Nothing else in src/ reads the environment. Secrets are Redacted from here to the client that sends them.
 */
import { Context, Effect, Layer, Option, Schema, SchemaTransformation } from "effect";

const Text = Schema.String.check(Schema.isNonEmpty({ message: "must not be empty" }));
const Secret = Text.pipe(Schema.RedactedFromValue);

const WholeNumber = (minimum: number, maximum: number) => {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return Schema.String.check(Schema.isPattern(/^\d{1,9}$/, { message })).pipe(
    Schema.decodeTo(
      Schema.Number.check(Schema.isBetween({ minimum, maximum }, { message })),
      SchemaTransformation.transform({ decode: Number, encode: String }),
    ),
  );
};

const Url = Schema.String.check(
  Schema.makeFilter((value: string) => URL.canParse(value) && /^https?:/.test(value), {
    message: "must be an http or https URL",
  }),
);

const orElse = <S extends Schema.Top>(schema: S, value: S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)));

const originsOf = (list: string): ReadonlyArray<string> =>
  list
    .split(",")
    .map((origin) => origin.trim())
    .filter((origin) => origin !== "");

const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text;

/** The keys of the environment. README.md has the same table in prose. */
export const Environment = Schema.Struct({
  AWS_REGION: Schema.String.check(
    Schema.isPattern(/^[a-z]{2}(-[a-z]+)+-\d$/, { message: "must be a region such as eu-west-2" }),
  ),
  AWS_ACCESS_KEY_ID: Text,
  AWS_SECRET_ACCESS_KEY: Secret,
  AWS_SESSION_TOKEN: Schema.optionalKey(Secret),
  AWS_COGNITO_USER_POOL_ID: Text,
  AWS_COGNITO_APP_CLIENT_ID: Text,
  DATABASE_URL: Schema.String.check(
    Schema.isPattern(/^postgres(ql)?:\/\/[^:@/\s]+:[^@/\s]+@[^/\s]+\/[^\s]+$/, {
      message: "must be postgresql://user:password@host/database",
    }),
  ).pipe(Schema.RedactedFromValue),
  /** Local stacks only: where the Cognito API and Neon's SQL endpoint are, instead of the vendors' own. */
  COGNITO_ENDPOINT: Schema.optionalKey(Url),
  NEON_ENDPOINT: Schema.optionalKey(Url),
  TOKEN_ISSUER: Schema.optionalKey(Url),
  /** The pool's immutable custom attribute that holds the ownership tag. Empty: the pool has none. */
  OWNERSHIP_ATTRIBUTE: orElse(
    Schema.String.check(
      Schema.isPattern(/^(custom:[\w.-]{1,20})?$/, {
        message: "must be custom:<name> of at most 20 characters, or empty",
      }),
    ),
    "custom:registration_id",
  ),
  INVITATION: orElse(
    Schema.Literals(["after-commit", "immediate", "none"]).annotate({
      message: "must be after-commit, immediate or none",
    }),
    "after-commit",
  ),
  /** Whether callers need a second factor (a one-time password) to be heard. */
  ENFORCE_MFA: orElse(
    Schema.Literals(["true", "false"]).annotate({ message: "must be true or false" }),
    "false",
  ),
  /** Seconds one request may take; finishInBackground somebody else may settle its registration. */
  REQUEST_BUDGET_SECONDS: orElse(WholeNumber(1, 28), "20"),
  /** Seconds after which a create that was sent can no longer land (docs/protocol.md). */
  HORIZON_SECONDS: orElse(WholeNumber(1, 86_400), "1200"),
  /** Hours an idempotency key is kept at the least. */
  IDEMPOTENCY_KEY_HOURS: orElse(WholeNumber(1, 8760), "24"),
  /** Milliseconds for one call. */
  COGNITO_TIMEOUT_MS: orElse(WholeNumber(50, 20_000), "4000"),
  DATABASE_TIMEOUT_MS: orElse(WholeNumber(50, 20_000), "4000"),
  SIGNING_KEYS_TIMEOUT_MS: orElse(WholeNumber(50, 20_000), "3000"),
  /** Registrations one sweep takes up at the most, and the seconds it may go on taking up more. */
  SWEEP_BATCH: orElse(WholeNumber(1, 500), "50"),
  SWEEP_SECONDS: orElse(WholeNumber(1, 600), "45"),
  /** Origins whose pages may call the API, comma-separated. Empty: none but the API's own. */
  CORS_ORIGINS: orElse(
    Schema.String.check(
      Schema.makeFilter((list: string) => originsOf(list).every(isOrigin), {
        message: "must be origins such as https://admin.example.org, comma-separated",
      }),
    ),
    "",
  ),
});

type Decoded = typeof Environment.Type;

/** The settings of one deployment. Durations are in the unit that the name says. */
export interface Settings extends Decoded {
  /** The exact `iss` of the pool's tokens; its keys are below it, at /.well-known/jwks.json. */
  readonly issuer: string;
  readonly corsOrigins: ReadonlyArray<string>;
}

export class Config extends Context.Service<Config, Settings>()("registrar/Config") {
  /** A configuration that was read already. */
  static readonly layer = (settings: Settings) => Layer.succeed(Config, settings);
}

/** A deployment that cannot work. `problems` names each bad key and what it must be, never a value. */
export class BadConfiguration extends Schema.TaggedError<BadConfiguration>()("BadConfiguration", {
  problems: Schema.Array(Schema.String),
}) {
  override get message(): string {
    return `The configuration is wrong: ${this.problems.join("; ")}`;
  }
}

const standard = Schema.toStandardSchemaV1(Environment, { parseOptions: { errors: "all" } });

const { HORIZON_SECONDS, REQUEST_BUDGET_SECONDS } = Environment.fields;
const times = Schema.decodeUnknownOption(Schema.Struct({ HORIZON_SECONDS, REQUEST_BUDGET_SECONDS }));

/** Seconds for which a signed request stays good: with the budget, the least that a horizon has to be. */
const SIGNATURE_VALIDITY_SECONDS = 900;

/** What is wrong between keys that are each right by themselves. Local stacks may shrink the horizon. */
const contradictions = (bindings: object): ReadonlyArray<string> => {
  const least = "COGNITO_ENDPOINT" in bindings ? 0 : SIGNATURE_VALIDITY_SECONDS;
  return Option.match(times(bindings), {
    onNone: () => [],
    onSome: ({ HORIZON_SECONDS: horizon, REQUEST_BUDGET_SECONDS: budget }) =>
      horizon > budget + least ? [] : [`HORIZON_SECONDS must be more than REQUEST_BUDGET_SECONDS + ${least}`],
  });
};

/** Reads the settings from the Worker's bindings. Throws BadConfiguration, which lists every bad key. */
export const readSettings = (bindings: object): Settings => {
  const result = standard["~standard"].validate(bindings);
  if (result instanceof Promise) throw new Error("the environment's schema must be synchronous");
  const problems = (result.issues ?? []).map(({ path, message }) => {
    const key = String(path?.[0] ?? "environment");
    return key in bindings ? `${key} ${message}` : `${key} is missing`;
  });
  problems.push(...contradictions(bindings));
  if (result.issues !== undefined || problems.length > 0) throw new BadConfiguration({ problems });
  const settings = result.value;
  return {
    ...settings,
    issuer:
      settings.TOKEN_ISSUER ??
      `https://cognito-idp.${settings.AWS_REGION}.amazonaws.com/${settings.AWS_COGNITO_USER_POOL_ID}`,
    corsOrigins: originsOf(settings.CORS_ORIGINS),
  };
};
