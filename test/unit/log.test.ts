/** What a log line may hold: what failed and what it proves; nobody's address, no token, no connection string. */
import { UsernameExistsException } from "@aws-sdk/client-cognito-identity-provider";
import { assert, describe, it } from "@effect/vitest";
import { NeonDbError } from "@neondatabase/serverless";
import { Cause, Effect } from "effect";
import { LogConsole, logLine, redact, report } from "../../src/adapters/log.ts";
import { CleanupRequired, UserExists } from "../../src/domain/errors.ts";
import { DatabaseError, StatementRefused } from "../../src/ports/database.ts";
import {
  IdentityProviderError,
  OutcomeUnknown,
  UserAlreadyExists,
} from "../../src/ports/identity-provider.ts";
import { Settings } from "../../src/ports/settings.ts";
import { settings } from "../simulation/memory/memory.ts";
import { alice, operationId } from "../simulation/memory/scene.ts";

const TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
const DATABASE = "postgresql://user:hunter2@ep-x.eu-west-2.aws.neon.tech/db";

describe("redact", () => {
  const cases: ReadonlyArray<readonly [string, string, RegExp]> = [
    ["an address", "User alice@hospital.example exists", /alice|hospital/],
    ["an address with a tag", "to: o'brien+x@a.b.nhs.uk.", /brien|nhs/],
    ["an address in JSON", JSON.stringify({ email: "alice@hospital.example" }), /alice/],
    ["an address in a detail of PostgreSQL", "Key (email)=(alice@hospital.example) already exists.", /alice/],
    ["a token", `Authorization: Bearer ${TOKEN}`, /eyJ|c2ln/],
    ["a token without its signature", TOKEN.split(".", 2).join("."), /eyJ/],
    ["a connection string", `cannot reach ${DATABASE}`, /hunter2|neon\.tech|user/],
    ["a connection string in JSON", JSON.stringify({ url: DATABASE }), /hunter2/],
    [
      "a connection string with an address for a user",
      "postgres://a@b.example:pw@host.example/db",
      /pw|host/,
    ],
    ["an access key", "key AKIAIOSFODNN7EXAMPLE", /AKIA/],
    ["a key of a session", "key ASIAIOSFODNN7EXAMPLE", /ASIA/],
    ["an address in a URL", "?email=alice%40hospital.example&x=1", /alice|hospital/],
    ["an address encoded twice", "alice%2540hospital.example", /alice|hospital/],
    ["an address in JSON that is escaped", String.raw`{"m":"alice\u0040hospital.example"}`, /alice|hospital/],
    ["an address with letters of its own", "to müller@käse.example now", /müller|käse/],
    ["an address whose local part is quoted", 'to "alice smith"@hospital.example', /smith|hospital/],
    ["an address in HTML", "alice&#64;hospital.example", /alice|hospital/],
    ["an address at a number", "alice@[10.0.0.1]", /alice|10\.0/],
    [
      "a signed request",
      "Authorization: AWS4-HMAC-SHA256 Credential=AKIAX/20261128/eu-west-2/cognito-idp/aws4_request, SignedHeaders=host;x-amz-date, Signature=0a1b2c",
      /AKIAX|host|0a1b2c/,
    ],
    [
      "a signed request in JSON",
      JSON.stringify({ headers: { authorization: "AWS4-HMAC-SHA256 Credential=AB/x, Signature=0a1b" } }),
      /Credential|0a1b/,
    ],
    ["a signature", "x Signature=0a1b2c3d y", /0a1b/],
    ["a signature in a URL", "X-Amz-Signature=0a1b2c&X-Amz-Credential=AK%2Fx", /0a1b|AK/],
    ["a bare signature", `sig ${"0a1b2c3d".repeat(8)}`, /0a1b/],
    ["a session token in a header", "x-amz-security-token: IQoJb3JpZ2luX2VjEXAMPLETOKEN==", /IQoJ|TOKEN==/],
    ["a session token by itself", "IQoJb3JpZ2luX2VjEFQaCWV1LXdlc3Qt", /IQoJ/],
    ["a temporary password", JSON.stringify({ TemporaryPassword: 'a"b\\c d' }), /a\\|b\\|c d/],
    [
      "a temporary password in JSON inside JSON",
      JSON.stringify({ body: JSON.stringify({ TemporaryPassword: 'hun"ter 2', next: 1 }) }),
      /hun|ter 2/,
    ],
    ["a password in JSON", '{"Password" : "hunter two"}', /hunter|two/],
    ["a password that was cut off", '{"Password":"hunter two', /hunter|two/],
    ["a password in a form", "user=x&password=hunter2&y=1", /hunter2/],
    ["a password in a sentence", "Your temporary password is hunter2.", /hunter2/],
    ["a bearer token", "Authorization: Bearer abc.def", /abc|def/],
    ["a connection string that is encoded", encodeURIComponent(DATABASE), /hunter2|neon/],
    ["a connection string with escaped slashes", DATABASE.replaceAll("/", "\\/"), /hunter2|neon/],
    ["credentials in any URL", "https://user:hunter2@host.example/x", /hunter2/],
  ];
  it.each([...cases])("leaves nothing of %s", (_, line, secret) => {
    assert.notMatch(redact(line), secret);
  });

  it("leaves what an operator looks for", () => {
    const line = `{"operationId":"${operationId(1)}","state":"started","at":"2026-01-02T03:04:05.678Z"}`;
    assert.strictEqual(redact(line), line);
  });
});

