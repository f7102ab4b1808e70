/** The deployment's METRICS_TOKEN: a monitoring system has no user in the pool. */
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { timingSafeEqual } from "hono/utils/buffer";
import { Settings } from "../ports/settings.ts";
import { bearerToken } from "../ports/token-verifier.ts";

/** Whether an Authorization header has it. What is compared takes the same time wherever it differs. */
export const isMetricsToken = Effect.fnUntraced(function* (authorization: string | undefined) {
  const { metricsToken } = yield* Settings;
  const given = bearerToken(authorization);
  if (metricsToken === null || given === undefined) return false;
  return yield* Effect.promise(() => timingSafeEqual(given, Redacted.value(metricsToken)));
});
