/** `npm run drift` as its user runs it: what it prints, what it asks for, and how it ends. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../dev/seed.ts";
import { type Stack, startStack } from "../../dev/stack.ts";

let stack: Stack;
let folder: string;
beforeAll(async () => {
  stack = await startStack();
  folder = mkdtempSync(join(tmpdir(), "drift-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stack.stop();
});
beforeEach(async () => {
  await stack.reset();
  await stack.query(
    `insert into users_audit select gen_random_uuid(), 'Registered user', id, id, now() from unnest($1::uuid[]) person(id)`,
    [[stack.adminSub, stack.viewerSub]],
  );
});

/** Runs the command to its end. The stack is in this process, so nothing may wait for it here. */
const drift = (...options: ReadonlyArray<string>) =>
  new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    const { PATH = "" } = process.env;
    const child = execFile(
      process.execPath,
      ["cli/drift.ts", ...options],
      { env: { PATH, ...stack.workerEnv(), DATABASE_URL: stack.wireUrl } },
      (_, stdout, stderr) => resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });

const actions = async (user: string) =>
  (
    await stack.query<{ action: string }>(
      `select action from users_audit where user_id = $1 order by "timestamp", action`,
      [user],
    )
  ).map(({ action }) => action);

const grants = (user: string) =>
  stack.query("select role_id from user_role where user_id = $1 order by role_id", [user]);

describe("npm run drift", () => {
  it("ends with 0 and a sentence where pool and database agree, and with 4 and what can be done where they do not", async () => {
    expect(await drift()).toMatchObject({ status: 0, stdout: "Pool and database agree.\n" });
    const sub = await stack.cognito.createUser("hand@flip.example");
    const { status, stdout } = await drift();
    expect(status).toBe(4);
    expect(stdout).toContain(`${sub}  hand@flip.example`);
    expect(stdout).toContain(`--adopt ${sub}`);
    expect(stdout).toContain("1 difference\n");
  });

  it("prints one JSON object a line for programs, and nothing else", async () => {
    const sub = await stack.cognito.createUser("hand@flip.example");
    const { stdout } = await drift("--ndjson");
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        kind: "user_without_record",
        userId: sub,
        email: "hand@flip.example",
        grants: 0,
        offers: ["adopt", "delete"],
        others: [],
      },
    ]);
  });

  it("adopts, once: the second time it is refused, and says that nothing was done", async () => {
    const sub = await stack.cognito.createUser("hand@flip.example");
    const move = ["--adopt", sub, "--as", "admin@flip.example", "--yes"];
    expect((await drift(...move)).status).toBe(0);
    expect(await drift(...move)).toMatchObject({
      status: 3,
      stderr: "Nothing was done: they are on record already.\n",
    });
    expect(await actions(sub)).toEqual(["Adopted user"]);
    expect((await drift()).status).toBe(0);
  });

  it("links a user who is gone to the one who has their address, and deletes the old one", async () => {
    const old = await stack.cognito.createUser("ada@flip.example");
    await drift("--adopt", old, "--as", stack.adminSub, "--yes");
    await stack.query("insert into user_role (user_id, role_id) values ($1, $2)", [old, roles.observer]);
    await stack.cognito.deleteUser(old);
    const heir = await stack.cognito.createUser("ada@flip.example");
    const { stdout } = await drift();
    expect(stdout).toContain(`--link ${old} --to ${heir}`);
    expect((await drift("--link", old, "--to", heir, "--as", stack.adminSub, "--yes")).status).toBe(0);
    expect(await grants(heir)).toEqual([{ role_id: roles.observer }]);
    expect((await drift()).status).toBe(0);
  });

  it("deletes: the account, its grants, with an audit row", async () => {
    const sub = await stack.cognito.createUser("hand@flip.example");
    await stack.query("insert into user_role (user_id, role_id) values ($1, $2)", [sub, roles.observer]);
    expect((await drift("--delete", sub, "--as", stack.adminSub, "--yes")).status).toBe(0);
    expect(stack.cognito.getUser(sub)).toBeUndefined();
    expect([await grants(sub), await actions(sub)]).toEqual([[], ["Deleted user"]]);
  });

  it("makes no move that nobody has agreed to, or in nobody's name", async () => {
    const sub = await stack.cognito.createUser("hand@flip.example");
    const wrong = [
      ["--delete", sub],
      ["--delete", sub, "--as", stack.adminSub],
      ["--delete", sub, "--adopt", sub, "--as", stack.adminSub, "--yes"],
      ["--link", sub, "--as", stack.adminSub, "--yes"],
      ["--to", sub],
      ["--yes"],
      ["--adopt", "hand@flip.example", "--as", stack.adminSub, "--yes"],
    ];
    const ends = await Promise.all(wrong.map((options) => drift(...options)));
    expect(ends.map(({ status }) => status)).toEqual(wrong.map(() => 2));
    expect((await drift("--delete", sub, "--as", "viewer@flip.example", "--yes")).status).toBe(3);
    expect((await drift("--delete", sub, "--as", "nobody@flip.example", "--yes")).status).toBe(1);
    expect(stack.cognito.getUser(sub)).toBeDefined();
  });

  it("goes on where it was interrupted, and keeps no address that is right", async () => {
    for (let n = 0; n < 70; n++) await stack.cognito.createUser(`user-${n}@flip.example`);
    const file = join(folder, "progress");
    // The second page of the pool does not come.
    const refused = {
      target: "cognito",
      match: "ListUsers",
      answer: "error",
      code: "NotAuthorizedException",
    } as const;
    stack.faults.after("cognito", "=ListUsers", () => stack.faults.set([refused]), { once: true });
    const first = await drift("--progress", file);
    expect(first).toMatchObject({ status: 1, stdout: "" });
    expect(statSync(file).mode & 0o077).toBe(0);
    const [page = ""] = readFileSync(file, "utf8").split("\n");
    expect(JSON.parse(page).seen).toHaveLength(60);
    stack.faults.set([]);
    const { status, stdout } = await drift("--progress", file, "--ndjson");
    expect(status).toBe(4);
    expect(
      new Set(
        stdout
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line).userId),
      ).size,
    ).toBe(70);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, "something else\n");
    expect(await drift("--progress", file)).toMatchObject({ status: 1 });
  }, 120_000);

  it("says in a sentence what does not answer, and never a provider's words", async () => {
    stack.faults.set([{ target: "database", match: "/* records.of */", answer: "reset", times: 9 }]);
    expect(await drift()).toMatchObject({
      status: 1,
      stdout: "",
      stderr: "The database does not answer. Nothing was done.\n",
    });
  });

  it("lists its options", async () => {
    const { status, stdout } = await drift("--help");
    expect(status).toBe(0);
    expect(stdout).toContain("--adopt <id>");
  });
});