describe("a text that is long", () => {
  it("is cut, and what was cut off leaves no stump of a secret or an address", () => {
    for (let before = 1900; before < 2030; before += 3) {
      for (const secret of ["alice@hospital.example", "s3cr3t/k3y+of=the-deployment", TOKEN, DATABASE]) {
        const text = `${"x".repeat(before)} ${secret} ${"y".repeat(3000)}`;
        const swept = redact(text, ["s3cr3t/k3y+of=the-deployment"], 1000);
        assert.isAtMost(swept.length, 1001);
        assert.notMatch(swept, /alice|s3cr|eyJ|postgres/);
      }
    }
  });

  it("is swept whole, where what is swept away makes room for its end", () => {
    for (let before = 0; before < 60; before++) {
      const text = `${"x".repeat(before)}${" alice@hospital.example".repeat(200)}`;
      assert.notMatch(redact(text, [], 1000), /ali|hosp/);
    }
  });

  it.each([
    ["a", 500_000],
    ["a@", 250_000],
    ["a.", 250_000],
    ["password=", 60_000],
    ['"password":"', 60_000],
    ["eyJ", 170_000],
    ["\\", 500_000],
    ["postgres://", 50_000],
    ["%40", 150_000],
  ])("takes no time to speak of: %s %d times", (text, times) => {
    const start = performance.now();
    redact(text.repeat(times), ["s3cr3t-of-the-deployment"], 1000);
    assert.isBelow(performance.now() - start, 500);
  });
});

describe("a line of the log", () => {
  const secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY";
  const deployment = settings({
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_SESSION_TOKEN: "session/token+value==",
    AWS_ACCESS_KEY_ID: "LOCALKEYLOCALKEY",
    DATABASE_URL: "postgresql://user:pa%24%24word-x@ep-x.eu-west-2.aws.neon.tech/db",
  });
  const echo = (text: string, name = "Error") =>
    new IdentityProviderError({
      operation: "create",
      reason: new OutcomeUnknown(),
      cause: Object.assign(new Error(text), { name }),
    });
  const line = (...errors: ReadonlyArray<unknown>) => logLine({ level: "Error" }, errors, deployment);

  it("has none of the deployment's own secrets, in whatever way they are written", () => {
    for (const secret of [
      secretKey,
      "session/token+value==",
      "LOCALKEYLOCALKEY",
      "pa%24%24word-x",
      "pa$$word-x",
    ]) {
      const texts = [
        secret,
        encodeURIComponent(secret),
        JSON.stringify({ x: secret }),
        secret.replaceAll("/", "\\/"),
      ];
      for (const text of texts) {
        const written = line(echo(`you sent ${text} to us`));
        assert.notInclude(written, secret);
        assert.notMatch(written, /wJalrXUtn|session.{0,3}token|LOCALKEY|word-x/);
      }
    }
  });

  it("is short, and whole JSON, whatever a provider sends, and wherever", () => {
    const long = "alice@hospital.example ".repeat(23_000);
    const errors = [
      echo(long),
      echo("x", long),
      Object.assign(new NeonDbError(long), { code: long, constraint: long, severity: { deep: long } }),
      Object.assign(new Error("x"), { $metadata: { httpStatusCode: long, requestId: long } }),
      Object.assign(new Error("x"), { problems: Array.from({ length: 9000 }, () => long) }),
      Object.fromEntries(
        Array.from({ length: 900 }, (_, n) => [`${n} ${"alice@hospital.example".repeat(100)}`, long]),
      ),
      Cause.fromReasons(Array.from({ length: 300 }, () => Cause.makeFailReason(echo(long)))),
    ];
    for (const error of [...errors, new Error("all", { cause: new Error("deep", { cause: errors[0] }) })]) {
      const written = line(error);
      assert.isAtMost(written.length, 16_000);
      assert.notMatch(written, /alice|hospital/);
      assert.strictEqual((JSON.parse(written) as { level: string }).level, "Error");
    }
    const annotated = logLine({ level: "Error", requestId: "r-1", more: errors[5] }, errors, deployment);
    assert.isAtMost(annotated.length, 16_000);
    assert.include(annotated, '"requestId":"r-1"');
  });

  it("says nothing of a field that is named for a secret", () => {
    const written = line({ Password: "hunter2", nested: { authorization: "x-y-z" }, harmless: 1 });
    assert.notMatch(written, /hunter2|x-y-z/);
    assert.include(written, '"harmless":1');
  });

  it("keeps what an operator looks for, beside what was swept", () => {
    const written = line(
      echo("PreSignUp failed with error no, for alice@hospital.example", "UserLambdaValidationException"),
    );
    assert.include(written, "UserLambdaValidationException");
    assert.include(written, "PreSignUp failed with error no, for [address]");
  });
});

