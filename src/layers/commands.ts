/** What the commands of cli/ run their programs with: a deployment's services, and those that no request asks for. */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import { FirstManagerPostgres } from "../adapters/postgres/first-manager.ts";
import { RecordsPostgres } from "../adapters/postgres/records.ts";
import { KeepAlive } from "../ports/background.ts";
import { type Deployment, Settings } from "../ports/settings.ts";
import { databaseOf } from "./server.ts";
import { makeLayer } from "./shared.ts";

const layerOf = (deployment: Deployment) => {
  const database = databaseOf(deployment);
  return Layer.mergeAll(
    // What a command leaves due, the backstop finds.
    makeLayer(deployment, { database, rateLimit: Layer.empty, wakeUp: Layer.empty }),
    Layer.mergeAll(RecordsPostgres, FirstManagerPostgres).pipe(
      Layer.provide(database),
      Layer.provide(Settings.layer(deployment)),
    ),
  );
};

/** Runs programs for a command. What a program leaves to be done behind its answer is done before the promise is kept. */
export interface Commands {
  readonly run: <A, E>(program: Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerOf>>>) => Promise<A>;
}

/** Gives a command one deployment's services, and closes them when it has ended. */
export const withCommands = async <A>(
  deployment: Deployment,
  use: (commands: Commands) => Promise<A>,
): Promise<A> => {
  const runtime = ManagedRuntime.make(layerOf(deployment));
  const run: Commands["run"] = (program) => {
    const left: Array<Fiber.Fiber<unknown>> = [];
    return runtime.runPromise(
      program.pipe(
        Effect.provideService(KeepAlive, (work) => void left.push(work)),
        Effect.ensuring(Effect.suspend(() => Fiber.awaitAll(left))),
      ),
    );
  };
  try {
    return await use({ run });
  } finally {
    await runtime.dispose();
  }
};
