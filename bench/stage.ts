/**
 * What the bench plays on: a PostgreSQL with our migrations and FLIP's seed, both providers in a process of their own, and
 * tokens. Every subject runs before the same stage.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { migrate } from "../cli/migrate.ts";
import { startPostgres } from "../dev/postgres.ts";
import { seed } from "../dev/seed.ts";
import { accessClaims, sign256 } from "../dev/tokens.ts";
import { cpuOfFamily } from "./processes.ts";
import type { Order, State } from "./providers.ts";

/** A running stage. */
export interface Stage {
  readonly databaseUrl: string;
  /** The settings of every subject. */
  readonly env: Readonly<Record<string, string>>;
  /** An access token of the administrator. */
  readonly token: string;
  /** Gives the providers an order, and hears how they stand. */
  readonly order: (order: Order) => Promise<State>;
  /** Resolves when no call has been on its way for `quietMs`. */
  readonly settled: () => Promise<void>;
  readonly quietMs: number;
  /** What PostgreSQL has used of the processor, in milliseconds. */
  readonly databaseCpu: () => number;
  readonly stop: () => Promise<void>;
}

const POOL = "eu-west-2_Bench";
const CLIENT = "bench";

/** How long no call may come in before the providers count as quiet, in milliseconds. */
const QUIET_MS = 200;

/** Starts a stage, in a few seconds. */
export const startStage = async (): Promise<Stage> => {
  const postgres = await startPostgres();
  await migrate(postgres.url);
  const database = new pg.Pool({ connectionString: postgres.url, max: 2 });
  database.on("error", () => {});
  const adminSub = randomUUID();
  await seed(database, { adminSub, viewerSub: randomUUID() });

  const providers = fork(join(import.meta.dirname, "providers.ts"), [String(postgres.port)], {
    stdio: "inherit",
  });
  const order = (given: Order): Promise<State> => asked(providers, given);
  const { port } = await order({});
  const door = `http://127.0.0.1:${port}`;
  const issuer = `${door}/${POOL}`;

  return {
    databaseUrl: postgres.url,
    env: {
      AWS_REGION: "eu-west-2",
      AWS_ACCESS_KEY_ID: "AKIABENCHBENCHBENCH0",
      AWS_SECRET_ACCESS_KEY: "bench-secret",
      AWS_COGNITO_USER_POOL_ID: POOL,
      AWS_COGNITO_APP_CLIENT_ID: CLIENT,
      COGNITO_ENDPOINT: door,
      TOKEN_ISSUER: issuer,
      DATABASE_URL: postgres.url,
      NEON_ENDPOINT: `${door}/sql`,
      ENFORCE_MFA: "false",
    },
    token: sign256(accessClaims(issuer, CLIENT, adminSub)),
    order,
    settled: async () => {
      for (let count = -1, since = Date.now(); ; await sleep(20)) {
        const state = await order({});
        if (state.inFlight > 0 || state.count !== count) since = Date.now();
        count = state.count;
        if (Date.now() - since >= QUIET_MS) return;
      }
    },
    quietMs: QUIET_MS,
    databaseCpu: () => cpuOfFamily(postgres.pid),
    stop: async () => {
      providers.disconnect();
      await database.end();
      await postgres.stop();
    },
  };
};

/** Orders are answered in turn. */
const asked = (providers: ChildProcess, order: Order): Promise<State> =>
  new Promise((done, fail) => {
    const gone = () => fail(new Error("the providers have ended"));
    providers.once("exit", gone);
    providers.once("message", (state) => {
      providers.off("exit", gone);
      done(state as State);
    });
    providers.send(order);
  });
