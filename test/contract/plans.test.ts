/**
 * How PostgreSQL reads a long ledger and a long trail: every page, and every check of a permission, from an index, without
 * sorting, so that it costs the same however many rows there are. Judged by plans; time says nothing on a busy machine.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import pg from "pg";
import { explain } from "../../dev/explain.ts";
import { roles } from "../../dev/seed.ts";
import { type Stack, startStack } from "../../dev/stack.ts";
import * as access from "../../src/adapters/postgres/access-statements.ts";
import * as audit from "../../src/adapters/postgres/audit-statements.ts";
import * as changes from "../../src/adapters/postgres/changes-statements.ts";
import * as ledger from "../../src/adapters/postgres/ledger-statements.ts";
import { expire, ROWS_AT_ONCE } from "../../src/adapters/postgres/retention-statements.ts";
import * as status from "../../src/adapters/postgres/status-statements.ts";
import { AuditAction, CAN_MANAGE_USERS } from "../../src/domain/audit.ts";
import type { Statement } from "../../src/ports/database.ts";
import { askedAt } from "./ledger.ts";

const ROWS = 50_000;

let stack: Stack;
let client: pg.Client;
beforeAll(async () => {
  stack = await startStack();
  await fill();
  client = new pg.Client(stack.databaseUrl);
  await client.connect();
}, 120_000);
afterAll(async () => {
  await client.end();
  await stack.stop();
});

const USER = "md5('user ' || case when n % 100 = 99 then 0 else n / 2 end)::uuid";
const ADMINISTRATOR = "md5('administrator ' || n % 20)::uuid";

/** The work of twenty administrators for many users, one of them very often: most of it done, a little of it odd. */
async function fill(): Promise<void> {
  await stack.query(`
    insert into registrar.operation (id, kind, caller, email, roles, state, sub, started_at, closed_at, due_at, needs_operator)
    select md5('operation ' || n)::uuid,
      case when n % 2 = 0 then 'register' when n % 999 = 0 then 'invite' else 'disable' end,
      ${ADMINISTRATOR}, case when n % 2 = 0 then 'user' || n || '@flip.example' end, '{}',
      case when n % 2 = 1 then 'done' when n % 1000 = 0 then 'rolling_back' else 'completed' end,
      ${USER}, now() - make_interval(secs => n / 3), case when n % 1000 <> 0 then now() - make_interval(secs => n / 3) end,
      case when n % 1000 = 0 then now() end, n % 5000 = 0
    from generate_series(1, ${ROWS}) n`);
  const words = Object.values(AuditAction);
  await stack.query(
    `insert into users_audit
     select md5('audit ' || n)::uuid, case when n % 5000 = 0 then 'rare' else ($1::text[])[1 + n % $2] end,
       ${USER}, ${ADMINISTRATOR}, now() at time zone 'utc' - make_interval(secs => n / 3)
     from generate_series(1, ${ROWS}) n`,
    [words, words.length],
  );
  await stack.query(`insert into registrar.role_change
    select id, modified_by_user_id, user_id, array(select id from roles), '{}', now()
    from users_audit where action = 'Updated user roles'`);
  await stack.query(`insert into registrar.denial
    select id, modified_by_user_id, action, 1, now(), now(), id from users_audit where action like 'Denied %'`);
  await stack.query(
    `insert into user_role select distinct ${USER}, id from generate_series(1, 5000) n, roles where name <> 'Admin'`,
  );
  await stack.query(
    "insert into registrar.roles_asked select distinct sub, now() from registrar.operation where sub is not null",
  );
  await stack.query("analyze");
}

interface Node {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Shared Hit Blocks"?: number;
  readonly "Shared Read Blocks"?: number;
  readonly "Sort Key"?: ReadonlyArray<string>;
  readonly "Actual Rows"?: number;
  readonly "Actual Loops"?: number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: ReadonlyArray<Node>;
}

const flat = (node: Node): ReadonlyArray<Node> => [node, ...(node.Plans ?? []).flatMap(flat)];

/** Tables that grow with the work that is done. */
const GROWING = new Set(["operation", "users_audit", "user_role", "role_change", "roles_asked", "denial"]);

/** The nodes of a statement's plan for these values. Nothing is left of what it does. */
async function plan<V>(statement: Statement<V>, values: V): Promise<ReadonlyArray<Node>> {
  return explained(statement, statement.parameters(values));
}

const explained = async (
  statement: Parameters<typeof explain>[1],
  values: ReadonlyArray<unknown>,
): Promise<ReadonlyArray<Node>> => {
  const [plans] = await explain(client, statement, values, "json");
  const [{ Plan: root } = { Plan: undefined }] = plans as ReadonlyArray<{ readonly Plan: Node }>;
  if (root === undefined) throw new Error("no plan");
  return flat(root);
};

/** What a plan reads, in blocks: an index that is entered too early shows in nothing else. */
const blocks = ([root]: ReadonlyArray<Node>): number =>
  (root?.["Shared Hit Blocks"] ?? 0) + (root?.["Shared Read Blocks"] ?? 0);

