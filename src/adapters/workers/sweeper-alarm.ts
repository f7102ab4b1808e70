/**
 * The Durable Object that runs the sweeper when something is due. One of it, by a fixed name, so that no two sweeps that
 * it starts run at once.
 */
import { DurableObject } from "cloudflare:workers";
import type { Window } from "../../ports/wake-up.ts";
import { Alarm, type Sweep } from "./alarm.ts";

/**
 * The class for an entry to export. `sweep` runs one sweep with an environment's bindings: here, and not in the Worker, so
 * that it has an invocation's limits to itself.
 * https://developers.cloudflare.com/durable-objects/platform/limits/
 */
export const makeSweeperAlarm = (sweep: (bindings: object, ...arm: Parameters<Sweep>) => Promise<void>) =>
  class SweeperAlarm extends DurableObject<object> {
    readonly #alarm = new Alarm(this.ctx.storage, (arm) => sweep(this.env, arm));

    /** Sees to it that a sweep begins in the window, and answers when. */
    arm(window: Window): Promise<number> {
      return this.#alarm.arm(window);
    }

    override alarm(): Promise<void> {
      return this.#alarm.ring(Date.now());
    }
  };
