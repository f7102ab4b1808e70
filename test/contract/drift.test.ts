/**
 * Where pool and database differ: each kind of difference is found, what can be done about it is done once, and what is
 * under way is no difference.
 */
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest";
import { Effect, Fiber, Layer } from "effect";
import { roles } from "../../dev/seed.ts";
import { type Stack, startStack } from "../../dev/stack.ts";
import { CognitoClient } from "../../src/adapters/cognito/client.ts";
import { DirectoryCognito } from "../../src/adapters/cognito/directory.ts";
import { IdentityProviderCognito } from "../../src/adapters/cognito/identity-provider.ts";
import { DatabaseNeon } from "../../src/adapters/neon/database.ts";
import { AccessPostgres } from "../../src/adapters/postgres/access.ts";
import { ChangesPostgres } from "../../src/adapters/postgres/changes.ts";
import { LedgerPostgres } from "../../src/adapters/postgres/ledger.ts";
import { RecordsPostgres } from "../../src/adapters/postgres/records.ts";
import { AuditAction } from "../../src/domain/audit.ts";
import { newOperationId } from "../../src/domain/operation.ts";
import { Email, UserId } from "../../src/domain/user.ts";
import { KeepAlive } from "../../src/ports/background.ts";
import { Directory } from "../../src/ports/directory.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { Settings } from "../../src/ports/settings.ts";
import { setEnabled } from "../../src/programs/change.ts";
import {
  adopt,
  compareRecords,
  compareUsers,
  type Difference,
  link,
  sameMailbox,
} from "../../src/programs/drift.ts";
import { registerUser } from "../../src/programs/register/register.ts";
import { readSettings } from "../../src/settings.ts";
import { newSub, registration } from "./ledger.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());
beforeEach(async () => {
  await stack.reset();
  // The stack's own people are on record, as those of a deployment are.
  await stack.query(
    `insert into users_audit select gen_random_uuid(), $1, id, id, now() from unnest($2::uuid[]) person(id)`,
    [AuditAction.registered, [stack.adminSub, stack.viewerSub]],
  );
});

const settings = () => Settings.layer(readSettings(stack.workerEnv()));
const layer = () =>
  Layer.mergeAll(
    Layer.mergeAll(DirectoryCognito, IdentityProviderCognito).pipe(Layer.provide(CognitoClient.layer)),
    Layer.mergeAll(LedgerPostgres, ChangesPostgres, AccessPostgres, RecordsPostgres).pipe(
      Layer.provide(DatabaseNeon),
    ),
  ).pipe(Layer.provideMerge(settings()));

/** Runs a program, and what it leaves to be done behind the answer. */
const run = <A, E>(program: Effect.Effect<A, E, Layer.Success<ReturnType<typeof layer>>>) => {
  const left: Array<Fiber.Fiber<unknown>> = [];
  return Effect.runPromise(
    program.pipe(
      Effect.provideService(KeepAlive, (work) => void left.push(work)),
      Effect.ensuring(Effect.suspend(() => Fiber.awaitAll(left))),
      Effect.provide(layer()),
    ),
  );
};

const admin = () => UserId.make(stack.adminSub);

/** All that differs, in the order in which it is found. */
const compare = Effect.gen(function* () {
  const directory = yield* Directory;
  const { users } = yield* directory.page(60, null);
  const listed = new Set(users.map(({ sub }) => sub));
  const { differences, next } = yield* compareRecords(null, (sub) => listed.has(sub));
  assert.isNull(next);
  return [...(yield* compareUsers(users)), ...differences, ...sameMailbox(users)];
});

const brief = (differences: ReadonlyArray<Difference>) =>
  differences.map(({ kind, userId, offers, others }) => [kind, userId, offers, others]);

const found = async () => brief(await run(compare));

const register = (email: string) => run(registerUser(registration(admin(), { email: Email.make(email) })));

