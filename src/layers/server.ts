/**
 * A process of its own, on Node, Bun or Deno: any Postgres with a pool of connections, or Neon over HTTP; a timer, and no
 * bindings.
 */
import * as Layer from "effect/Layer";
import { RateLimitMemory } from "../adapters/memory/rate-limit.ts";
import { DatabaseNeon } from "../adapters/neon/database.ts";
import { DatabasePool } from "../adapters/pg/pool.ts";
import { rdsPassword } from "../adapters/rds/password.ts";
import { makeTimer } from "../adapters/timer/wake-up.ts";
import { type Deployment, DRIVERS } from "../ports/settings.ts";
import { WakeUp } from "../ports/wake-up.ts";
import { makePlatform } from "./shared.ts";

/** For commands that need a session of their own: the same reading of DATABASE_URL. */
export { connectionOf } from "../adapters/pg/connection.ts";

/** The way to Postgres of a process on this machine, also of a command. */
export const databaseOf = (deployment: Deployment) => {
  if (deployment.databaseDriver === "neon") return DatabaseNeon;
  return DatabasePool(deployment.databaseAuth === "rds-iam" ? rdsPassword(deployment) : undefined);
};

/** The platform of one process, and the timer that this asks for sweeps. */
export const makeServer = () => {
  const timer = makeTimer();
  const platform = makePlatform(DRIVERS.server, (deployment) => ({
    database: databaseOf(deployment),
    rateLimit: RateLimitMemory,
    wakeUp: Layer.succeed(WakeUp, timer.wakeUp),
  }));
  return { platform, timer };
};
