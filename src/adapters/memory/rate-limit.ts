/**
 * The rate limits of one process, in its memory: a window of a minute for each key, which begins with its first request.
 * Several processes count each for itself.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { TooManyRequests } from "../../domain/errors.ts";
import { CallerLimit, ClientLimit, type RateLimit } from "../../ports/rate-limit.ts";
import { Settings } from "../../ports/settings.ts";

const WINDOW_MS = 60_000;

/** How many keys are counted at once. Beyond that the oldest window is forgotten, so that memory stays bounded. */
export const KEYS_MAX = 20_000;

/** Lets each key ask so many times in a window. */
const windows = (requests: number): RateLimit => {
  // All windows are equally long, so they end in the order in which they were put in.
  const open = new Map<string, { readonly endsAt: number; count: number }>();

  const forget = (now: number) => {
    for (const [key, { endsAt }] of open) {
      if (endsAt > now && open.size < KEYS_MAX) return;
      open.delete(key);
    }
  };

  return Effect.fnUntraced(function* (key) {
    const now = yield* Clock.currentTimeMillis;
    const window = open.get(key);
    if (window === undefined || window.endsAt <= now) {
      open.delete(key);
      forget(now);
      open.set(key, { endsAt: now + WINDOW_MS, count: 1 });
    } else if (window.count < requests) {
      window.count += 1;
    } else {
      return yield* new TooManyRequests({ retryAfterSeconds: Math.ceil((window.endsAt - now) / 1000) });
    }
  });
};

/** The limits of the settings. */
export const RateLimitMemory = Layer.unwrap(
  Effect.map(Settings, ({ callerRequests, clientRequests }) =>
    Layer.mergeAll(
      Layer.succeed(CallerLimit, windows(callerRequests)),
      Layer.succeed(ClientLimit, windows(clientRequests)),
    ),
  ),
);
