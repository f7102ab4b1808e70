/**
 * What every deployment has, wherever it runs. Building a layer does no I/O: a module-level runtime whose layer awaits
 * would poison a cold isolate for every request after the one that built it.
 *
 * A file of this folder beside this one (and alarm.ts) is a platform: it says what stands behind the ports that platforms differ in. An
 * entry takes one of them, so that no driver is in the bundle of an entry that does not use it.
 */
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import * as References from "effect/References";
import { CognitoClient } from "../adapters/cognito/client.ts";
import { DirectoryCognito } from "../adapters/cognito/directory.ts";
import { IdentityProviderCognito } from "../adapters/cognito/identity-provider.ts";
import { TokenVerifierJose } from "../adapters/jose/token-verifier.ts";
import { LogConsole } from "../adapters/log.ts";
import { AccessPostgres } from "../adapters/postgres/access.ts";
import { AuditTrailPostgres } from "../adapters/postgres/audit-trail.ts";
import { ChangesPostgres } from "../adapters/postgres/changes.ts";
import { LedgerPostgres } from "../adapters/postgres/ledger.ts";
import { StatusPostgres } from "../adapters/postgres/status.ts";
import type { Database } from "../ports/database.ts";
import { type Deployment, type Drivers, Settings } from "../ports/settings.ts";

/** What platforms differ in. */
interface Adapters {
  readonly database: Layer.Layer<Database, never, Settings>;
  /** Empty: nobody is refused for asking often. */
  readonly rateLimit: Layer.Layer<never, never, Settings>;
  /** Empty: nobody comes when something is due, and the backstop does. */
  readonly wakeUp: Layer.Layer<never>;
  /** How spans leave, where they do. */
  readonly trace?: Layer.Layer<never>;
}

/** Everything that stands behind the ports of one deployment on one platform. */
export const makeLayer = (
  deployment: Deployment,
  { database, rateLimit, wakeUp, trace = Layer.empty }: Adapters,
) =>
  Layer.mergeAll(
    Layer.mergeAll(IdentityProviderCognito, DirectoryCognito).pipe(Layer.provide(CognitoClient.layer)),
    Layer.mergeAll(LedgerPostgres, ChangesPostgres, AccessPostgres, AuditTrailPostgres, StatusPostgres).pipe(
      Layer.provide(database),
    ),
    TokenVerifierJose,
    deployment.rateLimit ? rateLimit : Layer.empty,
    // Spans that nobody sees are not made.
    deployment.traces ? trace : Layer.succeed(References.TracerEnabled, false),
    deployment.wakeUps ? wakeUp : Layer.empty,
    LogConsole,
  ).pipe(Layer.provideMerge(Settings.layer(deployment)));

const makeRuntime = (deployment: Deployment, adapters: Adapters) =>
  ManagedRuntime.make(makeLayer(deployment, adapters));

/** Runs Registrar's programs with the real services of one deployment. */
export type Runtime = ReturnType<typeof makeRuntime>;

/** What an entry takes: the drivers that the platform has, the usual one first, and how a deployment runs on it. */
export interface Platform {
  readonly drivers: Drivers;
  /** `bindings`: what the platform gives the entry. */
  readonly makeRuntime: (deployment: Deployment, bindings: object) => Runtime;
}

export const makePlatform = (
  drivers: Drivers,
  adaptersOf: (deployment: Deployment, bindings: object) => Adapters,
): Platform => ({
  drivers,
  makeRuntime: (deployment, bindings) => makeRuntime(deployment, adaptersOf(deployment, bindings)),
});

/** For the few places that no program runs in: one line of the log, safe to write. */
export { logLine } from "../adapters/log.ts";