/** A registration that is under way, and its user, who is in the pool already. */
const underWay = async () => {
  const email = Email.make("late@flip.example");
  const command = registration(admin(), { email });
  await run(Effect.flatMap(Ledger, (ledger) => ledger.open(command)));
  const sub = await stack.cognito.createUser(email, { "custom:registration_id": command.id });
  return { id: command.id, sub: UserId.make(sub) };
};

const addByHand = async (email: string) => UserId.make(await stack.cognito.createUser(email));

const audit = (user: string) =>
  stack.query<{ action: string; by: string }>(
    `select action, modified_by_user_id as by from users_audit where user_id = $1 order by "timestamp", action`,
    [user],
  );

const grants = async (user: string) =>
  (
    await stack.query<{ role: string }>("select role_id as role from user_role where user_id = $1", [user])
  ).map(({ role }) => role);

const grant = (user: string, role: string) =>
  stack.query("insert into user_role (user_id, role_id) values ($1, $2)", [user, role]);

const reasonOf = (program: Parameters<typeof run>[0]) =>
  run(Effect.flip(program as Effect.Effect<never, unknown>));

describe("the comparison", () => {
  it("finds nothing where pool and database agree", async () => {
    await register("ada@flip.example");
    assert.deepStrictEqual(await found(), []);
  });

  it("finds a user whom no record knows", async () => {
    const sub = await addByHand("hand@flip.example");
    assert.deepStrictEqual(await found(), [["user_without_record", sub, ["adopt", "delete"], []]]);
  });

  it("finds a record whose user is gone, and whom the grants can be moved to", async () => {
    const { userId } = await register("ada@flip.example");
    await stack.cognito.deleteUser(userId);
    assert.deepStrictEqual(await found(), [["record_without_user", userId, ["delete"], []]]);
    const again = await addByHand("ada@flip.example");
    assert.deepStrictEqual(await found(), [
      ["user_without_record", again, ["adopt", "delete"], []],
      ["record_without_user", userId, ["link", "delete"], [again]],
    ]);
  });

  it("offers no link to somebody whose address nobody has verified", async () => {
    const { userId } = await register("fay@flip.example");
    await stack.cognito.deleteUser(userId);
    await stack.cognito.createFederated("fay@flip.example");
    const record = (await found()).find(([kind]) => kind === "record_without_user");
    assert.deepStrictEqual(record, ["record_without_user", userId, ["delete"], []]);
  });

  it("finds grants of whom the pool does not have, and not those of a machine", async () => {
    const ghost = newSub();
    await grant(ghost, roles.observer);
    const [machine = ""] = readSettings(stack.workerEnv()).machines.values();
    await grant(machine, roles.observer);
    assert.deepStrictEqual(await found(), [["grants_without_user", ghost, ["delete"], []]]);
  });

  it("finds who is disabled here and enabled in the pool, and the other way round", async () => {
    const [one, two] = [await register("one@flip.example"), await register("two@flip.example")];
    await run(setEnabled({ id: newOperationId(), caller: admin(), subject: one.userId }, false));
    const there = async (sub: UserId, enabled: boolean) =>
      run(Effect.flatMap(Directory, (directory) => directory.setEnabled(sub, enabled)));
    await there(one.userId, true);
    await there(two.userId, false);
    assert.sameDeepMembers(await found(), [
      ["enabled_there", one.userId, [], []],
      ["disabled_there", two.userId, [], []],
    ]);
  });

  it("finds one mailbox twice, in two spellings", () => {
    const [one, two, three] = [newSub(), newSub(), newSub()];
    const twice = sameMailbox([
      { sub: one, email: "Ann@flip.example" },
      { sub: two, email: "ann@flip.example" },
      { sub: three, email: "bob@flip.example" },
    ]);
    assert.deepStrictEqual(brief(twice), [
      ["mailbox_twice", one, ["delete"], [two]],
      ["mailbox_twice", two, ["delete"], [one]],
    ]);
  });

  it("takes what is under way for no difference", async () => {
    await underWay();
    assert.deepStrictEqual(await found(), []);
  });
});

