/** Workers: any Postgres behind Hyperdrive, and the bindings of wrangler.toml. */
import { DatabaseHyperdrive } from "../adapters/pg/hyperdrive.ts";
import { RateLimitWorkers } from "../adapters/workers/rate-limit.ts";
import { TraceWorkers } from "../adapters/workers/trace.ts";
import { tracing } from "../adapters/workers/tracing.ts";
import { WakeUpWorkers } from "../adapters/workers/wake-up.ts";
import { DRIVERS } from "../ports/settings.ts";
import { makePlatform } from "./shared.ts";

export const hyperdrive = makePlatform(DRIVERS.hyperdrive, (_, bindings) => ({
  database: DatabaseHyperdrive,
  rateLimit: RateLimitWorkers(bindings),
  trace: TraceWorkers(tracing),
  wakeUp: WakeUpWorkers(bindings),
}));
