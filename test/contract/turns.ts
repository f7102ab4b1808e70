/**
 * Who waits for whom, on PostgreSQL: a commit and the removal of the same user take turns, whatever each of them has seen when
 * it began, and nobody else notices. Each statement is stopped half way, by somebody who holds a row that it is about to write.
 */
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import pg from "pg";
import { roles } from "../../dev/seed.ts";
import { type Stack, startStack } from "../../dev/stack.ts";
import { AccessPostgres } from "../../src/adapters/postgres/access.ts";
import { ChangesPostgres } from "../../src/adapters/postgres/changes.ts";
import { LedgerPostgres } from "../../src/adapters/postgres/ledger.ts";
import { lockOf, MANAGERS } from "../../src/adapters/postgres/locks.ts";
import { RoleId, UserId } from "../../src/domain/user.ts";
import { Access } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import type { DatabaseError } from "../../src/ports/database.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import type { Adapter, Opened } from "../support/adapters.ts";
import { beginAs, LEVELS } from "../support/isolation.ts";
import { askedAt, newId, newSub, registration } from "./ledger.ts";

// Most of it is how long a statement waits for a lock: longer than all that is done meanwhile, on a machine with much to do.
const limits = { DATABASE_TIMEOUT_MS: "10000", DATABASE_WAKE_TIMEOUT_MS: "10000" };
const [researcher, observer, managing] = [roles.researcher, roles.observer, roles.admin].map((role) =>
  RoleId.make(role),
) as [RoleId, RoleId, RoleId];

let stack: Stack;
let admin: UserId;
/** Somebody who holds what a statement takes to hold it, until they let go. */
const holding = async (text: string, values: ReadonlyArray<unknown> = []) => {
  const client = new pg.Client(stack.databaseUrl);
  await client.connect();
  await client.query("begin");
  await client.query(text, [...values]);
  return async () => {
    await client.query("rollback");
    await client.end();
  };
};

/** Resolves when so many wait, or when the work that should wait has ended without. */
const waiting = async (count: number, work: Promise<unknown>) => {
  const text = "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'";
  let ended = false;
  void work.then(
    () => (ended = true),
    () => (ended = true),
  );
  while (!ended && (await stack.query<{ n: number }>(text))[0]?.n !== count) {}
};

const grants = async (user: UserId) =>
  (await stack.query<{ id: string }>("select role_id as id from user_role where user_id = $1", [user])).map(
    ({ id }) => id,
  );

const remove = (user: UserId, confirmed: ReadonlyArray<UserId> = [], caller = admin) =>
  Effect.flatMap(Changes, (changes) =>
    changes.open({ id: newId(), kind: "remove", caller, subject: user, tag: null, askedAt, confirmed }),
  );
const setRoles = (
  user: UserId,
  given: ReadonlyArray<RoleId>,
  confirmed: ReadonlyArray<UserId> = [],
  ifMatch?: ReadonlyArray<string>,
) =>
  Effect.flatMap(Access, (access) =>
    access.setRoles({
      id: newId(),
      caller: admin,
      subject: user,
      tag: null,
      roles: given,
      askedAt,
      confirmed,
      ...(ifMatch && { ifMatch }),
    }),
  );
const register = Effect.gen(function* () {
  const ledger = yield* Ledger;
  const command = registration(admin, { kind: "register_with_roles", roles: [researcher] });
  yield* ledger.open(command);
  return command.id;
});

