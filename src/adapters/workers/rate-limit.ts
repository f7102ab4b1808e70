/**
 * The rate limit of Workers, a binding of wrangler.toml. It counts for each place of Cloudflare's by itself, and about:
 * it is there against floods, and no accounting.
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 */
import { Effect, Layer, Predicate } from "effect";
import { RateLimit } from "../../ports/rate-limit.ts";

/** The binding's name in wrangler.toml. */
const BINDING = "CALLERS";

interface Limiter {
  readonly limit: (options: { readonly key: string }) => Promise<{ readonly success: boolean }>;
}

const isLimiter = (value: unknown): value is Limiter =>
  Predicate.hasProperty(value, "limit") && Predicate.isFunction(value.limit);

/** The limit of these bindings; none where they have none. One that does not answer lets everybody in. */
export const RateLimitWorkers = (bindings: object) => {
  const limiter = Object.entries(bindings).find(([name]) => name === BINDING)?.[1];
  if (!isLimiter(limiter)) return Layer.empty;
  return Layer.succeed(RateLimit, (caller) =>
    Effect.tryPromise(() => limiter.limit({ key: caller })).pipe(
      Effect.map(({ success }) => success),
      Effect.catchCause((cause) =>
        Effect.as(Effect.logWarning("the rate limit does not answer", cause), true),
      ),
    ),
  );
};
