/**
 * What the real layers make of a provider that fails on the socket: which reason, how many calls were sent, and what
 * has really happened. A create and an invitation are never sent twice; a read and a delete once more.
 */
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest";
import { Effect, Layer, Option } from "effect";
import type { Fault } from "../../dev/faults.ts";
import { type Stack, startStack } from "../../dev/stack.ts";
import { CognitoClient } from "../../src/adapters/cognito/client.ts";
import { IdentityProviderCognito } from "../../src/adapters/cognito/identity-provider.ts";
import { Email, UserId } from "../../src/domain/user.ts";
import { IdentityProvider } from "../../src/ports/identity-provider.ts";
import { Settings } from "../../src/ports/settings.ts";
import { readSettings } from "../../src/settings.ts";
import { newId } from "./ledger.ts";

const email = Email.make("faults@hospital.example");

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());
beforeEach(() => stack.reset());

const run = <A, E>(program: Effect.Effect<A, E, IdentityProvider>) => {
  const env = {
    ...stack.workerEnv(),
    COGNITO_TIMEOUT_MS: "800",
    COGNITO_CREATE_TIMEOUT_MS: "2400",
  };
  const layer = IdentityProviderCognito.pipe(Layer.provide(CognitoClient.layer));
  return Effect.runPromise(
    program.pipe(Effect.provide(layer), Effect.provide(Settings.layer(readSettings(env)))),
  );
};
const cognito = (match: string, fault: Omit<Fault, "target" | "match">): Fault => ({
  target: "cognito",
  match,
  times: 1,
  ...fault,
});
const calls = (operation: string) =>
  stack.faults.calls().filter((call) => call.operation.includes(operation)).length;
const create = Effect.flatMap(IdentityProvider, (pool) => pool.create({ id: newId(), email, name: null }));
const find = Effect.flatMap(IdentityProvider, (pool) => pool.find(email));

describe("a create", () => {
  const answers = ["reset", "close", "500", "503", "garbage", "empty", "truncate", "hang"] as const;
  it.each(answers)("whose answer is lost (%s) is sent once, and its outcome is unknown", async (answer) => {
    stack.faults.set([cognito("AdminCreateUser", { effect: "applied", answer })]);
    const error = await run(Effect.flip(create));
    assert.strictEqual(error.reason._tag, "OutcomeUnknown");
    assert.strictEqual(calls("AdminCreateUser"), 1);
    await stack.faults.settled();
    assert.isDefined(stack.cognito.getUser(email));
  });

  it("that is throttled is sent once, and nobody is there", async () => {
    stack.faults.set([cognito("AdminCreateUser", { effect: "none", answer: "throttle" })]);
    const error = await run(Effect.flip(create));
    assert.strictEqual(error.reason._tag, "Throttled");
    assert.strictEqual(calls("AdminCreateUser"), 1);
    assert.isUndefined(stack.cognito.getUser(email));
  });

  it.each([
    ["InvalidParameterException", "Refused"],
    ["ResourceNotFoundException", "Misconfigured"],
    ["NotAuthorizedException", "Misconfigured"],
    ["CodeDeliveryFailureException", "OutcomeUnknown"],
  ])("that is answered %s is %s", async (code, reason) => {
    stack.faults.set([cognito("AdminCreateUser", { effect: "none", answer: "error", code })]);
    assert.strictEqual((await run(Effect.flip(create))).reason._tag, reason);
  });
});

describe("a read", () => {
  it("is sent once more when its answer is lost", async () => {
    await run(create);
    stack.faults.set([cognito("AdminGetUser", { effect: "applied", answer: "reset" })]);
    assert.isTrue(Option.isSome(await run(find)));
    assert.strictEqual(calls("AdminGetUser"), 2);
  });

  it("is unknown, never absent, when both answers are lost", async () => {
    stack.faults.set([cognito("AdminGetUser", { effect: "none", answer: "500", times: 2 })]);
    assert.strictEqual((await run(Effect.flip(find))).reason._tag, "OutcomeUnknown");
  });
});

it("a create and an invitation wait longer than a read: triggers and mail are part of them", async () => {
  stack.faults.set([{ target: "cognito", delayMs: 1200 }]);
  const { sub } = await run(create);
  const user = { sub, username: sub };
  assert.strictEqual(await run(Effect.flatMap(IdentityProvider, (pool) => pool.invite(user))), "sent");
  const find = Effect.flatMap(IdentityProvider, (pool) => pool.find(email));
  assert.strictEqual((await run(Effect.flip(find))).reason._tag, "OutcomeUnknown");
}, 20_000);

describe("a delete", () => {
  it("is sent once more when its answer is lost, and finds the user gone", async () => {
    const { sub } = await run(create);
    stack.faults.set([cognito("AdminDeleteUser", { effect: "applied", answer: "reset" })]);
    const removed = await run(Effect.flatMap(IdentityProvider, (pool) => pool.remove({ sub })));
    assert.strictEqual(removed, "absent");
    assert.strictEqual(calls("AdminDeleteUser"), 2);
    assert.isUndefined(stack.cognito.getUser(email));
  });

  it("whose first try is lost, and the second refused, is told as unknown", async () => {
    const { sub } = await run(create);
    stack.faults.set([
      cognito("AdminDeleteUser", { effect: "applied", answer: "reset" }),
      cognito("AdminDeleteUser", { answer: "error", code: "NotAuthorizedException" }),
    ]);
    const removal = Effect.flip(Effect.flatMap(IdentityProvider, (pool) => pool.remove({ sub })));
    assert.strictEqual((await run(removal)).reason._tag, "OutcomeUnknown");
    assert.isUndefined(stack.cognito.getUser(email));
  });
});

describe("an invitation", () => {
  it("whose answer is lost is sent once, and its outcome is unknown", async () => {
    const { sub } = await run(create);
    stack.faults.clearCalls();
    stack.faults.set([cognito("AdminCreateUser", { effect: "applied", answer: "reset" })]);
    const error = await run(Effect.flip(Effect.flatMap(IdentityProvider, (pool) => pool.invite({ sub }))));
    assert.strictEqual(error.reason._tag, "OutcomeUnknown");
    assert.strictEqual(calls("AdminCreateUser"), 1);
    assert.strictEqual(stack.mails().length, 1);
  });

  it("that is answered by a success without a user proves nothing: nobody may have been there", async () => {
    const sub = UserId.make(crypto.randomUUID());
    const nobody = { sub, username: sub };
    stack.faults.set([cognito("AdminCreateUser", { effect: "applied", answer: "empty" })]);
    const error = await run(Effect.flip(Effect.flatMap(IdentityProvider, (pool) => pool.invite(nobody))));
    assert.strictEqual(error.reason._tag, "OutcomeUnknown");
    assert.strictEqual(stack.mails().length, 0);
  });
});
