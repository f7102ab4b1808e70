/** The client of the bench: registrations over kept connections, a number of them at once, or so many a second. */
import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Where registrations are sent. */
export interface Target {
  readonly url: string;
  readonly token: string;
  /** Default: FLIP's path for a registration. */
  readonly path?: string;
  readonly roles?: ReadonlyArray<string>;
}

/** What a client has seen. */
export interface Seen {
  /** How long each answer took, in milliseconds, in the order of the answers. */
  readonly latencies: ReadonlyArray<number>;
  /** From the first request to the last answer, in milliseconds. */
  readonly elapsed: number;
  /** Answers that were no success, by status. */
  readonly failures: ReadonlyMap<number, number>;
}

interface Client {
  readonly register: () => Promise<void>;
  readonly seen: () => Seen;
  readonly close: () => void;
}

const client = ({ url, token, path = "/api/users/", roles = [] }: Target, connections: number): Client => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: Array<number> = [];
  const failures = new Map<number, number>();
  const began = performance.now();
  let last = began;
  const { hostname, port } = new URL(url);

  const send = (body: string): Promise<number> =>
    new Promise((done, fail) => {
      const headers = {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      };
      const sent = request({ hostname, port, path, method: "POST", agent, headers }, (response) => {
        response.resume();
        response.once("end", () => done(response.statusCode ?? 0));
      });
      sent.once("error", fail);
      sent.end(body);
    });

  return {
    register: async () => {
      const at = performance.now();
      const status = await send(JSON.stringify({ email: `bench-${randomUUID()}@flip.example`, roles }));
      last = performance.now();
      if (status >= 300) failures.set(status, (failures.get(status) ?? 0) + 1);
      else latencies.push(last - at);
    },
    seen: () => ({ latencies, elapsed: last - began, failures }),
    close: () => agent.destroy(),
  };
};

/** Sends `number` registrations, `atOnce` of them at any time. Fails where one is not answered with a success. */
export const registerAtOnce = async (target: Target, number: number, atOnce: number): Promise<Seen> => {
  const { register, seen, close } = client(target, atOnce);
  let left = number;
  const one = async () => {
    while (left-- > 0) await register();
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, number) }, one));
  } finally {
    close();
  }
  const { failures } = seen();
  if (failures.size > 0) throw new Error(`answers that are no success: ${JSON.stringify([...failures])}`);
  return seen();
};

/** Sends so many registrations a second, whether or not those before are answered, for so many seconds. */
export const registerAtRate = async (target: Target, perSecond: number, seconds: number): Promise<Seen> => {
  const { register, seen, close } = client(target, Number.POSITIVE_INFINITY);
  const began = performance.now();
  const sent: Array<Promise<void>> = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    const wait = began + (n * 1000) / perSecond - performance.now();
    if (wait > 1) await sleep(wait);
    sent.push(register());
  }
  await Promise.all(sent);
  close();
  return seen();
};
