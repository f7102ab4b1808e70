/** A process of its own, on Node, Bun or Deno: Postgres over Neon's HTTP driver, and no bindings. */
import { RateLimitMemory } from "../adapters/memory/rate-limit.ts";
import { DatabaseNeon } from "../adapters/neon/database.ts";
import { type MakeRuntime, makeRuntimeOn } from "./shared.ts";

export const makeRuntime: MakeRuntime = (deployment) =>
  makeRuntimeOn(deployment, { database: DatabaseNeon, rateLimit: RateLimitMemory });
