/**
 * Postgres over Neon's HTTP driver: one POST per statement, nothing bound to a request. The POST is a batch, because only
 * a batch can state its isolation and a statement timeout.
 *
 * The driver says "Error connecting to database" alike for a statement that never arrived and for one that was
 * committed and whose answer was lost, so only an SQLSTATE counts as proof.
 * https://github.com/neondatabase/serverless
 */
import { NeonDbError, neon, neonConfig } from "@neondatabase/serverless";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import {
  comment,
  Database,
  DatabaseError,
  type Lock,
  proofOf,
  type Row,
  type Statement,
  StatementNotSent,
  taking,
  withLimits,
} from "../../ports/database.ts";
import { Settings } from "../../ports/settings.ts";
import { belowSpan, spanned } from "../../ports/trace.ts";

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

/** States the limits `$1` and `$2` for the rest of the transaction, and then takes the locks. */
const stating = (locks: ReadonlyArray<Lock>) => {
  const limits = "select set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true)";
  return locks.length === 0
    ? limits
    : `with limits as materialized (${limits}) select ${taking(locks)} from limits`;
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

    /**
     * Sends a statement as one transaction, in one request. A statement before it states the limits, and takes the locks under
     * them: the statement's own snapshot is then from after the wait.
     */
    const send = Effect.fnUntraced(function* <Values>(
      { name, text, parameters }: Statement<Values>,
      values: Values,
      locks: ReadonlyArray<Lock> = [],
    ) {
      yield* Effect.annotateCurrentSpan("statement", name);
      const below = yield* belowSpan;
      return yield* withLimits(settings, ({ call, server, lock }) => {
        const signal = AbortSignal.timeout(call);
        // Prepared and awaited once, here: the driver's query objects run again each time they are awaited.
        const attempt = async (): Promise<ReadonlyArray<Row>> => {
          const before = sql.query(`${comment(name)} ${stating(locks)}`, [server, lock]);
          const query = sql.query(text, [...parameters(values)]);
          const options = { isolationLevel: "ReadCommitted", fetchOptions: { signal } } as const;
          const [, rows = []] = await sql.transaction([before, query], options);
          return rows;
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

    return Database.of({
      query: spanned("Database.query")(function* (statement, values) {
        return yield* send(statement, values);
      }),

      queryAlone: spanned("Database.queryAlone")(function* (locks, statement, values) {
        return yield* send(statement, values, locks);
      }),
    });
  }),
);
