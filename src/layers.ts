/**
 * The only place where layers meet. Building them does no I/O: a module-level runtime whose layer awaits would
 * poison a cold isolate for every request after the one that built it.
 */
import { Layer, ManagedRuntime } from "effect";
import { CognitoClient } from "./adapters/cognito/client.ts";
import { DirectoryCognito } from "./adapters/cognito/directory.ts";
import { IdentityProviderCognito } from "./adapters/cognito/identity-provider.ts";
import { TokenVerifierJose } from "./adapters/jose/token-verifier.ts";
import { LogConsole } from "./adapters/log.ts";
import { DatabaseNeon } from "./adapters/neon/database.ts";
import { AccessPostgres } from "./adapters/postgres/access.ts";
import { AuditTrailPostgres } from "./adapters/postgres/audit-trail.ts";
import { ChangesPostgres } from "./adapters/postgres/changes.ts";
import { LedgerPostgres } from "./adapters/postgres/ledger.ts";
import { RateLimitWorkers } from "./adapters/workers/rate-limit.ts";
import { type Deployment, Settings } from "./ports/settings.ts";

const makeLayer = (deployment: Deployment, bindings: object) =>
  Layer.mergeAll(
    Layer.mergeAll(IdentityProviderCognito, DirectoryCognito).pipe(Layer.provide(CognitoClient.layer)),
    Layer.mergeAll(LedgerPostgres, ChangesPostgres, AccessPostgres, AuditTrailPostgres).pipe(
      Layer.provide(DatabaseNeon),
    ),
    TokenVerifierJose,
    deployment.rateLimit ? RateLimitWorkers(bindings) : Layer.empty,
    LogConsole,
  ).pipe(Layer.provideMerge(Settings.layer(deployment)));

/** Runs Registrar's programs with the real services of one deployment, and what the platform gives it. */
export const makeRuntime = (deployment: Deployment, bindings: object) =>
  ManagedRuntime.make(makeLayer(deployment, bindings));

/** A deployment's runtime. */
export type Runtime = ReturnType<typeof makeRuntime>;

/** For the few places that no program runs in: one line of the log, safe to write. */
export { logLine } from "./adapters/log.ts";
