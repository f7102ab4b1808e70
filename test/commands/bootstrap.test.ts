/** `npm run bootstrap`: from an empty database to a 200 by the new administrator, also after a kill at any of its calls. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { Cause, Effect, Exit, Option } from "effect";
import { beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../dev/seed.ts";
import type { Stack } from "../../dev/stack.ts";
import { OperationId } from "../../src/domain/operation.ts";
import { Email, type UserId } from "../../src/domain/user.ts";
import { withCommands } from "../../src/layers/commands.ts";
import { FirstManager } from "../../src/ports/first-manager.ts";
import { bootstrap, type First } from "../../src/programs/bootstrap.ts";
import { readSettings } from "../../src/settings.ts";
import { type Fixture, useWorker } from "../support/fixture.ts";
import { hold } from "../support/moments.ts";
import { claimed, disagreements, look } from "../support/stores.ts";

const address = "first@flip.example";
const first: First = { who: Email.make(address), name: null, role: null, invite: false };

/** Migrated, and nothing else. */
const emptied = (stack: Stack) =>
  stack.query("truncate roles, permission, role_permission, user_role, users_audit");

/** Runs the program as the command does. */
const boot = async (stack: Stack, asked: Partial<First> = {}) => {
  const settings = readSettings(stack.workerEnv());
  const exit = await withCommands(settings, ({ run }) => run(Effect.exit(bootstrap({ ...first, ...asked }))));
  if (Exit.isSuccess(exit)) return exit.value;
  return Option.getOrThrow(Cause.findErrorOption(exit.cause));
};

const environment = (stack: Stack) => ({
  PATH: process.env.PATH ?? "",
  ...stack.workerEnv(),
  DATABASE_URL: stack.wireUrl,
});

/** Runs the command itself. */
const command = (stack: Stack, args: ReadonlyArray<string>) =>
  promisify(execFile)(process.execPath, ["cli/bootstrap.ts", ...args], { env: environment(stack) }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      stdout,
      stderr,
    }),
  );

/** They sign in, and act: the roles are theirs to see, and users theirs to register. */
async function expectManages({ stack, worker }: Fixture, email: string): Promise<void> {
  const { token } = await stack.cognito.signIn(email);
  const headers = { Authorization: `Bearer ${token}` };
  expect((await worker.send({ method: "GET", path: "/api/roles", headers })).status).toBe(200);
  expect((await worker.register({ email: "second@flip.example", roles: [] }, { token })).status).toBe(200);
}

/** One user, one registration, and a trail in which they are the one who asked. */
async function expectFirst(stack: Stack): Promise<string> {
  const view = await look(stack);
  const [user, ...others] = view.users.filter(({ email }) => email === address);
  expect(others).toEqual([]);
  const sub = user?.sub ?? "";
  expect(claimed(view)).toEqual([sub]);
  expect(disagreements(view)).toEqual([]);
  const actions = view.audits.map(({ action }) => action).filter((action) => !action.includes("rolled back"));
  expect(actions.toSorted()).toEqual(["Registered user", "Updated user roles"]);
  for (const { user_id, modified_by_user_id } of view.audits) expect(modified_by_user_id).toBe(user_id);
  const registered = view.registrations.find(({ id }) => id === user?.attributes["custom:registration_id"]);
  expect(registered).toMatchObject({ caller: sub, state: "completed" });
  return sub;
}

