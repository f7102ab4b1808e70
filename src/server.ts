/**
 * The entry for Node, Bun and Deno: the same handlers as on Workers, behind a port, with the sweeper on a timer and the
 * files of public/. Asked to end, it takes nothing more, and finishes what is running.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { getRequestListener, RequestError } from "@hono/node-server";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { makeHandlers } from "./handlers.ts";
import { internalProblem, problemResponse } from "./http/problem.ts";
import { makeServer } from "./layers/server.ts";
import { logLine } from "./layers/shared.ts";
import { Settings } from "./ports/settings.ts";
import { clientAddress } from "./server/client-address.ts";
import { makeFiles } from "./server/files.ts";
import { readServer } from "./server/settings.ts";
import { makeWork } from "./server/work.ts";

/** What a supervisor takes for a wrong configuration: EX_CONFIG of sysexits.h. Starting again does not help. */
const EXIT_CONFIGURATION = 78;

/**
 * How long a connection without a request is kept, in milliseconds: longer than load balancers keep theirs (60 s), or
 * they send a request into a connection that was just closed.
 */
const KEEP_ALIVE_MS = 65_000;

/** How long a client may take to send a request, in milliseconds. */
const REQUEST_MS = 30_000;

const readOrEnd = () => {
  try {
    return readServer(process.env);
  } catch (error) {
    console.error(
      logLine({ time: new Date(), level: "Fatal", message: "the deployment cannot work" }, [error]),
    );
    return process.exit(EXIT_CONFIGURATION);
  }
};

const { server: settings, deployment, bindings } = readOrEnd();

type Level = "Info" | "Warn" | "Error" | "Fatal";

/** One line of the log, where no program runs. */
const say = (
  level: Level,
  message: string,
  fields: object = {},
  errors: ReadonlyArray<unknown> = [],
): void => {
  const line = logLine({ time: new Date(), level, message, ...fields }, errors, deployment);
  if (level === "Info") console.log(line);
  else console.error(line);
};

/** Ends the process with a line that says why. */
const giveUp = (message: string, error: unknown): never => {
  say("Fatal", message, {}, [error]);
  process.exit(1);
};

// A runtime's own words for these may hold what an error holds, and that may be anybody's. On Workers, too, a promise
// that nobody waits for ends nothing; after an exception in between nobody knows what still holds.
process.on("unhandledRejection", (error) =>
  say("Error", "a promise failed that nobody waits for", {}, [error]),
);
process.on("uncaughtException", (error) => giveUp("the process cannot go on", error));

const work = makeWork();

/** What the handlers are given with a request. */
interface RequestContext {
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly incoming: IncomingMessage;
}

const { platform, timer } = makeServer();

const handlers = makeHandlers<RequestContext>({
  platform,
  clientAddress: (_, { incoming: { socket, headers } }) =>
    clientAddress(socket.remoteAddress, headers["x-forwarded-for"], settings.TRUST_PROXY),
});
// One level above this file, and above the bundle that is made of it.
const files = makeFiles(join(import.meta.dirname, "../public"));

/** What went wrong before or after the application: a request that is none is its sender's mistake, and not logged. */
const answerError = (error: unknown): Response => {
  if (error instanceof RequestError) return new Response(null, { status: 400 });
  const requestId = crypto.randomUUID();
  say("Error", "request failed outside its program", { requestId }, [error]);
  return problemResponse(internalProblem("unknown"), { requestId, publicUrl: deployment.publicUrl });
};

const answer = (request: Request, incoming: IncomingMessage): Promise<Response> =>
  handlers.fetch(request, bindings, { waitUntil: work.waitUntil, incoming });

const server = createServer(
  { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS },
  getRequestListener(
    (request, { incoming }) => files(request) ?? answer(request, incoming as IncomingMessage),
    {
      overrideGlobalObjects: false,
      errorHandler: answerError,
    },
  ),
);

/** One sweep. A failure is logged where it happens, and the next one tries again. */
const sweepOnce = Effect.promise(() => {
  const swept = handlers.scheduled(undefined, bindings).catch(() => {});
  work.waitUntil(swept);
  return swept;
});

/**
 * Takes no more connections and no more sweeps, and resolves once every answer is sent and all work is done. A connection
 * that is kept alive is closed after its answer: a client would send its next request into a process that is gone.
 */
const finish = async (): Promise<void> => {
  const closed = new Promise<void>((done) => server.close(() => done()));
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  server.closeIdleConnections();
  await closed;
  clearInterval(idle);
  await work.settled();
};

const end = async (signal: NodeJS.Signals, sweeper: Fiber.Fiber<never>): Promise<void> => {
  // npm passes a signal on that the terminal has sent already: the second is not somebody's impatience.
  if (ending) return;
  ending = true;
  Effect.runFork(Fiber.interrupt(sweeper));
  say("Info", "ending", { signal, running: work.size() });
  const limit = Duration.toMillis(settings.SHUTDOWN_SECONDS);
  const inTime = await Promise.race([finish().then(() => true), sleep(limit, false)]);
  if (inTime) say("Info", "ended");
  else say("Warn", "ended before its work was done; the next sweep resolves it", { running: work.size() });
  process.exit(inTime ? 0 : 1);
};
let ending = false;

server.once("error", (error) => giveUp("cannot listen", error));
server.listen(settings.PORT, settings.HOST, () => {
  const { address, port } = server.address() as AddressInfo;
  say("Info", "listening", { address, port, pid: process.pid });
  const sweeper = Effect.runFork(Effect.provideService(timer.run(sweepOnce), Settings, deployment));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => end(signal, sweeper));
});
