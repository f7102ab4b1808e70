/** `GET /api/audit`: who did what to whom and when, newest first, page by page. */
import { beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addAdmin, addUser, ask } from "../../support/life.ts";
import { quiet } from "../../support/moments.ts";

const fixture = useWorker(patient);
const audit = (query: Record<string, string> = {}) =>
  ask(fixture, `GET /api/audit?${new URLSearchParams(query)}`);

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly subject: string;
  readonly actor: string;
  readonly at: string;
  readonly roles: unknown;
}
const actions = (items: ReadonlyArray<Entry>) => items.map(({ action }) => action);

/** Writes rows as FLIP does: naive UTC; `at` in seconds after a fixed day's start. */
async function write(rows: { action?: string; subject?: string; actor?: string; at: number }[]) {
  for (const { action = "Registered user", subject = crypto.randomUUID(), actor, at } of rows)
    await fixture.stack.query(
      `insert into users_audit values (gen_random_uuid(), $1, $2, $3, timestamp '2026-05-01' + make_interval(secs => $4))`,
      [action, subject, actor ?? fixture.stack.adminSub, at],
    );
}

describe("200", () => {
  it("tells a user's whole life, newest first, with actor, subject and time in UTC", async () => {
    const { stack } = fixture;
    const body = { email: "new.user@flip.example", roles: [roles.observer] };
    const { json } = await ask(fixture, "POST /api/step/users", { body });
    const user = json.userId as string;
    await quiet(stack);
    const other = await addAdmin(stack);
    const by = { token: other.token };
    const changes = [
      [`POST /api/users/${user}/invitation`, {}],
      [`POST /api/users/${user}/roles`, { body: { roles: [] } }],
      [`PUT /api/users/${user}`, { body: { disabled: true } }],
      [`PUT /api/users/${user}`, { body: { disabled: false } }],
      [`POST /api/users/${user}/mfa/reset`, {}],
      [`DELETE /api/users/${user}`, {}],
    ] as const;
    for (const [what, more] of changes) {
      await ask(fixture, what, { ...by, ...more });
      // One that follows at once supersedes what is answered, and not closed yet.
      await quiet(stack);
    }
    const { items, next } = (await audit({ subject: user })).json as { items: Entry[]; next: null };
    expect(next).toBeNull();
    expect(actions(items).slice(0, 6)).toEqual([
      "Deleted user",
      "Reset user MFA",
      "Enabled user",
      "Disabled user",
      "Updated user roles",
      "Invited user",
    ]);
    expect(actions(items).slice(6).sort()).toEqual(["Registered user", "Updated user roles"]);
    expect(items.map(({ actor }) => actor)).toEqual([
      ...Array(6).fill(other.sub),
      stack.adminSub,
      stack.adminSub,
    ]);
    for (const { at, subject } of items) {
      expect([subject, at]).toEqual([
        user,
        expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      ]);
      expect(Math.abs(Date.parse(at) - Date.now())).toBeLessThan(60_000);
    }
  });

  it("says who made whom an administrator: the roles before and after each change of them, by name", async () => {
    const { stack } = fixture;
    const user = await addUser(stack, { roles: [roles.observer] });
    const [admin, observer] = [
      { id: roles.admin, rolename: "Admin" },
      { id: roles.observer, rolename: "Observer" },
    ];
    await ask(fixture, `POST /api/users/${user}/roles`, { body: { roles: [roles.observer, roles.admin] } });
    await ask(fixture, `PUT /api/users/${user}`, { body: { disabled: true } });
    await ask(fixture, `DELETE /api/users/${user}`);
    const { items } = (await audit({ subject: user })).json;
    expect(items.map(({ action, actor, roles }: Entry) => [action, actor, roles])).toEqual([
      ["Deleted user", stack.adminSub, { before: [admin, observer], after: [] }],
      ["Disabled user", stack.adminSub, null],
      ["Updated user roles", stack.adminSub, { before: [observer], after: [admin, observer] }],
    ]);
  });

  it("has one row for all that a caller was denied in an hour, HEAD included, with how often and from when to when", async () => {
    const { stack } = fixture;
    const user = await addUser(stack);
    const by = { token: stack.viewerToken };
    const denied = [
      `DELETE /api/users/${user}`,
      "HEAD /api/audit",
      "GET /api/roles",
      "GET /api/operations?limit=1",
    ];
    for (const what of denied) expect((await ask(fixture, what, by)).status).toBe(403);
    const [entry, ...others] = (await audit({ actor: stack.viewerSub })).json.items;
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ action: "Denied user management", subject: user, roles: null });
    expect(entry.denials).toEqual({ count: 4, first: entry.at, last: expect.stringMatching(/\.\d{6}Z$/) });
    expect(entry.denials.last > entry.denials.first).toBe(true);
    const { text } = await ask(fixture, `GET /api/audit?format=csv&actor=${stack.viewerSub}`);
    const inSheet = (at: string) => at.slice(0, 19).replace("T", " ");
    expect(text).toContain(`,"4","${inSheet(entry.at)}","${inSheet(entry.denials.last)}","${entry.id}"\r\n`);
  });

  it("keeps denied registrations under their own action, about whom they were", async () => {
    const { stack } = fixture;
    const user = await addUser(stack);
    const token = stack.viewerToken;
    await ask(fixture, `DELETE /api/users/${user}`, { token });
    await ask(fixture, "POST /api/step/users", { token, body: { email: "a@flip.example", roles: [] } });
    const denied = (await audit({ actor: stack.viewerSub })).json.items;
    expect(denied.map(({ action, subject }: Entry) => [action, subject])).toEqual([
      ["Denied registration", stack.viewerSub],
      ["Denied user management", user],
    ]);
    expect((await audit({ action: "Denied user management" })).json.items.length).toBe(1);
  });

  it("filters by actor, subject, action and time, and by all of them together", async () => {
    const [one, two, three] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    await write([
      { action: "A", subject: one, actor: two, at: 0 },
      { action: "B", subject: one, actor: three, at: 10 },
      { action: "A", subject: two, actor: three, at: 20 },
      { action: 'A, "quoted"', subject: two, actor: two, at: 30 },
    ]);
    const found = async (query: Record<string, string>) => actions((await audit(query)).json.items);
    expect(await found({ actor: three })).toEqual(["A", "B"]);
    expect(await found({ subject: one.toUpperCase() })).toEqual(["B", "A"]);
    expect(await found({ action: "A" })).toEqual(["A", "A"]);
    expect(await found({ from: "2026-05-01T00:00:10Z", until: "2026-05-01T00:00:30Z" })).toEqual(["A", "B"]);
    expect(await found({ until: "2026-05-01T00:00:10" })).toEqual(["A"]);
    expect((await found({ from: "2026-05-01" })).length).toBe(4);
    expect(await found({ until: "2026-05-01" })).toEqual([]);
    expect(
      await found({ actor: three, action: "A", subject: two, from: "2026-05-01T00:00:20+00:00" }),
    ).toEqual(["A"]);
    expect(await found({ action: "a" })).toEqual([]);
  });

  it("gives pages whose cursor neither skips nor repeats a row, also where many share one time", async () => {
    const shared = Array.from({ length: 23 }, (_, n) => ({ action: `row ${n}`, at: Math.floor(n / 9) }));
    await write(shared);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { json } = await audit({ limit: "4", ...(cursor !== null && { cursor }) });
      seen.push(...actions(json.items));
      cursor = json.next;
    } while (cursor !== null);
    expect([...seen].sort()).toEqual(shared.map(({ action }) => action).sort());
  });

  it("is not disturbed by rows that are written while somebody pages (cursor)", async () => {
    await write(Array.from({ length: 20 }, (_, n) => ({ action: `old ${n}`, at: n })));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { json } = await audit({ limit: "3", ...(cursor !== null && { cursor }) });
      seen.push(...actions(json.items));
      cursor = json.next;
      await write([{ action: "late", at: 1000 }]);
      await ask(fixture, "DELETE /api/users/me", { token: fixture.stack.viewerToken });
    } while (cursor !== null);
    const old = seen.filter((one) => one.startsWith("old"));
    expect([old.length, new Set(old).size, seen.includes("late")]).toEqual([20, 20, false]);
  });

  it("has 50 rows on a page unless asked otherwise, 500 at the most", async () => {
    await fixture.stack.query(
      `insert into users_audit select gen_random_uuid(), 'x', gen_random_uuid(), gen_random_uuid(), now() from generate_series(1, 60)`,
    );
    expect([(await audit()).json.items.length, (await audit({ limit: "500" })).json.items.length]).toEqual([
      50, 60,
    ]);
  });
});

