/**
 * The rate limits of Workers, bindings of wrangler.toml. They count for each place of Cloudflare's by itself, and about:
 * they are there against floods, and no accounting.
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 */
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Predicate from "effect/Predicate";
import { TooManyRequests } from "../../domain/errors.ts";
import { CallerLimit, ClientLimit, type RateLimit } from "../../ports/rate-limit.ts";

/** The bindings' names in wrangler.toml. */
const CALLERS = "CALLERS";
const CLIENTS = "CLIENTS";

/** A binding does not tell its period, which is 10 or 60 seconds: the longer one is right for both. */
const PERIOD_SECONDS = 60;

interface Limiter {
  readonly limit: (options: { readonly key: string }) => Promise<{ readonly success: boolean }>;
}

const isLimiter = (value: unknown): value is Limiter =>
  Predicate.hasProperty(value, "limit") && Predicate.isFunction(value.limit);

/** One that does not answer lets everybody in. */
const asked =
  (limiter: Limiter): RateLimit =>
  (key) =>
    Effect.tryPromise(() => limiter.limit({ key })).pipe(
      Effect.catchCause((cause) =>
        Effect.as(Effect.logWarning("the rate limit does not answer", cause), { success: true }),
      ),
      Effect.flatMap(({ success }) =>
        success ? Effect.void : Effect.fail(new TooManyRequests({ retryAfterSeconds: PERIOD_SECONDS })),
      ),
    );

/** The limits of these bindings; none where they have none. */
export const RateLimitWorkers = (bindings: object) => {
  const limit = (name: string, port: Context.Reference<RateLimit>) => {
    const limiter = Object.entries(bindings).find(([key]) => key === name)?.[1];
    return isLimiter(limiter) ? Layer.succeed(port, asked(limiter)) : Layer.empty;
  };
  return Layer.mergeAll(limit(CALLERS, CallerLimit), limit(CLIENTS, ClientLimit));
};
