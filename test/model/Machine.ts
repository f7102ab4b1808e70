/**
 * Runs programs for the model: each as one worker or sweeper with services of its own, on the model's clock, without
 * a timer, a log or a trace. Whatever a program does between two calls happens at once, when `settle` runs it.
 */
import { Clock, Context, Effect, type Exit, References, Scheduler } from "effect";
import { Config } from "../../src/config.ts";
import { Access } from "../../src/services/Access.ts";
import { Directory } from "../../src/services/Directory.ts";
import { Errands } from "../../src/services/Errands.ts";
import { IdentityProvider } from "../../src/services/IdentityProvider.ts";
import { Registrations } from "../../src/services/Registrations.ts";
import { makeAccess } from "../memory/MemoryAccess.ts";
import { makeDirectory } from "../memory/MemoryDirectory.ts";
import { makeErrands } from "../memory/MemoryErrands.ts";
import { makeIdentityProvider } from "../memory/MemoryIdentityProvider.ts";
import { makeRegistrations } from "../memory/MemoryRegistrations.ts";
import { settings } from "../memory/memory.ts";
import type { World } from "../memory/World.ts";
import type { Network } from "./Network.ts";

export const deployment = settings();

type Services = IdentityProvider | Directory | Registrations | Errands | Access | Config;

export class Machine {
  readonly #world: World;
  readonly #network: Network;
  #tasks: Array<() => void> = [];
  readonly #scheduler = new Scheduler.MixedScheduler("sync", (task) => {
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  });

  constructor(world: World, network: Network) {
    this.#world = world;
    this.#network = network;
  }

  /** Starts a program as the given agent, as far as its first call. */
  start<A, E>(agent: string, program: Effect.Effect<A, E, Services>, ended: (exit: Exit.Exit<A, E>) => void) {
    const wire = this.#network.wireOf(agent);
    const context = Context.make(Config, deployment).pipe(
      Context.add(IdentityProvider, makeIdentityProvider(this.#world, wire, deployment)),
      Context.add(Registrations, makeRegistrations(this.#world, wire, deployment)),
      Context.add(Directory, makeDirectory(this.#world, wire)),
      Context.add(Errands, makeErrands(this.#world, wire, deployment)),
      Context.add(Access, makeAccess(this.#world, wire, deployment)),
      Context.add(Clock.Clock, this.#network.clock),
      Context.add(References.MinimumLogLevel, "None"),
      Context.add(References.TracerEnabled, false),
    );
    Effect.runForkWith(context)(program, { scheduler: this.#scheduler }).addObserver(ended);
    this.settle();
  }

  /** Lets every program go on until it waits for a call. */
  settle(): void {
    while (this.#tasks.length > 0) {
      const tasks = this.#tasks;
      this.#tasks = [];
      for (const task of tasks) task();
    }
  }
}
