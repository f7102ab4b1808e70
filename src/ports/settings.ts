/** The settings of one deployment, as the programs and the adapters use them: decoded, in units that types carry. */
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Layer from "effect/Layer";
import type * as Redacted from "effect/Redacted";
import type { Edition } from "../domain/edition.ts";
import type { UserId } from "../domain/user.ts";

/** How Postgres is reached: Neon's driver over HTTP; connections of one's own; or connections through Hyperdrive. */
export type Driver = "neon" | "pg" | "hyperdrive";

/** The drivers that a platform has; the first is the one that is not named. */
export type Drivers = readonly [Driver, ...Driver[]];

/** The drivers of each platform. */
export const DRIVERS = {
  workers: ["neon"],
  hyperdrive: ["hyperdrive"],
  server: ["pg", "neon"],
} as const satisfies Readonly<Record<string, Drivers>>;

/** What a deployment is set to. `null`: not set. */
export interface Deployment {
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Redacted.Redacted<string>;
  readonly sessionToken: Redacted.Redacted<string> | null;
  readonly userPoolId: string;
  /** The app clients whose tokens are accepted. */
  readonly appClientIds: ReadonlyArray<string>;
  /** The id under which each of these app clients is a machine: a caller in its own name. */
  readonly machines: ReadonlyMap<string, UserId>;
  /** The origin of the pool's managed login, and the app client with which the console signs in there. */
  readonly consoleLogin: string | null;
  readonly consoleClientId: string;
  readonly databaseUrl: Redacted.Redacted<string>;
  readonly databaseDriver: Driver;
  /** Where Neon's driver sends statements, and the password. Null: the database is not Neon's. */
  readonly neonEndpoint: string | null;
  /** Whose password it is: the one in `databaseUrl`, or a token that is signed for each connection. */
  readonly databaseAuth: "password" | "rds-iam";
  /** How many connections a process has at the most, and whether they keep statements parsed. */
  readonly databasePoolSize: number;
  readonly databasePrepared: boolean;
  /** Local stacks only: where the Cognito API is, instead of the vendor's own. */
  readonly cognitoEndpoint: string | null;
  /** What the `iss` of a token may be, exactly. The keys are below the first, at /.well-known/jwks.json. */
  readonly issuers: readonly [string, ...string[]];
  /** The pool's immutable custom attribute that holds the ownership tag. */
  readonly ownershipAttribute: string | null;
  readonly invitation: "after-commit" | "immediate" | "none";
  /** Whose sentences FLIP's clients hear; `auto`: those that belong to the database's tables. */
  readonly flipEdition: Edition | "auto";
  /** Whether callers need a second factor to be heard. */
  readonly enforceMfa: boolean;
  /** How long one request may take; after that another may resolve its operation. */
  readonly requestBudget: Duration.Duration;
  /** How long a create that was sent may still land (docs/protocol.md). */
  readonly horizon: Duration.Duration;
  /** How long an idempotency key is kept at the least. */
  readonly idempotencyKeysKept: Duration.Duration;
  /** After how long a closed operation forgets whom it was for, and is deleted where nothing needs it. Never, where null. */
  readonly addressesKept: Duration.Duration | null;
  readonly operationsKept: Duration.Duration | null;
  /** How long the password of an invitation is good. */
  readonly temporaryPassword: Duration.Duration;
  readonly cognitoTimeout: Duration.Duration;
  /** One create or invitation: the pool's triggers and mail are part of it. */
  readonly cognitoCreateTimeout: Duration.Duration;
  /** Whether the pool may have one mailbox twice, in two spellings. */
  readonly caseSensitive: boolean;
  /** Whether users may sign in without a password: then CONFIRMED does not say that somebody has signed in. */
  readonly passwordless: boolean;
  /** What a new user is called in the pool: the address, or the registration's id, which is then the ownership tag. */
  readonly username: "email" | "operation-id";
  readonly databaseTimeout: Duration.Duration;
  /** The first statement of a request or a sweep: the database may be asleep. */
  readonly databaseWakeTimeout: Duration.Duration;
  readonly signingKeysTimeout: Duration.Duration;
  /** How many remote calls one sweep may make, and how long it goes on taking up more operations. */
  readonly sweepCalls: number;
  readonly sweepTime: Duration.Duration;
  /** Whether the sweeper is asked for when something is due, and how often it comes although nobody has asked. */
  readonly wakeUps: boolean;
  readonly backstop: Duration.Duration;
  /** Whether callers and clients who ask too often are refused. */
  readonly rateLimit: boolean;
  /** How many requests one caller, and one client's network, may make in a minute, where the process itself counts. */
  readonly callerRequests: number;
  readonly clientRequests: number;
  /** Whether the platform records spans of ours, where it can. */
  readonly traces: boolean;
  /** What may read the metrics beside a token of somebody who manages users. */
  readonly metricsToken: Redacted.Redacted<string> | null;
  /** The origin at which the deployment is reached, and its pages are. */
  readonly publicUrl: string | null;
  /** Whom /.well-known/security.txt names. Null: there is none. */
  readonly securityContact: string | null;
  /** Origins whose pages may call the API. */
  readonly corsOrigins: ReadonlyArray<string>;
}

export class Settings extends Context.Service<Settings, Deployment>()("registrar/ports/Settings") {
  /** Settings that were read already. */
  static readonly layer = (deployment: Deployment) => Layer.succeed(Settings, deployment);
}
