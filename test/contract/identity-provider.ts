/** What every IdentityProvider keeps: one user per address, own tags, removal and invitation by `sub` alone. */
import { assert, describe } from "@effect/vitest";
import { Effect, Option, Result } from "effect";
import { OperationId } from "../../src/domain/operation.ts";
import { Email, UserId } from "../../src/domain/user.ts";
import { IdentityProvider } from "../../src/ports/identity-provider.ts";
import type { PoolSubject, Tester } from "./subjects.ts";

const email = Email.make("contract@hospital.example");
const newTag = () => OperationId.make(crypto.randomUUID());
const nobody = UserId.make("00000000-0000-4000-8000-000000000000");

export const identityProviderContract = (name: string, test: Tester, subject: () => PoolSubject) => {
  const check = <A, E>(title: string, body: Effect.Effect<A, E, IdentityProvider>) =>
    test(title, () =>
      Effect.suspend(() => subject().reset.pipe(Effect.andThen(body), Effect.provide(subject().layer))),
    );
  const pool = Effect.flatMap(IdentityProvider, Effect.succeed);

  describe(`${name}: IdentityProvider`, () => {
    check(
      "creates a user who has the tag, and mails nobody",
      Effect.gen(function* () {
        const provider = yield* pool;
        const tag = newTag();
        const created = yield* provider.create({ id: tag, email, name: null });
        assert.strictEqual(created.tag, tag);
        assert.deepStrictEqual(yield* provider.find(email), Option.some(created));
        assert.deepStrictEqual(yield* provider.find(created.sub), Option.some(created));
        assert.deepStrictEqual(yield* provider.findOwn({ id: tag, email }), Option.some(created));
        assert.deepStrictEqual(yield* subject().mails, []);
      }),
    );

    check(
      "refuses a second user with the address, or else with the name, and leaves the first as they are",
      Effect.gen(function* () {
        const provider = yield* pool;
        const id = newTag();
        const first = yield* provider.create({ id, email, name: null });
        const again = subject().promises.oneUserAnAddress ? newTag() : id;
        const error = yield* Effect.flip(provider.create({ id: again, email, name: null }));
        assert.strictEqual(error.reason._tag, "UserAlreadyExists");
        assert.deepStrictEqual(yield* provider.find(email), Option.some(first));
      }),
    );

    check(
      "gives one of ten concurrent creates the address, or else the name",
      Effect.gen(function* () {
        const provider = yield* pool;
        const id = newTag();
        const { oneUserAnAddress } = subject().promises;
        const registrations = Array.from({ length: 10 }, () =>
          Effect.result(provider.create({ id: oneUserAnAddress ? newTag() : id, email, name: null })),
        );
        const results = yield* Effect.all(registrations, { concurrency: "unbounded" });
        const [winner, ...others] = results.filter(Result.isSuccess);
        assert.isDefined(winner);
        assert.deepStrictEqual(others, []);
        assert.deepStrictEqual(yield* provider.find(email), Option.some(winner?.success));
      }),
    );

    check(
      "finds nobody where there is nobody",
      Effect.gen(function* () {
        const provider = yield* pool;
        assert.deepStrictEqual(yield* provider.find(email), Option.none());
        assert.deepStrictEqual(yield* provider.find(nobody), Option.none());
        assert.deepStrictEqual(yield* provider.findOwn({ id: newTag(), email }), Option.none());
      }),
    );

    check(
      "names those whom a create would not meet: each user with the address, where addresses are shared",
      Effect.gen(function* () {
        const provider = yield* pool;
        assert.deepStrictEqual(yield* provider.unmetHolders(email), []);
        const own = yield* provider.create({ id: newTag(), email, name: null });
        yield* subject().addByHand("other@hospital.example");
        yield* subject().addFederated(email);
        assert.deepStrictEqual(yield* provider.unmetHolders(email), provider.sharesAddresses ? [own] : []);
      }),
    );

    check(
      "takes nobody for a registration's own user who has not its tag",
      Effect.gen(function* () {
        const provider = yield* pool;
        yield* subject().addByHand(email);
        const id = newTag();
        const found = yield* provider.findOwn({ id, email });
        assert.isFalse(Option.exists(found, ({ tag }) => tag === id));
        assert.strictEqual(Option.isNone(found), provider.sharesAddresses);
      }),
    );

    check(
      "removes by the name that the create returned, and only whom it returned",
      Effect.gen(function* () {
        const provider = yield* pool;
        const user = yield* provider.create({ id: newTag(), email, name: null });
        assert.strictEqual(yield* provider.remove(user), "deleted");
        assert.strictEqual(yield* provider.remove(user), "absent");
      }),
    );

    check(
      "shows a user made by hand without a tag",
      Effect.gen(function* () {
        const provider = yield* pool;
        const sub = yield* subject().addByHand(email);
        const found = Option.getOrThrow(yield* provider.find(email));
        assert.deepStrictEqual([found.sub, found.tag], [sub, null]);
      }),
    );

    check(
      "removes by sub, may be told twice, and never touches who has the address by then",
      Effect.gen(function* () {
        const provider = yield* pool;
        const { sub } = yield* provider.create({ id: newTag(), email, name: null });
        assert.strictEqual(yield* provider.remove({ sub }), "deleted");
        const next = yield* subject().addByHand(email);
        assert.strictEqual(yield* provider.remove({ sub }), "absent");
        const heir = Option.getOrThrow(yield* provider.find(email));
        assert.deepStrictEqual([heir.sub, heir.tag], [next, null]);
      }),
    );

    check(
      "invites as often as it is told, and only that user; nobody who was given no password",
      Effect.gen(function* () {
        const provider = yield* pool;
        const { sub } = yield* provider.create({ id: newTag(), email, name: null });
        const needed = subject().promises.firstStatus === "FORCE_CHANGE_PASSWORD";
        for (let times = 0; times < 2; times++)
          assert.strictEqual(yield* provider.invite({ sub }), needed ? "sent" : "notNeeded");
        assert.deepStrictEqual(yield* subject().mails, needed ? [sub, sub] : []);
      }),
    );

    check(
      "invites nobody where the user is gone, whoever has the address by then",
      Effect.gen(function* () {
        const provider = yield* pool;
        const { sub } = yield* provider.create({ id: newTag(), email, name: null });
        yield* provider.remove({ sub });
        assert.strictEqual(yield* provider.invite({ sub }), "absent");
        yield* subject().addByHand(email);
        assert.strictEqual(yield* provider.invite({ sub }), "absent");
        assert.deepStrictEqual(yield* subject().mails, []);
      }),
    );

    check(
      "invites nobody who has signed in already",
      Effect.gen(function* () {
        const provider = yield* pool;
        const { sub } = yield* provider.create({ id: newTag(), email, name: null });
        yield* subject().confirm(sub);
        assert.strictEqual(yield* provider.invite({ sub }), "notNeeded");
        assert.deepStrictEqual(yield* subject().mails, []);
      }),
    );
  });
};
