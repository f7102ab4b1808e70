/**
 * `npm run doctor`: a good deployment is all green, and in every state of disrepair that a check names, that check says so.
 * The states are made where they arise: in PostgreSQL, in the emulated pool, in the keys' policies, in the settings.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { UserPoolClientType, UserPoolType } from "@aws-sdk/client-cognito-identity-provider";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { addTag } from "../../cli/doctor/add-tag.ts";
import { checks } from "../../cli/doctor/checks/all.ts";
import { chosen, diagnose, withSubject } from "../../cli/doctor/diagnose.ts";
import { isGood, json, report } from "../../cli/doctor/report.ts";
import { migrate } from "../../cli/migrate.ts";
import { ownershipAttribute } from "../../dev/cognito.ts";
import { accessKeyId, doctorKeyId } from "../../dev/cognito-console.ts";
import { type Stack, startStack } from "../../dev/stack.ts";

let stack: Stack;
let hyperdrive: Server;
beforeAll(async () => {
  stack = await startStack();
  hyperdrive = createServer((request, response) => {
    const known = /^\/accounts\/acc\/hyperdrive\/configs\/(caching|quiet)$/.exec(request.url ?? "")?.[1];
    response.writeHead(known === undefined ? 404 : 200);
    response.end(JSON.stringify({ result: { caching: { disabled: known === "quiet" } } }));
  });
  await new Promise<void>((done) => hyperdrive.listen(0, "127.0.0.1", done));
});
afterAll(async () => {
  hyperdrive.close();
  await stack.stop();
});
beforeEach(async () => {
  await stack.reset();
  await stack.cognito.setEnabled(stack.adminSub, true);
});

type Variables = Record<string, string>;

let made = 0;

/** A database of its own, so that nothing has to be mended afterwards. */
async function database(sql: string, { migrated = true } = {}): Promise<{ DATABASE_URL: string }> {
  const name = `disrepair_${++made}`;
  await stack.query(`create database ${name}`);
  const url = new URL(stack.databaseUrl);
  url.pathname = `/${name}`;
  if (migrated) await migrate(url.href);
  const client = new pg.Client(url.href);
  await client.connect();
  await client.query(sql.replaceAll("$database", name));
  await client.end();
  return { DATABASE_URL: url.href };
}

/** A function of PostgreSQL's own that answers otherwise in this database. */
const shadowed = (signature: string, type: string, body: string) =>
  database(`create schema shadow;
    create function shadow.${signature} returns ${type} language sql as $f$ ${body} $f$;
    alter database $database set search_path = shadow, pg_catalog, public`);

const byDefault = (setting: string) => database(`alter database $database set ${setting}`);

const operation = (column: string, values: string) =>
  database(`insert into registrar.operation (id, kind, caller, email, roles, due_at, ${column})
    values (gen_random_uuid(), 'register', gen_random_uuid(), 'a@flip.example', '{}', ${values})`);

const pool = async (settings: Partial<UserPoolType>): Promise<Variables> => {
  await stack.cognito.console.configure(settings);
  return {};
};

const passwordless = () =>
  pool({ Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "EMAIL_OTP"] } } });

const EMAIL = { Name: "email", AttributeDataType: "String", Mutable: false, Required: true } as const;
const TAG = { Name: ownershipAttribute, AttributeDataType: "String", Mutable: false } as const;

const schema = (...attributes: NonNullable<UserPoolType["SchemaAttributes"]>) =>
  pool({ SchemaAttributes: [EMAIL, ...attributes] });

const client = async (settings: Partial<UserPoolClientType>): Promise<Variables> => {
  await stack.cognito.console.configureClient(settings);
  return {};
};

