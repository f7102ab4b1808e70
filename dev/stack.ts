/**
 * Both providers on this machine: PostgreSQL (migrated, seeded) behind Neon's protocol and a Cognito pool, each behind
 * the fault switch, on free ports of 127.0.0.1. `stop` leaves no process, port or temporary directory behind.
 * The Worker is not part of it: tests run it in Miniflare, `npm run dev` in wrangler, both with `workerEnv`.
 */
import pg from "pg";
import { migrate } from "../cli/migrate.ts";
import { age } from "./age.ts";
import { type Cognito, createCognito } from "./cognito.ts";
import { accessKeyId, doctorKeyId } from "./cognito-console.ts";
import { type Door, openDoor } from "./door.ts";
import { Faults } from "./faults.ts";
import { FLIP_SHAPES, type FlipShapeName } from "./flip-shapes.ts";
import { type Neon, neon } from "./neon.ts";
import type { Mail } from "./outbox.ts";
import { POOL_KINDS, type PoolKind, settingsOf } from "./pool-kinds.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { grantRole, seed } from "./seed.ts";
import { accessClaims, publicJwk, sign256 } from "./tokens.ts";
import { openWire, type Wire } from "./wire.ts";

/** What a stack may be asked for. */
export interface StackOptions {
  /** Apply `migrations/`; default true. */
  readonly migrate?: boolean;
  /** What kind of pool; default: FLIP's. */
  readonly pool?: PoolKind;
  /** Whose tables are there before ours; default: nobody's. */
  readonly flip?: FlipShapeName;
}

/** A running stack. */
export interface Stack {
  /** Plain PostgreSQL, for psql and drivers; not behind the faults. */
  readonly databaseUrl: string;
  /** The same for drivers that speak its protocol, behind the faults. */
  readonly wireUrl: string;
  /** The SQL endpoint for the Neon driver. */
  readonly neonEndpoint: string;
  readonly cognitoEndpoint: string;
  readonly issuer: string;
  readonly userPoolId: string;
  readonly clientId: string;
  readonly adminToken: string;
  readonly adminSub: string;
  readonly viewerToken: string;
  readonly viewerSub: string;
  readonly publicJwk: typeof publicJwk;
  readonly faults: Faults;
  /** The pool, behind the faults' back. */
  readonly cognito: Cognito;
  readonly postgres: Postgres;
  /** Resolves with a sentence if a provider ends without having been asked to. */
  readonly died: Promise<string>;
  mails(to?: string): Mail[];
  /** Straight to PostgreSQL, not behind the faults. */
  query<Row extends pg.QueryResultRow = Record<string, unknown>>(
    sql: string,
    params?: unknown[],
  ): Promise<Row[]>;
  /** Grants somebody a role, behind the faults' back; at one trust alone, where one is named. */
  grant(user: string, role: string, trust?: string): Promise<void>;
  /** Makes every operation in the ledger that much older; returns how many there were. */
  age(seconds: number): Promise<number>;
  /** A fresh access token of the administrator with these claims changed; an undefined one is left out. */
  signToken(claims?: Record<string, unknown>, header?: Record<string, unknown>): string;
  /** Back to the start: no faults, calls, mails or operations, the two people and FLIP's seed. */
  reset(): Promise<void>;
  /** The Worker's settings for this stack, and no others. */
  workerEnv(): Record<string, string>;
  /** The same, with the keys of whoever runs `npm run doctor`. */
  doctorEnv(): Record<string, string>;
  stop(): Promise<void>;
}

