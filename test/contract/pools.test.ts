/** The adapters keep their contract in every kind of pool, and take nobody for somebody else. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { Effect, Layer, Option } from "effect";
import { type Cognito, createCognito, type SecondFactor } from "../../dev/cognito.ts";
import { accessKeyId } from "../../dev/cognito-console.ts";
import { type Door, openDoor } from "../../dev/door.ts";
import { type Fault, Faults } from "../../dev/faults.ts";
import {
  POOL_KINDS,
  type PoolKind,
  type PoolTraits,
  refusedDomain,
  settingsOf,
} from "../../dev/pool-kinds.ts";
import { CognitoClient } from "../../src/adapters/cognito/client.ts";
import { DirectoryCognito } from "../../src/adapters/cognito/directory.ts";
import { IdentityProviderCognito } from "../../src/adapters/cognito/identity-provider.ts";
import { OperationId } from "../../src/domain/operation.ts";
import { Email, UserId } from "../../src/domain/user.ts";
import { Directory } from "../../src/ports/directory.ts";
import { IdentityProvider } from "../../src/ports/identity-provider.ts";
import { Settings } from "../../src/ports/settings.ts";
import { readSettings } from "../../src/settings.ts";
import { directoryContract } from "./directory.ts";
import { federatedContract } from "./federated.ts";
import { identityProviderContract } from "./identity-provider.ts";
import type { PoolSubject } from "./subjects.ts";

const email = Email.make("contract@hospital.example");
const newTag = () => OperationId.make(crypto.randomUUID());

/** A pool of a kind, alone behind its door. */
interface Pool {
  readonly subject: PoolSubject;
  readonly cognito: Cognito;
  readonly faults: Faults;
}

const usePool = (kind: PoolKind, overrides: Record<string, string> = {}): (() => Pool) => {
  const traits: PoolTraits = POOL_KINDS[kind];
  let door: Door;
  let pool: Pool;
  beforeAll(async () => {
    const faults = new Faults();
    door = await openDoor("cognito", faults);
    const cognito = await createCognito(door.url, kind);
    door.serve(cognito.provider);
    const settings = readSettings({
      AWS_REGION: "eu-west-2",
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_COGNITO_USER_POOL_ID: cognito.userPoolId,
      AWS_COGNITO_APP_CLIENT_ID: cognito.clientId,
      COGNITO_ENDPOINT: door.url,
      ...settingsOf(traits),
      ...overrides,
      DATABASE_URL: "postgresql://nobody:nothing@ep-none.eu-west-2.aws.neon.tech/none",
    });
    const add = (work: () => Promise<string>) => Effect.promise(async () => UserId.make(await work()));
    const subject: PoolSubject = {
      promises: {
        oneUserAnAddress: traits.signIn !== "plain" || traits.username === "email",
        firstStatus: traits.passwordless ? "CONFIRMED" : "FORCE_CHANGE_PASSWORD",
        secondFactorsEnd: !traits.mfaRequired,
      },
      layer: Layer.mergeAll(IdentityProviderCognito, DirectoryCognito).pipe(
        Layer.provide(CognitoClient.layer),
        Layer.provide(Settings.layer(settings)),
      ),
      // Where a user name may be an address, it is: so the pool's users are made, by hand as by a create.
      addByHand: (address) =>
        add(() =>
          kind === "plain-email" ? cognito.createNamed(address, address) : cognito.createUser(address),
        ),
      addFederated: (address) => add(() => cognito.createFederated(address)),
      confirm: (sub) => Effect.promise(() => cognito.confirm(sub)),
      enrol: (sub) => Effect.promise(() => cognito.setTotp(sub, true)),
      mails: Effect.sync(() => cognito.mails().map(({ sub }) => sub)),
      reset: Effect.promise(async () => {
        faults.clear();
        for (const { sub } of cognito.listUsers()) await cognito.deleteUser(sub);
        cognito.clearMails();
        faults.clearCalls();
      }),
    };
    pool = { subject, cognito, faults };
  });
  afterAll(() => door.stop());
  return () => pool;
};

