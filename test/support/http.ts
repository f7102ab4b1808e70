/**
 * A client on its own socket for each request: it sends any bytes, in any header, and can reset the connection while
 * the answer is awaited. `fetch` would do none of this.
 */
import { request } from "node:http";

/** A request, as bytes. */
export interface Message {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** An answer; `json` is undefined where the body is none. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it.
  readonly json: any;
  /** When it had arrived, in milliseconds since the epoch. */
  readonly at: number;
}

/** A request under way. */
export interface Exchange {
  /** Rejects where the connection ends without an answer. */
  readonly answer: Promise<Answer>;
  /** Ends the connection with a TCP reset. */
  reset(): void;
}

/** Sends a request. */
export function exchange(origin: string, { method, path, headers = {}, body }: Message): Exchange {
  const announced = body !== undefined && headers["Transfer-Encoding"] === undefined;
  const length = announced ? { "Content-Length": String(Buffer.byteLength(body)) } : {};
  const sent = request(`${origin}${path}`, { method, agent: false, headers: { ...length, ...headers } });
  const answer = new Promise<Answer>((done, fail) => {
    sent.once("error", fail);
    sent.once("response", async (response) => {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const text = Buffer.concat(chunks).toString("utf8");
        const flat = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        done({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(flat),
          text,
          json: parse(text),
          at: performance.timeOrigin + performance.now(),
        });
      } catch (error) {
        fail(error as Error);
      }
    });
  });
  // Whoever resets a connection may not look at its answer any more.
  answer.catch(() => {});
  sent.end(body);
  return { answer, reset: () => void sent.socket?.resetAndDestroy() };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
