/**
 * PostgreSQL's own protocol behind the fault switch: a door on a real socket for drivers that speak it. A call is one
 * transaction, named by the comment of its statement. Lost without effect, it is lost when its statement arrives; lost
 * after it took effect, when its commit has been answered. https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call, Fault, Faults } from "./faults.ts";

/** A listening door. */
export interface Wire {
  readonly port: number;
  /** Breaks every connection and frees the port; may be called twice. */
  stop(): Promise<void>;
}

/** A message: its type (empty for the first ones of a connection), and all its bytes. */
interface Message {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Codes of the requests for an encrypted connection, which stand in a version's place. */
const ENCRYPTION = new Set([80_877_103, 80_877_104]);

/** What a transaction is begun and ended with, and the lock it may wait for. */
const CONTROL = /^(\/\* \S+ \*\/ )?(begin|commit|rollback|select pg_advisory_xact_lock)\b/;

/** Opens a door on a free port of 127.0.0.1, in front of the server on that port. */
export async function openWire(behind: number, faults: Faults): Promise<Wire> {
  const sockets = new Set<Socket>();
  const closing = new AbortController();
  const kept = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((client) => {
    const upstream = kept(connect(behind, "127.0.0.1"));
    serve(kept(client.setNoDelay()), upstream, faults, closing.signal).catch(() => {});
  });
  await new Promise<void>((done, fail) => server.once("error", fail).listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  let stopping: Promise<void> | undefined;
  return {
    port,
    stop: () =>
      (stopping ??= new Promise<void>((done) => {
        closing.abort();
        server.close(() => done());
        for (const socket of sockets) socket.destroy();
      })),
  };
}

/** One connection, until either side ends it. */
async function serve(client: Socket, upstream: Socket, faults: Faults, signal: AbortSignal): Promise<void> {
  let running: { readonly call: Call; readonly fault: Fault | undefined; readonly text: string } | undefined;
  /** While a commit is on its way: who is told its answer, or that the server has gone. */
  let committed: { readonly done: (answer: Buffer) => void; readonly fail: (why: Error) => void } | undefined;
  upstream.once("close", () => committed?.fail(new Error("the server has gone")));
  /** While an error has been decided on: what is answered once the statement has arrived as a whole. */
  let instead: Buffer | undefined;

  const end = () => {
    if (running !== undefined) faults.close(running.call);
    running = undefined;
  };

  const answers = async () => {
    let held: Buffer[] = [];
    for await (const { type, bytes } of messagesOf(upstream, false)) {
      if (committed === undefined) client.write(bytes);
      else held.push(bytes);
      if (type !== "Z" || committed === undefined) continue;
      const { done } = committed;
      committed = undefined;
      done(Buffer.concat(held));
      held = [];
    }
    client.destroy();
  };

  const land = (bytes: Buffer): Promise<Buffer> =>
    new Promise((done, fail) => {
      committed = { done, fail };
      upstream.write(bytes);
    });

  const statement = async (text: string): Promise<"go on" | "lost"> => {
    const call = faults.open("database", nameOf(text));
    await faults.run("before", { call, text, body: "" });
    const { delayMs, fault } = faults.judge(call, text);
    if (delayMs > 0) await sleep(delayMs, undefined, { signal });
    running = { call, fault, text };
    if (fault?.answer === undefined || fault.effect === "applied") return "go on";
    if (fault.answer === "error") instead = refusal(fault.code ?? "", "E");
    else await lose(client, fault, undefined);
    end();
    return instead === undefined ? "lost" : "go on";
  };

  const commit = async (bytes: Buffer): Promise<void> => {
    if (running === undefined) return void upstream.write(bytes);
    const { call, fault, text } = running;
    if (fault?.late !== undefined) {
      const later = sleep(fault.late, undefined, { signal }).then(() => land(bytes));
      const landed = faults.landing(call, later).then(() => faults.run("after", { call, text, body: "" }));
      await lose(client, fault, undefined);
      await landed;
      upstream.destroy();
    } else {
      const answer = await faults.landing(call, land(bytes));
      await faults.run("after", { call, text, body: "" });
      if (fault?.answer === undefined) client.write(answer);
      else await lose(client, fault, answer);
    }
    end();
  };

  const asks = async () => {
    for await (const { type, bytes } of messagesOf(client, true)) {
      const text = textOf(type, bytes);
      if (type === "encryption") client.write("N");
      else if (instead !== undefined) {
        if (type === "S") client.write(instead);
        if (type === "S") instead = undefined;
      } else if (text === undefined || CONTROL.test(text)) {
        if (/\bcommit$/.test(text ?? "")) await commit(bytes);
        else upstream.write(bytes);
        if (/\brollback$/.test(text ?? "")) end();
      } else if ((await statement(text)) === "lost") return;
      else if (instead === undefined) upstream.write(bytes);
      else if (type === "Q") {
        client.write(instead);
        instead = undefined;
      }
    }
  };

  const told = answers().catch(() => client.destroy());
  await asks().catch(() => {});
  end();
  // Whoever has gone in the middle of a transaction has rolled it back.
  upstream.end();
  await told;
}

/** What has come over a socket, as it comes. It is read while a call is held, too, or its end would not be noticed. */
async function* chunksOf(socket: Socket): AsyncGenerator<Buffer> {
  const chunks: Buffer[] = [];
  let ended = false;
  let wake = () => {};
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    wake();
  });
  socket.once("close", () => {
    ended = true;
    wake();
  });
  for (;;) {
    const chunk = chunks.shift();
    if (chunk !== undefined) yield chunk;
    else if (ended) return;
    else
      await new Promise<void>((done) => {
        wake = done;
      });
  }
}

