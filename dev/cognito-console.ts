/**
 * What somebody at the AWS console can change of the local pool beside its users: the pool's settings, its app clients,
 * what each AWS key may do, the signing keys and the issuer. The keys may do what the policies of deploy/ say, so that a
 * call which a policy forgets fails here as it would at AWS.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { UserPoolClientType, UserPoolType } from "@aws-sdk/client-cognito-identity-provider";
import type { AppClient } from "cognito-local/lib/services/appClient.js";
import type { CognitoService } from "cognito-local/lib/services/cognitoService.js";
import type { UserPool, UserPoolService } from "cognito-local/lib/services/userPoolService.js";
import { context } from "./cognito-users.ts";

/** The service's key: what the dummy signature has to name. Any secret signs. */
export const accessKeyId = "local";

/** The key of whoever runs `npm run doctor`. */
export const doctorKeyId = "doctor";

/** Whoever works at the console itself: everything is allowed. */
export const consoleKeyId = "console";

const EVERYTHING = { has: () => true };

const POLICIES = {
  [accessKeyId]: ["iam-policy.json"],
  [doctorKeyId]: ["iam-policy-doctor.json"],
} as const;

/** The actions that a policy of deploy/ allows, without the service's prefix. */
export function actionsOf(policy: string): ReadonlyArray<string> {
  const text = readFileSync(join(import.meta.dirname, "../deploy", policy), "utf8");
  const { Statement } = JSON.parse(text) as { readonly Statement: ReadonlyArray<{ Action: string[] }> };
  return Statement.flatMap(({ Action }) => Action.map((action) => action.replace(/^cognito-idp:/, "")));
}

/** The console, and what the provider reads of it. */
export interface Console {
  /** Changes settings of the pool. */
  configure(settings: Partial<UserPoolType>): Promise<void>;
  /** Changes settings of the app client. */
  configureClient(settings: Partial<UserPoolClientType>): Promise<void>;
  /** Takes actions out of a key's policy. */
  deny(keyId: string, ...actions: ReadonlyArray<string>): void;
  /** Has the provider know a key no more. */
  revokeKey(keyId: string): void;
  /** What the pool publishes: its signing keys, and the issuer of its tokens. */
  publish(published: Partial<Published>): void;
  /** Sets the provider's clock off, as the `Date` of its answers shows it. */
  setClock(aheadMilliseconds: number): void;
  /** Everything as it was at the start. */
  reset(): Promise<void>;

  /** The actions of a key; undefined: there is no such key. */
  actions(keyId: string): Pick<ReadonlySet<string>, "has"> | undefined;
  published(): Published;
  /** The provider's `Date`. */
  date(): string;
  /** Settings that cognito-local does not show. */
  settings(): UserPool;
}

interface Published {
  readonly keys: ReadonlyArray<object>;
  readonly issuer: string;
}

/** The console of a pool and its one app client, as both are now. */
export async function makeConsole(
  { cognito, pool, clientId }: { cognito: CognitoService; pool: UserPoolService; clientId: string },
  initial: Published,
): Promise<Console> {
  const settings = pool.options;
  const client = await cognito.getAppClient(context, clientId);
  if (client === null) throw new Error("The local pool has no app client.");
  let policies = new Map<string, ReadonlySet<string>>();
  let published = initial;
  let ahead = 0;
  const permitAll = () => {
    policies = new Map(
      Object.entries(POLICIES).map(([key, files]) => [
        key,
        new Set(files.flatMap((file) => actionsOf(file))),
      ]),
    );
  };
  permitAll();
  return {
    configure: (changed) => pool.updateOptions(context, { ...pool.options, ...changed } as UserPool),
    configureClient: async (changed) => {
      const now = (await cognito.getAppClient(context, clientId)) ?? client;
      await pool.saveAppClient(context, { ...now, ...changed } as AppClient);
    },
    deny: (keyId, ...actions) => {
      const left = [...(policies.get(keyId) ?? [])].filter((action) => !actions.includes(action));
      policies.set(keyId, new Set(left));
    },
    revokeKey: (keyId) => void policies.delete(keyId),
    publish: (changed) => {
      published = { ...published, ...changed };
    },
    setClock: (milliseconds) => {
      ahead = milliseconds;
    },
    reset: async () => {
      permitAll();
      published = initial;
      ahead = 0;
      await pool.updateOptions(context, settings);
      await pool.saveAppClient(context, client);
    },
    actions: (keyId) => (keyId === consoleKeyId ? EVERYTHING : policies.get(keyId)),
    published: () => published,
    date: () => new Date(Date.now() + ahead).toUTCString(),
    settings: () => pool.options,
  };
}