/** Starts everything, in about two seconds; if one part fails, the others are stopped again. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const faults = new Faults();
  const started: (() => Promise<unknown>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () =>
    (stopping ??= (async () => {
      for (const end of started.reverse()) await end().catch(() => {});
    })());
  try {
    const server = keep(started, await startPostgres());
    const cognitoDoor = keep(started, await openDoor("cognito", faults));
    const neonDoor = keep(started, await openDoor("database", faults));
    const wire = keep(started, await openWire(server.port, faults));
    return await assemble({ options, faults, started, stop, server, cognitoDoor, neonDoor, wire });
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Parts {
  readonly options: StackOptions;
  readonly faults: Faults;
  readonly started: (() => Promise<unknown>)[];
  readonly stop: () => Promise<void>;
  readonly server: Postgres;
  readonly cognitoDoor: Door;
  readonly neonDoor: Door;
  readonly wire: Wire;
}

async function assemble(parts: Parts): Promise<Stack> {
  const { faults, server, cognitoDoor, neonDoor, wire } = parts;
  const { pool: kind = "email", flip = "none" } = parts.options;
  const { federated } = POOL_KINDS[kind];
  const pool = new pg.Pool({ connectionString: server.url, max: 8 });
  pool.on("error", () => {});
  parts.started.push(() => pool.end());
  const database: Neon = keep(parts.started, neon(server.port));
  const cognito = await createCognito(cognitoDoor.url, kind);
  cognitoDoor.serve(cognito.provider);
  neonDoor.serve(database.provider);

  const admin = await cognito.signIn("admin@flip.example");
  const viewer = await cognito.signIn("viewer@flip.example");
  const people = { adminSub: admin.sub, viewerSub: viewer.sub };
  const addFederated = async () => {
    if (federated) await cognito.createFederated("federated@flip.example");
  };
  await addFederated();
  await pool.query(FLIP_SHAPES[flip].tables);
  if (parts.options.migrate !== false) {
    await migrate(server.url);
    await seed(pool, people);
  }
  const neonEndpoint = `${neonDoor.url}/sql`;

  const workerEnv = () => ({
    AWS_REGION: "eu-west-2",
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_COGNITO_USER_POOL_ID: cognito.userPoolId,
    AWS_COGNITO_APP_CLIENT_ID: cognito.clientId,
    COGNITO_ENDPOINT: cognitoDoor.url,
    COGNITO_DOMAIN: cognitoDoor.url,
    TOKEN_ISSUER: cognito.issuer,
    DATABASE_URL: server.url,
    NEON_ENDPOINT: neonEndpoint,
    ...settingsOf(POOL_KINDS[kind]),
  });

  return {
    databaseUrl: server.url,
    wireUrl: server.url.replace(`:${server.port}/`, `:${wire.port}/`),
    neonEndpoint,
    cognitoEndpoint: cognitoDoor.url,
    issuer: cognito.issuer,
    userPoolId: cognito.userPoolId,
    clientId: cognito.clientId,
    adminToken: admin.token,
    viewerToken: viewer.token,
    ...people,
    publicJwk,
    faults,
    cognito,
    postgres: server,
    died: server.died.then((words) => `PostgreSQL ended on its own (${words})`),
    mails: (to) => cognito.mails(to),
    query: async <Row extends pg.QueryResultRow>(sql: string, params?: unknown[]) =>
      (await pool.query<Row>(sql, params)).rows,
    grant: (user, role, trust) => grantRole(pool, user, role, trust),
    age: (seconds) => age(pool, seconds),
    signToken: (claims = {}, header = {}) =>
      sign256({ ...accessClaims(cognito.issuer, cognito.clientId, admin.sub), ...claims }, header),
    reset: async () => {
      faults.clear();
      await faults.settled();
      for (const { sub } of cognito.listUsers())
        if (sub !== admin.sub && sub !== viewer.sub) await cognito.deleteUser(sub);
      const { rows } = await pool.query<{ name: string }>(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'registrar') and tablename <> 'schema_version'",
      );
      await pool.query(`truncate ${rows.map((row) => row.name).join(", ")}`);
      await seed(pool, people);
      await addFederated();
      cognito.clearMails();
      await cognito.console.reset();
      faults.clearCalls();
    },
    workerEnv,
    doctorEnv: () => ({
      ...workerEnv(),
      DOCTOR_AWS_ACCESS_KEY_ID: doctorKeyId,
      DOCTOR_AWS_SECRET_ACCESS_KEY: "local",
    }),
    stop: parts.stop,
  };
}

function keep<Part extends { stop(): Promise<unknown> }>(
  started: (() => Promise<unknown>)[],
  part: Part,
): Part {
  started.push(() => part.stop());
  return part;
}
