/** An administrator does not remove the last hold on the system by accident: 409. */

import pg from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import { permissions, roles } from "../../../dev/seed.ts";
import { lockOf } from "../../../src/adapters/postgres/locks.ts";
import { UserId } from "../../../src/domain/user.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addAdmin, addUser, ask, atTheConsole } from "../../support/life.ts";
import { auditOf, changesOf, grantsOf } from "../../support/life-story.ts";
import { eventually } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
const setRoles = (user: string, to: string[], token?: string) =>
  ask(fixture, `POST /api/users/${user}/roles`, {
    body: { roles: to },
    ...(token !== undefined && { token }),
  });
const holders = async () =>
  (
    await fixture.stack.query<{ user_id: string }>(
      `select distinct user_id from user_role join role_permission using (role_id) where permission_id = $1`,
      [permissions.CAN_MANAGE_USERS],
    )
  ).map(({ user_id }) => user_id);

describe("409 for one's own account", () => {
  const own = {
    "DELETE /api/users/{id}": [undefined, "You cannot delete your own account; another administrator can."],
    "PUT /api/users/{id}": [
      { disabled: true },
      "You cannot disable your own account; another administrator can.",
    ],
  } as const;
  for (const [what, [body, detail]] of Object.entries(own))
    it(`${what}: refuses it, whoever else manages users, and does nothing`, async () => {
      const { stack } = fixture;
      await addAdmin(stack);
      for (const id of [stack.adminSub, stack.adminSub.toUpperCase()]) {
        const answer = await ask(fixture, what.replace("{id}", id), { body });
        expectProblem(answer, { status: 409, code: "own_account", detail });
      }
      const { adminSub } = stack;
      expect([stack.cognito.getUser(adminSub)?.enabled, await auditOf(stack, adminSub)]).toEqual([true, []]);
      expect([await changesOf(stack, adminSub), await grantsOf(stack, adminSub)]).toEqual([
        [],
        [roles.admin],
      ]);
    });

  it("who has no hold hears only that: 403 for their own account too", async () => {
    const { stack } = fixture;
    const token = stack.viewerToken;
    const id = stack.viewerSub;
    expect((await ask(fixture, `DELETE /api/users/${id}`, { token })).status).toBe(403);
    expect((await ask(fixture, `PUT /api/users/${id}`, { token, body: { disabled: true } })).status).toBe(
      403,
    );
    expect(await auditOf(stack, id)).toEqual(["Denied user management"]);
  });

  it("enabling, inviting and resetting oneself is no danger", async () => {
    const { stack } = fixture;
    const id = stack.adminSub;
    expect((await ask(fixture, `PUT /api/users/${id}`, { body: { disabled: false } })).status).toBe(200);
    expect((await ask(fixture, `POST /api/users/${id}/mfa/reset`)).status).toBe(200);
  });
});

describe("409 for the last CAN_MANAGE_USERS holder", () => {
  const detail = "At least one user must keep the permission to manage users.";

  it("refuses to drop one's own last hold, and changes nothing", async () => {
    const { stack } = fixture;
    for (const to of [[], [roles.observer, roles.researcher]]) {
      const answer = await setRoles(stack.adminSub, to);
      expectProblem(answer, { status: 409, code: "last_manager", detail });
    }
    expect([await grantsOf(stack, stack.adminSub), await auditOf(stack, stack.adminSub)]).toEqual([
      [roles.admin],
      [],
    ]);
  });

  it("lets one go while another stays, and counts the permission, not the role's name", async () => {
    const { stack } = fixture;
    const managing = crypto.randomUUID();
    await stack.query("insert into roles values ($1, 'Clerk', '', now(), now())", [managing]);
    await stack.query("insert into role_permission values (gen_random_uuid(), $1, $2)", [
      managing,
      permissions.CAN_MANAGE_USERS,
    ]);
    expect((await setRoles(stack.adminSub, [managing])).status).toBe(200);
    const clerk = await addUser(stack, { roles: [managing], confirmed: true });
    expect((await setRoles(stack.adminSub, [])).status).toBe(200);
    expect(await holders()).toEqual([clerk]);
  });
});

