/**
 * The three ways to Postgres, for suites that each has to pass: Neon's driver over HTTP, a pool of connections, and
 * connections behind Hyperdrive from inside workerd. All of them are behind the fault switch.
 */
import { readFile } from "node:fs/promises";
import { Effect, Layer } from "effect";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import type { Stack } from "../../dev/stack.ts";
import { DatabaseNeon } from "../../src/adapters/neon/database.ts";
import { DatabasePool } from "../../src/adapters/pg/pool.ts";
import {
  Database,
  DatabaseError,
  type Lock,
  type Row,
  type Statement,
  StatementNotSent,
  StatementRefused,
  StatementUnknown,
} from "../../src/ports/database.ts";
import { DRIVERS, Settings } from "../../src/ports/settings.ts";
import { readSettings } from "../../src/settings.ts";
import { compatibilityDate } from "./worker.ts";
import type { Asked, Told } from "./workers/database.ts";

/** A way to Postgres that has been opened, and the settings with it. */
export interface Opened {
  readonly layer: Layer.Layer<Database | Settings>;
  readonly close: () => Promise<void>;
}

export interface Adapter {
  readonly name: string;
  readonly open: (stack: Stack, overrides?: Readonly<Record<string, string>>) => Promise<Opened>;
}

const direct = (stack: Stack, overrides: Readonly<Record<string, string>>) => ({
  ...stack.workerEnv(),
  DATABASE_URL: stack.wireUrl,
  ...overrides,
});

export const neon: Adapter = {
  name: "Neon over HTTP",
  open: async (stack, overrides = {}) => {
    const settings = Settings.layer(readSettings({ ...stack.workerEnv(), ...overrides }));
    return { layer: DatabaseNeon.pipe(Layer.provideMerge(settings)), close: async () => {} };
  },
};

export const pool: Adapter = {
  name: "a pool of pg",
  open: async (stack, overrides = {}) => {
    const settings = Settings.layer(readSettings(direct(stack, overrides), DRIVERS.server));
    return { layer: DatabasePool().pipe(Layer.provideMerge(settings)), close: async () => {} };
  },
};

export const hyperdrive: Adapter = {
  name: "pg behind Hyperdrive",
  open: async (stack, overrides = {}) => {
    const environment = direct(stack, overrides);
    const settings = Settings.layer(readSettings(environment, DRIVERS.server));
    const { DATABASE_URL, ...bindings } = environment;
    const options = convertV4MiniflareOptions({
      modules: true,
      script: await readFile(".dev/build-test/database.js", "utf8"),
      compatibilityDate: await compatibilityDate(),
      bindings,
      hyperdrives: { HYPERDRIVE: DATABASE_URL },
      cf: false,
      log: new Log(LogLevel.NONE),
    });
    const miniflare = new Miniflare(options);
    const { href } = await miniflare.ready;
    const layer = Layer.succeed(Database, through(href));
    return { layer: Layer.merge(layer, settings), close: () => miniflare.dispose() };
  },
};

export const adapters: ReadonlyArray<Adapter> = [neon, pool, hyperdrive];

/** The port as the Worker in test/support/workers/database.ts has it. */
const through = (url: string): (typeof Database)["Service"] => {
  const ask = <Values>(
    locks: ReadonlyArray<Lock>,
    { name, text, parameters }: Statement<Values>,
    values: Values,
  ) =>
    Effect.gen(function* () {
      const asked: Asked = { locks: locks.map(String), name, text, parameters: parameters(values) };
      const told = yield* Effect.promise(async () => {
        const response = await fetch(url, { method: "POST", body: JSON.stringify(asked) });
        return (await response.json()) as Told;
      });
      if ("rows" in told) return told.rows as ReadonlyArray<Row>;
      const { statement, reason } = told.error;
      return yield* new DatabaseError({ statement, reason: reasonOf(reason), cause: told.error });
    });
  return Database.of({
    query: (statement, values) => ask([], statement, values),
    queryAlone: (locks, statement, values) => ask(locks, statement, values),
  });
};

const reasonOf = (reason: Extract<Told, { error: unknown }>["error"]["reason"]): DatabaseError["reason"] => {
  if (reason._tag === "StatementRefused") return new StatementRefused(reason);
  return reason._tag === "StatementNotSent" ? new StatementNotSent(reason) : new StatementUnknown();
};
