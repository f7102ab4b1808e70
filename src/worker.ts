/**
 * The Worker's two entries: a request, and the minute's sweep. No logic: environment → settings → runtime → app.
 */
import { makeApp } from "./app.ts";
import { BadConfiguration, readSettings } from "./config.ts";
import { internalProblem, problemResponse } from "./http/problem.ts";
import { reconcile } from "./reconcile.ts";
import { makeRuntime } from "./runtime.ts";

const makeDeployment = (bindings: object) => {
  const settings = readSettings(bindings);
  const runtime = makeRuntime(settings);
  return { runtime, app: makeApp(runtime, settings) };
};

// Once an isolate, and synchronous: it holds configuration and clients without I/O, nothing of a request.
let deployment: ReturnType<typeof makeDeployment> | undefined;

const deploy = (bindings: object) => {
  deployment ??= makeDeployment(bindings);
  return deployment;
};

/** A deployment that cannot work says in the log which keys are wrong, and nothing to callers. */
const refuse = (error: unknown): Response => {
  const message = error instanceof BadConfiguration ? error.message : "the deployment cannot start";
  console.error(JSON.stringify({ level: "Fatal", message }));
  return problemResponse(internalProblem, crypto.randomUUID());
};

export default {
  fetch(request: Request, bindings: object, context: ExecutionContext): Promise<Response> {
    let response: Promise<Response>;
    try {
      response = Promise.resolve(deploy(bindings).app.fetch(request, bindings, context));
    } catch (error) {
      return Promise.resolve(refuse(error));
    }
    // Before anything is awaited: a client that goes away must not stop a registration, or its rollback, half way.
    context.waitUntil(response);
    return response;
  },

  async scheduled(_: ScheduledController, bindings: object): Promise<void> {
    await deploy(bindings).runtime.runPromise(reconcile());
  },
} satisfies ExportedHandler<object>;