describe("403 for whom this service has disabled", () => {
  it("lets nobody enable themselves with a token that still lives, nor disable the others", async () => {
    const { stack } = fixture;
    const { sub, token } = await addAdmin(stack);
    const put = (id: string, disabled: boolean, by?: string) =>
      ask(fixture, `PUT /api/users/${id}`, { body: { disabled }, ...(by !== undefined && { token: by }) });
    expect((await put(sub, true)).status).toBe(200);
    expect((await put(sub, false, token)).status).toBe(403);
    expect((await put(stack.adminSub, true, token)).status).toBe(403);
    expect((await ask(fixture, "GET /api/roles", { token })).status).toBe(403);
    const body = { email: "new.user@flip.example", roles: [] };
    expect((await ask(fixture, "POST /api/users", { body, token })).status).toBe(403);
    expect([stack.cognito.getUser(sub)?.enabled, stack.cognito.getUser(stack.adminSub)?.enabled]).toEqual([
      false,
      true,
    ]);
    expect((await put(sub, false)).status).toBe(200);
    expect((await ask(fixture, "GET /api/roles", { token })).status).toBe(200);
  });
});

describe("a database whose sessions begin in repeatable read", () => {
  /** How transactions of new sessions begin; the old sessions are ended. */
  const isolation = async (level: string) => {
    await fixture.stack.query(
      `do $$ begin execute format('alter database %I set default_transaction_isolation = %L', current_database(), '${level}'); end $$`,
    );
    await fixture.stack.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    );
  };

  it("keeps one manager of two who delete each other: transactions say themselves what they need", async () => {
    const { stack } = fixture;
    await isolation("repeatable read");
    try {
      for (let turn = 0; turn < 5; turn++) {
        const [one, two] = [await addAdmin(stack), await addAdmin(stack)];
        await stack.query("delete from user_role where user_id = $1", [stack.adminSub]);
        const answers = await Promise.all([
          ask(fixture, `DELETE /api/users/${two.sub}`, { token: one.token }),
          ask(fixture, `DELETE /api/users/${one.sub}`, { token: two.token }),
        ]);
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
      }
    } finally {
      await isolation("read committed");
    }
  });
});

describe("409 where nobody would be left who can come in", () => {
  const detail =
    "At least one user must keep the permission to manage users. Nobody else who holds it can sign in.";
  const alone = { status: 409, code: "last_manager", detail } as const;
  const other = { deleted: "AdminDeleteUser", disabled: "AdminDisableUser" };
  for (const [how, operation] of Object.entries(other))
    it(`counts no administrator whom somebody has ${how} at the console, and names them`, async () => {
      const { stack } = fixture;
      const ghost = await addAdmin(stack);
      await atTheConsole(stack, operation, { Username: ghost.sub });
      for (const answer of [
        await setRoles(stack.adminSub, [roles.observer]),
        await setRoles(stack.adminSub, [], ghost.token),
        await ask(fixture, `DELETE /api/users/${stack.adminSub}`, { token: ghost.token }),
        await ask(fixture, `PUT /api/users/${stack.adminSub}`, {
          token: ghost.token,
          body: { disabled: true },
        }),
      ]) {
        expectProblem(answer, alone);
        expect(answer.json.userIds).toEqual([ghost.sub]);
      }
      expect(await grantsOf(stack, stack.adminSub)).toEqual([roles.admin]);
      expect((await setRoles(ghost.sub, [])).status).toBe(200);
      expect(await holders()).toEqual([stack.adminSub]);
      const next = await addAdmin(stack);
      expect((await setRoles(stack.adminSub, [], next.token)).status).toBe(200);
    });

  it("counts no administrator whom a registration has left in the grants, and deleted from the pool", async () => {
    const { stack } = fixture;
    const [commit, fence, find] = ["ledger.commit", "ledger.fence", "ledger.find"].map(
      (match) => `=${match}`,
    );
    stack.faults.set([
      { target: "database", match: commit ?? "", effect: "applied", answer: "reset", times: 2 },
      { target: "database", match: fence ?? "", answer: "reset", times: 3 },
      { target: "database", match: find ?? "", answer: "reset", times: 3 },
    ]);
    const body = { email: "new.admin@flip.example", roles: [roles.admin] };
    expect((await ask(fixture, "POST /api/step/users", { body })).status).toBe(500);
    stack.faults.clear();
    expect(stack.cognito.getUser(body.email)).toBeUndefined();
    expect((await holders()).length).toBe(2);
    expectProblem(await setRoles(stack.adminSub, []), alone);
    expect(await grantsOf(stack, stack.adminSub)).toEqual([roles.admin]);
  });

  it("says 503 and changes nothing while the pool does not say who can come in", async () => {
    const { stack } = fixture;
    await addAdmin(stack);
    const silent = () => stack.faults.set([{ target: "cognito", match: "=AdminGetUser", answer: "500" }]);
    stack.faults.after("cognito", "=AdminGetUser", silent, { once: true });
    const answer = await setRoles(stack.adminSub, []);
    expect([answer.status, answer.json.code]).toEqual([503, "identity_provider_unavailable"]);
    expect(await grantsOf(stack, stack.adminSub)).toEqual([roles.admin]);
  });
});

