/**
 * Postgres over its own protocol from a Worker, behind Hyperdrive, which has the pool: one connection for each statement,
 * since a socket belongs to the request that opened it. Hyperdrive gives each transaction a connection to the database.
 * https://developers.cloudflare.com/hyperdrive/concepts/connection-pooling/
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import pg from "pg";
import { Database, type Limits } from "../../ports/database.ts";
import { Settings } from "../../ports/settings.ts";
import { connectionOf } from "./connection.ts";
import { makeDatabase } from "./transaction.ts";

export const DatabaseHyperdrive = Layer.effect(
  Database,
  Effect.map(Settings, (settings) => {
    const connection = connectionOf(Redacted.value(settings.databaseUrl));
    const lend = async ({ call }: Limits) => {
      const client = new pg.Client({ ...connection, connectionTimeoutMillis: call });
      // Whatever breaks is noticed by the statement on it.
      client.on("error", () => {});
      await client.connect();
      return { client, giveBack: () => void client.end().catch(() => {}) };
    };
    return makeDatabase(settings, { lend, prepared: false });
  }),
);