describe("adoption", () => {
  it("writes a user down, once, with an audit row under the id of who did it, and they differ no more", async () => {
    const sub = await addByHand("hand@flip.example");
    const id = await run(adopt({ caller: admin(), subject: sub }));
    assert.deepStrictEqual(await audit(sub), [{ action: AuditAction.adopted, by: stack.adminSub }]);
    const [row] = await stack.query("select kind, state, email, sub from registrar.operation where id = $1", [
      id,
    ]);
    assert.deepStrictEqual(row, { kind: "adopt", state: "completed", email: "hand@flip.example", sub });
    assert.deepStrictEqual(await found(), []);
    assert.deepInclude(await reasonOf(adopt({ caller: admin(), subject: sub })), { _tag: "MoveRefused" });
    assert.strictEqual((await audit(sub)).length, 1);
  });

  it("is not for who is left over from a registration, is gone, or does not exist", async () => {
    const { id, sub: left } = await underWay();
    const why = await reasonOf(adopt({ caller: admin(), subject: left }));
    assert.match(String(why), new RegExp(id));
    assert.deepInclude(await reasonOf(adopt({ caller: admin(), subject: newSub() })), {
      _tag: "UserNotFound",
    });
    assert.deepStrictEqual(await audit(left), []);
  });

  it("needs somebody who manages users, and is on record where they do not", async () => {
    const sub = await addByHand("hand@flip.example");
    const viewer = UserId.make(stack.viewerSub);
    assert.deepInclude(await reasonOf(adopt({ caller: viewer, subject: sub })), { _tag: "Forbidden" });
    assert.deepStrictEqual(await audit(sub), [{ action: AuditAction.denied, by: viewer }]);
  });
});

describe("a link", () => {
  const lost = async () => {
    const { userId: old } = await register("ada@flip.example");
    await grant(old, roles.observer);
    await grant(old, roles.researcher);
    await stack.cognito.deleteUser(old);
    return old;
  };

  it("moves the grants to who has the address now, and each row says whose they were and are", async () => {
    const old = await lost();
    const heir = await addByHand("ada@flip.example");
    await grant(heir, roles.observer);
    assert.strictEqual(await run(link({ caller: admin(), subject: old, to: heir })), 2);
    assert.sameMembers(await grants(heir), [roles.observer, roles.researcher]);
    assert.deepStrictEqual(await grants(old), []);
    const actions = async (user: string) => (await audit(user)).map(({ action }) => action).sort();
    assert.deepStrictEqual(await actions(heir), [AuditAction.adopted, AuditAction.rolesUpdated]);
    assert.deepStrictEqual(await actions(old), [
      AuditAction.removed,
      AuditAction.registered,
      AuditAction.rolesUpdated,
    ]);
    assert.deepStrictEqual(await found(), []);
    const changes = await stack.query<{ subject: string; before: string[]; after: string[] }>(
      "select subject, before, after from registrar.role_change",
    );
    const both = [roles.observer, roles.researcher].sort();
    assert.sameDeepMembers(changes, [
      { subject: heir, before: [roles.observer], after: both },
      { subject: old, before: both, after: [] },
    ]);
  });

  it("is refused where the address is another's, not verified, or the old one is still there", async () => {
    const old = await lost();
    const other = await addByHand("bob@flip.example");
    assert.deepInclude(await reasonOf(link({ caller: admin(), subject: old, to: other })), {
      _tag: "MoveRefused",
    });
    const { userId: present } = await register("cat@flip.example");
    assert.deepInclude(await reasonOf(link({ caller: admin(), subject: present, to: other })), {
      _tag: "MoveRefused",
    });
    assert.sameMembers(await grants(old), [roles.observer, roles.researcher]);
  });
});
