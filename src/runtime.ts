/**
 * The only place where layers meet. Building them does no I/O: a module-level runtime whose layer awaits would
 * poison a cold isolate for every request after the one that built it.
 */
import { Layer, ManagedRuntime } from "effect";
import { Config, type Settings } from "./config.ts";
import { AccessSql } from "./services/AccessSql.ts";
import { AuditTrailSql } from "./services/AuditTrailSql.ts";
import { CognitoLive } from "./services/Cognito.ts";
import { CognitoClient } from "./services/CognitoClient.ts";
import { CognitoDirectory } from "./services/CognitoDirectory.ts";
import { ErrandsSql } from "./services/ErrandsSql.ts";
import { JoseLive } from "./services/Jose.ts";
import { LogLive } from "./services/Log.ts";
import { NeonLive } from "./services/Neon.ts";
import { RegistrationsSql } from "./services/RegistrationsSql.ts";

const makeLayer = (settings: Settings) =>
  Layer.mergeAll(
    Layer.mergeAll(CognitoLive, CognitoDirectory).pipe(Layer.provide(CognitoClient.layer)),
    Layer.mergeAll(RegistrationsSql, ErrandsSql, AccessSql, AuditTrailSql).pipe(Layer.provide(NeonLive)),
    ...([JoseLive, LogLive] as const),
  ).pipe(Layer.provideMerge(Config.layer(settings)));

/** Runs Registrar's programs with the real services of one deployment. */
export const makeRuntime = (settings: Settings) => ManagedRuntime.make(makeLayer(settings));

export type Runtime = ReturnType<typeof makeRuntime>;
export type Services = ManagedRuntime.ManagedRuntime.Services<Runtime>;
