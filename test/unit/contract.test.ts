/** The memory layers keep the contract that CognitoLive and RegistrationsSql keep (test/e2e/contract.test.ts). */
import { it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { identityProviderContract } from "../contract/identityProviderContract.ts";
import { registrationsContract } from "../contract/registrationsContract.ts";
import { memory } from "../memory/memory.ts";
import { addUser, admin, adminRole, clearPool, makeWorld, researcherRole, viewer } from "../memory/World.ts";

const world = makeWorld();
const layer = memory(world);

identityProviderContract("memory", it.effect, () => ({
  layer,
  addByHand: (email) => Effect.sync(() => addUser(world, email).sub),
  confirm: () =>
    Effect.sync(() => {
      world.users = world.users.map((user) => ({ ...user, confirmed: true }));
    }),
  mails: Effect.sync(() => world.mails.map(({ sub }) => sub)),
  reset: Effect.sync(() => {
    clearPool(world);
    world.mails.length = 0;
  }),
}));

registrationsContract("memory", it.effect, () => ({
  layer,
  ...{ admin, viewer, roles: [adminRole, researcherRole] },
  age: (seconds) => TestClock.adjust(seconds * 1000),
  audit: Effect.sync(() => world.audit.map(({ id, action, userId, by }) => ({ id, action, userId, by }))),
  grants: (sub) => Effect.sync(() => [...(world.grants.get(sub) ?? [])]),
  reset: Effect.sync(() => {
    world.rows.clear();
    world.audit.length = 0;
  }),
}));