const cloudflare = (id: string): Variables => ({
  HYPERDRIVE_ID: id,
  CLOUDFLARE_ACCOUNT_ID: "acc",
  CLOUDFLARE_API_TOKEN: "token",
  CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${(hyperdrive.address() as { port: number }).port}`,
});

const elsewhere = { AWS_COGNITO_USER_POOL_ID: "eu-west-2_Elsewhere1" };
const nowhere = { DATABASE_URL: "postgresql://a:b@127.0.0.1:1/c" };

const denied = (action: string) => (): Variables => {
  stack.cognito.console.deny(accessKeyId, action);
  return {};
};

/** How a deployment comes into each state: what is done to it, and which variables are other than right. */
const states: Readonly<Record<string, () => Variables | Promise<Variables>>> = {
  "configuration.settings wrong": () => ({ AWS_REGION: "Ireland", ENFORCE_MFA: "yes" }),
  "database.reachable unreachable": () => nowhere,
  "database.version old": () => shadowed("current_setting(text)", "text", "select '130004'"),
  "database.writable replica": () => shadowed("pg_is_in_recovery()", "boolean", "select true"),
  "database.writable readOnly": () => byDefault("default_transaction_read_only = on"),
  "database.durable asynchronous": () => byDefault("synchronous_commit = off"),
  "database.isolation other": () => byDefault("default_transaction_isolation = 'repeatable read'"),
  "database.time off": () =>
    shadowed("clock_timestamp()", "timestamptz", "select pg_catalog.clock_timestamp() + interval '1 minute'"),
  "database.migrated missing": () => database("select 1", { migrated: false }),
  "database.indexes ledger": () => database("drop index registrar.operation_key"),
  "database.indexes audit": () => database("drop index registrar_audit_newest"),
  "database.statements unknown": () => database("alter table registrar.operation drop column last_error"),
  "database.rights denied": async () => {
    const made = await database(`create role limited login password 'limited';
      grant usage on schema registrar to limited;
      grant select, insert on all tables in schema registrar, public to limited`);
    return { DATABASE_URL: made.DATABASE_URL.replace(/\/\/.*@/, "//limited:limited@") };
  },
  "database.shape unknown": () => database("alter table user_role add column because text not null"),
  "database.cache caching": () => cloudflare("caching"),
  "database.cache absent": () => cloudflare("nowhere"),
  "pool.there absent": () => elsewhere,
  "pool.kind phone": () => pool({ UsernameAttributes: ["phone_number"] }),
  "pool.kind alias": () => pool({ UsernameAttributes: [], AliasAttributes: ["email"] }),
  "pool.kind address": () => ({ COGNITO_USERNAME: "operation-id" }),
  "pool.tag none": () => ({ OWNERSHIP_ATTRIBUTE: "" }),
  "pool.tag missing": () => schema(),
  "pool.tag mutable": () => schema({ ...TAG, Mutable: true }),
  "pool.tag notText": () => schema({ ...TAG, AttributeDataType: "Number" }),
  "pool.tag short": () => schema({ ...TAG, StringAttributeConstraints: { MaxLength: "35" } }),
  "pool.case sensitive": () => pool({ UsernameConfiguration: { CaseSensitive: true } }),
  "pool.case insensitive": () => ({ COGNITO_CASE_SENSITIVE: "true" }),
  "pool.mfa impossible": async () => ({ ...(await pool({ MfaConfiguration: "OFF" })), ENFORCE_MFA: "true" }),
  "pool.mfa required": () => pool({ MfaConfiguration: "ON" }),
  "pool.triggers impatient": async () => ({
    ...(await pool({ LambdaConfig: { PreSignUp: "arn:aws:lambda:eu-west-2:000000000000:function:a" } })),
    COGNITO_CREATE_TIMEOUT_MS: "4000",
  }),
  "pool.issuer other": async () => ({
    ...(await pool({ IssuerConfiguration: { Type: "UPDATED" } })),
    TOKEN_ISSUER: `https://cognito-idp.eu-west-2.amazonaws.com/${stack.userPoolId}`,
  }),
  "pool.deletion off": () => pool({ DeletionProtection: "INACTIVE" }),
  "pool.mail quota": () => pool({ EmailConfiguration: { EmailSendingAccount: "COGNITO_DEFAULT" } }),
  "pool.mail broken": () => pool({ EmailConfigurationFailure: "the identity is not verified" }),
  "pool.password other": () => pool({ Policies: { PasswordPolicy: { TemporaryPasswordValidityDays: 1 } } }),
  "pool.passwordless unknown": () => passwordless(),
  "pool.passwordless needless": () => ({ COGNITO_PASSWORDLESS: "true" }),
  "pool.passwordless uninvited": async () => ({ ...(await passwordless()), COGNITO_PASSWORDLESS: "true" }),
  "pool.sign-up open": () => pool({ AdminCreateUserConfig: { AllowAdminCreateUserOnly: false } }),
  "clients.there absent": () => ({
    AWS_COGNITO_APP_CLIENT_ID: `${stack.clientId},1h57kf5cpq17m0eml12nobody`,
  }),
  "clients.flows none": () => client({ ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH"] }),
  "clients.flows implicit": () => client({ AllowedOAuthFlows: ["code", "implicit"] }),
  "clients.flows secret": () => client({ ClientSecret: "hidden" }),
  "clients.tag writable": () => client({ WriteAttributes: ["email", ownershipAttribute] }),
  "clients.tokens long": () =>
    client({ AccessTokenValidity: 1, TokenValidityUnits: { AccessToken: "days" } }),
  "rights.keys refused": () => {
    stack.cognito.console.revokeKey(accessKeyId);
    return {};
  },
  "rights.keys noPool": () => elsewhere,
  ...Object.fromEntries(
    checks
      .filter(({ id, title }) => id === `rights.${title}`)
      .map(({ id, title }) => [`${id} denied`, denied(title)]),
  ),
  "keys.signing unreachable": () => ({ TOKEN_ISSUER: "http://127.0.0.1:1/pool" }),
  "keys.signing unusable": () => {
    stack.cognito.console.publish({ keys: [] });
    return {};
  },
  "keys.issuer other": () => {
    stack.cognito.console.publish({ issuer: "https://elsewhere.flip.example" });
    return {};
  },
  "keys.clock off": () => {
    stack.cognito.console.setClock(60_000);
    return {};
  },
  "ledger.sweeper asleep": () => operation("state", "now() - interval '6 minutes', 'started'"),
  "ledger.open stuck": () =>
    operation("started_at", "now() + interval '1 hour', now() - interval '25 hours'"),
  "ledger.manager nobody": async () => {
    await stack.cognito.setEnabled(stack.adminSub, false);
    return {};
  },
  "ledger.operator needed": () => operation("needs_operator", "now() + interval '1 hour', true"),
};

const faults = checks.flatMap(({ id, faults }) => Object.keys(faults).map((fault) => `${id} ${fault}`));

describe("a good deployment", () => {
  it("is right in every check that can be asked", async () => {
    const findings = await diagnose({ ...stack.doctorEnv(), ...cloudflare("quiet") });
    expect(findings.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual(checks.map(({ id }) => id));
  });

  it("needs no more of the database than deploy/role.sql grants", async () => {
    const { DATABASE_URL } = await database(
      `${await readFile("deploy/role.sql", "utf8")}; create role member login password 'member' in role registrar_service`,
    );
    const variables = { DATABASE_URL: DATABASE_URL.replace(/\/\/.*@/, "//member:member@") };
    const findings = await diagnose({ ...stack.doctorEnv(), ...variables }, chosen(["database"]));
    const others = findings.filter(({ status }) => status !== "ok" && status !== "not asked");
    expect(others).toEqual([]);
  });

  it("is not changed by being examined", async () => {
    const seen = async () => [
      stack.cognito.listUsers(),
      await stack.query("select * from registrar.operation"),
      await stack.query("select * from users_audit"),
    ];
    const before = await seen();
    await diagnose(stack.doctorEnv());
    expect(await seen()).toEqual(before);
    expect(stack.mails()).toEqual([]);
  });
});

describe("a state of disrepair", () => {
  it("can be made for each fault that a check names", () => {
    expect(Object.keys(states).toSorted()).toEqual(faults.toSorted());
  });

  it.each(faults)("is found and named: %s", async (state) => {
    const [id = "", fault = ""] = state.split(" ");
    const variables = { ...stack.doctorEnv(), ...(await states[state]?.()) };
    const found = (await diagnose(variables, chosen([id]))).find((finding) => finding.fault === fault);
    const named = checks.find((one) => one.id === id)?.faults[fault];
    expect(found).toMatchObject({ check: id, status: named?.status, mend: named?.mend });
  });
});

describe("what cannot be asked", () => {
  it.each([
    ["the database is away", nowhere, ["database", "ledger"]],
    ["the settings are wrong", { AWS_REGION: "Ireland" }, ["pool", "clients", "rights", "keys"]],
    ["the pool is another", elsewhere, ["clients"]],
    [
      "nobody's keys describe the pool",
      { DOCTOR_AWS_ACCESS_KEY_ID: "", DOCTOR_AWS_SECRET_ACCESS_KEY: "" },
      ["pool", "clients"],
    ],
  ])("is told from what is wrong: %s", async (_, variables, areas) => {
    const findings = await diagnose({ ...stack.doctorEnv(), ...variables }, chosen(areas));
    const others = findings.filter(({ check }) => check !== "database.reachable");
    expect([...new Set(others.map(({ status }) => status))]).toEqual(["not asked"]);
    for (const { says } of findings) expect(says).not.toMatch(/undefined|Error:/);
  });

  it("is a right, where Cognito asks to slow down", async () => {
    const fault = {
      target: "cognito",
      match: "AdminDisableUser",
      effect: "none",
      answer: "throttle",
    } as const;
    stack.faults.set([{ ...fault, times: 9 }]);
    const [found] = await diagnose(stack.doctorEnv(), chosen(["rights.AdminDisableUser"]));
    expect(found).toMatchObject({ status: "not asked" });
  });
});

describe("npm run doctor", () => {
  const run = async (args: ReadonlyArray<string>, variables: Variables = stack.doctorEnv()) => {
    const env = { PATH: process.env.PATH ?? "", ...variables };
    return promisify(execFile)(process.execPath, ["cli/doctor.ts", ...args], { env }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout,
        stderr,
      }),
    );
  };

  it("reads the variables of a file, answers JSON, and ends with 0 where nothing is wrong", async () => {
    const folder = await mkdtemp(join(tmpdir(), "doctor-"));
    try {
      const file = join(folder, "deployment.env");
      const lines = Object.entries(stack.doctorEnv()).map(([key, value]) => `${key}='${value}'`);
      await writeFile(file, lines.join("\n"));
      const { code, stdout, stderr } = await run(["--env-file", file, "--json"], {});
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(stdout)).toMatchObject({
        summary: { ok: checks.length - 1, warning: 0, wrong: 0, "not asked": 1 },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("ends with 1 where something is wrong, says how to mend it, and has no colours where nobody looks", async () => {
    stack.cognito.console.deny(accessKeyId, "AdminDeleteUser");
    const { code, stdout } = await run(["--only", "rights"]);
    expect(code).toBe(1);
    expect(stdout).toContain("Allow cognito-idp:AdminDeleteUser on the pool");
    expect(stdout).not.toContain("\u001b[");
  });

  it("ends with 2 for a check that there is not", async () => {
    expect(await run(["--only", "nothing"])).toMatchObject({
      code: 2,
      stderr: "There is no check nothing.\n",
    });
  });

  it("lets a warning pass, unless it is strict", async () => {
    await pool({ DeletionProtection: "INACTIVE" });
    const findings = await diagnose(stack.doctorEnv(), chosen(["pool"]));
    expect([isGood(findings), isGood(findings, true)]).toEqual([true, false]);
  });

  it("names no password", async () => {
    const away = { ...stack.doctorEnv(), DATABASE_URL: `${stack.databaseUrl}x` };
    const findings = await diagnose(away);
    expect(isGood(findings)).toBe(false);
    expect(json(findings) + report(findings)).not.toContain(new URL(stack.databaseUrl).password);
  });

  it("mends tables and indexes with --fix, and says that they are right then", async () => {
    const variables = await database(
      `create table users_audit (id uuid primary key, action varchar not null, user_id uuid not null,
         modified_by_user_id uuid not null, "timestamp" timestamp not null)`,
      { migrated: false },
    );
    const environment = { ...stack.doctorEnv(), ...variables };
    expect(isGood(await diagnose(environment, chosen(["database"])))).toBe(false);
    const { code, stdout, stderr } = await run(["--fix", "--only", "database", "--json"], environment);
    expect(stderr).toContain("created");
    expect(JSON.parse(stdout)).toMatchObject({ summary: { warning: 0, wrong: 0 } });
    expect(code).toBe(0);
  });

  const tagged = () => diagnose(stack.doctorEnv(), chosen(["pool.tag"])).then((findings) => isGood(findings));
  const add = () => withSubject(stack.doctorEnv(), (subject) => addTag(subject, true));

  it("adds the tag's attribute only when somebody has said yes, and once", async () => {
    await schema();
    const silent = await run(["--add-tag", "--only", "pool.tag"]);
    expect(silent.code).toBe(2);
    expect(silent.stderr).toContain("--yes");
    expect(await tagged()).toBe(false);
    expect(await add()).toBe(`${ownershipAttribute} is added.`);
    expect(await tagged()).toBe(true);
    expect(await add()).toContain("already");
  });

  it("adds nothing where the keys may not", async () => {
    await schema();
    stack.cognito.console.deny(doctorKeyId, "AddCustomAttributes");
    await expect(add()).rejects.toThrow("was not added");
    expect(await tagged()).toBe(false);
  });
});
