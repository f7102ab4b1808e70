/** What every pool keeps for users of another identity provider, whose user name is not their `sub`. */
import { assert, describe } from "@effect/vitest";
import { Effect, Option } from "effect";
import { OperationId } from "../../src/domain/operation.ts";
import { Email, type UserId } from "../../src/domain/user.ts";
import { Directory, EXTERNAL_PROVIDER } from "../../src/ports/directory.ts";
import { IdentityProvider } from "../../src/ports/identity-provider.ts";
import type { PoolSubject, Tester } from "./subjects.ts";

const email = Email.make("fay@hospital.example");

export const federatedContract = (name: string, test: Tester, subject: () => PoolSubject) => {
  const check = <A, E>(
    title: string,
    body: (sub: UserId) => Effect.Effect<A, E, IdentityProvider | Directory>,
  ) =>
    test(title, () =>
      Effect.suspend(() =>
        subject().reset.pipe(
          Effect.andThen(subject().addFederated(email)),
          Effect.flatMap(body),
          Effect.provide(subject().layer),
        ),
      ),
    );

  describe(`${name}: a user of another identity provider`, () => {
    check("is seen by their id, and listed", (sub) =>
      Effect.gen(function* () {
        const [provider, directory] = [yield* IdentityProvider, yield* Directory];
        const found = Option.getOrThrow(yield* provider.find(sub));
        assert.deepStrictEqual([found.sub, found.tag], [sub, null]);
        const profile = Option.getOrThrow(yield* directory.profile(sub));
        assert.deepStrictEqual(
          [profile.sub, profile.email, profile.emailVerified, profile.status, profile.enabled],
          [sub, email, false, EXTERNAL_PROVIDER, true],
        );
        const { users } = yield* directory.page(60, null);
        assert.include(
          users.map((user) => user.sub),
          sub,
        );
      }),
    );

    check("is disabled and enabled", (sub) =>
      Effect.gen(function* () {
        const directory = yield* Directory;
        for (const enabled of [false, true]) {
          assert.strictEqual(yield* directory.setEnabled(sub, enabled), "done");
          assert.strictEqual(Option.getOrThrow(yield* directory.profile(sub)).enabled, enabled);
        }
      }),
    );

    check("is deleted, and absent only then", (sub) =>
      Effect.gen(function* () {
        const [provider, directory] = [yield* IdentityProvider, yield* Directory];
        assert.strictEqual(yield* provider.remove({ sub }), "deleted");
        assert.deepStrictEqual(yield* directory.profile(sub), Option.none());
        assert.strictEqual(yield* provider.remove({ sub }), "absent");
        assert.strictEqual(yield* directory.setEnabled(sub, true), "absent");
        assert.strictEqual(yield* provider.invite({ sub }), "absent");
      }),
    );

    check("needs no invitation, and gets none", (sub) =>
      Effect.gen(function* () {
        const provider = yield* IdentityProvider;
        assert.strictEqual(yield* provider.invite({ sub }), "notNeeded");
        assert.deepStrictEqual(yield* subject().mails, []);
      }),
    );

    check("does not have the address: a local user may", (sub) =>
      Effect.gen(function* () {
        const provider = yield* IdentityProvider;
        assert.deepStrictEqual(yield* provider.find(email), Option.none());
        const id = OperationId.make(crypto.randomUUID());
        const local = yield* provider.create({ id, email, name: null });
        assert.strictEqual(yield* provider.remove(local), "deleted");
        assert.isTrue(Option.isSome(yield* provider.find(sub)));
      }),
    );
  });
};
