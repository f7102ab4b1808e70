/**
 * What an entry does when it is called: a request, and a sweep. No logic: environment → settings → runtime →
 * app. An entry says only which platform it is for.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";

import { makeApp } from "./app.ts";
import { internalProblem, problemResponse } from "./http/problem.ts";
import { logLine, type Platform } from "./layers/shared.ts";
import { WakeUp, WakeUpFailed, type Window } from "./ports/wake-up.ts";
import { sweep } from "./programs/sweep/sweep.ts";
import { readSettings } from "./settings.ts";

/** The part of a Worker's context that requests need. */
interface RequestContext {
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/**
 * Where a request comes from, for the rate limit of clients: an address that its sender cannot choose. Undefined where
 * nobody knows; all such requests count as one client's.
 */
export type ClientAddress<Context> = (request: Request, context: Context) => string | undefined;

/**
 * Where Cloudflare says that a request comes from: it writes this header itself, over whatever a client sends.
 * https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-connecting-ip
 */
export const connectingAddress = (request: Request): string | undefined =>
  request.headers.get("cf-connecting-ip") ?? undefined;

/** What an entry is for. */
interface Entry<Context> {
  readonly platform: Platform;
  readonly clientAddress: ClientAddress<Context>;
}

/** Makes the handlers of an entry. The deployment is built at the first call, once, and never awaited. */
export const makeHandlers = <Context extends RequestContext>({ platform, clientAddress }: Entry<Context>) => {
  const makeDeployment = (bindings: object) => {
    const settings = readSettings(bindings, platform.drivers);
    const runtime = platform.makeRuntime(settings, bindings);
    return { settings, runtime, app: makeApp(runtime, settings) };
  };

  // Once an isolate, and synchronous: it holds configuration and clients without I/O, nothing of a request.
  let deployment: ReturnType<typeof makeDeployment> | undefined;

  /** A deployment that cannot work says in the log which keys are wrong, and nothing to callers. */
  const deploy = (bindings: object) => {
    try {
      deployment ??= makeDeployment(bindings);
      return deployment;
    } catch (error) {
      console.error(logLine({ level: "Fatal", message: "the deployment cannot work" }, [error]));
      throw error;
    }
  };

  return {
    /** Answers a request, and goes on with its work when its client has gone away. */
    fetch(request: Request, bindings: object, context: Context): Promise<Response> {
      let response: Promise<Response>;
      try {
        const { app } = deploy(bindings);
        const from = { clientAddress: clientAddress(request, context) };
        response = Promise.resolve(app.fetch(request, from, context as unknown as ExecutionContext));
      } catch {
        const asked = { requestId: crypto.randomUUID(), publicUrl: null };
        return Promise.resolve(problemResponse(internalProblem("nothing_created"), asked));
      }
      // Before anything is awaited: a client that goes away must not stop a registration, or its rollback, half way.
      context.waitUntil(response);
      return response;
    },

    /** The backstop: one sweep, whether or not somebody has asked for one. It counts as failed for whoever watches the cron. */
    async scheduled(_: unknown, bindings: object): Promise<void> {
      const exit = await deploy(bindings).runtime.runPromiseExit(loggedSweep);
      if (Exit.isFailure(exit)) throw new Error("sweep failed");
    },

    /**
     * One sweep that was asked for; it asks for the next one by `arm`, also where it could not read the ledger. Rejects where
     * the deployment cannot work, which the log says.
     */
    async sweepWhenAsked(bindings: object, arm: (window: Window) => Promise<unknown>): Promise<void> {
      const { runtime, settings } = deploy(bindings);
      if (!settings.wakeUps) return;
      const wakeUp = (window: Window) =>
        Effect.asVoid(
          Effect.tryPromise({ try: () => arm(window), catch: (cause) => new WakeUpFailed({ cause }) }),
        );
      await runtime.runPromiseExit(Effect.provideService(loggedSweep, WakeUp, wakeUp));
    },
  };
};

/** A sweep that could not read the ledger is logged here. */
const loggedSweep = Effect.suspend(() =>
  Effect.tapCause(sweep(), (cause) => Effect.logError("sweep failed", cause)),
);
