/** The services in memory on one world, with settings for tests: a budget of 20 s and a horizon of 20 min. */
import { Layer } from "effect";
import { Settings } from "../../../src/ports/settings.ts";
import { readSettings } from "../../../src/settings.ts";
import { AccessMemory } from "./access.ts";
import { ChangesMemory } from "./changes.ts";
import { DirectoryMemory } from "./directory.ts";
import { IdentityProviderMemory } from "./identity-provider.ts";
import { LedgerMemory } from "./ledger.ts";
import type { Wire } from "./wire.ts";
import type { World } from "./world.ts";

/** The environment of a deployment that exists nowhere. */
export const bindings = {
  AWS_REGION: "eu-west-2",
  AWS_ACCESS_KEY_ID: "AKIATEST",
  AWS_SECRET_ACCESS_KEY: "secret",
  AWS_COGNITO_USER_POOL_ID: "eu-west-2_Test",
  AWS_COGNITO_APP_CLIENT_ID: "client",
  DATABASE_URL: "postgresql://user:password@ep-test.eu-west-2.aws.neon.tech/registrar",
};

export const settings = (overrides: Readonly<Record<string, string>> = {}) =>
  readSettings({ ...bindings, ...overrides });

/** The services that the programs need. */
export const memory = (world: World, wire?: Wire, overrides: Readonly<Record<string, string>> = {}) =>
  Layer.mergeAll(
    IdentityProviderMemory(world, wire),
    DirectoryMemory(world, wire),
    LedgerMemory(world, wire),
    ChangesMemory(world, wire),
    AccessMemory(world, wire),
  ).pipe(Layer.provideMerge(Settings.layer(settings(overrides))));
