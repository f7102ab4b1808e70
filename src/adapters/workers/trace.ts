/**
 * Effect's spans as the platform's own, so that they nest with its spans of requests and fetches, and leave by its
 * destinations. No span of ours names a person: its name and its attributes are words of the source, and numbers.
 * https://developers.cloudflare.com/workers/observability/traces/
 */
import * as Cause from "effect/Cause";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Predicate from "effect/Predicate";
import * as Tracer from "effect/Tracer";
import { Below } from "../../ports/trace.ts";

/** A span of the platform's. */
interface Span {
  readonly isTraced: boolean;
  readonly setAttribute: (key: string, value: string | number | boolean) => unknown;
  readonly setStatus: (status: { readonly code: "error" }) => unknown;
  readonly recordException: (exception: { readonly name: string }) => unknown;
  readonly end: () => void;
}

/** What the platform offers: the `tracing` of `cloudflare:workers`. */
export interface Tracing {
  readonly startSpan: (name: string) => Span;
  readonly withActiveSpan: <A>(span: never, work: () => A) => A;
}

/** Names of statements, routes and calls: an address, a token or a text of somebody's is none. */
const WORDS = /^[\w./{}:-]{1,100}$/;

const isSafe = (value: unknown): value is string | number | boolean =>
  typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && WORDS.test(value));

/** The name of a typed failure. The rest of it is for the log: it may hold a provider's text. */
const nameOf = (cause: Cause.Cause<unknown>): string => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause));
  const tag = Predicate.hasProperty(error, "_tag") ? error._tag : undefined;
  return typeof tag === "string" && isSafe(tag) ? tag : "Defect";
};

class PlatformSpan extends Tracer.NativeSpan {
  readonly native: Span;

  constructor(options: ConstructorParameters<typeof Tracer.NativeSpan>[0], native: Span) {
    super(options);
    this.native = native;
  }

  override attribute(key: string, value: unknown): void {
    super.attribute(key, value);
    if (isSafe(value)) this.native.setAttribute(key, value);
  }

  override end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    super.end(endTime, exit);
    if (Exit.isFailure(exit)) {
      this.native.setStatus({ code: "error" });
      this.native.recordException({ name: nameOf(exit.cause) });
    }
    this.native.end();
  }
}

/** The layer that hands Effect's spans on to the platform. */
export const TraceWorkers = (tracing: Tracing) => {
  const below = <A>(span: Tracer.AnySpan | undefined, work: () => A): A =>
    span instanceof PlatformSpan ? tracing.withActiveSpan(span.native as never, work) : work();

  const tracer = Tracer.make({
    span: (options) => {
      const parent = Option.getOrUndefined(options.parent);
      // Below a span that is not recorded nothing is, and nothing has to be asked of the platform.
      if (parent?._tag === "Span" && !(parent instanceof PlatformSpan)) return new Tracer.NativeSpan(options);
      const native = below(parent, () => tracing.startSpan(options.name));
      if (native.isTraced) return new PlatformSpan(options, native);
      native.end();
      return new Tracer.NativeSpan(options);
    },
  });

  return Layer.mergeAll(Layer.succeed(Tracer.Tracer, tracer), Layer.succeed(Below, below));
};
