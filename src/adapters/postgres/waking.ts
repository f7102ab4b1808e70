/**
 * The one place that asks for the sweeper: after each statement that has left something due, for the time at which it is.
 *
 * A statement says so itself. Its answer has a column `dueIn`, in seconds; or it names, before it is sent, the value that
 * is the time until what it writes is due, and the sweeper is asked for beside it, which costs no time.
 */
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import type { Database, Row, Statement } from "../../ports/database.ts";
import { sweepAfter, sweepWhenDue } from "../../ports/wake-up.ts";

/** The database, where nothing becomes due that nobody is asked to sweep. */
export const waking = (database: Database["Service"]): Database["Service"] => {
  const wake = <Values, E>(
    { dueWithin }: Statement<Values>,
    values: Values,
    sent: Effect.Effect<ReadonlyArray<Row>, E>,
  ) =>
    dueWithin === undefined
      ? Effect.tap(sent, ([row]) =>
          Predicate.isNumber(row?.dueIn) ? sweepWhenDue(row.dueIn * 1000) : Effect.void,
        )
      : // Also where the statement fails: it may have taken effect.
        Effect.flatMap(
          Effect.all([Effect.exit(sent), sweepAfter(dueWithin(values) * 1000)], { concurrency: 2 }),
          ([exit]) => exit,
        );
  return {
    ...database,
    query: (statement, values) => wake(statement, values, database.query(statement, values)),
    queryAlone: (locks, statement, values) =>
      wake(statement, values, database.queryAlone(locks, statement, values)),
  };
};