async function* messagesOf(socket: Socket, fromClient: boolean): AsyncGenerator<Message> {
  let rest = Buffer.alloc(0);
  let untyped = fromClient;
  for await (const chunk of chunksOf(socket)) {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const from = untyped ? 0 : 1;
      const size = rest.length < from + 4 ? Number.POSITIVE_INFINITY : from + rest.readInt32BE(from);
      if (rest.length < size) break;
      const bytes = rest.subarray(0, size);
      rest = rest.subarray(size);
      if (untyped && ENCRYPTION.has(bytes.readInt32BE(4))) yield { type: "encryption", bytes };
      else if (untyped) {
        untyped = false;
        yield { type: "", bytes };
      } else yield { type: String.fromCharCode(bytes[0] ?? 0), bytes };
    }
  }
}

/** The SQL of a simple query, or of a statement to be parsed, which stands after its name. */
function textOf(type: string, bytes: Buffer): string | undefined {
  if (type === "Q") return bytes.toString("utf8", 5, bytes.length - 1);
  if (type !== "P") return undefined;
  const from = bytes.indexOf(0, 5) + 1;
  return bytes.toString("utf8", from, bytes.indexOf(0, from));
}

const nameOf = (text: string): string => /\/\*\s*([\s\S]*?)\s*\*\//.exec(text)?.[1] ?? text.slice(0, 60);

/** An error of this SQLSTATE, and that the server is ready: idle (I), or in a failed transaction (E). */
function refusal(code: string, state: "I" | "E"): Buffer {
  const severity = code.startsWith("57P") ? "FATAL" : "ERROR";
  const fields = `S${severity}\0V${severity}\0C${code}\0Minjected failure\0\0`;
  return Buffer.concat([message("E", Buffer.from(fields)), message("Z", Buffer.from(state))]);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Says something else than what has happened, or nothing. `real`: the answer, where there is one. */
async function lose(client: Socket, fault: Fault, real: Buffer | undefined): Promise<void> {
  switch (fault.answer) {
    case "reset":
      client.resetAndDestroy();
      return;
    case "hang":
      if (client.destroyed) return;
      return new Promise((done) => void client.once("close", () => done()));
    case "truncate":
      client.end(real?.subarray(0, Math.ceil(real.length / 2)) ?? "");
      return;
    case "garbage":
      client.write(message("?", Buffer.from("Welcome to the maintenance page")));
      return;
    case "error":
      client.write(refusal(fault.code ?? "", "I"));
      return;
    case "500":
      client.end(refusal("XX000", "I"));
      return;
    case "503":
      client.end(refusal("57P03", "I"));
      return;
    case "throttle":
      client.write(refusal("53300", "I"));
      return;
    default:
      client.destroy();
  }
}
