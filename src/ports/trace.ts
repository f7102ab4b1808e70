/**
 * Spans: what a trace knows of a program, by its name, and how a call that leaves this process is put below the span that is
 * running. Where nobody asks for traces, neither costs anything.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as References from "effect/References";
import * as Tracer from "effect/Tracer";

/** Makes every run of a program a span, where spans leave. */
export const inSpan = (
  name: string,
): (<A, E, R>(program: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  const withSpan = Effect.withSpan(name, undefined, { captureStackTrace: false });
  return <A, E, R>(program: Effect.Effect<A, E, R>) =>
    Effect.withFiber<A, E, R>((fiber) =>
      fiber.getRef(References.TracerEnabled) ? (withSpan(program) as typeof program) : program,
    );
};

/**
 * As `Effect.fn`: a function whose body is a generator, and whose every call is a span, where spans leave.
 *
 * `Effect.fn` makes an `Error` of each call as well, for a stack that `Cause.pretty` shows. No line of our log is written so, and
 * a registration makes dozens of calls.
 */
export const spanned = (name: string): Effect.fn.Untraced => {
  // The overloads of both count the steps of a pipe; here is one step more.
  const fnUntraced = Effect.fnUntraced as (...made: ReadonlyArray<unknown>) => unknown;
  return ((...made: ReadonlyArray<unknown>) => fnUntraced(...made, inSpan(name))) as Effect.fn.Untraced;
};

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
  const span = Option.getOrUndefined(yield* Effect.serviceOption(Tracer.ParentSpan));
  return <A>(call: () => A): A => below(span, call);
});
