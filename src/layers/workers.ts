/** Workers: Postgres over Neon's HTTP driver, and the bindings of wrangler.toml. */
import { DatabaseNeon } from "../adapters/neon/database.ts";
import { RateLimitWorkers } from "../adapters/workers/rate-limit.ts";
import { TraceWorkers } from "../adapters/workers/trace.ts";
import { tracing } from "../adapters/workers/tracing.ts";
import { WakeUpWorkers } from "../adapters/workers/wake-up.ts";
import { DRIVERS } from "../ports/settings.ts";
import { makePlatform } from "./shared.ts";

export const workers = makePlatform(DRIVERS.workers, (_, bindings) => ({
  database: DatabaseNeon,
  rateLimit: RateLimitWorkers(bindings),
  trace: TraceWorkers(tracing),
  wakeUp: WakeUpWorkers(bindings),
}));
