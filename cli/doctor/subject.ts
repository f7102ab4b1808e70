/**
 * The deployment that is examined: its settings, its database and its pool, each read once, when the first check needs it.
 * Whatever cannot be read makes every check that needs it "not asked". Nothing here changes anything.
 */
import {
  CognitoIdentityProviderClient,
  type CognitoIdentityProviderClientConfig,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  type UserPoolClientType,
  type UserPoolType,
} from "@aws-sdk/client-cognito-identity-provider";
import { Redacted } from "effect";
import type pg from "pg";
import { type Deployment, DRIVERS } from "../../src/ports/settings.ts";
import { BadConfiguration, readSettings } from "../../src/settings.ts";
import { CommandError } from "../command.ts";
import { connect } from "../database.ts";
import { NotAsked } from "./check.ts";

/** How long one call to Cognito, to a key server or to Cloudflare may take. */
const CALL_TIMEOUT_MS = 10_000;

const STATEMENT_TIMEOUT_MS = 10_000;

/** Refusals of the key itself: whatever is asked with it. */
const BAD_KEY =
  /^(UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|ExpiredToken|IncompleteSignature|MissingAuthenticationToken|InvalidAccessKeyId|CredentialsProviderError|RequestExpired|OptInRequired)/;

export const isBadKey = (error: unknown): boolean => BAD_KEY.test(nameOf(error));
/** Cognito says NotAuthorizedException of keys, too, where no user is signed in. */
export const isDenied = (error: unknown): boolean => /^(AccessDenied|NotAuthorized)/.test(nameOf(error));

