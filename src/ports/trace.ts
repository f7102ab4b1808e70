/** How a call that leaves this process is put below the span that is running. Where nobody provides it, not at all. */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type * as Tracer from "effect/Tracer";

/** Runs a call so that what the platform records of it hangs below a span. */
export const Below = Context.Reference<<A>(span: Tracer.AnySpan | undefined, call: () => A) => A>(
  "registrar/Below",
  {
    defaultValue: () => (_, call) => call(),
  },
);

/** The way to make a remote call, to be taken where the call is made. */
export const belowSpan = Effect.gen(function* () {
  const below = yield* Below;
  const span = Option.getOrUndefined(yield* Effect.option(Effect.currentSpan));
  return <A>(call: () => A): A => below(span, call);
});
