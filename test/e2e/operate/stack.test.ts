/**
 * The local stack does what the tests that stand on it believe: each fault really happens on the socket, each effect is
 * really there or really not, and nothing is left behind. If this suite fails, no other e2e result means anything.
 */
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminGetUserCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminUserGlobalSignOutCommand,
  CognitoIdentityProviderClient,
  DescribeUserPoolCommand,
  ListUsersCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { neon, neonConfig } from "@neondatabase/serverless";
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from "jose";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { indexAudit, migrate } from "../../../cli/migrate.ts";
import { ownershipAttribute } from "../../../dev/cognito.ts";
import { doctorKeyId } from "../../../dev/cognito-console.ts";
import { type Control, startControl } from "../../../dev/control.ts";
import type { Fault } from "../../../dev/faults.ts";
import { type Stack, startStack } from "../../../dev/stack.ts";

let stack: Stack;
let cognito: CognitoIdentityProviderClient;
const clientOf = (of: Stack, accessKeyId = "local") =>
  new CognitoIdentityProviderClient({
    region: "eu-west-2",
    endpoint: of.cognitoEndpoint,
    credentials: { accessKeyId, secretAccessKey: "local" },
    maxAttempts: 1,
  });

beforeAll(async () => {
  stack = await startStack();
  cognito = clientOf(stack);
  neonConfig.fetchEndpoint = stack.neonEndpoint;
}, 60_000);
afterAll(async () => {
  cognito.destroy();
  await stack.stop();
});
beforeEach(() => stack.reset());

const pool = () => ({ UserPoolId: stack.userPoolId });
const create = (email: string, more: object = {}, options: { abortSignal?: AbortSignal } = {}) =>
  cognito.send(
    new AdminCreateUserCommand({
      ...pool(),
      Username: email,
      UserAttributes: [
        { Name: "email", Value: email },
        { Name: ownershipAttribute, Value: "registration-1" },
      ],
      MessageAction: "SUPPRESS",
      ...more,
    }),
    options,
  );
const resend = (who: string) =>
  cognito.send(new AdminCreateUserCommand({ ...pool(), Username: who, MessageAction: "RESEND" }));
const get = (who: string) => cognito.send(new AdminGetUserCommand({ ...pool(), Username: who }));
const remove = (who: string) => cognito.send(new AdminDeleteUserCommand({ ...pool(), Username: who }));
const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: Error & Record<string, unknown>) => error,
  );
const audit = (id: string) =>
  `/* audit.insert */ insert into users_audit values ('${id}', 'Registered user', '${id}', '${id}', now())`;
const audited = async (id: string) =>
  (await stack.query("select 1 from users_audit where id = $1", [id])).length === 1;