/** The name of an error, which holds nothing of anybody. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : String(error));

/** A value that is made when it is first asked for; a failure is kept, too. */
const once = <A>(make: () => Promise<A>): (() => Promise<A>) => {
  let made: Promise<A> | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

export type AppClient = { readonly id: string; readonly found: UserPoolClientType | undefined };

export interface Subject {
  readonly variables: NodeJS.ProcessEnv;
  /** The settings' own problems. */
  readonly problems: ReadonlyArray<string>;
  readonly settings: () => Deployment;
  /** Fails with a CommandError, for the one check that is about it. */
  readonly connect: () => Promise<pg.Client>;
  /** Rows of one statement, which cannot write. */
  readonly query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  /** Calls Cognito with the service's keys. */
  readonly service: <A>(send: Send<A>) => Promise<A>;
  /** The same with the keys of whoever examines. */
  readonly own: <A>(send: Send<A>) => Promise<A>;
  /** Undefined: there is no such pool. */
  readonly describePool: () => Promise<UserPoolType | undefined>;
  /** The pool's settings, for the checks that look at them. */
  readonly pool: () => Promise<UserPoolType>;
  readonly clients: () => Promise<ReadonlyArray<AppClient>>;
  /** Milliseconds by which AWS is ahead of this machine. */
  readonly awsAhead: () => Promise<number>;
  readonly fetchJson: (url: string, headers?: Record<string, string>) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

type Send<A> = (client: CognitoIdentityProviderClient, options: { abortSignal: AbortSignal }) => Promise<A>;

export const makeSubject = (variables: NodeJS.ProcessEnv): Subject => {
  const read = settingsOf(variables);
  const settings = () => {
    if ("problems" in read) throw new NotAsked("the settings are wrong");
    return read;
  };

  const connected = once(async () => {
    if (!variables.DATABASE_URL) throw new CommandError("DATABASE_URL is missing");
    const client = await connect(variables.DATABASE_URL);
    await client.query(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    return client;
  });
  const query = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) => {
    const client = await connected().catch((error: unknown) => {
      throw error instanceof CommandError ? new NotAsked("the database cannot be reached") : error;
    });
    await client.query("begin read only");
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.query("rollback").catch(() => {});
    }
  };

  let ahead: number | undefined;
  const clientOf = (config: CognitoIdentityProviderClientConfig) => {
    const { region, cognitoEndpoint } = settings();
    const client = new CognitoIdentityProviderClient({
      region,
      maxAttempts: 2,
      ...(cognitoEndpoint && { endpoint: cognitoEndpoint }),
      ...config,
    });
    client.middlewareStack.add(
      (next) => async (args) => {
        const sentAt = Date.now();
        const result = await next(args);
        const { headers } = result.response as { readonly headers?: Record<string, string> };
        // The header counts whole seconds: on average it is half of one late.
        if (headers?.date) ahead = Date.parse(headers.date) + 500 - (sentAt + Date.now()) / 2;
        return result;
      },
      { step: "deserialize", name: "noteDate", priority: "low" },
    );
    return client;
  };
  const clients: Partial<Record<"service" | "own", CognitoIdentityProviderClient>> = {};
  const caller =
    (whose: "service" | "own", config: () => CognitoIdentityProviderClientConfig) =>
    <A>(send: Send<A>): Promise<A> => {
      clients[whose] ??= clientOf(config());
      return send(clients[whose], { abortSignal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    };
  const service = caller("service", () => serviceKeys(settings()));
  const own = caller("own", () => ownKeys(variables, settings()));

  const describePool = once(async () => {
    const { userPoolId } = settings();
    const command = new DescribeUserPoolCommand({ UserPoolId: userPoolId });
    return await own((client, options) => client.send(command, options)).then(
      ({ UserPool }) => UserPool,
      (error: unknown) => {
        if (nameOf(error) === "ResourceNotFoundException") return undefined;
        throw notAskedOf(error, "DescribeUserPool");
      },
    );
  });
  const pool = async () => {
    const found = await describePool();
    if (found === undefined) throw new NotAsked("the pool is not there");
    return found;
  };

  return {
    variables,
    problems: "problems" in read ? read.problems : [],
    settings,
    connect: connected,
    query,
    service,
    own,
    describePool,
    pool,
    clients: once(async () => {
      await pool();
      const { userPoolId, appClientIds } = settings();
      const looks = appClientIds.map(async (id): Promise<AppClient> => {
        const command = new DescribeUserPoolClientCommand({ UserPoolId: userPoolId, ClientId: id });
        try {
          const { UserPoolClient } = await own((client, options) => client.send(command, options));
          return { id, found: UserPoolClient };
        } catch (error) {
          if (nameOf(error) === "ResourceNotFoundException") return { id, found: undefined };
          throw notAskedOf(error, "DescribeUserPoolClient");
        }
      });
      return await Promise.all(looks);
    }),
    awsAhead: async () => {
      if (ahead === undefined) await describePool().catch(() => {});
      if (ahead === undefined) throw new NotAsked("Cognito has not answered");
      return ahead;
    },
    fetchJson: async (url, headers = {}) => {
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
      return await response.json();
    },
    close: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await connected().then(
        (client) => client.end(),
        () => {},
      );
    },
  };
};

function settingsOf(variables: NodeJS.ProcessEnv): Deployment | { readonly problems: ReadonlyArray<string> } {
  try {
    return readSettings(variables, DRIVERS.server);
  } catch (error) {
    if (error instanceof BadConfiguration) return { problems: error.problems };
    throw error;
  }
}

const serviceKeys = ({ accessKeyId, secretAccessKey, sessionToken }: Deployment) => ({
  credentials: {
    accessKeyId,
    secretAccessKey: Redacted.value(secretAccessKey),
    ...(sessionToken && { sessionToken: Redacted.value(sessionToken) }),
  },
});

/**
 * The keys of whoever examines: DOCTOR_AWS_…, or else the SDK's own for AWS_PROFILE, or else the service's, which need not
 * be permitted to describe a pool.
 */
function ownKeys(variables: NodeJS.ProcessEnv, settings: Deployment): CognitoIdentityProviderClientConfig {
  const { DOCTOR_AWS_ACCESS_KEY_ID, DOCTOR_AWS_SECRET_ACCESS_KEY, DOCTOR_AWS_SESSION_TOKEN } = variables;
  if (DOCTOR_AWS_ACCESS_KEY_ID && DOCTOR_AWS_SECRET_ACCESS_KEY) {
    return {
      credentials: {
        accessKeyId: DOCTOR_AWS_ACCESS_KEY_ID,
        secretAccessKey: DOCTOR_AWS_SECRET_ACCESS_KEY,
        ...(DOCTOR_AWS_SESSION_TOKEN && { sessionToken: DOCTOR_AWS_SESSION_TOKEN }),
      },
    };
  }
  return variables.AWS_PROFILE ? { profile: variables.AWS_PROFILE } : serviceKeys(settings);
}

/** Why a call of ours has no answer that counts. */
export const notAskedOf = (error: unknown, action: string): NotAsked => {
  if (error instanceof NotAsked) return error;
  if (isBadKey(error)) return new NotAsked(`AWS refuses the keys for ${action} (${nameOf(error)})`);
  if (isDenied(error))
    return new NotAsked(
      `the keys may not call ${action}: set AWS_PROFILE or DOCTOR_AWS_ACCESS_KEY_ID (deploy/iam-policy-doctor.json)`,
    );
  return new NotAsked(`${action} has no answer that counts (${nameOf(error)})`);
};
