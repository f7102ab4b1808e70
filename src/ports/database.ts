/**
 * One SQL statement, one round trip, autocommit: all that Registrar asks of Postgres.
 *
 * Statements are values with a name,
 * so that a log, a list of slow statements and a fault switch can tell them apart.
 */
import { Context, Effect, Schedule, Schema } from "effect";
import { failureName } from "./failure-name.ts";

/** Postgres answered with an SQLSTATE that proves the statement was rolled back. */
export class StatementRefused extends Schema.TaggedError<StatementRefused>()("StatementRefused", {
  sqlState: Schema.String,
}) {
  /** Class 40: the transaction lost a race; the very same statement may succeed now. */
  get isRetryable(): boolean {
    return this.sqlState.startsWith("40");
  }

  /**
   * Whether the same statement will be refused again: not where a race was lost (40), resources are short (53), a lock is
   * held (55), or an operator or the system intervenes (57, 58).
   * https://www.postgresql.org/docs/current/errcodes-appendix.html
   */
  get isForGood(): boolean {
    return !/^(?:40|53|55|57|58)/.test(this.sqlState);
  }
}

/** The statement could not be put into a request: the deployment is wrong. Proves: nothing was written. */
export class StatementNotSent extends Schema.TaggedError<StatementNotSent>()("StatementNotSent", {}) {
  readonly isRetryable = false;
}

/** No answer, or none that proves anything: the statement may have committed, or may still. */
export class StatementUnknown extends Schema.TaggedError<StatementUnknown>()("StatementUnknown", {}) {
  readonly isRetryable = true;
}

/** The one error of this service. `statement` is its name, never its text or parameters. */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", {
  statement: Schema.String,
  reason: Schema.Union([StatementRefused, StatementNotSent, StatementUnknown]),
  cause: Schema.Defect(),
}) {
  get isRetryable(): boolean {
    return this.reason.isRetryable;
  }

  /** The statement and its SQLSTATE, for the ledger: `ledger.commit: 57014`. */
  get inAWord(): string {
    const refused = this.reason._tag === "StatementRefused" ? this.reason.sqlState : undefined;
    return `${this.statement}: ${refused ?? failureName(this.cause) ?? this.reason._tag}`;
  }

  /** Postgres has refused the statement, or was never asked, and that will be so again: nothing was written. */
  get isRefusal(): boolean {
    if (this.reason._tag === "StatementNotSent") return true;
    return this.reason._tag === "StatementRefused" && this.reason.isForGood;
  }
}

export type Parameter = string | number | boolean | null | ReadonlyArray<string>;
export type Row = Readonly<Record<string, unknown>>;

/** A statement with named values. Its text begins with its name in a comment and has `$1`, `$2`, … for the values. */
export interface Statement<Values> {
  readonly name: string;
  readonly text: string;
  readonly parameters: (values: Values) => ReadonlyArray<Parameter>;
  /** In how many seconds what it writes is due, where that is known before it is sent (ports/wake-up.ts). */
  readonly dueWithin?: (values: Values) => number;
}

export class Database extends Context.Service<
  Database,
  {
    /** Runs one statement. */
    readonly query: <Values>(
      statement: Statement<Values>,
      values: Values,
    ) => Effect.Effect<ReadonlyArray<Row>, DatabaseError>;
    /**
     * Runs one statement alone among all that name the same lock: a statement that begins after the lock is held
     * sees what its predecessor did. Still one round trip, and one transaction.
     */
    readonly queryAlone: <Values>(
      lock: string,
      statement: Statement<Values>,
      values: Values,
    ) => Effect.Effect<ReadonlyArray<Row>, DatabaseError>;
  }
>()("registrar/ports/Database") {}

/** One more try, where the first proved nothing: every statement of ours may be repeated. For what only reads, or is fenced. */
export const onceMore = {
  schedule: Schedule.recurs(1),
  while: (error: DatabaseError) => error.isRetryable,
};

/**
 * Sends a statement that writes, and once more where the first try proved nothing. A refusal of the second says nothing
 * of the first, which may have taken effect, or may still, when what it was refused for is over: then the outcome is
 * unknown. `isFinal`: whether an answer is true of both tries, whatever lands later.
 */
export const sendTwice =
  <A>(isFinal: (answer: A) => boolean) =>
  <R>(statement: Effect.Effect<A, DatabaseError, R>): Effect.Effect<A, DatabaseError, R> =>
    Effect.catchIf(
      statement,
      (first) => first.isRetryable,
      (first) => {
        if (first.reason._tag !== "StatementUnknown") return statement;
        const unknown = (cause: unknown) =>
          new DatabaseError({ statement: first.statement, reason: first.reason, cause });
        return statement.pipe(Effect.mapError(unknown), Effect.filterOrFail(isFinal, unknown));
      },
    );
