/**
 * Postgres over its own protocol, with a pool of connections: for a process of its own, on Node, Bun or Deno. Any server,
 * with or without a proxy in front of it. https://node-postgres.com/apis/pool
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import pg from "pg";
import { Database } from "../../ports/database.ts";
import { Settings } from "../../ports/settings.ts";
import { connectionOf } from "./connection.ts";
import { type Known, makeDatabase, within } from "./transaction.ts";

/** How long a rollback may take before its connection is thrown away, in milliseconds. */
const ROLLBACK_MS = 1_000;

/** Makes the password of one connection. */
export type MakePassword = () => Promise<string>;

/**
 * The pool of a deployment. Connections are made when they are needed, and closed when they have been idle for ten seconds
 * or the layer ends. `password`: asked for each connection, instead of the password of DATABASE_URL.
 */
export const DatabasePool = (password?: MakePassword) =>
  Layer.effect(
    Database,
    Effect.gen(function* () {
      const settings = yield* Settings;
      const connecting = Duration.max(settings.databaseTimeout, settings.databaseWakeTimeout);
      const options: pg.PoolConfig = {
        ...connectionOf(Redacted.value(settings.databaseUrl)),
        ...(password && { password }),
        max: settings.databasePoolSize,
        connectionTimeoutMillis: Duration.toMillis(connecting),
        allowExitOnIdle: true,
      };
      const pool = yield* Effect.acquireRelease(
        Effect.sync(() => new pg.Pool(options)),
        (open) => Effect.promise(() => open.end()),
      );
      // A connection that breaks is noticed by the statement on it; one that is idle has left the pool by then.
      pool.on("connect", (client) => client.on("error", () => {}));
      pool.on("error", () => {});

      const lend = async () => {
        const client = await pool.connect();
        const giveBack = (known: Known) => {
          if (known !== "failed") return client.release(known !== "idle");
          // Whoever asked has their answer already.
          void within(ROLLBACK_MS, client.query("rollback")).then(
            () => client.release(),
            () => client.release(true),
          );
        };
        return { client, giveBack };
      };
      return makeDatabase(settings, { lend, prepared: settings.databasePrepared });
    }),
  );
