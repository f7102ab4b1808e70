/** A deployment hears of every bad key at once, and of no value. */
import { assert, describe, it } from "@effect/vitest";
import { Duration, Redacted } from "effect";
import { UserId } from "../../src/domain/user.ts";
import { DRIVERS, type Drivers } from "../../src/ports/settings.ts";
import { BadConfiguration, readSettings } from "../../src/settings.ts";
import { bindings, settings } from "../simulation/memory/memory.ts";

const problems = (environment: object, drivers: Drivers = DRIVERS.workers): ReadonlyArray<string> => {
  try {
    readSettings(environment, drivers);
    return [];
  } catch (error) {
    return error instanceof BadConfiguration ? error.problems : [String(error)];
  }
};

describe("the configuration", () => {
  it("has defaults for all that need not be said", () => {
    const read = settings();
    assert.deepStrictEqual(
      [read.ownershipAttribute, read.invitation, read.sweepCalls],
      ["custom:registration_id", "after-commit", 900],
    );
    assert.deepStrictEqual(
      [read.requestBudget, read.horizon, read.idempotencyKeysKept, read.sweepTime].map(Duration.toSeconds),
      [20, 1200, 86_400, 45],
    );
    assert.deepStrictEqual(
      [read.cognitoTimeout, read.databaseTimeout, read.signingKeysTimeout].map(Duration.toMillis),
      [4000, 4000, 3000],
    );
    assert.deepStrictEqual([read.sessionToken, read.cognitoEndpoint], [null, null]);
    assert.deepStrictEqual(read.corsOrigins, []);
    assert.strictEqual(read.enforceMfa, false);
    assert.deepStrictEqual(read.issuers, [
      "https://cognito-idp.eu-west-2.amazonaws.com/eu-west-2_Test",
      "https://issuer-cognito-idp.eu-west-2.amazonaws.com/eu-west-2_Test",
    ]);
  });

  it("reads no ownership attribute from an empty one, and a second factor that is enforced", () => {
    const read = settings({ OWNERSHIP_ATTRIBUTE: "", ENFORCE_MFA: "true" });
    assert.deepStrictEqual([read.ownershipAttribute, read.enforceMfa], [null, true]);
  });

  it("takes an issuer of one's own, and a list of origins", () => {
    const read = settings({
      TOKEN_ISSUER: "http://127.0.0.1:1/pool",
      CORS_ORIGINS: "https://a.example, https://b.example,",
    });
    assert.deepStrictEqual(read.issuers, ["http://127.0.0.1:1/pool"]);
    assert.deepStrictEqual(read.corsOrigins, ["https://a.example", "https://b.example"]);
  });

  it("takes the address of the deployment, and whom to tell of a vulnerability; both may be missing", () => {
    const read = settings({
      PUBLIC_URL: "https://registrar.hospital.test",
      SECURITY_CONTACT: "mailto:security@hospital.test",
    });
    assert.strictEqual(read.publicUrl, "https://registrar.hospital.test");
    assert.strictEqual(read.securityContact, "mailto:security@hospital.test");
    assert.deepStrictEqual([settings().publicUrl, settings().securityContact], [null, null]);
  });

  it.each(["https://a.test/", "https://a.test/x", "a.test", "ftp://a.test", "https://registrar.example.org"])(
    "refuses %s as the address of the deployment",
    (PUBLIC_URL) => {
      assert.match(problems({ ...bindings, PUBLIC_URL }).join(), /^PUBLIC_URL must /);
    },
  );

  it.each(["security@a.test", "http://a.test", "mailto:a b@c.test", "mailto:a@b.test\nContact: x"])(
    "refuses %j as a contact",
    (SECURITY_CONTACT) => {
      assert.match(problems({ ...bindings, SECURITY_CONTACT }).join(), /SECURITY_CONTACT must /);
    },
  );

  it("names every missing key at once", () => {
    const missing = problems({});
    for (const key of Object.keys(bindings)) assert.include(missing, `${key} is missing`);
    assert.strictEqual(missing.length, Object.keys(bindings).length);
  });

  it("takes no client for the console whose tokens it does not accept", () => {
    assert.deepStrictEqual(problems({ ...bindings, CONSOLE_CLIENT_ID: "another" }), [
      "CONSOLE_CLIENT_ID must be one of AWS_COGNITO_APP_CLIENT_ID",
    ]);
    const own = { ...bindings, AWS_COGNITO_APP_CLIENT_ID: "one,two", CONSOLE_CLIENT_ID: "two" };
    assert.deepStrictEqual(problems(own), []);
  });

  const bad: ReadonlyArray<readonly [string, string]> = [
    ["AWS_REGION", "London"],
    ["AWS_ACCESS_KEY_ID", ""],
    ["AWS_SECRET_ACCESS_KEY", ""],
    ["AWS_COGNITO_USER_POOL_ID", ""],
    ["AWS_COGNITO_APP_CLIENT_ID", ""],
    ["DATABASE_URL", "mysql://user:hunter2@host/db"],
    ["COGNITO_ENDPOINT", "ftp://host"],
    ["COGNITO_DOMAIN", "hospital.auth.eu-west-2.amazoncognito.com"],
    ["COGNITO_DOMAIN", "https://flip.auth.eu-west-2.amazoncognito.com/oauth2"],
    ["CONSOLE_CLIENT_ID", 'id"><script>'],
    ["NEON_ENDPOINT", "not a url"],
    ["TOKEN_ISSUER", "pool"],
    ["OWNERSHIP_ATTRIBUTE", "registration_id"],
    ["OWNERSHIP_ATTRIBUTE", "custom:a_name_that_is_too_long"],
    ["INVITATION", "later"],
    ["REQUEST_BUDGET_SECONDS", "0"],
    ["REQUEST_BUDGET_SECONDS", "29"],
    ["HORIZON_SECONDS", "1.5"],
    ["IDEMPOTENCY_KEY_HOURS", "-1"],
    ["COGNITO_TIMEOUT_MS", "10"],
    ["DATABASE_TIMEOUT_MS", "1e3"],
    ["SIGNING_KEYS_TIMEOUT_MS", "99999"],
    ["SWEEP_CALLS", "many"],
    ["SWEEP_SECONDS", ""],
    ["OPERATION_ADDRESS_DAYS", "1"],
    ["OPERATION_ADDRESS_DAYS", "never"],
    ["OPERATION_ADDRESS_DAYS", "0"],
    ["OPERATION_DAYS", "1"],
    ["OPERATION_DAYS", "36501"],
    ["ENFORCE_MFA", "yes"],
    ["CORS_ORIGINS", "https://a.example/path"],
    ["CORS_ORIGINS", "https://a.example, *"],
    ["CORS_ORIGINS", "https://*.hospital.org"],
    ["AWS_COGNITO_USER_POOL_ID", "arn:aws:cognito-idp:eu-west-2:111122223333:userpool/eu-west-2_Test"],
    ["AWS_COGNITO_USER_POOL_ID", "eu-west-1_"],
    ["AWS_COGNITO_USER_POOL_ID", "us-east-1_Test"],
    // What wrangler.toml, the documents and AWS's own examples leave in a value's place.
    ["AWS_COGNITO_USER_POOL_ID", "eu-west-2_example"],
    ["AWS_COGNITO_USER_POOL_ID", "eu-west-2_EXAMPLE1"],
    ["AWS_COGNITO_APP_CLIENT_ID", "example"],
    ["AWS_COGNITO_APP_CLIENT_ID", "<your client>"],
    ["AWS_COGNITO_APP_CLIENT_ID", "web,example"],
    ["AWS_COGNITO_APP_CLIENT_ID", "web cli"],
    ["AWS_COGNITO_APP_CLIENT_ID", ","],
    ["AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"],
    ["AWS_SECRET_ACCESS_KEY", "changeme"],
    ["DATABASE_URL", "postgresql://user:password@host/database"],
    // A blank that came with a paste.
    ["AWS_REGION", " eu-west-1"],
    ["AWS_ACCESS_KEY_ID", "AKIATEST\n"],
    ["AWS_SECRET_ACCESS_KEY", "secret "],
    ["AWS_SESSION_TOKEN", "\ttoken"],
    ["CORS_ORIGINS", " https://a.example"],
    ["INVITATION", "none "],
  ];
  it.each([...bad])("refuses %s=%j, and does not repeat it", (key, value) => {
    const found = problems({ ...bindings, [key]: value });
    assert.isNotEmpty(found);
    for (const problem of found) {
      assert.match(problem, new RegExp(`^${key} must`));
      if (value.length > 3) assert.notInclude(problem, value);
    }
  });

  it("names every bad key at once, without a value", () => {
    const last = Object.fromEntries(bad);
    const found = problems(last);
    for (const key of Object.keys(last))
      assert.isTrue(
        found.some((text) => text.startsWith(`${key} `)),
        key,
      );
    const message = new BadConfiguration({ problems: [...found] }).message;
    for (const value of ["hunter2", "London", "99999", "ftp:"]) assert.notInclude(message, value);
  });

  it("keeps addresses and operations for ever unless it is said otherwise", () => {
    const { addressesKept, operationsKept } = settings();
    assert.deepStrictEqual([addressesKept, operationsKept], [null, null]);
    const read = settings({ OPERATION_ADDRESS_DAYS: "2", OPERATION_DAYS: "365" });
    assert.deepStrictEqual(
      [read.addressesKept, read.operationsKept].map((kept) => kept && Duration.toDays(kept)),
      [2, 365],
    );
  });

  it("refuses to forget what a key, a horizon or an address that is kept still asks for", () => {
    const day = { OPERATION_ADDRESS_DAYS: "7", OPERATION_DAYS: "7" };
    const wrong = (more: object) => problems({ ...bindings, ...day, ...more });
    assert.deepStrictEqual(wrong({}), []);
    assert.deepStrictEqual(wrong({ IDEMPOTENCY_KEY_HOURS: "168" }), [
      "OPERATION_ADDRESS_DAYS must be more than IDEMPOTENCY_KEY_HOURS",
      "OPERATION_DAYS must be more than IDEMPOTENCY_KEY_HOURS",
    ]);
    assert.deepStrictEqual(wrong({ OPERATION_ADDRESS_DAYS: "8" }), [
      "OPERATION_DAYS must not be less than OPERATION_ADDRESS_DAYS",
    ]);
    const short = { OPERATION_ADDRESS_DAYS: "", OPERATION_DAYS: "2", HORIZON_SECONDS: "86400" };
    assert.deepStrictEqual(wrong(short), ["OPERATION_DAYS must be more than 2 × HORIZON_SECONDS"]);
  });

  it("refuses a horizon within the budget and the validity of a signature", () => {
    const refused = ["HORIZON_SECONDS must be more than REQUEST_BUDGET_SECONDS + 900"];
    for (const horizon of ["20", "900", "920"]) {
      assert.deepStrictEqual(problems({ ...bindings, HORIZON_SECONDS: horizon }), refused);
    }
    assert.deepStrictEqual(problems({ ...bindings, HORIZON_SECONDS: "921" }), []);
    assert.deepStrictEqual(
      problems({ ...bindings, HORIZON_SECONDS: "925", REQUEST_BUDGET_SECONDS: "25" }),
      refused,
    );
  });

  it("lets a local stack shrink its horizon, but not into its budget", () => {
    const local = { ...bindings, COGNITO_ENDPOINT: "http://127.0.0.1:1" };
    assert.deepStrictEqual(problems({ ...local, HORIZON_SECONDS: "21" }), []);
    assert.deepStrictEqual(problems({ ...local, HORIZON_SECONDS: "20" }), [
      "HORIZON_SECONDS must be more than REQUEST_BUDGET_SECONDS + 0",
    ]);
  });

  it("says that horizon and budget do not fit beside other bad keys", () => {
    assert.deepStrictEqual(problems({ ...bindings, SWEEP_CALLS: "19", HORIZON_SECONDS: "20" }).length, 2);
  });

  it("gives each app client the id of a machine, which follows from pool and client, whoever issues the tokens", () => {
    const ids = {
      client: UserId.make("ce4767a6-e988-5b7d-870e-67db7ae67bc4"),
      cli: UserId.make("1b3ee685-6e8d-58f8-9f40-c813e8a97805"),
    };
    const more = { AWS_COGNITO_APP_CLIENT_ID: "client, cli" };
    for (const TOKEN_ISSUER of [
      "https://issuer-cognito-idp.eu-west-2.amazonaws.com/eu-west-2_Test",
      "http://127.0.0.1:1/pool",
    ])
      assert.deepStrictEqual(Object.fromEntries(settings({ ...more, TOKEN_ISSUER }).machines), ids);
    assert.deepStrictEqual(Object.fromEntries(settings(more).machines), ids);
    assert.notStrictEqual(
      settings({ AWS_COGNITO_USER_POOL_ID: "eu-west-2_Other" }).machines.get("client"),
      ids.client,
    );
  });

  it("keeps secrets out of what is printed", () => {
    const read = settings({ AWS_SESSION_TOKEN: "session-secret" });
    const printed = `${JSON.stringify(read)} ${String(read.databaseUrl)}`;
    for (const secret of ["session-secret", "user:password", `"secret"`]) assert.notInclude(printed, secret);
    assert.strictEqual(Redacted.value(read.databaseUrl), bindings.DATABASE_URL);
  });
});

