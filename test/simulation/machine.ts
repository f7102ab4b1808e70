/**
 * Runs programs for the model: each as one worker or sweeper with services of its own, on the model's clock, without
 * a timer, a log or a trace. Whatever a program does between two calls happens at once, when `runUntilIdle` runs it.
 */
import { Clock, Context, Effect, type Exit, References, Scheduler } from "effect";
import { Access } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Directory } from "../../src/ports/directory.ts";
import { IdentityProvider } from "../../src/ports/identity-provider.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { type Deployment, Settings } from "../../src/ports/settings.ts";
import { WakeUp, WakeUpFailed, type Window } from "../../src/ports/wake-up.ts";
import { makeAccess } from "./memory/access.ts";
import { makeChanges } from "./memory/changes.ts";
import { makeDirectory } from "./memory/directory.ts";
import { makeIdentityProvider } from "./memory/identity-provider.ts";
import { makeLedger } from "./memory/ledger.ts";
import { settings } from "./memory/memory.ts";
import type { World } from "./memory/world.ts";
import type { Network } from "./network.ts";
import type { Plan } from "./plan.ts";

/** It forgets as early as a deployment may. */
const FORGETFUL = { OPERATION_ADDRESS_DAYS: "2", OPERATION_DAYS: "2" };

export const deployment = settings(FORGETFUL);

/** The deployment of each kind of ownership tag. */
const DEPLOYMENTS: Readonly<Record<Plan["tag"], Deployment>> = {
  attribute: deployment,
  "user name": settings({ ...FORGETFUL, COGNITO_USERNAME: "operation-id" }),
};

type Services = IdentityProvider | Directory | Ledger | Changes | Access | Settings;

export class Machine {
  readonly #world: World;
  readonly #network: Network;
  readonly #deployment: Deployment;
  #tasks: Array<() => void> = [];
  readonly #scheduler = new Scheduler.MixedScheduler("sync", (task) => {
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  });

  constructor(world: World, network: Network, tag: Plan["tag"]) {
    this.#deployment = DEPLOYMENTS[tag];
    this.#world = world;
    this.#network = network;
  }

  /** Starts a program as the given agent, as far as its first call. */
  start<A, E>(agent: string, program: Effect.Effect<A, E, Services>, ended: (exit: Exit.Exit<A, E>) => void) {
    const wire = this.#network.wireOf(agent);
    const deployment = this.#deployment;
    // A sweep runs where the alarm is; everybody else has to ask for it.
    const arm = (window: Window) =>
      wire
        .send({ operation: "wakeUp.arm", about: "", act: () => this.#network.alarm.arm(window) })
        .pipe(Effect.mapError((cause) => new WakeUpFailed({ cause })));
    const context = Context.make(Settings, deployment).pipe(
      Context.add(IdentityProvider, makeIdentityProvider(this.#world, wire, deployment)),
      Context.add(Ledger, makeLedger(this.#world, wire, deployment)),
      Context.add(Directory, makeDirectory(this.#world, wire)),
      Context.add(Changes, makeChanges(this.#world, wire, deployment)),
      Context.add(Access, makeAccess(this.#world, wire, deployment)),
      Context.add(WakeUp, agent.startsWith("sweeper") ? this.#network.alarm.armAtOnce : arm),
      Context.add(Clock.Clock, this.#network.clock),
      Context.add(References.MinimumLogLevel, "None"),
      Context.add(References.TracerEnabled, false),
    );
    Effect.runForkWith(context)(program, { scheduler: this.#scheduler }).addObserver(ended);
    this.runUntilIdle();
  }

  /** Lets every program go on until it waits for a call. */
  runUntilIdle(): void {
    while (this.#tasks.length > 0) {
      const tasks = this.#tasks;
      this.#tasks = [];
      for (const task of tasks) task();
    }
  }
}
