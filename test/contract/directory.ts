/** What every Directory keeps: profiles as they are now, pages without a gap, and changes that may be repeated. */
import { assert, describe } from "@effect/vitest";
import { Effect, Option } from "effect";
import { OperationId } from "../../src/domain/operation.ts";
import { Email, UserId } from "../../src/domain/user.ts";
import { Directory, type ProfilePage } from "../../src/ports/directory.ts";
import { IdentityProvider } from "../../src/ports/identity-provider.ts";
import type { PoolSubject, Tester } from "./subjects.ts";

const email = Email.make("contract@hospital.example");
const nobody = UserId.make("00000000-0000-4000-8000-000000000000");

export const directoryContract = (name: string, test: Tester, subject: () => PoolSubject) => {
  const check = <A, E>(title: string, body: Effect.Effect<A, E, Directory | IdentityProvider>) =>
    test(title, () =>
      Effect.suspend(() => subject().reset.pipe(Effect.andThen(body), Effect.provide(subject().layer))),
    );
  const created = Effect.gen(function* () {
    const pool = yield* IdentityProvider;
    const tag = OperationId.make(crypto.randomUUID());
    return { ...(yield* pool.create({ id: tag, email, name: "Ada Lovelace" })), tag };
  });
  const profile = Effect.fnUntraced(function* (key: Email | UserId) {
    const directory = yield* Directory;
    return Option.getOrThrow(yield* directory.profile(key));
  });

  describe(`${name}: Directory`, () => {
    check(
      "shows a user by address and by sub, with the tag and the name that they were created with",
      Effect.gen(function* () {
        const { sub, tag } = yield* created;
        const wanted = {
          sub,
          tag,
          email,
          emailVerified: true,
          name: "Ada Lovelace",
          enabled: true,
          totp: false,
          status: subject().promises.firstStatus,
        };
        assert.deepStrictEqual({ ...(yield* profile(email)) }, wanted);
        assert.deepStrictEqual({ ...(yield* profile(sub)) }, wanted);
      }),
    );

    check(
      "shows a user made by hand without a tag, and whether they have signed in",
      Effect.gen(function* () {
        const sub = yield* subject().addByHand(email);
        assert.isNull((yield* profile(sub)).tag);
        yield* subject().confirm(sub);
        assert.strictEqual((yield* profile(sub)).status, "CONFIRMED");
      }),
    );

    check(
      "finds, changes and resets nobody where there is nobody",
      Effect.gen(function* () {
        const directory = yield* Directory;
        assert.deepStrictEqual(yield* directory.profile(email), Option.none());
        assert.deepStrictEqual(yield* directory.profile(nobody), Option.none());
        assert.strictEqual(yield* directory.setEnabled(nobody, true), "absent");
        assert.strictEqual(yield* directory.setEnabled(nobody, false), "absent");
        assert.strictEqual(yield* directory.resetMfa(nobody), "absent");
        assert.strictEqual(yield* directory.secondFactors(nobody), "absent");
      }),
    );

    check(
      "disables and enables, as often as it is told, and only that user",
      Effect.gen(function* () {
        const directory = yield* Directory;
        const { sub } = yield* created;
        const other = yield* subject().addByHand("other@hospital.example");
        for (const enabled of [false, false, true, true, false]) {
          assert.strictEqual(yield* directory.setEnabled(sub, enabled), "done");
          assert.strictEqual((yield* profile(email)).enabled, enabled);
          assert.isTrue((yield* profile(other)).enabled);
        }
      }),
    );

    check(
      "switches a second factor off, and may be told twice",
      Effect.gen(function* () {
        const directory = yield* Directory;
        const sub = yield* subject().addByHand(email);
        yield* subject().confirm(sub);
        yield* subject().enrol(sub);
        assert.isTrue((yield* profile(sub)).totp);
        assert.deepStrictEqual(yield* directory.secondFactors(sub), ["SOFTWARE_TOKEN_MFA"]);
        assert.strictEqual(yield* directory.resetMfa(sub), "done");
        if (!subject().promises.secondFactorsEnd) return;
        assert.isFalse((yield* profile(sub)).totp);
        assert.deepStrictEqual(yield* directory.secondFactors(sub), []);
        assert.strictEqual(yield* directory.resetMfa(sub), "done");
      }),
    );

    check(
      "lists everybody once, page by page, with what the list shows",
      Effect.gen(function* () {
        const directory = yield* Directory;
        const made: Array<string> = [];
        for (let n = 1; n <= 7; n++) made.push(yield* subject().addByHand(`user-${n}@hospital.example`));
        yield* directory.setEnabled(UserId.make(made[3] ?? ""), false);
        const users: Array<ProfilePage["users"][number]> = [];
        let cursor: string | null = null;
        do {
          const page: ProfilePage = yield* directory.page(3, cursor);
          assert.isAtMost(page.users.length, 3);
          users.push(...page.users);
          cursor = page.next;
        } while (cursor !== null);
        const mine = users.filter(({ sub }) => made.includes(sub));
        assert.sameMembers(
          mine.map(({ sub }) => sub),
          made,
        );
        assert.strictEqual(mine.length, made.length);
        for (const { sub, tag, email: address, enabled, status } of mine) {
          assert.isNull(tag);
          assert.strictEqual(address, `user-${made.indexOf(sub) + 1}@hospital.example`);
          assert.strictEqual(enabled, sub !== made[3]);
          assert.strictEqual(status, "FORCE_CHANGE_PASSWORD"); // made by hand
        }
      }),
    );

    check(
      "lists whom a registration has created with their tag",
      Effect.gen(function* () {
        const directory = yield* Directory;
        const { sub, tag } = yield* created;
        const { users } = yield* directory.page(60, null);
        assert.strictEqual(users.find((user) => user.sub === sub)?.tag, tag);
      }),
    );

    check(
      "refuses a cursor that it has not given",
      Effect.gen(function* () {
        const directory = yield* Directory;
        const error = yield* Effect.flip(directory.page(3, "not a cursor"));
        assert.deepStrictEqual([error.operation, error.reason._tag], ["list", "Refused"]);
      }),
    );
  });
};
