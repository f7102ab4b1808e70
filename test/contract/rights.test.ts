/** deploy/role.sql gives the service's role what its statements need, and nothing more. */
import { readFile } from "node:fs/promises";
import pg from "pg";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { type Stack, startStack } from "../../dev/stack.ts";
import { serviceStatements as own } from "../../src/layers/statements.ts";

let stack: Stack;
let role: pg.Client;
beforeAll(async () => {
  stack = await startStack();
  const sql = await readFile("deploy/role.sql", "utf8");
  await stack.query(sql);
  await stack.query(sql);
  await stack.query("create role registrar_a login password 'secret' in role registrar_service");
  const url = new URL(stack.databaseUrl);
  url.username = "registrar_a";
  url.password = "secret";
  role = new pg.Client(url.href);
  await role.connect();
}, 120_000);
afterAll(async () => {
  await role.end();
  await stack.query("drop owned by registrar_service; drop role registrar_a; drop role registrar_service");
  await stack.stop();
});

/** The names of the statements that PostgreSQL refuses to this role. `explain` checks rights, and does nothing. */
const refused = async (): Promise<ReadonlyArray<string>> => {
  const names: Array<string> = [];
  for (const { name, text, values } of own) {
    const failure = await role.query(`explain ${text}`, Array(values).fill(null)).then(
      () => undefined,
      (error: { code?: string; message: string }) => error,
    );
    if (failure !== undefined && failure.code !== "42501") throw new Error(`${name}: ${failure.message}`);
    if (failure !== undefined) names.push(name);
  }
  return names;
};

interface Grant {
  readonly relation: string;
  readonly right: string;
}

/** Which rights it has. What is done to `user_profile`, which not every FLIP has, no static statement can name. */
const grants = () =>
  stack.query<Grant>(
    `select table_schema || '.' || table_name as relation, privilege_type as right
     from information_schema.role_table_grants
     where grantee = 'registrar_service' and table_name <> 'user_profile' order by 1, 2`,
  );

describe("the role of deploy/role.sql", () => {
  it("may do what every statement of the service does", async () => {
    assert.isAbove(own.length, 25);
    assert.deepStrictEqual(await refused(), []);
  });

  it("has no right without which every statement would do as well", async () => {
    const superfluous: Array<string> = [];
    for (const { relation, right } of await grants()) {
      await stack.query(`revoke ${right} on ${relation} from registrar_service`);
      if ((await refused()).length === 0) superfluous.push(`${right} on ${relation}`);
      await stack.query(`grant ${right} on ${relation} to registrar_service`);
    }
    assert.deepStrictEqual(superfluous, []);
  });

  it("cannot change the trail, its own rights, or who may what", async () => {
    const attempts = [
      "delete from users_audit",
      "update users_audit set action = 'x'",
      "delete from registrar.role_change",
      "insert into role_permission select gen_random_uuid(), id, gen_random_uuid() from roles",
      "truncate registrar.operation",
      "drop schema registrar cascade",
      "create table registrar.other ()",
      "alter table users_audit disable trigger all",
    ];
    for (const attempt of attempts) {
      const code = await role.query(attempt).then(
        () => "done",
        (error: { code?: string }) => error.code,
      );
      assert.strictEqual(code, "42501", attempt);
    }
  });
});
