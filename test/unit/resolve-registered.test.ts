/** A registered registration is finished by others only when its worker cannot undo it any more, and lost only at two looks. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { AuditAction } from "../../src/domain/audit.ts";
import { makeChange } from "../../src/programs/change.ts";
import { look } from "../simulation/memory/look.ts";
import { alice, HORIZON_MS, operationId } from "../simulation/memory/scene.ts";
import { admin, changeUser, removeUser, userAt } from "../simulation/memory/world.ts";

describe("registered", () => {
  const change = { state: "registered" } as const;
  const told = { ...change, acknowledgedAt: 1 };

  it.effect("waits for its worker until the horizon while nobody has been told", () =>
    Effect.gen(function* () {
      const { resolution, world } = yield* look({ change, afterMs: HORIZON_MS });
      assert.strictEqual(resolution, "waiting");
      assert.deepStrictEqual(world.mails, []);
    }),
  );

  it.effect("is invited and completed past the horizon", () =>
    Effect.gen(function* () {
      const { resolution, world } = yield* look({ change, afterMs: HORIZON_MS + 1 });
      assert.strictEqual(resolution, "completed");
      assert.strictEqual(world.mails.length, 1);
    }),
  );

  it.effect("is invited and completed at once where the caller has been told", () =>
    Effect.gen(function* () {
      const { resolution, row } = yield* look({ change: told });
      assert.strictEqual(resolution, "completed");
      assert.strictEqual(row().dueAt, null);
    }),
  );

  it.effect("is completed without a mail where the user has signed in already", () =>
    Effect.gen(function* () {
      const { resolution, world } = yield* look({
        change: told,
        faults: [
          {
            on: "identity.invite",
            before: (changed) => {
              changed.users = changed.users.map((user) => ({ ...user, confirmed: true }));
            },
          },
        ],
      });
      assert.strictEqual(resolution, "completed");
      assert.deepStrictEqual(world.mails, []);
    }),
  );

  it.effect(
    "is completed with a note where users need no password: the pool has no invitation for them",
    () =>
      Effect.gen(function* () {
        const { resolution, row, world } = yield* look({
          change: told,
          confirmed: true,
          overrides: { COGNITO_PASSWORDLESS: "true" },
        });
        assert.strictEqual(resolution, "completed");
        assert.match(row().history.at(-1)?.note ?? "", /^not invited: /);
        assert.deepStrictEqual([row().needsOperator, world.mails], [false, []]);
      }),
  );

  const since = [
    ["pool", "disabled"],
    ["ledger", "disable"],
    ["ledger", "remove"],
  ] as const;
  it.effect.each(since)(
    "is completed without a mail where the %s has had the user: %s, and says so",
    ([where, kind]) =>
      Effect.gen(function* () {
        const { resolution, world, row, wire } = yield* look({
          change: told,
          faults: [
            {
              on: "ledger.find",
              before: (changed) => {
                const [user] = changed.users;
                const registration = changed.rows.get(operationId(1));
                if (user === undefined || registration === undefined) return;
                if (where === "pool") changeUser(changed, user.sub, { enabled: false });
                else {
                  const change = {
                    ...registration,
                    id: operationId(7),
                    kind,
                    state: "pending" as const,
                    sub: user.sub,
                  };
                  changed.rows.set(change.id, { ...change, email: null });
                }
              },
            },
          ],
        });
        assert.strictEqual(resolution, "completed");
        assert.match(row().history.at(-1)?.note ?? "", /^not invited: the user is disabled/);
        assert.deepStrictEqual(world.mails, []);
        assert.notInclude(wire.calls, "identity.invite");
      }),
  );

  it.effect("is completed where Cognito refuses the invitation for good, and calls an operator", () =>
    Effect.gen(function* () {
      const refused = { on: "identity.invite", effect: "never", answer: "refused" } as const;
      const { resolution, world, row, run } = yield* look({ change: told, faults: [refused] });
      assert.strictEqual(resolution, "completed");
      assert.strictEqual(row().history.at(-1)?.note, "not invited: refused (pool_rule)");
      assert.deepInclude(row(), { needsOperator: true, dueAt: null });
      const [user] = world.users;
      const subject = user?.sub ?? admin;
      yield* run(makeChange({ id: operationId(101), kind: "invite", caller: admin, subject }));
      assert.strictEqual(world.mails.length, 1);
      assert.isFalse(row().needsOperator, "a new invitation answers it");
    }),
  );

  it.effect("is completed without a mail where no invitation is wanted", () =>
    Effect.gen(function* () {
      const { resolution, world } = yield* look({ change: told, overrides: { INVITATION: "none" } });
      assert.strictEqual(resolution, "completed");
      assert.deepStrictEqual(world.mails, []);
    }),
  );

  it.effect(
    "waits with an end that only a read shows, while the read may be from before its own deletion",
    () =>
      Effect.gen(function* () {
        const unacknowledged = { state: "registered", acknowledgedAt: null } as const;
        const at = (afterMs: number) =>
          Effect.map(
            look({ change: unacknowledged, afterMs, overrides: { INVITATION: "none" } }),
            ({ resolution }) => resolution,
          );
        assert.strictEqual(yield* at(HORIZON_MS + 1000), "waiting");
        assert.strictEqual(yield* at(2 * HORIZON_MS + 1000), "completed");
      }),
  );

  it.effect(
    "is missing at the first look, lost at a second one a horizon later, and says so in the audit",
    () =>
      Effect.gen(function* () {
        const { resolution, world, row, sweep } = yield* look({ change: told });
        assert.strictEqual(resolution, "completed");
        world.rows.set(operationId(1), { ...row(), ...told, closedAt: null, dueAt: 0 });
        for (const { sub } of world.users) removeUser(world, sub);
        assert.strictEqual((yield* sweep()).missing, 1);
        assert.isNotNull(row().missingSince);
        yield* TestClock.adjust(HORIZON_MS + 60_000);
        assert.strictEqual((yield* sweep()).user_lost, 1);
        assert.strictEqual(row().state, "user_lost");
        assert.strictEqual(world.audit.at(-1)?.action, AuditAction.lost);
      }),
  );

  it.effect(
    "is missing no more once they were seen, though the ledger did not hear that the registration is complete",
    () =>
      Effect.gen(function* () {
        const { resolution, row } = yield* look({
          change: { ...told, missingSince: 1 },
          faults: [{ on: "ledger.complete", effect: "never", answer: "unknown" }],
        });
        assert.strictEqual(resolution, "DatabaseError");
        assert.deepInclude(row(), { state: "registered", missingSince: null });
      }),
  );

  it.effect("is not lost when they are seen again at the second look", () =>
    Effect.gen(function* () {
      const { world, row, sweep } = yield* look({
        change: { ...told, missingSince: 1, dueAt: 0 },
        user: "own",
      });
      yield* TestClock.adjust(HORIZON_MS * 2);
      yield* sweep();
      assert.strictEqual(row().state, "completed");
      assert.strictEqual(row().missingSince, null);
      assert.isDefined(userAt(world, alice));
    }),
  );
});