/** What is wrong with a plan: whatever reads more than `most` rows of a growing table, or sorts more than that. */
const faults = (nodes: ReadonlyArray<Node>, most: number): ReadonlyArray<string> =>
  nodes.flatMap((node) => {
    const { "Node Type": type, "Relation Name": table = "", "Sort Key": key } = node;
    const rows = (node["Actual Rows"] ?? 0) + (node["Rows Removed by Filter"] ?? 0);
    const read = Math.round(rows * (node["Actual Loops"] ?? 1));
    if (type === "Seq Scan" && GROWING.has(table)) return [`${table} is read as a whole`];
    if (type.endsWith("Scan") && GROWING.has(table) && read > most)
      return [`${read} rows of ${table} are read`];
    return key !== undefined && rows > most ? [`${rows} rows are sorted by ${key}`] : [];
  });

const LIMIT = 51;
/** Rows that a plan for a page may read, and sort: few rows are as well sorted as read in order. */
const PAGE = 2 * LIMIT;
const idOf = async (text: string): Promise<string> =>
  (await stack.query<{ id: string }>("select md5($1)::uuid as id", [text]))[0]?.id ?? "";
const user = (n: number) => idOf(`user ${n}`);
const administrator = () => idOf("administrator 7");
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
const until = (days: number) => ({ at: daysAgo(days), id: "00000000-0000-0000-0000-000000000000" });
const EARLY = { at: new Date(Date.now() - 100_000).toISOString(), id: crypto.randomUUID() };
const LATE = { at: new Date(Date.now() - 16_000_000).toISOString(), id: crypto.randomUUID() };

describe("a page of the ledger", () => {
  const everything = {
    state: null,
    kind: null,
    needsOperator: null,
    email: null,
    userId: null,
    caller: null,
    from: null,
    at: null,
    id: null,
    limit: LIMIT,
    budget: 20,
    horizon: 1200,
  };
  const filters: Readonly<
    Record<string, () => Promise<Partial<typeof ledger.list extends Statement<infer V> ? V : never>>>
  > = {
    "no filter": async () => ({}),
    "a common state": async () => ({ state: "completed" }),
    "a rare state": async () => ({ state: "rolling_back" }),
    "a state that no row has": async () => ({ state: "user_lost" }),
    "a common kind": async () => ({ kind: "register" }),
    "a rare kind": async () => ({ kind: "invite" }),
    "a kind that no row has": async () => ({ kind: "reset_mfa" }),
    "those that need an operator": async () => ({ needsOperator: true }),
    "those that need none": async () => ({ needsOperator: false }),
    "an address": async () => ({ email: "user4711@flip.example" }),
    "an address that no row has": async () => ({ email: "nobody@flip.example" }),
    "a user": async () => ({ userId: await user(7) }),
    "a user of whom there is much": async () => ({ userId: await user(0) }),
    "a user whom no row has": async () => ({ userId: crypto.randomUUID() }),
    "a caller": async () => ({ caller: await administrator() }),
    "a caller whom no row has": async () => ({ caller: crypto.randomUUID() }),
    "a time": async () => ({ from: daysAgo(0.1), ...until(0.05) }),
    "a time of a user": async () => ({ userId: await user(7), from: daysAgo(0.1), ...until(0.05) }),
    "a time when nothing was": async () => ({ from: daysAgo(900), ...until(800) }),
  };

  for (const [name, filter] of Object.entries(filters))
    for (const [place, cursor] of Object.entries({ first: {}, early: EARLY, late: LATE }))
      it(`is read from an index: ${name}, ${place}`, async () => {
        const nodes = await plan(ledger.list, { ...everything, ...cursor, ...(await filter()) });
        assert.deepStrictEqual(faults(nodes, PAGE), []);
        assert.isAtMost(blocks(nodes), PAGE);
      });
});

describe.each(["timestamp", "timestamptz"])("a page of the trail whose column is a %s", (type) => {
  beforeAll(async () => {
    await stack.query(
      `alter table users_audit alter column "timestamp" type ${type} using "timestamp" at time zone 'utc'`,
    );
    await stack.query("analyze users_audit");
  }, 60_000);

  const everything = {
    actor: null,
    subject: null,
    action: null,
    from: null,
    at: null,
    id: null,
    limit: LIMIT,
  };
  const filters: Readonly<Record<string, () => Promise<object>>> = {
    "no filter": async () => ({}),
    "an actor": async () => ({ actor: await administrator() }),
    "an actor whom no row has": async () => ({ actor: crypto.randomUUID() }),
    "a subject": async () => ({ subject: await user(7) }),
    "a subject of whom there is much": async () => ({ subject: await user(0) }),
    "a subject whom no row has": async () => ({ subject: crypto.randomUUID() }),
    "a common action": async () => ({ action: "Updated user roles" }),
    "a rare action": async () => ({ action: "rare" }),
    "an action that no row has": async () => ({ action: "nothing" }),
    "a time": async () => ({ from: daysAgo(0.1), ...until(0.05) }),
    "a time of an actor": async () => ({
      actor: await administrator(),
      from: daysAgo(0.1),
      until: daysAgo(0.05),
    }),
    "a time when nothing was": async () => ({ from: daysAgo(900), ...until(800) }),
  };

  for (const [name, filter] of Object.entries(filters))
    for (const [place, cursor] of Object.entries({ first: {}, early: EARLY, late: LATE }))
      it(`is read from an index: ${name}, ${place}`, async () => {
        const nodes = await plan(audit.page, { ...everything, ...cursor, ...(await filter()) });
        // Beside each row of the page: what was recorded of it, the addresses of two people, and names of roles.
        assert.deepStrictEqual(faults(nodes, PAGE), []);
        assert.isAtMost(blocks(nodes), 12 * LIMIT);
      });
});