describe("the Neon endpoint", () => {
  const sql = () => neon(stack.databaseUrl);

  it("returns every type as the driver parses it", async () => {
    const rows = await sql()`select ${1}::int as n, ${null}::text as nothing, ${["a", "b"]}::text[] as list,
      '2026-01-02T03:04:05Z'::timestamptz as at, ${{ a: 1 }}::jsonb as doc, ${true}::bool as yes, 9007199254740993::int8 as big`;
    expect(rows).toEqual([
      {
        n: 1,
        nothing: null,
        list: ["a", "b"],
        at: new Date("2026-01-02T03:04:05Z"),
        doc: { a: 1 },
        yes: true,
        big: "9007199254740993",
      },
    ]);
  });

  it("fails with PostgreSQL's own fields", async () => {
    const id = crypto.randomUUID();
    await sql().query(audit(id));
    const error = await errorOf(sql().query(audit(id)));
    expect(error).toMatchObject({
      name: "NeonDbError",
      code: "23505",
      severity: "ERROR",
      table: "users_audit",
      constraint: "users_audit_pkey",
    });
  });

  it("refuses two statements in one query", async () => {
    expect(await errorOf(sql().query("select 1; select 2"))).toMatchObject({ code: "42601" });
  });

  it("commits a transaction as a whole or not at all", async () => {
    const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
    const good = await sql().transaction((tx) => [tx.query(audit(one)), tx`show transaction_isolation`], {
      isolationLevel: "Serializable",
    });
    expect(good[1]).toEqual([{ transaction_isolation: "serializable" }]);
    const error = await errorOf(sql().transaction((tx) => [tx.query(audit(two)), tx.query(audit(one))]));
    expect(error).toMatchObject({ code: "23505" });
    expect([await audited(one), await audited(two)]).toEqual([true, false]);
  });

  it("reports a COMMIT that fails", async () => {
    await stack.query("create table late_check (id int primary key deferrable initially deferred)");
    const insert = "insert into late_check values (1)";
    const error = await errorOf(sql().transaction((tx) => [tx.query(insert), tx.query(insert)]));
    await stack.query("drop table late_check");
    expect(error).toMatchObject({ code: "23505" });
  });

  it("refuses a wrong password, reports a killed connection, and recovers", async () => {
    const wrong = new URL(stack.databaseUrl);
    wrong.password = "wrong";
    expect(await errorOf(neon(wrong.href)`select 1`)).toMatchObject({ code: "28P01" });
    const killed = await errorOf(sql()`select pg_terminate_backend(pg_backend_pid())`);
    expect(killed).toMatchObject({ code: "57P01", severity: "FATAL" });
    expect(await sql()`select 1 as one`).toEqual([{ one: 1 }]);
  });

  it("finishes a statement whose caller has gone", async () => {
    const id = crypto.randomUUID();
    const work = neon(stack.databaseUrl, { fetchOptions: { signal: AbortSignal.timeout(100) } });
    const error = await errorOf(
      work.query(
        `with wait as (select pg_sleep(0.4)) ${audit(id).replace("values (", "select ").replace(/\)$/, " from wait")}`,
      ),
    );
    expect(error?.sourceError).toMatchObject({ name: "TimeoutError" });
    expect(await audited(id)).toBe(false);
    await stack.faults.settled();
    expect(await audited(id)).toBe(true);
  });
});