/** Runs a test in a pool that is empty. */
const inPool =
  (pool: () => Pool) =>
  <A, E>(title: string, body: Effect.Effect<A, E, IdentityProvider | Directory>) =>
    it.live(title, () =>
      Effect.suspend(() =>
        pool().subject.reset.pipe(Effect.andThen(body), Effect.provide(pool().subject.layer)),
      ),
    );

/** What holds whoever made the users, and however the pool calls them. */
const byAnotherName = (kind: PoolKind, pool: () => Pool) => {
  const check = inPool(pool);
  const known = (sub: string) => pool().cognito.getUser(sub);

  describe(`Cognito, ${kind}: users by their own user name`, () => {
    check(
      "are seen, disabled, enabled, invited and deleted by their sub",
      Effect.gen(function* () {
        const [provider, directory] = [yield* IdentityProvider, yield* Directory];
        const sub = UserId.make(yield* Effect.promise(() => pool().cognito.createUser(email)));
        const username = known(sub)?.username;
        assert.strictEqual(Option.getOrThrow(yield* directory.profile(sub)).email, email);
        assert.deepStrictEqual(Option.getOrThrow(yield* provider.find(sub)), {
          sub,
          username: username ?? "",
          tag: null,
        });
        assert.strictEqual(yield* directory.setEnabled(sub, false), "done");
        assert.isFalse(known(sub)?.enabled);
        assert.strictEqual(yield* directory.setEnabled(sub, true), "done");
        assert.strictEqual(yield* provider.invite({ sub }), "sent");
        assert.deepStrictEqual(yield* pool().subject.mails, [sub]);
        assert.strictEqual(yield* provider.remove({ sub }), "deleted");
        assert.isUndefined(known(sub));
        assert.strictEqual(yield* provider.remove({ sub }), "absent");
        assert.strictEqual(yield* provider.invite({ sub }), "absent");
      }),
    );
  });
};

/** Pools in which a user name is chosen, and may be another's `sub`. */
const byAnothersSub = (kind: PoolKind, pool: () => Pool) => {
  const check = inPool(pool);
  const known = (sub: string) => pool().cognito.getUser(sub);
  const both = Effect.gen(function* () {
    const sub = yield* pool().subject.addByHand(email);
    const carrier = yield* Effect.promise(() => pool().cognito.createNamed(sub, "carrier@hospital.example"));
    return { sub, carrier: UserId.make(carrier) };
  });

  describe(`Cognito, ${kind}: somebody whose user name is another's sub`, () => {
    check(
      "is neither shown, disabled, reset, invited nor deleted for the other",
      Effect.gen(function* () {
        const [provider, directory] = [yield* IdentityProvider, yield* Directory];
        const { sub, carrier } = yield* both;
        assert.strictEqual(Option.getOrThrow(yield* directory.profile(sub)).email, email);
        yield* directory.setEnabled(sub, false);
        assert.deepStrictEqual([known(sub)?.enabled, known(carrier)?.enabled], [false, true]);
        yield* pool().subject.enrol(carrier);
        yield* directory.resetMfa(sub);
        assert.isTrue(Option.getOrThrow(yield* directory.profile(carrier)).totp);
        yield* provider.invite({ sub });
        assert.deepStrictEqual(yield* pool().subject.mails, [sub]);
        assert.strictEqual(yield* provider.remove({ sub }), "deleted");
        assert.deepStrictEqual([known(carrier)?.sub, known(email)], [carrier, undefined]);
      }),
    );

    check(
      "is left alone where the other is gone",
      Effect.gen(function* () {
        const [provider, directory] = [yield* IdentityProvider, yield* Directory];
        const { sub, carrier } = yield* both;
        yield* provider.remove({ sub });
        assert.deepStrictEqual(yield* provider.find(sub), Option.none());
        assert.strictEqual(yield* directory.setEnabled(sub, false), "absent");
        assert.strictEqual(yield* provider.invite({ sub }), "absent");
        assert.strictEqual(yield* provider.remove({ sub }), "absent");
        assert.deepStrictEqual([known(carrier)?.enabled, yield* pool().subject.mails], [true, []]);
      }),
    );
  });
};