describe("a check of a permission", () => {
  /** Rows of the ledger that are about one person, or about each who may manage users. */
  const FEW = 20;

  it("reads of the ledger what it has of the caller", async () => {
    const caller = await user(7);
    const values = { id: crypto.randomUUID(), caller, subject: caller, permission: CAN_MANAGE_USERS };
    assert.deepStrictEqual(faults(await plan(access.mayManageUsers, values), FEW), []);
    const late = { askedAt, confirmed: [], machines: [], ifMatch: ["x"], budget: 20 };
    const setting = {
      ...values,
      ...late,
      id: crypto.randomUUID(),
      caller: stack.adminSub,
      roles: [],
      tag: null,
    };
    assert.deepStrictEqual(faults(await plan(access.setRoles, setting), FEW), []);
  });

  it("finds who else manages users in an index of the grants by role, however many have other roles", async () => {
    const other = await user(7);
    await stack.grant(other, roles.admin);
    const change = {
      id: crypto.randomUUID(),
      caller: stack.adminSub,
      subject: other,
      permission: CAN_MANAGE_USERS,
      roles: [],
      tag: null,
      askedAt,
      confirmed: [],
      machines: [],
      ifMatch: null,
      budget: 20,
    };
    const nodes = await plan(access.setRoles, change);
    assert.deepStrictEqual(faults(nodes, FEW), []);
    assert.isTrue(nodes.some((node) => node["Index Name"] === "registrar_grants_role"));
  });

  it("reads of the ledger what it has of whom a change or a registration is about", async () => {
    const [caller, subject] = [stack.adminSub, await user(7)];
    const shared = { budget: 20, horizon: 1200, actor: "request", permission: CAN_MANAGE_USERS };
    const change = {
      askedAt,
      confirmed: [],
      machines: [],
      ifMatch: ["x"],
      ...shared,
      caller,
      subject,
      id: crypto.randomUUID(),
      kind: "remove",
      action: "x",
      tag: null,
      name: "x",
      organisation: null,
    };
    assert.deepStrictEqual(faults(await plan(changes.open, change), FEW), []);
    assert.deepStrictEqual(faults(await plan(changes.setProfile, change), FEW), []);
    const registration = {
      ...shared,
      id: crypto.randomUUID(),
      caller,
      kind: "register",
      email: "a@b.example",
    };
    const nodes = await plan(ledger.open, {
      ...registration,
      name: null,
      organisation: null,
      roles: [],
      idempotencyKey: "k",
    });
    assert.deepStrictEqual(faults(nodes, FEW), []);
  });
});

describe("what the ledger forgets", () => {
  it.each([
    ["addresses", 0],
    ["operations", null],
  ] as const)("is found by an index, a few hundred rows at once: %s", async (_, addressDays) => {
    const nodes = await plan(expire, { hours: 1, addressDays, operationDays: 0 });
    assert.deepStrictEqual(faults(nodes, 10 * ROWS_AT_ONCE), []);
  });
});

describe("what is asked from outside", () => {
  /** Rows of the ledger that are open here, and a few that were closed since the numbers were kept. */
  const OPEN = ROWS / 1000;

  it("whether anything is overdue is read from an index", async () => {
    assert.deepStrictEqual(faults(await plan(status.readiness, {}), 1), []);
  });

  it("the numbers are counted from what is open and what was closed since they were kept", async () => {
    await stack.query("insert into registrar.closed_count values (true, now() - interval '1 minute', '[]')");
    // 3 operations were closed in a second, in the minute before.
    const nodes = await plan(status.metrics, { atOnce: 100_000 });
    assert.deepStrictEqual(faults(nodes, 3 * 60 + OPEN), []);
    assert.isAtMost(blocks(nodes), 400);
  });
});

describe("the judgement of a plan", () => {
  const judged = async (text: string) => faults(await explained({ text }, []), PAGE);

  it.each([
    ["a table that is read as a whole", "select from registrar.operation where tries > 3"],
    [
      "rows that are read in vain",
      "select from registrar.operation where tries > 3 order by started_at desc, id desc limit 1",
    ],
    ["a sort", "select from registrar.operation order by due_at desc nulls first limit 1"],
  ])("finds %s", async (_, text) => {
    assert.isNotEmpty(await judged(text));
  });
});
