/** `npm run erase`: one person is forgotten, on paper and in the table, and nobody else; and not before that is right. */
import { execFile } from "node:child_process";
import { describe, expect, it } from "vitest";
import { patient, useWorker } from "../support/fixture.ts";
import { ask } from "../support/life.ts";
import { eventually, quiet } from "../support/moments.ts";
import { look } from "../support/stores.ts";

const fixture = useWorker(patient);
const email = "ada@flip.example";

const erase = (...arguments_: ReadonlyArray<string>) =>
  new Promise<{ code: number; out: string; error: string }>((resolve) => {
    const env = { PATH: process.env.PATH, ...fixture.stack.workerEnv() };
    execFile(process.execPath, ["cli/erase.ts", ...arguments_], { env }, (failure, out, error) =>
      resolve({ code: Number(failure?.code ?? 0), out, error }),
    );
  });

const rows = () =>
  fixture.stack.query<{
    id: string;
    sub: string | null;
    email: string | null;
    name: string | null;
    key: string | null;
  }>("select id, sub, email, name, idempotency_key as key from registrar.operation order by started_at");

/** Two users, and a second registration of the address of the one, which is refused. */
const lived = async () => {
  const { stack, worker } = fixture;
  const bob = await worker.register({ email: "bob@flip.example", name: "Bob", roles: [] });
  const ada = await worker.register({ email, name: "Ada Lovelace", roles: [] }, { key: "ada" });
  await worker.register({ email, name: "Ada L.", roles: [] });
  await eventually("completed", async () =>
    (await look(stack)).registrations.every(({ closedAt }) => closedAt !== null),
  );
  return { ada: ada.json.userId as string, bob: bob.json.userId as string };
};
const removed = async (user: string) => {
  expect((await ask(fixture, `DELETE /api/users/${user}`)).status).toBeLessThan(300);
  await quiet(fixture.stack);
};

describe("npm run erase", () => {
  it("forgets whoever is gone, in each of their operations and no other, and says what it keeps", async () => {
    const { ada, bob } = await lived();
    await removed(ada);
    const before = await rows();
    const trail = await fixture.stack.query("select * from users_audit order by id");
    const { code, out, error } = await erase(ada, "--yes");
    expect([code, error]).toEqual([0, ""]);
    expect(out).toContain(`About ${ada} the ledger has 3 operations.`);
    expect(out).toContain("operators' words of 2 operations; 1 idempotency key,");
    expect(out).toMatch(/2 rows of the audit trail/);
    expect(out).not.toContain(email);
    const after = await rows();
    expect(after.map(({ id, sub }) => [id, sub])).toEqual(before.map(({ id, sub }) => [id, sub]));
    expect(JSON.stringify(after)).not.toMatch(/ada/i);
    expect(after.find(({ sub }) => sub === bob)).toMatchObject({ email: "bob@flip.example", name: "Bob" });
    expect(await fixture.stack.query("select * from users_audit order by id")).toEqual(trail);
    expect(await erase(ada, "--yes")).toMatchObject({
      code: 0,
      out: `There is nothing to erase of ${ada}.\n`,
    });
    expect((await fixture.worker.register({ email, name: "Ada", roles: [] })).status).toBe(200);
  });

  it("refuses while the pool has the user, unless it is not to ask", async () => {
    const { ada } = await lived();
    const refused = await erase(ada, "--yes");
    expect(refused).toMatchObject({ code: 3, out: "" });
    expect(refused.error).toContain(`The pool has the user ${ada}. Delete them first`);
    expect(JSON.stringify(await rows())).toMatch(/ada@/);
    expect(await erase(ada, "--yes", "--without-pool")).toMatchObject({ code: 0 });
    expect(JSON.stringify(await rows())).not.toMatch(/ada/i);
  });

  it("erases nothing where the pool does not answer", async () => {
    const { ada } = await lived();
    fixture.stack.faults.set([{ target: "cognito", match: "=AdminGetUser", answer: "500" }]);
    const { code, error } = await erase(ada, "--yes");
    fixture.stack.faults.clear();
    expect([code, error.includes("The pool does not answer")]).toEqual([1, true]);
    expect(JSON.stringify(await rows())).toMatch(/ada@/);
  });

  it("refuses while an operation about them is open", async () => {
    const { ada } = await lived();
    fixture.stack.faults.set([{ target: "cognito", match: "=AdminDeleteUser", answer: "500" }]);
    await ask(fixture, `DELETE /api/users/${ada}`);
    const { code, error } = await erase(ada, "--yes", "--without-pool");
    fixture.stack.faults.clear();
    expect([code, error]).toEqual([
      3,
      `1 operation about ${ada} is open: GET /api/operations?userId=${ada} says what happens next.\n`,
    ]);
    expect(JSON.stringify(await rows())).toMatch(/ada@/);
  });

  it("forgets a registration that came to no user, by the operation's id", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([{ target: "cognito", match: "=AdminCreateUser", answer: "throttle" }]);
    await worker.register({ email, name: "Ada", roles: [] });
    stack.faults.clear();
    const [row] = await rows();
    expect(await erase(String(row?.id), "--yes")).toMatchObject({ code: 0 });
    expect(await rows()).toMatchObject([{ id: row?.id, email: null, name: null }]);
  });

  it("empties what FLIP's newer schema keeps of the user", async () => {
    const { stack } = fixture;
    const { ada } = await lived();
    await stack.query(
      "create table if not exists user_profile (user_id uuid primary key, name varchar(255) not null, organisation varchar(255) not null, created_at timestamptz not null, updated_at timestamptz not null)",
    );
    await stack.query(
      "insert into user_profile values ($1, 'Ada', 'Ward 3', now(), now()) on conflict (user_id) do update set name = 'Ada', organisation = 'Ward 3'",
      [ada],
    );
    const { out } = await erase(ada, "--yes", "--without-pool");
    const kept = await stack.query("select name, organisation from user_profile where user_id = $1", [ada]);
    expect(out).toContain("name and organisation in FLIP's user_profile");
    expect(kept).toEqual([{ name: "", organisation: "" }]);
  });

  it("asks first, explains itself, and refuses what it does not understand", async () => {
    const { ada } = await lived();
    expect(await erase(ada, "--without-pool")).toMatchObject({
      code: 2,
      error: expect.stringContaining("say --yes"),
    });
    expect(JSON.stringify(await rows())).toMatch(/ada@/);
    expect(await erase("--help")).toMatchObject({
      code: 0,
      out: expect.stringContaining("npm run erase -- <id>"),
    });
    for (const wrong of [[], ["ada"], [ada, ada], [ada, "--now"]])
      expect(await erase(...wrong)).toMatchObject({ code: 2, out: "" });
  });
});