for (const [kind, traits] of Object.entries(POOL_KINDS) as [PoolKind, PoolTraits][]) {
  // What these do to a create or an invitation is told below; every call of slow triggers takes its time.
  if (traits.preSignUp === "broken" || traits.customMessageFails || traits.triggersTakeMs > 0) continue;
  const pool = usePool(kind);
  const [name, subject] = [`Cognito, ${kind}`, () => pool().subject];
  byAnotherName(kind, pool);
  identityProviderContract(name, it.live, subject);
  federatedContract(name, it.live, subject);
  directoryContract(name, it.live, subject);
  if (traits.signIn !== "email") byAnothersSub(kind, pool);
}

describe("a create", () => {
  const wrong = [
    ["alias", "email", "an address, in a pool with address aliases"],
    ["email", "operation-id", "an id, in a pool of addresses"],
  ] as const;
  for (const [kind, username, what] of wrong) {
    const pool = usePool(kind, { COGNITO_USERNAME: username });
    inPool(pool)(
      `by a name that is ${what}, is a deployment to mend`,
      Effect.gen(function* () {
        const provider = yield* IdentityProvider;
        const { reason } = yield* Effect.flip(provider.create({ id: newTag(), email, name: null }));
        assert.deepInclude(reason, { _tag: "Misconfigured", why: "pool_configuration" });
      }),
    );
  }

  const broken = usePool("pre-sign-up-broken");
  inPool(broken)(
    "that a broken pre sign-up trigger stops is a deployment to mend, and has made nobody",
    Effect.gen(function* () {
      const provider = yield* IdentityProvider;
      const { reason } = yield* Effect.flip(provider.create({ id: newTag(), email, name: null }));
      assert.deepInclude(reason, { _tag: "Misconfigured", why: "pool_trigger_broken" });
      assert.deepStrictEqual(yield* provider.find(email), Option.none());
    }),
  );

  const mute = usePool("custom-message");
  inPool(mute)(
    "is not stopped by a trigger of messages that fails; an invitation is, and proves nothing",
    Effect.gen(function* () {
      const provider = yield* IdentityProvider;
      const user = yield* provider.create({ id: newTag(), email, name: null });
      assert.strictEqual((yield* Effect.flip(provider.invite(user))).reason._tag, "OutcomeUnknown");
      assert.deepStrictEqual(yield* mute().subject.mails, []);
    }),
  );

  const strict = usePool("pre-sign-up");
  inPool(strict)(
    "that the pre sign-up trigger refuses is refused by a rule of the pool, and has made nobody",
    Effect.gen(function* () {
      const provider = yield* IdentityProvider;
      const refused = Email.make(`ada@${refusedDomain}`);
      const { reason } = yield* Effect.flip(provider.create({ id: newTag(), email: refused, name: null }));
      assert.deepInclude(reason, { _tag: "Refused", why: "pool_rule" });
      assert.deepStrictEqual(yield* provider.find(refused), Option.none());
    }),
  );

  const plain = usePool("plain-email");
  inPool(plain)(
    "answers the pool's user name, by which the same attempt goes on without another's harm",
    Effect.gen(function* () {
      const provider = yield* IdentityProvider;
      const user = yield* provider.create({ id: newTag(), email, name: null });
      assert.deepStrictEqual([user.username, user.username === user.sub], [email, false]);
      yield* Effect.promise(() => plain().cognito.deleteUser(user.sub));
      const heir = yield* Effect.promise(() => plain().cognito.createNamed(email, email));
      assert.strictEqual(yield* provider.invite(user), "absent");
      assert.strictEqual(yield* provider.remove(user), "absent");
      assert.strictEqual(plain().cognito.getUser(email)?.sub, heir);
      assert.deepStrictEqual(yield* plain().subject.mails, []);
    }),
  );
});

