/**
 * Both providers of the bench, as a process of their own, so that their work is nobody's who is measured: Neon's protocol
 * in front of the PostgreSQL whose port is given, and a light Cognito, which knows the calls that a registration needs and
 * does as little as it can for them. Every call can be made to take longer, be held back, or be written down.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Arrival } from "../dev/door.ts";
import { neon } from "../dev/neon.ts";
import { publicJwk } from "../dev/tokens.ts";

/** What is asked of this process, over the channel to its parent. */
export interface Order {
  /** How much longer every call takes from now on, in milliseconds. */
  readonly delayMs?: number;
  /**
   * Whether from now on whoever has answered a caller hears, to the first statement that follows, that there is nothing left to
   * do. Then all but that one statement is on the caller's path.
   */
  readonly cutsBackground?: boolean;
  /** Whether calls are written down from now on. */
  readonly records?: boolean;
}

/** One call that has come in, in milliseconds since the epoch. */
export interface Call {
  readonly name: string;
  readonly began: number;
  readonly ended: number;
}

/** What is said to every order. */
export interface State {
  readonly port: number;
  /** Calls that are not answered yet. */
  readonly inFlight: number;
  /** Calls since the start. */
  readonly count: number;
  /** What was written down since it was last asked to begin, or to end. */
  readonly calls: ReadonlyArray<Call>;
}

/** The statement with which a request goes on when its caller has been answered. */
const FIRST_BEHIND = "ledger.acknowledge";

/** What Neon answers where a statement of a batch finds no row. */
const NOTHING = [{ command: "UPDATE", rowCount: 0, rowAsArray: true, fields: [], rows: [] }];

const now = () => performance.timeOrigin + performance.now();

interface Person {
  readonly sub: string;
  readonly attributes: ReadonlyArray<{ readonly Name: string; readonly Value: string }>;
}

/** A pool whose users sign in by their address, and are called by their `sub`. */
const lightCognito = () => {
  const people = new Map<string, Person>();
  const shown = ({ sub, attributes }: Person) => ({
    Username: sub,
    Enabled: true,
    UserStatus: "FORCE_CHANGE_PASSWORD",
    UserCreateDate: Date.now() / 1000,
    UserLastModifiedDate: Date.now() / 1000,
    Attributes: [{ Name: "sub", Value: sub }, ...attributes],
  });
  const absent = { status: 400, body: { __type: "UserNotFoundException", message: "User does not exist." } };

  const create = (username: string, attributes: Person["attributes"]) => {
    if (people.has(username))
      return {
        status: 400,
        body: { __type: "UsernameExistsException", message: "User account already exists" },
      };
    const person = { sub: randomUUID(), attributes };
    people.set(username, person);
    people.set(person.sub, person);
    return { status: 200, body: { User: shown(person) } };
  };

  return (operation: string, body: string): { readonly status: number; readonly body: object } => {
    const request = JSON.parse(body) as {
      readonly Username: string;
      readonly MessageAction?: string;
      readonly UserAttributes?: Person["attributes"];
    };
    const person = people.get(request.Username);
    if (operation === "AdminCreateUser" && request.MessageAction !== "RESEND")
      return create(request.Username, request.UserAttributes ?? []);
    if (person === undefined) return absent;
    const { Attributes, ...rest } = shown(person);
    switch (operation) {
      case "AdminCreateUser":
        return { status: 200, body: { User: { ...rest, Attributes } } };
      case "AdminGetUser":
        return { status: 200, body: { ...rest, UserAttributes: Attributes } };
      case "AdminDeleteUser": {
        const email = person.attributes.find(({ Name }) => Name === "email")?.Value ?? "";
        people.delete(person.sub);
        people.delete(email);
        return { status: 200, body: {} };
      }
      default:
        return { status: 400, body: { __type: "UnknownOperationException" } };
    }
  };
};

const read = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
};

const serve = async (postgresPort: number): Promise<void> => {
  const database = neon(postgresPort);
  const cognito = lightCognito();
  let delayMs = 0;
  let records = false;
  let cutsBackground = false;
  let inFlight = 0;
  let count = 0;
  let calls: Array<Call> = [];

  const nameOf = ({ path, headers, body }: Arrival): string => {
    if (path === "/sql") {
      const last = [...body.matchAll(/\/\* ([\w.]+) \*\//g)].at(-1)?.[1];
      return last ?? "unnamed";
    }
    if (path === "/echo") return "echo";
    const operation = String(headers["x-amz-target"] ?? "keys").replace(/^.*\./, "");
    return operation === "AdminCreateUser" && body.includes('"RESEND"') ? "invitation" : operation;
  };

  const answer = async (
    arrival: Arrival,
    name: string,
  ): Promise<{ status: number; type: string; body: string }> => {
    const type = "application/x-amz-json-1.1";
    if (name === FIRST_BEHIND && cutsBackground)
      return { status: 200, type: "application/json", body: JSON.stringify({ results: NOTHING }) };
    if (arrival.path === "/sql") {
      const { status, body } = await database.provider.handle(arrival);
      return { status, type: "application/json", body };
    }
    if (name === "echo") return { status: 200, type: "application/json", body: arrival.body };
    if (name === "keys")
      return { status: 200, type: "application/json", body: JSON.stringify({ keys: [publicJwk] }) };
    const { status, body } = cognito(
      String(arrival.headers["x-amz-target"]).replace(/^.*\./, ""),
      arrival.body,
    );
    return { status, type, body: JSON.stringify(body) };
  };

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const began = now();
    const arrival: Arrival = {
      method: request.method ?? "GET",
      path: request.url ?? "/",
      headers: request.headers,
      body: await read(request),
    };
    const name = nameOf(arrival);
    count += 1;
    inFlight += 1;
    try {
      if (delayMs > 0) await sleep(delayMs);
      const { status, type, body } = await answer(arrival, name);
      const content = Buffer.from(body);
      response.writeHead(status, { "content-type": type, "content-length": content.length });
      response.end(content);
      if (records) calls.push({ name, began, ended: now() });
    } finally {
      inFlight -= 1;
    }
  };

  const server = createServer((request, response) => {
    receive(request, response).catch(() => request.socket.destroy());
  });
  server.keepAliveTimeout = 600_000;
  server.requestTimeout = 0;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };

  process.on("message", (order: Order) => {
    if (order.delayMs !== undefined) delayMs = order.delayMs;
    if (order.records !== undefined) records = order.records;
    if (order.cutsBackground !== undefined) cutsBackground = order.cutsBackground;
    const state: State = { port, inFlight, count, calls };
    if (order.records !== undefined) calls = [];
    process.send?.(state);
  });
  process.on("disconnect", () => process.exit(0));
};

if (import.meta.main) await serve(Number(process.argv[2]));