describe.each(["an empty database", "FLIP's of today"] as const)("bootstrap in %s", (where) => {
  const fixture = useWorker({}, where === "an empty database" ? {} : { flip: "2026-09" });
  beforeEach(() => emptied(fixture.stack));

  it("registers the first administrator, who then registers others", async () => {
    const { stack } = fixture;
    const done = await boot(stack);
    expect(done).toMatchObject({
      outcome: "registered",
      invitation: "finished",
      seeded: { roles: 3, permissions: 9 },
      role: roles.admin,
    });
    await expectFirst(stack);
    expect(stack.mails(address)).toHaveLength(1);
    await expectManages(fixture, address);
  });

  it("grants a user whom the pool has already, and keeps what they have", async () => {
    const { stack } = fixture;
    await boot(stack);
    await stack.query("truncate user_role, users_audit");
    const viewer = "viewer@flip.example";
    expect(await boot(stack, { who: Email.make(viewer) })).toMatchObject({
      outcome: "granted",
      sub: stack.viewerSub,
      seeded: { roles: 0, permissions: 0 },
    });
    const { audits } = await look(stack);
    expect(audits).toMatchObject([
      { action: "Updated user roles", user_id: stack.viewerSub, modified_by_user_id: stack.viewerSub },
    ]);
    const [change] = await stack.query("select before, after from registrar.role_change where subject = $1", [
      stack.viewerSub,
    ]);
    expect(change).toEqual({ before: [], after: [roles.admin] });
    await expectManages(fixture, viewer);
  });
});

