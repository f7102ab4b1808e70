/**
 * Neon's SQL-over-HTTP protocol in front of a plain PostgreSQL, for the unmodified `@neondatabase/serverless` driver.
 * One POST is one autocommitted statement, or one transaction; a failed one is a 400 with PostgreSQL's own fields, and a
 * lost connection is a 400 with an empty code. The connection string in the request decides user and database, so that a
 * wrong password or a missing right is noticed here; its host is ignored. Unlike Neon's proxy it never cancels a
 * statement because its caller hung up, and it does not limit the size of an answer.
 */
import pg from "pg";
import type { Answer, Arrival, Provider } from "./door.ts";

interface Statement {
  readonly query: string;
  readonly params?: readonly unknown[];
}

/** The provider, and the way to end its connections. */
export interface Neon {
  readonly provider: Provider;
  stop(): Promise<void>;
}

const levels: Record<string, string> = {
  ReadUncommitted: "read uncommitted",
  ReadCommitted: "read committed",
  RepeatableRead: "repeatable read",
  Serializable: "serializable",
};
const asText = { getTypeParser: () => (value: unknown) => value };

/** Serves the server that listens on this port of 127.0.0.1. */
export function neon(port: number): Neon {
  const pools = new Map<string, pg.Pool>();

  function poolFor(connectionString: string): pg.Pool {
    const url = new URL(connectionString);
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    const database = decodeURIComponent(url.pathname.slice(1));
    const key = JSON.stringify([user, password, database]);
    const known = pools.get(key);
    if (known !== undefined) return known;
    const pool = new pg.Pool({ host: "127.0.0.1", port, user, password, database, max: 60 });
    // Idle connections break when the server stops; the next call reports it.
    pool.on("error", () => {});
    pools.set(key, pool);
    return pool;
  }

  async function handle(arrival: Arrival): Promise<Answer> {
    const connection = arrival.headers["neon-connection-string"];
    if (arrival.method !== "POST" || arrival.path !== "/sql") return json(404, { message: "not found" });
    if (typeof connection !== "string" || !URL.canParse(connection))
      return json(400, { message: "invalid connection string", code: "" });
    const body = parse(arrival.body);
    if (body === undefined) return json(400, { message: "could not parse the HTTP request body", code: "" });
    const pool = poolFor(connection);
    try {
      if (!("queries" in body)) return json(200, await withClient(pool, (client) => execute(client, body)));
      const results = await withClient(pool, (client) => transaction(client, arrival, body.queries));
      return json(200, { results });
    } catch (error) {
      return json(400, fieldsOf(error));
    }
  }

  return {
    provider: {
      describe: ({ body }) => {
        const read = parse(body);
        if (read === undefined) return { operation: "unreadable", text: "" };
        const text = "queries" in read ? read.queries.map((one) => one.query).join(";\n") : read.query;
        return { operation: nameOf(text), text };
      },
      handle,
      refusal: (code) => json(400, { message: "injected failure", code, severity: "ERROR" }),
      throttled: json(429, { message: "too many requests" }),
    },
    stop: async () => {
      await Promise.allSettled([...pools.values()].map((pool) => pool.end()));
    },
  };
}

async function withClient<A>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<A>): Promise<A> {
  const client = await pool.connect();
  let broken = false;
  const breaks = () => {
    broken = true;
  };
  client.on("error", breaks);
  try {
    return await work(client);
  } catch (error) {
    // A FATAL answer is the connection's last; the socket's own end may be noticed only after the release.
    if (!(error instanceof pg.DatabaseError) || error.severity !== "ERROR") breaks();
    throw error;
  } finally {
    client.off("error", breaks);
    client.release(broken);
  }
}

async function transaction(client: pg.PoolClient, arrival: Arrival, statements: readonly Statement[]) {
  const level = levels[String(arrival.headers["neon-batch-isolation-level"])];
  const readOnly = arrival.headers["neon-batch-read-only"] === "true";
  const deferrable = arrival.headers["neon-batch-deferrable"] === "true";
  const mode = [
    level === undefined ? "" : `isolation level ${level}`,
    readOnly ? "read only" : "",
    deferrable ? "deferrable" : "",
  ];
  await client.query(`begin ${mode.filter((part) => part !== "").join(", ")}`);
  try {
    const results = [];
    for (const statement of statements) results.push(await execute(client, statement));
    await client.query("commit");
    return results;
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

async function execute(client: pg.PoolClient, { query, params = [] }: Statement) {
  const config = {
    text: query,
    values: params.map((value) =>
      value === null || typeof value === "string" ? value : (JSON.stringify(value) ?? null),
    ),
    rowMode: "array" as const,
    // Neon prepares every statement, so two in one text are refused there and have to be refused here.
    queryMode: "extended",
    types: asText as unknown as pg.CustomTypesConfig,
  };
  const { fields, rows, command, rowCount } = await client.query<(string | null)[]>(config);
  return {
    command,
    rowCount,
    rowAsArray: true,
    fields: fields.map((field) => ({ ...field, format: "text" })),
    rows,
  };
}

function parse(body: string): Statement | { readonly queries: readonly Statement[] } | undefined {
  try {
    const read = JSON.parse(body) as { query?: unknown; queries?: unknown };
    if (Array.isArray(read.queries)) return read as { queries: Statement[] };
    return typeof read.query === "string" ? (read as Statement) : undefined;
  } catch {
    return undefined;
  }
}

function nameOf(text: string): string {
  const comment = /\/\*\s*([\s\S]*?)\s*\*\//.exec(text)?.[1];
  return comment ?? text.trim().replaceAll(/\s+/g, " ").slice(0, 60);
}

const json = (status: number, body: unknown): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

function fieldsOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof pg.DatabaseError))
    return { message: "connection to the database was lost", code: "" };
  const { message, code, severity, detail, hint, position, internalPosition, internalQuery, where } = error;
  const { schema, table, column, dataType, constraint, file, line, routine } = error;
  const all = { message, code, severity, detail, hint, position, internalPosition, internalQuery, where };
  const rest = { schema, table, column, dataType, constraint, file, line, routine };
  return Object.fromEntries(Object.entries({ ...all, ...rest }).map(([key, value]) => [key, value ?? null]));
}