describe("the database", () => {
  const at = (url: string, more: object = {}, drivers: Drivers = DRIVERS.workers) =>
    problems({ ...bindings, DATABASE_URL: url, ...more }, drivers);
  const rds = "postgresql://registrar:hunter2@db.c1.eu-west-2.rds.amazonaws.com:5432/flip";

  it.each([
    ["ep-a-1.eu-west-2.aws.neon.tech", "https://api.eu-west-2.aws.neon.tech/sql"],
    ["ep-a-1-pooler.c-2.eu-west-2.aws.neon.tech", "https://api.c-2.eu-west-2.aws.neon.tech/sql"],
    ["ep-a-1.eu-west-2.aws.neon.build", "https://api.eu-west-2.aws.neon.build/sql"],
  ])("of Neon's at %s is reached at %s", (host, endpoint) => {
    const read = settings({ DATABASE_URL: `postgresql://user:password@${host}/registrar?sslmode=require` });
    assert.strictEqual(read.neonEndpoint, endpoint);
  });

  it.each([
    "db.c1.eu-west-2.rds.amazonaws.com",
    "db.abc.supabase.co",
    "neon.tech",
    "ep-a.neon.tech.evil.org",
    "ep-a.evilneon.tech",
    "ep-a.neon.tech.",
    "127.0.0.1",
  ])("at %s is none of Neon's, and a configuration that would send it the password is refused", (host) => {
    assert.deepStrictEqual(at(`postgresql://user:hunter2@${host}/registrar`), [
      "DATABASE_URL must be a database of Neon's, below neon.tech or neon.build: its driver would send the password to a host of that name",
    ]);
  });

  it("may be any server where NEON_ENDPOINT says who speaks for it, or another driver is used", () => {
    assert.deepStrictEqual(at(rds, { NEON_ENDPOINT: "http://127.0.0.1:1/sql" }), []);
    assert.deepStrictEqual(at(rds, {}, DRIVERS.server), []);
    assert.strictEqual(at(rds, { DATABASE_DRIVER: "neon" }, DRIVERS.server).length, 1);
  });

  it("is reached by a driver that the entry has", () => {
    for (const [drivers, driver] of [
      [DRIVERS.workers, "pg"],
      [DRIVERS.hyperdrive, "neon"],
      [DRIVERS.server, "hyperdrive"],
    ] as const) {
      const HYPERDRIVE = { connectionString: rds };
      const found = problems({ ...bindings, HYPERDRIVE, DATABASE_DRIVER: driver }, drivers);
      assert.isTrue(
        found.some((problem) => problem.startsWith("DATABASE_DRIVER must be ")),
        driver,
      );
    }
  });

  it("is the binding's behind Hyperdrive, and never DATABASE_URL", () => {
    const HYPERDRIVE = { connectionString: "postgresql://u:p@a1.hyperdrive.local:5432/flip?sslmode=disable" };
    const read = readSettings({ ...bindings, HYPERDRIVE }, DRIVERS.hyperdrive);
    assert.strictEqual(Redacted.value(read.databaseUrl), HYPERDRIVE.connectionString);
    assert.strictEqual(read.databaseDriver, "hyperdrive");
    assert.deepStrictEqual(problems(bindings, DRIVERS.hyperdrive), ["HYPERDRIVE is missing"]);
  });

  it("needs a password, unless a token is signed for each connection", () => {
    const url = rds.replace(":hunter2", "");
    assert.deepStrictEqual(at(url, { DATABASE_AUTH: "rds-iam" }, DRIVERS.server), []);
    assert.deepStrictEqual(at(url, {}, DRIVERS.server), [
      "DATABASE_URL must be postgresql://user:password@host/database",
    ]);
    const neon = at(bindings.DATABASE_URL, { DATABASE_AUTH: "rds-iam" });
    assert.deepStrictEqual(neon, ["DATABASE_AUTH must be password for this driver"]);
  });

  it("is not asked without a check of its certificate by a mode that nobody meant", () => {
    for (const mode of ["disable", "prefer", "require", "verify-ca", "verify-full"])
      assert.deepStrictEqual(at(`${rds}?sslmode=${mode}`, {}, DRIVERS.server), [], mode);
    for (const mode of ["no-verify", "off", ""])
      assert.deepStrictEqual(
        at(`${rds}?sslmode=${mode}`, {}, DRIVERS.server),
        ["DATABASE_URL must have disable or verify-full as its sslmode"],
        mode,
      );
  });

  it("keeps no statements parsed behind a proxy", () => {
    assert.deepStrictEqual(at(rds, { DATABASE_PREPARED: "true" }, DRIVERS.server), []);
    const [problem] = at(bindings.DATABASE_URL, { DATABASE_PREPARED: "true" });
    assert.match(problem ?? "", /^DATABASE_PREPARED must be false/);
  });
});