describe("bootstrap", () => {
  const fixture = useWorker();
  beforeEach(() => emptied(fixture.stack));

  const unchanged = async (work: () => Promise<unknown>) => {
    const seen = async () => [
      await look(fixture.stack),
      await fixture.stack.query("select * from user_role order by 1, 2"),
      await fixture.stack.query("select * from role_permission order by 1"),
    ];
    const before = await seen();
    await work();
    expect(await seen()).toEqual(before);
  };

  it("changes nothing when it is run again", async () => {
    const { stack } = fixture;
    const done = await boot(stack);
    await unchanged(async () => {
      expect(await boot(stack)).toMatchObject({ outcome: "already", sub: "sub" in done ? done.sub : "" });
    });
    expect(stack.mails(address)).toHaveLength(1);
  });

  it("mails another invitation only when it is told to", async () => {
    const { stack } = fixture;
    await boot(stack);
    expect(await boot(stack, { invite: true })).toMatchObject({ outcome: "already", invitation: "sent" });
    expect(stack.mails(address)).toHaveLength(2);
  });

  it("takes a user of another identity provider by their id", async () => {
    const { stack } = fixture;
    const who = (await stack.cognito.createFederated("federated@flip.example")) as UserId;
    expect(await boot(stack, { who })).toMatchObject({ outcome: "granted", sub: who });
  });

  it("refuses where somebody manages users already and can come in, and says who", async () => {
    const { stack } = fixture;
    const done = await command(stack, ["--email", "admin@flip.example", "--json"]);
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(done.stdout)).toMatchObject({ outcome: "granted", sub: stack.adminSub });
    await unchanged(async () => {
      const { code, stdout, stderr } = await command(stack, ["--email", address]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toContain(stack.adminSub);
    });
  });

  it.each([
    ["not in the pool", (stack: Stack, sub: string) => stack.cognito.deleteUser(sub)],
    ["disabled", (stack: Stack, sub: string) => stack.cognito.setEnabled(sub, false)],
    ["has not signed in", async () => {}],
  ] as const)("counts nobody who cannot come in, and names them: %s", async (obstacle, done) => {
    const { stack } = fixture;
    const sub = await stack.cognito.createUser("ghost@flip.example");
    await boot(stack, { who: Email.make("ghost@flip.example") });
    await done(stack, sub);
    expect(await boot(stack)).toMatchObject({ outcome: "registered", doubtful: [{ sub, obstacle }] });
  });

  it("writes nothing over: where no role manages users, a person decides", async () => {
    const { stack } = fixture;
    await stack.query(
      "insert into roles values (gen_random_uuid(), 'Nurse', 'Another house''s role', now(), now())",
    );
    await stack.query("insert into permission values (gen_random_uuid(), 'CAN_NURSE', 'CAN_NURSE')");
    await unchanged(async () => {
      expect(await boot(stack)).toMatchObject({ _tag: "NoManagingRole", roles: [] });
    });
  });

  it("makes nobody of a user who is disabled", async () => {
    const { stack } = fixture;
    const sub = await stack.cognito.createUser(address);
    await stack.cognito.setEnabled(sub, false);
    expect(await boot(stack)).toMatchObject({ _tag: "NotLetIn", sub });
    expect(await stack.query("select * from user_role")).toEqual([]);
  });

  it("leaves nothing behind where the commit is refused, and may be run again", async () => {
    const { stack } = fixture;
    stack.faults.set([
      {
        target: "database",
        match: "/* ledger.commit */",
        effect: "none",
        answer: "error",
        code: "57014",
        times: 9,
      },
    ]);
    expect(await boot(stack)).toMatchObject({ _tag: "RegistrationRolledBack" });
    expect((await look(stack)).users).toEqual([]);
    stack.faults.clear();
    expect(await boot(stack)).toMatchObject({ outcome: "registered" });
    await expectFirst(stack);
  });

  it("makes one administrator of two runs at once", async () => {
    const { stack } = fixture;
    await Promise.all([boot(stack), boot(stack)]);
    await expectFirst(stack);
  });

  it("grants once, whoever has granted it meanwhile", async () => {
    const { stack } = fixture;
    const done = await boot(stack);
    if (!("sub" in done) || !("role" in done) || done.role === null) throw new Error("it has failed");
    const again = {
      id: OperationId.make(crypto.randomUUID()),
      sub: done.sub,
      role: done.role,
      tag: null,
      discounted: [],
    };
    await unchanged(async () => {
      const grant = Effect.flatMap(FirstManager, (manager) => manager.grant(again));
      const granted = await withCommands(readSettings(stack.workerEnv()), ({ run }) => run(grant));
      expect(granted).toEqual({ _tag: "Granted" });
    });
  });

  it("makes nobody of a user whom the ledger has disabled", async () => {
    const { stack, worker } = fixture;
    const viewer = { who: Email.make("viewer@flip.example") };
    await boot(stack, viewer);
    await stack.query(
      `insert into registrar.operation (id, kind, caller, roles, sub, state, closed_at, history)
       values (gen_random_uuid(), 'disable', $1, '{}', $1, 'done', now(), '[]')`,
      [stack.viewerSub],
    );
    expect(await boot(stack, viewer)).toMatchObject({ _tag: "NotLetIn" });
    const headers = { Authorization: `Bearer ${stack.viewerToken}` };
    expect((await worker.send({ method: "GET", path: "/api/roles", headers })).status).toBe(403);
  });

  it("says how it ended: 1 where it cannot be done, 2 for a wrong command line", async () => {
    const { stack } = fixture;
    expect(await command(stack, ["--email", "not an address"])).toMatchObject({ code: 2 });
    stack.faults.set([{ target: "cognito", match: "AdminGetUser", effect: "none", answer: "503", times: 9 }]);
    expect(await command(stack, ["--email", address])).toMatchObject({ code: 1, stdout: "" });
  });

  /** Kills the command when a call has taken effect and nobody knows. */
  const killedAfter = async (target: "cognito" | "database", match: string) => {
    const { stack } = fixture;
    const held = hold(stack, target, match, "after");
    const child: ChildProcess = spawn(process.execPath, ["cli/bootstrap.ts", "--email", address], {
      env: environment(stack),
      stdio: "ignore",
    });
    await held.reached;
    child.kill("SIGKILL");
    await once(child, "exit");
    held.release();
    await stack.faults.settled();
  };

  it.each([
    ["database", "/* first.seed */"],
    ["database", "/* first.open */"],
    ["cognito", "AdminCreateUser"],
    ["database", "/* ledger.commit */"],
    ["database", "/* ledger.acknowledge */"],
    ["cognito", "RESEND"],
    ["database", "/* ledger.complete */"],
  ] as const)("is whole when it is run again after a kill at %s %s", async (target, match) => {
    const { stack } = fixture;
    await killedAfter(target, match);
    await stack.age(3600);
    expect(await boot(stack)).toMatchObject({ outcome: expect.stringMatching(/^(registered|already)$/) });
    await expectFirst(stack);
    expect(stack.mails(address).length).toBeGreaterThan(0);
    await expectManages(fixture, address);
  });
});
