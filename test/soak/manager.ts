/**
 * What a client of the soak does to the users that it has registered: several values of roles, disabling and enabling,
 * one after the other, and none waits for what a lost call may still do. Each act remembers what its caller heard.
 */
import { generator } from "../../dev/faults.ts";
import { roles } from "../../dev/seed.ts";
import type { Stack } from "../../dev/stack.ts";
import { addAdmin, ask } from "../support/life.ts";
import type { Worker } from "../support/worker.ts";

/** `done`: 200. `not done`: an answer that says so. `nothing`: no answer, or one that is not certain. */
export type Heard = "done" | "not done" | "nothing";

/** One act, from when it was asked for until its caller had heard, or had given up. Milliseconds. */
export interface Deed {
  readonly user: string;
  readonly kind: "roles" | "enabled";
  /** The roles, sorted and joined; or whether the user may sign in. */
  readonly value: string;
  readonly from: number;
  readonly until: number;
  readonly heard: Heard;
  /** Asked with the token of somebody whom an earlier 200 had disabled. */
  readonly byDisabled: boolean;
}

interface Options {
  readonly stack: Stack;
  readonly worker: Worker;
  readonly deeds: Deed[];
  readonly seed: number;
}

const VALUES = [[roles.researcher], [roles.observer], [roles.researcher, roles.observer], []];

/** How often a client asks for a disabling before it goes on. */
const TRIES_MAX = 40;

/** An administrator of their own, who is disabled half way, and whose token goes on being used. */
export async function makeManager({ stack, worker, deeds, seed }: Options) {
  const random = generator(seed + 7);
  const own = await addAdmin(stack);
  const federated = await stack.cognito.createFederated(`federated${seed}@flip.example`);
  let disabled = false;

  const perform = async (user: string, token: string | undefined, byDisabled: boolean) => {
    const kind = random() < 0.6 ? "roles" : "enabled";
    const named = VALUES[Math.floor(random() * VALUES.length)] ?? [];
    const enabled = random() < 0.5;
    const value = kind === "roles" ? [...named].sort().join() : String(enabled);
    const from = performance.now();
    const [what, body] =
      kind === "roles"
        ? ([`POST /api/users/${user}/roles`, { roles: named }] as const)
        : ([`PUT /api/users/${user}`, { disabled: !enabled }] as const);
    const answer = await ask({ stack, worker }, what, { body, ...(token !== undefined && { token }) }).catch(
      () => undefined,
    );
    const heard: Heard = certain(answer);
    const stands = kind === "enabled" || [...(answer?.json?.roles ?? [])].sort().join() === value;
    const said = heard === "done" && !stands ? "not done" : heard;
    deeds.push({ user, kind, value, from, until: performance.now(), heard: said, byDisabled });
  };

  return {
    /** Users who were never registered: this administrator, and a user of another identity provider. */
    foreign: [own.sub, federated],
    /** Some acts on one user, by either administrator. */
    manage: async (user: string): Promise<void> => {
      for (let n = Math.floor(random() * 4); n > 0; n--) {
        const mine = random() < 0.5;
        await perform(random() < 0.1 ? federated : user, mine ? own.token : undefined, mine && disabled);
      }
    },
    /** Disables this client's own administrator; they count as disabled from the 200 on. */
    retire: async (): Promise<void> => {
      for (let tries = 0; tries < TRIES_MAX && !disabled; tries++) {
        const answer = await ask({ stack, worker }, `PUT /api/users/${own.sub}`, {
          body: { disabled: true },
        }).catch(() => undefined);
        disabled = answer?.status === 200;
      }
    },
  };
}

const certain = (answer: Awaited<ReturnType<typeof ask>> | undefined): Heard => {
  if (answer?.status === 200) return "done";
  const outcome = answer?.json?.outcome;
  return outcome === "nothing_created" || answer?.status === 401 ? "not done" : "nothing";
};
