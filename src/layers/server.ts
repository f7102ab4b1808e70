/** A process of its own, on Node, Bun or Deno: Postgres over Neon's HTTP driver, a timer, and no bindings. */
import { Layer } from "effect";
import { RateLimitMemory } from "../adapters/memory/rate-limit.ts";
import { DatabaseNeon } from "../adapters/neon/database.ts";
import { makeTimer } from "../adapters/timer/wake-up.ts";
import { WakeUp } from "../ports/wake-up.ts";
import { type MakeRuntime, makeRuntimeOn } from "./shared.ts";

/** The platform of one process: its runtime, and the timer that this asks for sweeps. */
export const makePlatform = () => {
  const timer = makeTimer();
  const makeRuntime: MakeRuntime = (deployment) =>
    makeRuntimeOn(deployment, {
      database: DatabaseNeon,
      rateLimit: RateLimitMemory,
      wakeUp: Layer.succeed(WakeUp, timer.wakeUp),
    });
  return { makeRuntime, timer };
};