describe("a look-up", () => {
  const pool = usePool("email");
  const check = inPool(pool);
  const calls = () =>
    pool()
      .faults.calls()
      .map(({ operation }) => operation);
  const fault = (match: string, how: Omit<Fault, "target" | "match">) =>
    pool().faults.set([{ target: "cognito", match, times: 9, ...how }]);

  check(
    "is spared where the create has just said that the user name is the sub",
    Effect.gen(function* () {
      const provider = yield* IdentityProvider;
      const user = yield* provider.create({ id: newTag(), email, name: null });
      yield* provider.invite(user);
      yield* provider.remove(user);
      assert.deepStrictEqual(calls(), ["AdminCreateUser", "AdminCreateUser RESEND", "AdminDeleteUser"]);
    }),
  );

  check(
    "says absent only where AdminGetUser and ListUsers both find nobody",
    Effect.gen(function* () {
      const [provider, directory] = [yield* IdentityProvider, yield* Directory];
      const sub = UserId.make(crypto.randomUUID());
      assert.strictEqual(yield* provider.remove({ sub }), "absent");
      assert.deepStrictEqual(calls(), ["AdminGetUser", "ListUsers"]);
      for (const answer of ["garbage", "empty", "throttle", "reset"] as const) {
        fault("ListUsers", { answer });
        assert.notStrictEqual((yield* Effect.flip(provider.remove({ sub }))).reason._tag, "Refused", answer);
        yield* Effect.flip(directory.setEnabled(sub, false));
        yield* Effect.flip(directory.profile(sub));
        yield* Effect.flip(provider.invite({ sub }));
      }
    }),
  );

  check(
    "is made again after Cognito did not find the user whom the create returned",
    Effect.gen(function* () {
      const provider = yield* IdentityProvider;
      const user = yield* provider.create({ id: newTag(), email, name: null });
      for (const match of ["AdminDeleteUser", "RESEND"]) {
        fault(match, { answer: "error", code: "UserNotFoundException" });
        const operation = match === "RESEND" ? provider.invite(user) : provider.remove(user);
        assert.strictEqual((yield* Effect.flip(operation)).reason._tag, "OutcomeUnknown", match);
        assert.isDefined(pool().cognito.getUser(user.sub));
      }
      pool().faults.clear();
      assert.strictEqual(yield* provider.remove(user), "deleted");
      assert.strictEqual(yield* provider.remove(user), "absent");
    }),
  );
});

