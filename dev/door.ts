/**
 * A front door on a real socket: it hands each request to its provider in this process and carries out the faults.
 * A call that has arrived runs to its end even if the caller hangs up, because that is what a provider far away does.
 * Idle connections are kept for minutes, so that no call ever fails because the door closed a connection under it.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, Faults, Target } from "./faults.ts";

/** A request, read to its end. */
export interface Arrival {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a provider answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: string;
}

/** What stands behind a door. */
export interface Provider {
  /** The operation's name for the record, and the text that faults are matched against. */
  describe(arrival: Arrival): { readonly operation: string; readonly text: string };
  handle(arrival: Arrival): Promise<Answer>;
  /** An error in this provider's own words: its exception name or SQLSTATE. */
  refusal(code: string): Answer;
  /** How this provider says "too many requests". */
  readonly throttled: Answer;
}

/** A listening door. */
export interface Door {
  /** `http://127.0.0.1:port`, without a trailing slash. */
  readonly url: string;
  serve(provider: Provider): void;
  /** Breaks every connection, drops what has not landed yet and frees the port; may be called twice. */
  stop(): Promise<void>;
}

const html = (title: string) =>
  `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
const page = (status: number, title: string): Answer => ({
  status,
  headers: { "content-type": "text/html" },
  body: html(title),
});
const pages = {
  "500": page(500, "500 Internal Server Error"),
  "503": page(503, "503 Service Unavailable"),
  garbage: page(200, "Welcome to the maintenance page"),
  empty: { status: 200, headers: { "content-type": "application/json" }, body: "{}" },
} satisfies Record<string, Answer>;

/** Opens a door on a free port of 127.0.0.1; until `serve` it answers 503. */
export async function openDoor(target: Target, faults: Faults): Promise<Door> {
  let provider: Provider | undefined;
  const closing = new AbortController();

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = request;
    const arrival: Arrival = { method, path: url, headers, body: await read(request) };
    if (provider === undefined) return send(response, pages["503"]);
    const door = provider;
    const { operation, text } = door.describe(arrival);
    const call = faults.open(target, operation);
    const moment = { call, text, body: arrival.body };
    const land = () => faults.landing(call, door.handle(arrival));
    try {
      await faults.run("before", moment);
      const { delayMs, fault } = faults.judge(call, text);
      if (delayMs > 0) await sleep(delayMs, undefined, { signal: closing.signal });
      if (fault?.effect === "applied" && fault.late !== undefined) {
        const later = sleep(fault.late, undefined, { signal: closing.signal }).then(() =>
          door.handle(arrival),
        );
        faults.landing(call, later).then(
          () => faults.run("after", moment),
          () => {},
        );
        await lose(response, fault, door, undefined);
      } else if (fault?.answer !== undefined && fault.effect !== "applied") {
        await lose(response, fault, door, undefined);
      } else {
        const answer = await land();
        await faults.run("after", moment);
        if (fault?.answer === undefined) await send(response, answer);
        else await lose(response, fault, door, answer);
      }
    } finally {
      faults.close(call);
    }
  }

  const server = createServer((request, response) => {
    response.on("error", () => {});
    receive(request, response).catch((error: unknown) => {
      const gone = closing.signal.aborted || request.socket.destroyed;
      // A provider or a hook threw: that is a mistake in the stack, and the caller should see it as such.
      if (!gone) console.error(`The ${target} door failed:`, error);
      if (gone || response.headersSent) request.socket.destroy();
      else void send(response, pages["500"]);
    });
  });
  server.keepAliveTimeout = 600_000;
  server.requestTimeout = 0;
  await new Promise<void>((done, fail) => server.once("error", fail).listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  let stopping: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    serve: (behind) => {
      provider = behind;
    },
    stop: () =>
      (stopping ??= new Promise<void>((done) => {
        closing.abort();
        server.close(() => done());
        server.closeAllConnections();
      })),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

async function send(response: ServerResponse, answer: Answer): Promise<void> {
  // The caller has gone: "close" has been emitted already and would be awaited for ever.
  if (response.closed || response.socket === null) return;
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, "content-length": body.length });
  await new Promise<void>((done) => {
    response.once("close", done);
    response.end(body, done);
  });
}

async function lose(response: ServerResponse, fault: Fault, provider: Provider, real: Answer | undefined) {
  const { socket } = response;
  switch (fault.answer) {
    case "reset":
      socket?.resetAndDestroy();
      return;
    case "close":
      socket?.destroy();
      return;
    case "hang":
      if (socket === null || socket.destroyed) return;
      return new Promise<void>((done) => void socket.once("close", () => done()));
    case "truncate":
      return truncate(response, real ?? pages.empty);
    case "throttle":
      return send(response, provider.throttled);
    case "error":
      return send(response, provider.refusal(fault.code ?? ""));
    case "500":
    case "503":
    case "garbage":
    case "empty":
      return send(response, pages[fault.answer]);
  }
}

async function truncate(response: ServerResponse, answer: Answer): Promise<void> {
  if (response.closed || response.socket === null) return;
  const body = Buffer.from(answer.body);
  response.writeHead(200, { ...answer.headers, "content-length": body.length + 64 });
  await new Promise<void>((done) => {
    response.once("close", done);
    response.write(body.subarray(0, Math.ceil(body.length / 2)), () => response.socket?.destroy());
  });
}
