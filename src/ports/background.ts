/**
 * Work that follows an answer: the caller does not wait for it, and the platform is asked to keep the process alive
 * until it is done. On Workers that is `ctx.waitUntil`.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type * as Fiber from "effect/Fiber";
import { Budget } from "./budget.ts";

/** Asks the platform not to stop before this work has ended. Where nobody provides it, nothing is asked. */
export const KeepAlive = Context.Reference<(work: Fiber.Fiber<unknown>) => void>("registrar/KeepAlive", {
  defaultValue: () => () => {},
});

/**
 * Starts a program and does not wait for it. It has a budget of its own, none; each of its calls has its time limit.
 * Whatever it fails with is logged and left to the sweeper.
 */
export const inBackground = Effect.fnUntraced(function* <A, E, R>(program: Effect.Effect<A, E, R>) {
  const keepAlive = yield* KeepAlive;
  const fiber = yield* program.pipe(
    Effect.catchCause((cause) => Effect.logWarning("left to the sweeper", cause)),
    Effect.provideService(Budget, Number.POSITIVE_INFINITY),
    Effect.forkDetach,
  );
  keepAlive(fiber);
});
