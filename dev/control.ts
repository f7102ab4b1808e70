/**
 * The control server of a running stack, over HTTP: faults, the record of calls, mails, one sweep, older operations,
 * tokens of anybody in the pool.
 * Every refusal is JSON with one sentence. It listens on 127.0.0.1 only and asks for no password: never publish it.
 */
import { createServer, type IncomingMessage } from "node:http";
import { FaultListError, parseFaults } from "./faults.ts";
import type { Stack } from "./stack.ts";

/** What it needs: a stack, and a way to run the scheduled handler once. */
export interface Controlled {
  readonly stack: Pick<Stack, "faults" | "mails" | "age" | "cognito" | "signToken" | "adminSub">;
  /** Resolves with the sweep's summary. */
  sweep(): Promise<unknown>;
}

/** A running control server. */
export interface Control {
  readonly url: string;
  stop(): Promise<void>;
}

class BadRequest extends Error {}

type Action = (request: IncomingMessage) => Promise<unknown>;

/** Starts it on a free port, or on the one given. */
export async function startControl({ stack, sweep }: Controlled, port = 0): Promise<Control> {
  const { faults } = stack;
  const actions: Record<string, Action> = {
    "PUT /faults": async (request) => {
      faults.set(parseFaults(await read(request)));
      return faults.list();
    },
    "GET /faults": async () => faults.list(),
    "GET /calls": async () => faults.calls(),
    "DELETE /calls": async () => {
      faults.clearCalls();
      return [];
    },
    "GET /mails": async () => stack.mails(),
    "POST /sweep": async () => sweep(),
    "POST /age": async (request) => {
      const { seconds } = (await read(request)) as { seconds?: unknown };
      if (typeof seconds !== "number" || !Number.isFinite(seconds))
        throw new BadRequest(`Say how much older, for example {"seconds": 3600}.`);
      return { operations: await stack.age(seconds), seconds };
    },
    "POST /token": async (request) => {
      const { email, claims = {} } = (await read(request)) as { email?: unknown; claims?: unknown };
      if (typeof claims !== "object" || claims === null || Array.isArray(claims))
        throw new BadRequest("The claims have to be an object.");
      const sub = email === undefined ? stack.adminSub : stack.cognito.getUser(String(email))?.sub;
      if (sub === undefined) throw new BadRequest(`The pool has no user with the address ${String(email)}.`);
      return { token: stack.signToken({ sub, username: sub, ...claims }) };
    },
    "POST /enrol": async (request) => {
      const { email } = (await read(request)) as { email?: unknown };
      const user = stack.cognito.getUser(String(email));
      if (user === undefined) throw new BadRequest(`The pool has no user with the address ${String(email)}.`);
      await stack.cognito.setTotp(user.sub, true);
      return { email, totp: true };
    },
  };

  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(`${JSON.stringify(body, null, 2)}\n`);
    };
    const path = (request.url ?? "/").split("?")[0];
    const action = actions[`${request.method} ${path}`];
    if (action === undefined)
      return answer(404, { error: `There is no ${request.method} ${path}.`, known: Object.keys(actions) });
    action(request).then(
      (body) => answer(200, body ?? null),
      (error: unknown) => {
        const known = error instanceof FaultListError || error instanceof BadRequest;
        answer(known ? 400 : 500, { error: error instanceof Error ? error.message : "It failed." });
      },
    );
  });
  await new Promise<void>((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", done));
  const address = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk as string;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {}
  throw new BadRequest("The body has to be JSON.");
}
