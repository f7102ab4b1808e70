/** The rate limits of Workers keep the contract that those in memory keep (test/unit/rate-limit.test.ts). */
import { afterAll, beforeAll, it } from "@effect/vitest";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { RateLimitWorkers } from "../../src/adapters/workers/rate-limit.ts";
import { CALLER_REQUESTS, CLIENT_REQUESTS, rateLimitContract } from "./rate-limit.ts";

const limit = (number: number, limit: number) => ({
  namespace_id: `${number}`,
  simple: { limit, period: 60 } as const,
});

let miniflare: Miniflare;
let bindings: object;
beforeAll(async () => {
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "export default {}",
      ratelimits: { CALLERS: limit(1, CALLER_REQUESTS), CLIENTS: limit(2, CLIENT_REQUESTS) },
      cf: false,
      log: new Log(LogLevel.NONE),
    }),
  );
  bindings = await miniflare.getBindings();
});
afterAll(() => miniflare.dispose());

rateLimitContract("Workers", it.effect, () => ({ layer: RateLimitWorkers(bindings) }));
