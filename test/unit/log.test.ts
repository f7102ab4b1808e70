/** What a log line may hold: what failed and what it proves; nobody's address, no token, no connection string. */
import { UsernameExistsException } from "@aws-sdk/client-cognito-identity-provider";
import { assert, describe, it } from "@effect/vitest";
import { NeonDbError } from "@neondatabase/serverless";
import { Cause, Effect } from "effect";
import { LogConsole, redact, report } from "../../src/adapters/log.ts";
import { CleanupRequired, UserExists } from "../../src/domain/errors.ts";
import { DatabaseError, StatementRefused } from "../../src/ports/database.ts";
import { IdentityProviderError, UserAlreadyExists } from "../../src/ports/identity-provider.ts";
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
  ];
  it.each([...cases])("leaves nothing of %s", (_, line, secret) => {
    assert.notMatch(redact(line), secret);
  });

  it("leaves what an operator looks for", () => {
    const line = `{"operationId":"${operationId(1)}","state":"started","at":"2026-01-02T03:04:05.678Z"}`;
    assert.strictEqual(redact(line), line);
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