describe("the Cognito pool", () => {
  it("creates, finds by e-mail and by sub, and deletes by sub", async () => {
    const { User } = await create("a@flip.example");
    const sub = User?.Attributes?.find((one) => one.Name === "sub")?.Value ?? "";
    expect(User?.Username).toBe(sub);
    for (const who of ["a@flip.example", sub]) {
      const found = await get(who);
      expect(found.Username).toBe(sub);
      expect(found.UserStatus).toBe("FORCE_CHANGE_PASSWORD");
      expect(found.UserAttributes).toContainEqual({ Name: ownershipAttribute, Value: "registration-1" });
    }
    await remove(sub);
    expect(await errorOf(get("a@flip.example"))).toMatchObject({ name: "UserNotFoundException" });
    expect(await errorOf(remove(sub))).toMatchObject({ name: "UserNotFoundException" });
    await create("a@flip.example");
  });

  it("lets exactly one of twenty concurrent creates win, whatever the case of the e-mail", async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => errorOf(create("b@flip.example"))));
    expect(results.filter((error) => error === undefined)).toHaveLength(1);
    expect(results.filter((error) => error?.name === "UsernameExistsException")).toHaveLength(19);
    expect(await errorOf(create("B@flip.example"))).toMatchObject({ name: "UsernameExistsException" });
    expect(stack.cognito.listUsers()).toHaveLength(3);
  });

  it("mails an invitation on a plain create, none on SUPPRESS, and one for each RESEND", async () => {
    await create("quiet@flip.example");
    expect(stack.mails()).toEqual([]);
    await create("loud@flip.example", { MessageAction: undefined });
    expect(stack.mails()).toMatchObject([{ kind: "invitation", to: "loud@flip.example" }]);
    const sub = stack.cognito.getUser("quiet@flip.example")?.sub ?? "";
    const { User } = await resend(sub);
    expect(User?.Username).toBe(sub);
    await resend("quiet@flip.example");
    expect(stack.mails("quiet@flip.example")).toMatchObject([
      { kind: "resend", sub },
      { kind: "resend", sub },
    ]);
  });

  it("refuses RESEND for nobody and for a confirmed user", async () => {
    expect(await errorOf(resend("nobody@flip.example"))).toMatchObject({
      name: "UserNotFoundException",
      $metadata: { httpStatusCode: 400 },
    });
    const sub = await stack.cognito.createUser("done@flip.example");
    await stack.cognito.confirm(sub);
    expect(await errorOf(resend(sub))).toMatchObject({ name: "UnsupportedUserStateException" });
  });

  it("refuses an attribute that the schema lacks, a long username, another pool, and a foreign key", async () => {
    const UserAttributes = [{ Name: "custom:unknown", Value: "x" }];
    expect(await errorOf(create("c@flip.example", { UserAttributes }))).toMatchObject({
      name: "InvalidParameterException",
    });
    expect(await errorOf(create(`${"x".repeat(120)}@flip.example`))).toMatchObject({
      name: "InvalidParameterException",
    });
    expect(await errorOf(create("c@flip.example", { UserPoolId: "eu-west-2_other" }))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    const foreign = clientOf(stack, "foreign");
    expect(await errorOf(foreign.send(new ListUsersCommand(pool())))).toMatchObject({
      name: "UnrecognizedClientException",
    });
    expect(stack.cognito.getUser("c@flip.example")).toBeUndefined();
  });

  it("shows TOTP, takes it away, and signs out", async () => {
    await stack.cognito.setTotp(stack.viewerSub, true);
    expect((await get(stack.viewerSub)).UserMFASettingList).toEqual(["SOFTWARE_TOKEN_MFA"]);
    const off = { SoftwareTokenMfaSettings: { Enabled: false, PreferredMfa: false } };
    const who = { ...pool(), Username: stack.viewerSub };
    await cognito.send(new AdminSetUserMFAPreferenceCommand({ ...who, ...off }));
    expect((await get(stack.viewerSub)).UserMFASettingList).toEqual([]);
    await cognito.send(new AdminUserGlobalSignOutCommand(who));
    const nobody = new AdminUserGlobalSignOutCommand({ ...who, Username: "nobody" });
    expect(await errorOf(cognito.send(nobody))).toMatchObject({ name: "UserNotFoundException" });
  });

  it("lists in pages and by filter, and describes itself", async () => {
    for (let n = 0; n < 65; n++) await stack.cognito.createUser(`p${n}@flip.example`);
    const first = await cognito.send(new ListUsersCommand({ ...pool(), Limit: 60 }));
    const second = await cognito.send(
      new ListUsersCommand({ ...pool(), Limit: 60, PaginationToken: first.PaginationToken }),
    );
    expect([first.Users?.length, second.Users?.length, second.PaginationToken]).toEqual([60, 7, undefined]);
    const Filter = `sub="${stack.adminSub}"`;
    const found = await cognito.send(new ListUsersCommand({ ...pool(), Filter, AttributesToGet: ["email"] }));
    expect(found.Users?.map((one) => one.Attributes)).toEqual([
      [{ Name: "email", Value: "admin@flip.example" }],
    ]);
    expect(await errorOf(cognito.send(new ListUsersCommand({ ...pool(), Limit: 61 })))).toMatchObject({
      name: "InvalidParameterException",
    });
    const describe = new DescribeUserPoolCommand(pool());
    expect(await errorOf(cognito.send(describe))).toMatchObject({ name: "AccessDeniedException" });
    const { UserPool } = await clientOf(stack, doctorKeyId).send(describe);
    expect(UserPool).toMatchObject({ UsernameAttributes: ["email"] });
    expect(UserPool?.SchemaAttributes).toContainEqual(
      expect.objectContaining({ Name: ownershipAttribute, Mutable: false }),
    );
  });

  it("issues tokens that verify against the keys behind the switch", async () => {
    const keys = createRemoteJWKSet(new URL(`${stack.issuer}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(stack.adminToken, keys, { issuer: stack.issuer });
    expect(payload).toMatchObject({
      sub: stack.adminSub,
      username: stack.adminSub,
      token_use: "access",
      client_id: stack.clientId,
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
    expect(stack.faults.calls("cognito")).toMatchObject([{ operation: "JWKS" }]);
    const local = createLocalJWKSet({ keys: [stack.publicJwk] });
    await jwtVerify(stack.signToken({ token_use: "id" }), local);
    expect(await errorOf(jwtVerify(stack.signToken({}, { kid: "other" }), local))).toBeDefined();
  });
});

const heard: Record<string, (error: Record<string, unknown> & Error) => void> = {
  reset: (error) => expect(error.code).toBe("ECONNRESET"),
  close: (error) => expect(error.message).toMatch(/hang up|other side closed|terminated/),
  hang: (error) => expect(error.name).toBe("AbortError"),
  "500": (error) => expect(error.$metadata).toMatchObject({ httpStatusCode: 500 }),
  "503": (error) => expect(error.$metadata).toMatchObject({ httpStatusCode: 503 }),
  throttle: (error) => expect(error.name).toBe("TooManyRequestsException"),
  garbage: (error) => expect(error.name).toBe("SyntaxError"),
  truncate: (error) => expect(error).toBeInstanceOf(Error),
  error: (error) => expect(error.name).toBe("CodeDeliveryFailureException"),
};

describe("a fault at Cognito's socket", () => {
  for (const effect of ["none", "applied"] as const) {
    for (const [answer, check] of Object.entries(heard)) {
      it(`loses a create as ${answer}, effect ${effect}`, async () => {
        const code = answer === "error" ? { code: "CodeDeliveryFailureException" } : {};
        stack.faults.set([
          { target: "cognito", match: "=AdminCreateUser", effect, answer, times: 1, ...code } as Fault,
        ]);
        const abortSignal = AbortSignal.timeout(answer === "hang" ? 150 : 5000);
        const error = await errorOf(create("f@flip.example", {}, { abortSignal }));
        if (error === undefined) throw new Error("the fault did nothing");
        check(error);
        await stack.faults.settled();
        expect(stack.cognito.getUser("f@flip.example") !== undefined).toBe(effect === "applied");
        expect(stack.faults.list()).toEqual([]);
        const [call] = stack.faults.calls();
        expect(call).toMatchObject({ operation: "AdminCreateUser", fault: { answer, effect } });
        expect(call?.landedAt !== undefined).toBe(effect === "applied");
      });
    }
  }

  it("answers an empty object, tells a RESEND from a create, and lands late", async () => {
    stack.faults.set([{ target: "cognito", match: "RESEND", effect: "applied", answer: "empty" }]);
    await create("g@flip.example");
    expect(await resend("g@flip.example")).not.toHaveProperty("User");
    expect(stack.mails()).toHaveLength(1);

    stack.faults.set([
      {
        target: "cognito",
        match: "AdminCreateUser",
        effect: "applied",
        answer: "reset",
        late: 200,
        times: 1,
      },
    ]);
    expect(await errorOf(create("late@flip.example"))).toMatchObject({ code: "ECONNRESET" });
    expect(stack.cognito.getUser("late@flip.example")).toBeUndefined();
    await stack.faults.settled();
    expect(stack.cognito.getUser("late@flip.example")).toBeDefined();
  });
});

describe("a fault at the database's socket", () => {
  const spoken: Record<string, Record<string, unknown>> = {
    reset: { name: "NeonDbError", message: expect.stringContaining("Error connecting to database") },
    close: { name: "NeonDbError", message: expect.stringContaining("Error connecting to database") },
    hang: { name: "NeonDbError", sourceError: expect.objectContaining({ name: "TimeoutError" }) },
    "500": { name: "NeonDbError", message: expect.stringContaining("HTTP status 500") },
    "503": { name: "NeonDbError", message: expect.stringContaining("HTTP status 503") },
    throttle: { name: "NeonDbError", message: expect.stringContaining("HTTP status 429") },
    garbage: { name: "SyntaxError" },
    truncate: { name: "TypeError" },
    error: { name: "NeonDbError", code: "40001" },
  };
  for (const effect of ["none", "applied"] as const) {
    for (const [answer, shape] of Object.entries(spoken)) {
      it(`loses a statement as ${answer}, effect ${effect}`, async () => {
        const id = crypto.randomUUID();
        const code = answer === "error" ? { code: "40001" } : {};
        stack.faults.set([
          { target: "database", match: "audit.insert", effect, answer, times: 1, ...code } as Fault,
        ]);
        const signal = AbortSignal.timeout(answer === "hang" ? 150 : 5000);
        expect(
          await errorOf(neon(stack.databaseUrl, { fetchOptions: { signal } }).query(audit(id))),
        ).toMatchObject(shape);
        await stack.faults.settled();
        expect(await audited(id)).toBe(effect === "applied");
        expect(stack.faults.calls("database")).toMatchObject([
          { operation: "audit.insert", fault: { answer } },
        ]);
      });
    }
  }
});

describe("the switch", () => {
  it("adds latency, counts down, draws by seed, and knows the peak", async () => {
    const sql = neon(stack.databaseUrl);
    stack.faults.set([
      { target: "database", delayMs: 80 },
      { target: "database", match: "two", answer: "503", times: 2 },
    ]);
    const started = performance.now();
    await Promise.all([sql`select 1`, sql`select 1`, sql`select 1`]);
    expect(performance.now() - started).toBeGreaterThanOrEqual(75);
    expect(stack.faults.peak("database")).toBe(3);
    for (const hit of [true, true, false])
      expect((await errorOf(sql.query("select 1 as two"))) !== undefined).toBe(hit);

    const draw = async () => {
      stack.faults.seed(7);
      const results: boolean[] = [];
      for (let n = 0; n < 20; n++) results.push((await errorOf(sql.query("select 2"))) === undefined);
      return results;
    };
    stack.faults.set([{ target: "database", answer: "500", probability: 0.5 }]);
    const drawn = await draw();
    expect(new Set(drawn).size).toBe(2);
    expect(await draw()).toEqual(drawn);
  });

  it("runs hooks before a call arrives at its provider and after it took effect", async () => {
    const seen: [string, boolean][] = [];
    const exists = () => stack.cognito.getUser("h@flip.example") !== undefined;
    stack.faults.before("cognito", "AdminCreateUser", () => seen.push(["before", exists()]), { once: true });
    const disarm = stack.faults.after("cognito", /^AdminCreate/, async ({ call, body }) => {
      expect(JSON.parse(body)).toMatchObject({ Username: "h@flip.example" });
      expect(call.endedAt).toBeUndefined();
      seen.push(["after", exists()]);
    });
    await create("h@flip.example");
    disarm();
    await errorOf(create("h@flip.example"));
    expect(seen).toEqual([
      ["before", false],
      ["after", true],
    ]);
  });
});

describe("the control server", () => {
  let control: Control;
  beforeAll(async () => {
    control = await startControl({ stack, sweep: async () => ({ taken: 0 }) });
  });
  afterAll(() => control.stop());
  const ask = async (method: string, path: string, body?: unknown) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(`${control.url}${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  };

  it("takes a list of faults whole, or refuses it whole and names the field", async () => {
    const list = [{ target: "cognito", match: "X", effect: "applied", answer: "hang", delayMs: 0, times: 1 }];
    expect(await ask("PUT", "/faults", list)).toEqual({ status: 200, body: list });
    for (const [wrong, name] of [
      [{ target: "cognito", anwser: "reset" }, "faults[0].anwser"],
      [{ target: "redis", answer: "reset" }, "faults[0].target"],
      [{ answer: "reset" }, "faults[0].target"],
      [{ target: "cognito", answer: "boom" }, "faults[0].answer"],
      [{ target: "cognito", effect: "none" }, "faults[0].answer"],
      [{ target: "cognito", answer: "reset", times: 0 }, "faults[0].times"],
      [{ target: "cognito", answer: "reset", late: 5 }, "faults[0].late"],
      [{ target: "cognito", answer: "reset", probability: 2 }, "faults[0].probability"],
    ] as const) {
      const { status, body } = await ask("PUT", "/faults", [wrong]);
      expect([status, body.error]).toEqual([400, expect.stringContaining(name)]);
    }
    expect((await ask("GET", "/faults")).body).toEqual(list);
    expect(await ask("PUT", "/faults", [])).toEqual({ status: 200, body: [] });
    expect((await ask("PUT", "/nowhere", [])).status).toBe(404);
  });

  it("shows and forgets calls, shows mails, sweeps, and makes registrations older", async () => {
    await neon(stack.databaseUrl)`/* some.name */ select 1`;
    expect((await ask("GET", "/calls")).body).toMatchObject([{ operation: "some.name", target: "database" }]);
    expect((await ask("DELETE", "/calls")).body).toEqual([]);
    expect((await ask("GET", "/mails")).body).toEqual([]);
    expect((await ask("POST", "/sweep")).body).toEqual({ taken: 0 });
    expect((await ask("POST", "/age", { seconds: "x" })).status).toBe(400);
    const [{ id } = { id: "" }] = await stack.query<{ id: string }>(
      `insert into registrar.operation (id, kind, caller, email, roles, due_at)
       values (gen_random_uuid(), 'register', gen_random_uuid(), 'x@flip.example', '{}', now()) returning id`,
    );
    expect((await ask("POST", "/age", { seconds: 3600 })).body).toMatchObject({ operations: 1 });
    const aged =
      "select (now() - started_at) > interval '59 minutes' as old, closed_at from registrar.operation where id = $1";
    expect(await stack.query(aged, [id])).toEqual([{ old: true, closed_at: null }]);
  });
});

describe("migrate", () => {
  it("adds one schema to a FLIP database, leaves its rows alone, and may run again", async () => {
    await stack.query("create database flip");
    const url = new URL(stack.databaseUrl);
    url.pathname = "/flip";
    const client = new pg.Client(url.href);
    await client.connect();
    try {
      await client.query(`
        create table roles (id uuid primary key, name varchar not null unique, description varchar not null,
          created_at timestamptz not null, updated_at timestamptz not null, extra int);
        create table permission (id uuid primary key, permission_name varchar not null, permission_description varchar not null);
        create table role_permission (id uuid primary key, role_id uuid not null, permission_id uuid not null);
        create table user_role (user_id uuid, role_id uuid, primary key (user_id, role_id));
        create table users_audit (id uuid primary key, action varchar not null, user_id uuid not null,
          modified_by_user_id uuid not null, "timestamp" timestamptz not null);
        insert into roles values (gen_random_uuid(), 'Mine', 'x', now(), now(), 1)`);
      const first = await Promise.all([migrate(url.href), migrate(url.href)]);
      expect(first.flat().filter((line) => line.includes("table operation"))).toHaveLength(1);
      expect((await migrate(url.href)).every((line) => line.endsWith("everything was there already."))).toBe(
        true,
      );
      const { rows } = await client.query(
        "select tablename from pg_tables where schemaname = 'public' order by 1",
      );
      expect(rows.map((row) => row.tablename)).toEqual([
        "permission",
        "role_permission",
        "roles",
        "user_role",
        "users_audit",
      ]);
      const own = await client.query("select tablename from pg_tables where schemaname = 'registrar'");
      expect(own.rows.map((row) => row.tablename).sort()).toEqual([
        "closed_count",
        "denial",
        "operation",
        "profile_asked",
        "role_change",
        "roles_asked",
        "schema_version",
      ]);
      expect((await client.query("select name, extra from roles")).rows).toEqual([
        { name: "Mine", extra: 1 },
      ]);
    } finally {
      await client.end();
      await stack.query("drop database flip");
    }
  });

  it("indexes a users_audit that was there already only when it is told to, as it indexes its own", async () => {
    const definitions = "select indexdef from pg_indexes where indexname like 'registrar_audit_%' order by 1";
    await stack.query("create database flip");
    const url = new URL(stack.databaseUrl);
    url.pathname = "/flip";
    const client = new pg.Client(url.href);
    await client.connect();
    try {
      await client.query(`create table users_audit (id uuid primary key, action varchar not null, user_id uuid not null,
        modified_by_user_id uuid not null, "timestamp" timestamptz not null)`);
      await migrate(url.href);
      expect((await client.query(definitions)).rows).toEqual([]);
      const own = await stack.query(definitions);
      expect(own.length).toBe(4);

      const created = await indexAudit(url.href);
      // The table of grants is ours here.
      expect(created.filter((line) => line !== "index registrar_grants_role: it was there already.")).toEqual(
        own.map(() => expect.stringMatching(/^index registrar_audit_\w+: created\.$/)),
      );
      expect((await client.query(definitions)).rows).toEqual(own);
      expect((await indexAudit(url.href)).every((line) => line.endsWith("it was there already."))).toBe(true);

      await client.query(
        "update pg_index set indisvalid = false where indexrelid = 'registrar_audit_actor'::regclass",
      );
      const again = await indexAudit(url.href);
      expect(again.filter((line) => !line.endsWith("it was there already."))).toEqual([
        "index registrar_audit_actor: created anew; it was not whole.",
      ]);
      expect((await client.query("select from pg_index where not indisvalid")).rowCount).toBe(0);
      expect((await client.query(definitions)).rows).toEqual(own);
    } finally {
      await client.end();
      await stack.query("drop database flip");
    }
  });

  it("makes the indexes in one run at a time, and says so; without the table it says what is wrong", async () => {
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    try {
      await client.query("select pg_advisory_lock(7262020)");
      expect(String(await errorOf(indexAudit(stack.databaseUrl)))).toMatch(/Another run/);
      await stack.query("create database bare");
      const url = new URL(stack.databaseUrl);
      url.pathname = "/bare";
      expect(String(await errorOf(indexAudit(url.href)))).toMatch(
        /users_audit.*Run it again.*does not exist/,
      );
    } finally {
      await client.end();
      await stack.query("drop database if exists bare");
    }
  });

  it("says which column a later file adds, and adds it once", async () => {
    const files = await mkdtemp(join(tmpdir(), "migrations-"));
    try {
      await cp("migrations", files, { recursive: true });
      const column = "alter table registrar.operation add column if not exists note text";
      await writeFile(join(files, "9999_note.sql"), column);
      await stack.query("create database later");
      const url = new URL(stack.databaseUrl);
      url.pathname = "/later";
      expect((await migrate(url.href))[1]).toMatch(/^0002_operation.sql: created .*table operation,/);
      expect((await migrate(url.href, files)).at(-1)).toBe("9999_note.sql: created column operation.note.");
      expect((await migrate(url.href, files)).at(-1)).toBe("9999_note.sql: everything was there already.");
    } finally {
      await stack.query("drop database if exists later");
      await rm(files, { recursive: true });
    }
  });

  it("says in one sentence why it cannot, without the password", async () => {
    const wrong = new URL(stack.databaseUrl);
    wrong.password = "topsecret";
    const nowhere = "postgresql://a:topsecret@127.0.0.1:1/x";
    for (const url of [wrong.href, nowhere, "nonsense", "postgresql://a:topsecret@no.such.host.invalid/x"]) {
      const error = await errorOf(migrate(url));
      expect(error?.message).toMatch(/^The database cannot be opened: .+\.$/);
      expect(error?.message).not.toContain("topsecret");
    }
  });
});

describe("stop", () => {
  it("is still clean after PostgreSQL vanished, which callers hear as an empty code", async () => {
    const other = await startStack();
    try {
      process.kill(other.postgres.pid, "SIGQUIT");
      expect(await other.died).toMatch(/^PostgreSQL ended on its own/);
      const response = await fetch(other.neonEndpoint, {
        method: "POST",
        headers: { "neon-connection-string": other.databaseUrl },
        body: JSON.stringify({ query: "select 1" }),
      });
      expect([response.status, await response.json()]).toMatchObject([400, { code: "" }]);
    } finally {
      await other.stop();
    }
  });

  it("leaves no port and no process, may be called twice, and lets another stack run beside it", async () => {
    const other = await startStack();
    const ports = [other.databaseUrl, other.neonEndpoint, other.cognitoEndpoint].map((url) =>
      Number(new URL(url).port),
    );
    const hanging = fetch(other.neonEndpoint).catch(() => {});
    expect(await Promise.all(ports.map(open))).toEqual([true, true, true]);
    await Promise.all([other.stop(), other.stop(), hanging]);
    expect(await Promise.all(ports.map(open))).toEqual([false, false, false]);
    expect(() => process.kill(other.postgres.pid, 0)).toThrow();
    expect(await neon(stack.databaseUrl)`select 1 as alive`).toEqual([{ alive: 1 }]);
  });
});

const open = (port: number) =>
  new Promise<boolean>((done) => {
    const socket = connect(port, "127.0.0.1");
    socket
      .once("error", () => done(false))
      .once("connect", () => {
        socket.destroy();
        done(true);
      });
  });
