/** The rate limit of clients, before everything: also before paths that are not known. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { MiddlewareHandler } from "hono";
import { admitClient } from "../programs/admit-client.ts";
import type { AppEnv, Runtime } from "./mount.ts";
import { type Problem, problemResponse, toProblem } from "./problem.ts";

/** A flood is told once in so many milliseconds: a line for each request would be a flood of its own. */
const TOLD_EVERY_MS = 10_000;

/** Answers 429 to clients of a network that asks too often. `publicUrl`: where the pages of problems are. */
export const limitClients = (runtime: Runtime, publicUrl: string | null): MiddlewareHandler<AppEnv> => {
  let toldAt = Number.NEGATIVE_INFINITY;

  /** Says nothing of who it was: an address is personal data. */
  const tell = Effect.fnUntraced(function* ({ status, code, outcome }: Problem) {
    const now = yield* Clock.currentTimeMillis;
    if (now - toldAt < TOLD_EVERY_MS) return;
    toldAt = now;
    yield* Effect.logInfo("request refused").pipe(
      Effect.annotateLogs({ status, code, outcome, limit: "clients" }),
    );
  });

  const refusalOf = (address: string | undefined) =>
    admitClient(address).pipe(
      Effect.as(Option.none<Problem>()),
      Effect.catch((error) => Effect.asSome(Effect.tap(Effect.succeed(toProblem(error)), tell))),
    );

  return async (c, next) => {
    const refusal = await runtime.runPromise(refusalOf(c.env.clientAddress));
    if (Option.isNone(refusal)) return next();
    return problemResponse(refusal.value, { requestId: c.get("requestId"), publicUrl });
  };
};