describe("a reset of second factors", () => {
  const pool = usePool("email");
  const check = inPool(pool);
  const resetOf = Effect.fnUntraced(function* (of: () => Pool, factors: ReadonlyArray<SecondFactor>) {
    const directory = yield* Directory;
    const sub = yield* of().subject.addByHand(email);
    yield* of().subject.confirm(sub);
    yield* Effect.promise(() => of().cognito.setFactors(sub, factors));
    of().faults.clearCalls();
    assert.strictEqual(yield* directory.resetMfa(sub), "done");
    const called = of()
      .faults.calls()
      .map(({ operation }) => operation);
    return { called, left: yield* directory.secondFactors(sub) };
  });

  check(
    "deletes the authenticator app, and switches text messages and mails off",
    Effect.gen(function* () {
      const { called, left } = yield* resetOf(pool, ["SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP"]);
      assert.deepStrictEqual(left, []);
      assert.include(called, "AdminDeleteSoftwareToken");
      assert.include(called, "AdminUserGlobalSignOut");
    }),
  );

  check(
    "switches nothing off that the user does not have",
    Effect.gen(function* () {
      const { called, left } = yield* resetOf(pool, []);
      assert.deepStrictEqual([called.includes("AdminSetUserMFAPreference"), left], [false, []]);
    }),
  );

  check(
    "takes a set-up that was not finished away, with what else there is",
    Effect.gen(function* () {
      const { left } = yield* resetOf(pool, ["half", "SMS_MFA"]);
      assert.deepStrictEqual(left, []);
    }),
  );

  check(
    "names a passkey as left",
    Effect.gen(function* () {
      const { left } = yield* resetOf(pool, ["WEB_AUTHN", "SOFTWARE_TOKEN_MFA"]);
      assert.deepStrictEqual(left, ["WEB_AUTHN"]);
    }),
  );

  check(
    "goes on where Cognito refuses to switch one factor off, and names it as left",
    Effect.gen(function* () {
      const code = "InvalidParameterException";
      const directory = yield* Directory;
      const sub = yield* pool().subject.addByHand(email);
      yield* Effect.promise(() => pool().cognito.setFactors(sub, ["SMS_MFA"]));
      pool().faults.set([{ target: "cognito", match: "AdminSetUserMFAPreference", answer: "error", code }]);
      assert.strictEqual(yield* directory.resetMfa(sub), "done");
      assert.deepStrictEqual(yield* directory.secondFactors(sub), ["SMS_MFA"]);
    }),
  );

  for (const code of [
    "ResourceNotFoundException",
    "SoftwareTokenMFANotFoundException",
    "UserNotConfirmedException",
  ])
    check(
      `takes ${code} for an app that is not there`,
      Effect.gen(function* () {
        const directory = yield* Directory;
        const sub = yield* pool().subject.addByHand(email);
        pool().faults.set([{ target: "cognito", match: "AdminDeleteSoftwareToken", answer: "error", code }]);
        assert.strictEqual(yield* directory.resetMfa(sub), "done");
      }),
    );

  check(
    "is not done where the key may not delete the app",
    Effect.gen(function* () {
      const directory = yield* Directory;
      const sub = yield* pool().subject.addByHand(email);
      const code = "AccessDeniedException";
      pool().faults.set([{ target: "cognito", match: "AdminDeleteSoftwareToken", answer: "error", code }]);
      assert.strictEqual((yield* Effect.flip(directory.resetMfa(sub))).reason._tag, "Misconfigured");
    }),
  );

  const strict = usePool("mfa-required");
  inPool(strict)(
    "names what a pool that demands a second factor has left on, though it said otherwise",
    Effect.gen(function* () {
      const { left } = yield* resetOf(strict, ["SOFTWARE_TOKEN_MFA", "SMS_MFA"]);
      assert.deepStrictEqual(left, ["SMS_MFA"]);
    }),
  );
});

describe("an address in another spelling", () => {
  const pool = usePool("case-sensitive");
  const check = inPool(pool);
  const folded = Email.make("ann.smith@hospital.example");
  const other = "Ann.Smith@Hospital.example";

  check(
    "is found, with whoever has it; in the same spelling it is not another",
    Effect.gen(function* () {
      const provider = yield* IdentityProvider;
      assert.deepStrictEqual(yield* provider.unmetHolders(folded), []);
      yield* pool().subject.addByHand(folded);
      assert.deepStrictEqual(yield* provider.unmetHolders(folded), []);
      const sub = yield* pool().subject.addByHand(other);
      assert.strictEqual((yield* provider.unmetHolders(folded))[0]?.sub, sub);
    }),
  );

  check(
    "does not count where another identity provider's user has it",
    Effect.gen(function* () {
      const provider = yield* IdentityProvider;
      yield* pool().subject.addFederated(other);
      assert.deepStrictEqual(yield* provider.unmetHolders(folded), []);
    }),
  );

  check(
    "is nobody's only where the pool has said so",
    Effect.gen(function* () {
      const provider = yield* IdentityProvider;
      for (const answer of ["500", "garbage", "empty", "throttle"] as const) {
        pool().faults.set([{ target: "cognito", match: "ListUsers", answer }]);
        assert.strictEqual((yield* Effect.flip(provider.unmetHolders(folded))).operation, "find", answer);
      }
    }),
  );

  const folding = usePool("email");
  inPool(folding)(
    "is not asked for in a pool that folds them itself",
    Effect.gen(function* () {
      const provider = yield* IdentityProvider;
      yield* folding().subject.addByHand(other);
      assert.deepStrictEqual(yield* provider.unmetHolders(folded), []);
      assert.deepStrictEqual(folding().faults.calls(), []);
      const taken = yield* Effect.flip(provider.create({ id: newTag(), email: folded, name: null }));
      assert.strictEqual(taken.reason._tag, "UserAlreadyExists");
    }),
  );
});