describe("two administrators at once", () => {
  let other: { sub: string; token: string };
  beforeEach(async () => {
    other = await addAdmin(fixture.stack);
  });

  for (let turn = 1; turn <= 4; turn++)
    it(`who drop each other, or themselves, leave one, turn ${turn}`, async () => {
      const { stack } = fixture;
      const each = await Promise.all([setRoles(other.sub, []), setRoles(stack.adminSub, [], other.token)]);
      expect(each.map(({ status }) => status).sort()).toEqual([200, 403]);
      expect((await holders()).length).toBe(1);
      for (const sub of [stack.adminSub, other.sub]) await stack.grant(sub, roles.admin);
      const own = await Promise.all([setRoles(stack.adminSub, []), setRoles(other.sub, [], other.token)]);
      expect(own.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect((await holders()).length).toBe(1);
    });

  it("who delete each other leave one, in both stores", async () => {
    const { stack } = fixture;
    // The stack's own administrator has to stay for the next test, so two others do it.
    const third = await addAdmin(stack);
    await stack.query("delete from user_role where user_id = $1", [stack.adminSub]);
    const answers = await Promise.all([
      ask(fixture, `DELETE /api/users/${third.sub}`, { token: other.token }),
      ask(fixture, `DELETE /api/users/${other.sub}`, { token: third.token }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    const left = await holders();
    expect(left.length).toBe(1);
    expect(stack.cognito.getUser(left[0] ?? "")).toBeDefined();
  });

  it("who disable each other leave one who can sign in", async () => {
    const { stack } = fixture;
    const third = await addAdmin(stack);
    await stack.query("delete from user_role where user_id = $1", [stack.adminSub]);
    const disable = (user: string, token: string) =>
      ask(fixture, `PUT /api/users/${user}`, { token, body: { disabled: true } });
    await Promise.all([disable(third.sub, other.token), disable(other.sub, third.token)]);
    const left = (await holders()).filter((sub) => stack.cognito.getUser(sub)?.enabled);
    expect(left.length).toBeGreaterThan(0);
  });
});

describe("the audit trail's order", () => {
  it("is the order in which changes took effect: a row's time is not from before its turn came", async () => {
    const { stack } = fixture;
    const user = await addUser(stack);
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    try {
      await client.query(`select pg_advisory_lock(${lockOf(UserId.make(user))})`);
      const asked = [
        setRoles(user, [roles.observer]),
        ask(fixture, `PUT /api/users/${user}`, { body: { disabled: true } }),
      ];
      await eventually("both wait for their turn", async () => {
        const [row] = await stack.query<{ n: number }>(
          "select count(*)::integer as n from pg_locks where locktype = 'advisory' and not granted",
        );
        return row?.n === 2;
      });
      const [turn] = await stack.query<{ now: string }>(
        "select (clock_timestamp() at time zone 'utc')::text as now",
      );
      await client.query("select pg_advisory_unlock_all()");
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200]);
      const early = await stack.query('select action from users_audit where "timestamp" < $1::timestamp', [
        turn?.now,
      ]);
      expect(early).toEqual([]);
    } finally {
      await client.end();
    }
  });
});
