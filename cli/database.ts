/** A connection to the deployment's database, and what its failures mean to a person. */
import pg from "pg";
import { connectionOf } from "../src/layers/server.ts";
import { CommandError } from "./command.ts";

const CONNECT_TIMEOUT_MS = 15_000;

/** Opens one session. Fails with a sentence. */
export async function connect(databaseUrl: string): Promise<pg.Client> {
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({ ...connectionOf(databaseUrl), connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    // A connection lost between two statements is reported by the next one.
    client.on("error", () => {});
    await client.connect();
    return client;
  } catch (error) {
    await client?.end().catch(() => {});
    throw new CommandError(`The database cannot be opened: ${reason(error)}`);
  }
}

/** Runs something in a session, and ends the session. */
export async function withDatabase<A>(
  databaseUrl: string,
  work: (client: pg.Client) => Promise<A>,
): Promise<A> {
  const client = await connect(databaseUrl);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** What a failure of the driver means, as the end of a sentence. */
export function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  switch (code) {
    case "ECONNREFUSED":
      return "nothing listens at the address that DATABASE_URL names.";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host that DATABASE_URL names is not known.";
    case "ERR_INVALID_URL":
      return "DATABASE_URL is not a URL of the form postgresql://user:password@host/database.";
    case "28P01":
    case "28000":
      return "the database refuses this user or password.";
    case "3D000":
      return "the server has no database of this name.";
    case "42501":
      return `this database user is not permitted to do that (${message}).`;
    default:
      // PostgreSQL's own sentences name tables and columns, never a password.
      return error instanceof pg.DatabaseError ? `${message} (${code}).` : "the server does not answer.";
  }
}
