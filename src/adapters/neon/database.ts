/**
 * Postgres over Neon's HTTP driver: one POST per statement, nothing bound to a request.
 *
 * The driver says "Error connecting to database" alike for a statement that never arrived and for one that was
 * committed and whose answer was lost, so only an SQLSTATE counts as proof.
 * https://github.com/neondatabase/serverless
 */
import { NeonDbError, neon, neonConfig } from "@neondatabase/serverless";
import { Effect, Layer, Redacted } from "effect";
import { callTimeout } from "../../ports/budget.ts";
import {
  Database,
  DatabaseError,
  type Row,
  StatementNotSent,
  StatementRefused,
  StatementUnknown,
} from "../../ports/database.ts";
import { Settings } from "../../ports/settings.ts";
import { belowSpan } from "../../ports/trace.ts";

/**
 * SQLSTATEs that leave the outcome open: what is no error at all (00 to 03), connection exceptions (08), a server going
 * away (57P), statement_completion_unknown (40003), internal errors (XX).
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const OPEN = /^(0[0-3]|08|57P|40003|XX)/;

/** The server as a whole has gone down with the statement: whether its end was written before that is not known. */
const PANIC = "PANIC";

/** What a failure of the driver proves. `sent`: whether the request had left. */
export const classify = (cause: unknown, sent = true): DatabaseError["reason"] => {
  if (!sent) return new StatementNotSent();
  const { code, severity } = cause instanceof NeonDbError ? cause : { code: undefined, severity: undefined };
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !OPEN.test(code) && severity !== PANIC
    ? new StatementRefused({ sqlState: code })
    : new StatementUnknown();
};

/** The requests that have left, by their signals: what fails and is not here was never sent. */
const sentRequests = new WeakSet<AbortSignal>();

/** `fetch`, which notes what it sends. A URL or a header that cannot be sent is found before that. */
const fetchNoted: typeof fetch = (input, init) => {
  new Request(input, init);
  if (init?.signal) sentRequests.add(init.signal);
  return fetch(input, init);
};

export const DatabaseNeon = Layer.effect(
  Database,
  Effect.gen(function* () {
    const settings = yield* Settings;
    neonConfig.fetchFunction = fetchNoted;
    if (settings.neonEndpoint !== null) neonConfig.fetchEndpoint = settings.neonEndpoint;
    const sql = neon(Redacted.value(settings.databaseUrl));

    const send = Effect.fnUntraced(function* (
      name: string,
      statement: (fetchOptions: { signal: AbortSignal }) => Promise<ReadonlyArray<Row>>,
    ) {
      yield* Effect.annotateCurrentSpan("statement", name);
      const limit = yield* callTimeout(settings.databaseTimeout);
      const signal = AbortSignal.timeout(limit);
      const below = yield* belowSpan;
      return yield* Effect.tryPromise({
        try: () => below(() => statement({ signal })),
        catch: (cause) => {
          const reason = classify(cause, sentRequests.has(signal));
          return new DatabaseError({ statement: name, reason, cause });
        },
      });
    });

    // Awaited once, here: the driver's query objects run again each time they are awaited.
    return Database.of({
      query: Effect.fn("Database.query")(function* (statement, values) {
        return yield* send(statement.name, async (fetchOptions) => {
          return await sql.query(statement.text, [...statement.parameters(values)], { fetchOptions });
        });
      }),

      queryAlone: Effect.fn("Database.queryAlone")(function* (lock, statement, values) {
        return yield* send(statement.name, async (fetchOptions) => {
          const locking = `/* ${statement.name} */ select pg_advisory_xact_lock(hashtext($1))`;
          const queries = [
            sql.query(locking, [lock]),
            sql.query(statement.text, [...statement.parameters(values)]),
          ];
          // A database may begin transactions otherwise; the second statement has to see what its predecessor did.
          const options = { isolationLevel: "ReadCommitted", fetchOptions } as const;
          const [, rows] = await sql.transaction(queries, options);
          return rows ?? [];
        });
      }),
    });
  }),
);
