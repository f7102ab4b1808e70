/**
 * Asks for the sweeper on Workers: the Durable Object of wrangler.toml keeps the times.
 *
 * An isolate remembers what it has been promised, so that of all that becomes due at about the same time only the first
 * asks; and it does not wait for an object that has just not answered.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Predicate from "effect/Predicate";
import { timeIn, WakeUp, WakeUpFailed, type Window } from "../../ports/wake-up.ts";

/** The binding's name in wrangler.toml. */
const BINDING = "SWEEPER_ALARM";

/** The name of the one object. */
const NAME = "sweeper";

/** How long the object may take to answer, in milliseconds: a request waits for it. */
const LIMIT_MS = 1_000;

/** For how long one that has not answered is not asked again, in milliseconds. */
const SILENT_MS = 5_000;

interface Namespace {
  readonly getByName: (name: string) => { readonly arm: (window: Window) => Promise<number> };
}

const isNamespace = (value: unknown): value is Namespace =>
  Predicate.hasProperty(value, "getByName") && Predicate.isFunction(value.getByName);

/** The alarm of these bindings; none where they have none: then the cron of wrangler.toml is all that sweeps. */
export const WakeUpWorkers = (bindings: object) => {
  const namespace = Object.entries(bindings).find(([name]) => name === BINDING)?.[1];
  if (!isNamespace(namespace)) return Layer.empty;
  let promised: ReadonlyArray<number> = [];
  let silentUntil = 0;

  const ask = (window: Window) =>
    Effect.tryPromise({
      try: () => namespace.getByName(NAME).arm(window),
      catch: (cause) => new WakeUpFailed({ cause }),
    }).pipe(
      Effect.timeoutOrElse({
        duration: LIMIT_MS,
        orElse: () => Effect.fail(new WakeUpFailed({ cause: new Error("no answer in time") })),
      }),
    );

  return Layer.succeed(
    WakeUp,
    Effect.fnUntraced(function* (window: Window) {
      if (timeIn(promised, window) !== undefined) return;
      const now = yield* Clock.currentTimeMillis;
      if (now < silentUntil) return yield* new WakeUpFailed({ cause: new Error("it has just not answered") });
      const time = yield* Effect.tapError(ask(window), () =>
        Effect.sync(() => {
          silentUntil = now + LIMIT_MS + SILENT_MS;
        }),
      );
      promised = [...promised.filter((other) => other > now && other !== time), time];
    }),
  );
};
