/** The memory layers keep the contract that IdentityProviderCognito and LedgerPostgres keep (test/contract/real.test.ts). */
import { it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import type { UserId } from "../../src/domain/user.ts";
import { memory, settings } from "../simulation/memory/memory.ts";
import {
  addUser,
  admin,
  adminRole,
  changeUser,
  clearPool,
  makeWorld,
  observerRole,
  researcherRole,
  viewer,
} from "../simulation/memory/world.ts";
import { directoryContract } from "./directory.ts";
import { federatedContract } from "./federated.ts";
import { identityProviderContract } from "./identity-provider.ts";
import { ledgerContract } from "./ledger-suite.ts";
import { RETENTION } from "./retention.ts";
import { FLIP_POOL, type PoolSubject } from "./subjects.ts";

const world = makeWorld();
const layer = memory(world);

const pool: PoolSubject = {
  promises: FLIP_POOL,
  layer,
  addByHand: (email) => Effect.sync(() => addUser(world, email).sub),
  addFederated: (email) => Effect.sync(() => addUser(world, email, { federated: true }).sub),
  confirm: (sub) => Effect.sync(() => void changeUser(world, sub, { confirmed: true })),
  enrol: (sub) => Effect.sync(() => void changeUser(world, sub, { totp: true })),
  mails: Effect.sync(() => world.mails.map(({ sub }) => sub)),
  reset: Effect.sync(() => {
    clearPool(world);
    world.mails.length = 0;
  }),
};

/** The same pool, whose users are called by the id of their registration, and share addresses. */
const named: PoolSubject = {
  ...pool,
  promises: { ...FLIP_POOL, oneUserAnAddress: false },
  layer: memory(world, undefined, { COGNITO_USERNAME: "operation-id" }),
};

for (const [name, subject] of [
  ["memory", pool],
  ["memory, by operation id", named],
] as const) {
  identityProviderContract(name, it.effect, () => subject);
  directoryContract(name, it.effect, () => subject);
  federatedContract(name, it.effect, () => subject);
}

ledgerContract("memory", it.effect, () => ({
  layer: memory(world, undefined, RETENTION),
  keeping: layer,
  admin,
  viewer,
  machine: settings().machines.get("client") as UserId,
  roles: [researcherRole, observerRole],
  managing: adminRole,
  age: (seconds) => TestClock.adjust(seconds * 1000),
  audit: Effect.sync(() => world.audit.map(({ id, action, userId, by }) => ({ id, action, userId, by }))),
  denials: Effect.sync(() =>
    [...world.denials].map(([id, { caller, action, times }]) => ({ id, caller, action, times })),
  ),
  roleChanges: Effect.sync(() => [...world.roleChanges]),
  grant: (sub, role) =>
    Effect.sync(() => void world.grants.set(sub, new Set([...(world.grants.get(sub) ?? []), role]))),
  grants: (sub) => Effect.sync(() => [...(world.grants.get(sub) ?? [])]),
  trusts: true,
  profiles: true,
  profile: (sub) => Effect.sync(() => world.profiles.get(sub) ?? null),
  grantAtTrust: (sub, role) =>
    Effect.sync(
      () => void world.trustGrants.set(sub, new Set([...(world.trustGrants.get(sub) ?? []), role])),
    ),
  grantsAtTrust: (sub) => Effect.sync(() => [...(world.trustGrants.get(sub) ?? [])]),
  reset: Effect.sync(() => {
    world.rows.clear();
    world.audit.length = 0;
    world.roleChanges.length = 0;
    world.denials.clear();
    world.grants.clear();
    world.trustGrants.clear();
    world.profiles.clear();
    world.profilesAsked.clear();
    world.grants.set(admin, new Set([adminRole]));
  }),
}));