describe("422", () => {
  const bad: Record<string, string[]> = {
    actor: ["x"],
    subject: ["person@flip.example"],
    from: [
      "yesterday",
      "2026-13-01",
      "2026-02-30",
      "0000-01-01",
      "2026-05-01T25:00:00Z",
      "2026-05-01T00:00:00+25:00",
    ],
    until: ["2026-04-31T00:00:00Z", "infinity"],
    limit: ["0", "501", "x", "-1", "1.5"],
    cursor: [
      "x",
      `9999-99-99T99:99:99.000000Z_${crypto.randomUUID()}`,
      `2026-05-01T00:00:00.000000Z_${"-".repeat(36)}`,
      `2026-02-30T00:00:00.000000Z_${crypto.randomUUID()}`,
    ],
    format: ["xml"],
    action: ["\0"],
  };
  for (const [name, values] of Object.entries(bad))
    for (const value of values)
      it(`refuses ${name}=${JSON.stringify(value)}: the caller's mistake, never an outage`, async () => {
        const answer = await audit({ [name]: value });
        expect([answer.status, answer.json.errors]).toMatchObject([422, [{ loc: ["query", name] }]]);
      });
});

describe("the trail itself", () => {
  beforeEach(() => write([{ at: 0 }]));

  it("is only read: no method of the path changes it", async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH"])
      expect((await ask(fixture, `${method} /api/audit`)).status).toBe(405);
  });
});