/** All of it, over one way to PostgreSQL. */
export const turnsContract = ({ name, open }: Adapter) => {
  beforeAll(async () => {
    stack = await startStack();
    admin = UserId.make(stack.adminSub);
  });
  afterAll(() => stack.stop());
  beforeEach(() => stack.reset());

  describe(`${name}: turns`, () => {
    let way: Opened;
    beforeAll(async () => {
      way = await open(stack, limits);
    });
    afterAll(() => way.close());
    const run = <A, E>(program: Effect.Effect<A, E, Ledger | Changes | Access>) =>
      Effect.runPromise(
        program.pipe(
          Effect.provide(
            Layer.mergeAll(LedgerPostgres, ChangesPostgres, AccessPostgres).pipe(Layer.provide(way.layer)),
          ),
        ),
      );
    const commit = (id: Effect.Success<typeof register>, user: UserId) =>
      run(Effect.flatMap(Ledger, (ledger) => ledger.commit(id, user)));

    describe.each([undefined, ...LEVELS])("where sessions begin as %s", (level) => {
      beforeAll(() => beginAs(stack, level));
      afterAll(() => beginAs(stack, undefined));

      it("a removal that meets the commit of the same user half way takes what the commit has granted", async () => {
        const user = newSub();
        const id = await run(register);
        const letGo = await holding("select from registrar.operation where id = $1 for update", [id]);
        const committed = commit(id, user);
        await waiting(1, committed);
        const removed = run(remove(user));
        await waiting(2, removed);
        await letGo();
        assert.isTrue(await committed);
        assert.strictEqual((await removed)._tag, "Opened");
        assert.deepStrictEqual(await grants(user), []);
      });

      it("a commit that meets the removal of the same user half way does nothing", async () => {
        const user = newSub();
        const id = await run(register);
        await stack.grant(user, observer);
        const letGo = await holding("select from user_role where user_id = $1 for update", [user]);
        const removed = run(remove(user));
        await waiting(1, removed);
        const committed = commit(id, user);
        await waiting(2, committed);
        await letGo();
        assert.strictEqual((await removed)._tag, "Opened");
        assert.isFalse(await committed);
        assert.deepStrictEqual(await grants(user), []);
      });

      it("a commit that meets a change of the same user's roles half way grants nothing beside it", async () => {
        const user = newSub();
        const id = await run(register);
        await stack.grant(user, managing);
        await stack.grant(user, observer);
        const letGo = await holding("select from user_role where user_id = $1 for update", [user]);
        const set = run(setRoles(user, [observer], [admin]));
        await waiting(1, set);
        const committed = commit(id, user);
        await waiting(2, committed);
        await letGo();
        assert.strictEqual((await set)._tag, "Set");
        assert.isTrue(await committed);
        assert.deepStrictEqual(await grants(user), [observer]);
      });

      it("of two changes of roles for one entity tag, the second finds that it is another's", async () => {
        const user = newSub();
        await stack.grant(user, observer);
        const tag = await run(Effect.flatMap(Access, (access) => access.lookUp(admin, user)));
        const letGo = await holding("select from user_role where user_id = $1 for update", [user]);
        const first = run(setRoles(user, [], [], [tag.etag ?? ""]));
        await waiting(1, first);
        const second = run(setRoles(user, [researcher], [], [tag.etag ?? ""]));
        await waiting(2, second);
        await letGo();
        assert.deepStrictEqual([(await first)._tag, (await second)._tag], ["Set", "PreconditionFailed"]);
        assert.deepStrictEqual(await grants(user), []);
      });

      it("of two managers who take each other away, the second finds that they are the last", async () => {
        const other = newSub();
        await stack.grant(other, managing);
        const both = [admin, other];
        const letGo = await holding("select from user_role where user_id = $1 for update", [other]);
        const first = run(remove(other, both));
        await waiting(1, first);
        const second = run(remove(admin, both, other));
        await waiting(2, second);
        await letGo();
        assert.deepStrictEqual([(await first)._tag, (await second)._tag], ["Opened", "Denied"]);
        assert.deepStrictEqual([await grants(admin), await grants(other)], [[managing], []]);
      });
    });

    /** What a statement is refused with; undefined where it is done. */
    const refusal = <A>(program: Effect.Effect<A, DatabaseError, Ledger | Changes | Access>) =>
      run(
        Effect.match(program, {
          onSuccess: () => undefined,
          onFailure: ({ reason }) => (reason._tag === "StatementRefused" ? reason.sqlState : reason._tag),
        }),
      );
    const registering = Effect.flatMap(register, (id) =>
      Effect.flatMap(Ledger, (ledger) => ledger.commit(id, newSub())),
    );
    const stillHeld = async () =>
      (await stack.query("select from pg_locks where locktype = 'advisory' and granted")).length;

    it("a holder of a user's lock who hangs for 20 seconds is noticed by whoever is about this user, and by nobody else", async () => {
      const [user, other] = [newSub(), newSub()];
      const id = await run(register);
      const letGo = await holding(`select pg_advisory_xact_lock(${lockOf(user)})`);
      const [mine, ...theirs] = await Promise.all([
        refusal(Effect.flatMap(Ledger, (ledger) => ledger.commit(id, user))),
        refusal(setRoles(other, [observer])),
        refusal(remove(other)),
        ...Array.from({ length: 10 }, () => refusal(registering)),
      ]);
      assert.strictEqual(await stillHeld(), 1);
      await letGo();
      // That the wait has ended proves that nothing was done.
      assert.strictEqual(mine, "55P03");
      assert.deepStrictEqual(theirs, Array(12).fill(undefined));
    });

    it("a holder of the managers' lock who hangs for 20 seconds is noticed by whoever takes the permission from somebody", async () => {
      const [manager, other] = [newSub(), newSub()];
      await stack.grant(manager, managing);
      const letGo = await holding(`select pg_advisory_xact_lock(${MANAGERS})`);
      const [taken, ...theirs] = await Promise.all([
        refusal(setRoles(manager, [], [admin])),
        refusal(setRoles(other, [observer])),
        refusal(remove(newSub())),
        ...Array.from({ length: 10 }, () => refusal(registering)),
      ]);
      assert.strictEqual(await stillHeld(), 1);
      await letGo();
      assert.strictEqual(taken, "55P03");
      assert.deepStrictEqual(theirs, Array(12).fill(undefined));
      assert.deepStrictEqual(await grants(manager), [managing]);
    });
  });

  describe(`${name}: two registrations of an address that the pool would give two users`, () => {
    it("are committed one after the other: the second is opened when the first is no longer open, and finds it", async () => {
      const way = await open(stack, limits);
      const run = <A, E>(program: Effect.Effect<A, E, Ledger>) =>
        Effect.runPromise(program.pipe(Effect.provide(LedgerPostgres.pipe(Layer.provide(way.layer)))));
      const [first, second] = [registration(admin), registration(admin)];
      const asked = { ...second, email: first.email };
      await run(Effect.flatMap(Ledger, (ledger) => ledger.open(first)));
      // The commit of the first, as far as its last write: its row is not `started` any more, and nobody sees it yet.
      const client = new pg.Client(stack.databaseUrl);
      await client.connect();
      await client.query("begin");
      await client.query(
        `update registrar.operation set state = 'registered', sub = $1, due_at = now() where id = $2`,
        [newSub(), first.id],
      );
      const opening = run(Effect.flatMap(Ledger, (ledger) => ledger.open(asked)));
      await waiting(1, opening);
      await client.query("commit");
      await client.end();
      const opened = await opening;
      if (opened._tag === "Opened") assert.deepStrictEqual(opened.earlier, [], "it began before");
      assert.isFalse(await run(Effect.flatMap(Ledger, (ledger) => ledger.commit(asked.id, newSub(), []))));
    });
  });

  it(`${name}: the managers' lock is the one that the versions before have taken for everything`, async () => {
    const [row] = await stack.query<{ n: string }>("select hashtext('registrar: managers')::text as n");
    assert.strictEqual(String(MANAGERS), row?.n);
  });
};