describe("an error in the log", () => {
  const neonError = Object.assign(new NeonDbError("duplicate key value violates unique constraint"), {
    code: "23505",
    severity: "ERROR",
    constraint: "operation_open_address",
    detail: `Key (email)=(${alice}) already exists.`,
    where: `email = ${alice}`,
  });
  const databaseError = new DatabaseError({
    statement: "ledger.commit",
    reason: new StatementRefused({ sqlState: "23505" }),
    cause: neonError,
  });
  const cognitoError = new IdentityProviderError({
    operation: "create",
    reason: new UserAlreadyExists(),
    cause: new UsernameExistsException({
      message: `User ${alice} already exists`,
      $metadata: { httpStatusCode: 400, requestId: "request-1" },
    }),
  });
  const both = new CleanupRequired({
    operationId: operationId(1),
    cause: Cause.combine(Cause.fail(databaseError), Cause.fail(cognitoError)),
  });

  it("keeps the SQLSTATE of a database error deep inside, and no address", () => {
    const text = JSON.stringify(report(both));
    for (const wanted of ["23505", "operation_open_address", "ledger.commit", "StatementRefused"]) {
      assert.include(text, wanted);
    }
    assert.notInclude(redact(text), "alice");
    assert.notInclude(text, "Key (email)");
  });

  it("keeps what the identity provider said in its own terms: name, status and request", () => {
    const text = redact(JSON.stringify(report(both)));
    for (const wanted of ["UsernameExistsException", "400", "request-1", "UserAlreadyExists"]) {
      assert.include(text, wanted);
    }
    assert.notInclude(text, "alice");
  });

  it("follows a chain of causes, and stops at a loop", () => {
    const loop = new Error("loop");
    loop.cause = loop;
    assert.include(JSON.stringify(report(loop)), "…");
  });

  it("is one line of JSON, with level, time and annotations, and no address anywhere", async () => {
    const lines: Array<string> = [];
    const log = console.log;
    console.log = (line: string) => void lines.push(line);
    try {
      await Effect.runPromise(
        Effect.logError("request failed", Cause.fail(both)).pipe(
          Effect.andThen(
            Effect.logInfo("refused", new UserExists({ operationId: operationId(1), email: alice })),
          ),
          Effect.annotateLogs({ requestId: "r-1" }),
          Effect.provide(LogConsole),
          Effect.provide(Settings.layer(settings())),
        ),
      );
    } finally {
      console.log = log;
    }
    assert.strictEqual(lines.length, 2);
    const [first = "", second = ""] = lines;
    assert.notInclude(first + second, "alice");
    assert.notInclude(first, "\n");
    const entry = JSON.parse(first) as Record<string, unknown>;
    assert.strictEqual(entry.message, "request failed");
    assert.strictEqual(entry.requestId, "r-1");
    assert.isString(entry.time);
  });
});
