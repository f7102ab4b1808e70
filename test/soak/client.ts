/**
 * One client of the soak: it asks for ledger one after the other, some with a key, some for an address that was
 * asked for before, and asks again as long as it is told that it may.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { generator } from "../../dev/faults.ts";
import { roles } from "../../dev/seed.ts";
import type { Answer } from "../support/http.ts";
import type { Worker } from "../support/worker.ts";
import type { makeManager } from "./manager.ts";

/** One registration that was asked for, and every answer to it. */
export interface Asked {
  readonly email: string;
  readonly key: string | undefined;
  /** The problem's code, the status of a success, or "no answer". */
  readonly heard: string[];
  /** The sub of a 200. */
  userId?: string;
}

interface Options {
  readonly worker: Worker;
  readonly asked: Asked[];
  readonly seed: number;
  readonly count: number;
  /** What the client does to the users whom it has registered. */
  readonly manager: Awaited<ReturnType<typeof makeManager>>;
}

const TRIES_MAX = 40;

/** A client that asks for `count` ledger. */
export function makeClient({ worker, asked, seed, count, manager }: Options): () => Promise<void> {
  const random = generator(seed);
  const own: Asked[] = [];

  const next = (n: number): Asked => {
    const earlier = own[Math.floor(random() * own.length)];
    const repeats = random() < 0.1 && earlier !== undefined;
    const shared = random() < 0.05;
    const fresh = shared ? `shared${Math.floor(random() * count)}` : `client${seed}.${n}`;
    const email = repeats ? earlier.email : `${fresh}@flip.example`;
    const hasKey = random() < 0.5;
    const key = hasKey ? (repeats && earlier.key !== undefined ? earlier.key : `${seed}-${n}`) : undefined;
    return { email, key, heard: [] };
  };

  return async () => {
    for (let n = 0; n < count; n++) {
      const request = next(n);
      own.push(request);
      asked.push(request);
      await register(request);
      if (n === Math.floor(count / 2)) await manager.retire();
      if (request.userId !== undefined) await manager.manage(request.userId);
    }
  };

  async function register(request: Asked): Promise<void> {
    const body = { email: request.email, roles: [roles.researcher] };
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const options = request.key === undefined ? {} : { key: request.key };
      const answer = await worker.register(body, options).catch(() => undefined);
      request.heard.push(nameOf(answer));
      if (answer?.status === 200) request.userId = answer.json.userId;
      if (answer !== undefined && answer.json?.retryable !== true) return;
      await sleep(Math.min(1000, 50 * 2 ** tries) * (0.5 + random()));
    }
  }
}

const nameOf = (answer: Answer | undefined): string => {
  if (answer === undefined) return "no answer";
  if (answer.status !== 200) return `${answer.status} ${answer.json?.code ?? "not a problem"}`;
  return answer.headers["idempotency-replayed"] === undefined ? "200" : "200 replayed";
};
