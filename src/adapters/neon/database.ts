/**
 * Postgres over Neon's HTTP driver: one POST per statement, nothing bound to a request. The POST is a batch, because only
 * a batch can state its isolation and a statement timeout.
 *
 * The driver says "Error connecting to database" alike for a statement that never arrived and for one that was
 * committed and whose answer was lost, so only an SQLSTATE counts as proof.
 * https://github.com/neondatabase/serverless
 */
import { NeonDbError, type NeonQueryPromise, neon, neonConfig } from "@neondatabase/serverless";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import {
  comment,
  Database,
  DatabaseError,
  locking,
  proofOf,
  type Row,
  type Statement,
  StatementNotSent,
  withLimits,
} from "../../ports/database.ts";
import { Settings } from "../../ports/settings.ts";
import { belowSpan } from "../../ports/trace.ts";

/** What a failure of the driver proves. `sent`: whether the request had left. */
export const classify = (cause: unknown, sent = true): DatabaseError["reason"] => {
  if (!sent) return new StatementNotSent({ isForGood: true });
  const { code, severity } = cause instanceof NeonDbError ? cause : { code: undefined, severity: undefined };
  return proofOf(code, severity);
};

/** The requests that have left, by their signals: what fails and is not here was never sent. */
const sentRequests = new WeakSet<AbortSignal>();

/**
 * `fetch`, which notes what it sends. A URL or a header that cannot be sent is found before that, and once: they are the same
 * for every statement of a deployment.
 */
const makeFetchNoted = (): typeof fetch => {
  let canBeSent = false;
  return (input, init) => {
    if (!canBeSent) new Request(input, init);
    canBeSent = true;
    if (init?.signal) sentRequests.add(init.signal);
    return fetch(input, init);
  };
};

export const DatabaseNeon = Layer.effect(
  Database,
  Effect.gen(function* () {
    const settings = yield* Settings;
    // The driver would make an address of any host, and send the password there.
    if (settings.neonEndpoint === null) return yield* Effect.die(new Error("the database is not Neon's"));
    neonConfig.fetchFunction = makeFetchNoted();
    neonConfig.fetchEndpoint = settings.neonEndpoint;
    const sql = neon(Redacted.value(settings.databaseUrl));

    /** Sends statements as one transaction, in one request; the rows are the last one's. */
    const send = Effect.fnUntraced(function* (name: string, queries: () => ReadonlyArray<Query>) {
      yield* Effect.annotateCurrentSpan("statement", name);
      const below = yield* belowSpan;
      return yield* withLimits(settings, ({ call, server }) => {
        const signal = AbortSignal.timeout(call);
        // Prepared and awaited once, here: the driver's query objects run again each time they are awaited.
        const attempt = async (): Promise<ReadonlyArray<Row>> => {
          const timeout = sql.query(`${comment(name)} select set_config('statement_timeout', $1, true)`, [
            server,
          ]);
          const options = { isolationLevel: "ReadCommitted", fetchOptions: { signal } } as const;
          const results = await sql.transaction([timeout, ...queries()], options);
          return results.at(-1) ?? [];
        };
        return Effect.tryPromise({
          try: () => below(attempt),
          catch: (cause) => {
            const reason = classify(cause, sentRequests.has(signal));
            return new DatabaseError({ statement: name, reason, cause });
          },
        });
      });
    });

    const queryOf = <Values>(statement: Statement<Values>, values: Values) =>
      sql.query(statement.text, [...statement.parameters(values)]);

    return Database.of({
      query: Effect.fn("Database.query")(function* (statement, values) {
        return yield* send(statement.name, () => [queryOf(statement, values)]);
      }),

      queryAlone: Effect.fn("Database.queryAlone")(function* (lock, statement, values) {
        return yield* send(statement.name, () => [
          sql.query(locking(statement.name), [lock]),
          queryOf(statement, values),
        ]);
      }),
    });
  }),
);

type Query = NeonQueryPromise<false, false>;
