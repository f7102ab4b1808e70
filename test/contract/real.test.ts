/** The real layers keep the contract of the memory layers: IdentityProviderCognito against a pool. */
import { afterAll, beforeAll, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { type Stack, startStack } from "../../dev/stack.ts";
import { CognitoClient } from "../../src/adapters/cognito/client.ts";
import { DirectoryCognito } from "../../src/adapters/cognito/directory.ts";
import { IdentityProviderCognito } from "../../src/adapters/cognito/identity-provider.ts";
import { UserId } from "../../src/domain/user.ts";
import { Settings } from "../../src/ports/settings.ts";
import { readSettings } from "../../src/settings.ts";
import { directoryContract } from "./directory.ts";
import { identityProviderContract } from "./identity-provider.ts";
import { FLIP_POOL, type PoolSubject } from "./subjects.ts";

let stack: Stack;
let pool: PoolSubject;

beforeAll(async () => {
  stack = await startStack();
  const settings = readSettings(stack.workerEnv());
  const config = Settings.layer(settings);
  const promised = <A>(work: () => Promise<A>) => Effect.promise(work);

  pool = {
    promises: FLIP_POOL,
    layer: Layer.mergeAll(IdentityProviderCognito, DirectoryCognito).pipe(
      Layer.provide(CognitoClient.layer),
      Layer.provide(config),
    ),
    addByHand: (email) => promised(async () => UserId.make(await stack.cognito.createUser(email))),
    addFederated: (email) => promised(async () => UserId.make(await stack.cognito.createFederated(email))),
    confirm: (sub) => promised(() => stack.cognito.confirm(sub)),
    enrol: (sub) => promised(() => stack.cognito.setTotp(sub, true)),
    mails: Effect.sync(() => stack.mails().map(({ sub }) => sub)),
    reset: promised(() => stack.reset()),
  };
});
afterAll(() => stack.stop());

identityProviderContract("Cognito", it.live, () => pool);
directoryContract("Cognito", it.live, () => pool);
