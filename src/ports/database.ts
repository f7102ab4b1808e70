/**
 * One SQL statement, one remote call, one transaction: all that Registrar asks of Postgres.
 *
 * Every transaction states that it is READ COMMITTED, and a statement timeout: a database, or a role, may have other
 * defaults. Statements are values with a name, so that a log, a list of slow statements and a fault switch can tell them
 * apart.
 */
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import { Awake, callTimeout } from "./budget.ts";
import { failureName } from "./failure-name.ts";
import type { Deployment } from "./settings.ts";

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

/**
 * The statement has not left, and will not. Proves: nothing was written. `isForGood`: it could not be put into a request,
 * because the deployment is wrong; otherwise nobody was there to take it, and somebody may be at the next try.
 */
export class StatementNotSent extends Schema.TaggedError<StatementNotSent>()("StatementNotSent", {
  isForGood: Schema.Boolean,
}) {
  get isRetryable(): boolean {
    return !this.isForGood;
  }
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
    return this.reason._tag !== "StatementUnknown" && this.reason.isForGood;
  }
}

/**
 * SQLSTATEs that leave the outcome open: what is no error at all (00 to 03), connection exceptions (08), a server going
 * away (57P), statement_completion_unknown (40003), internal errors (XX).
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const OPEN = /^(0[0-3]|08|57P|40003|XX)/;

/** The server as a whole has gone down with the statement: whether its end was written before that is not known. */
const PANIC = "PANIC";

/** What an error of PostgreSQL's proves of the transaction that it ended; an SQLSTATE, and nothing else, is proof. */
export const proofOf = (
  code: string | undefined,
  severity: string | undefined,
): StatementRefused | StatementUnknown =>
  code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !OPEN.test(code) && severity !== PANIC
    ? new StatementRefused({ sqlState: code })
    : new StatementUnknown();

export type Parameter = string | number | boolean | null | ReadonlyArray<string>;
export type Row = Readonly<Record<string, unknown>>;

/** A statement with named values. Its text begins with its name in a comment and has `$1`, `$2`, … for the values. */
export interface Statement<Values> {
  readonly name: string;
  readonly text: string;
  /** What is done, where the text is the call of a function of Postgres' that does it. */
  readonly source?: string;
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
     * Runs one statement alone among all that name one of the same locks, which are taken one after the other. It begins
     * when it has them, and so sees what its predecessors did. Still one remote call, and one transaction.
     */
    readonly queryAlone: <Values>(
      locks: ReadonlyArray<Lock>,
      statement: Statement<Values>,
      values: Values,
    ) => Effect.Effect<ReadonlyArray<Row>, DatabaseError>;
  }
>()("registrar/ports/Database") {}

/**
 * A lock of a whole transaction, by its number. Postgres gives it to one transaction after the other, and takes it back when the
 * transaction ends. https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export type Lock = bigint;

/** What is sent before and after a statement bears its name, too. */
export const comment = (name: string): string => `/* ${name} */`;

/** What takes these locks, for a list of what is selected: numbers, so that every driver takes the same ones. */
export const taking = (locks: ReadonlyArray<Lock>): string =>
  locks.map((lock) => `pg_advisory_xact_lock(${lock})`).join(", ");

/** How long one statement may take, in milliseconds. */
export interface Limits {
  /** The whole of it, connecting and committing included. After that it is given up. */
  readonly call: number;
  /** Postgres' own limit, which it answers with an SQLSTATE: shorter, so that the answer is heard. */
  readonly server: number;
  /** How long it waits for a lock, each time: shorter again, so that what has waited has time to be done. */
  readonly lock: number;
}

/** The part of a statement's time after which Postgres ends it, and after which it waits for no lock any more. */
const SERVER_PART = 0.9;
const LOCK_PART = 0.8;

/**
 * Sends a statement with its limits: within the budget, and longer for the first one of a request or a sweep, since the
 * database may be asleep.
 */
export const withLimits = Effect.fnUntraced(function* <A, E, R>(
  { databaseTimeout, databaseWakeTimeout }: Deployment,
  send: (limits: Limits) => Effect.Effect<A, E, R>,
) {
  const awake = yield* Awake;
  const limit = awake.known ? databaseTimeout : Duration.max(databaseTimeout, databaseWakeTimeout);
  const call = Math.ceil(yield* callTimeout(limit));
  const heard = Effect.sync(() => {
    awake.known = true;
  });
  return yield* Effect.ensuring(
    send({ call, server: Math.ceil(call * SERVER_PART), lock: Math.ceil(call * LOCK_PART) }),
    heard,
  );
});

/** One more try, where the first proved nothing: every statement of ours may be repeated. For what only reads, or is fenced. */
export const onceMore = {
  schedule: Schedule.recurs(1),
  while: (error: DatabaseError) => error.isRetryable,
};

/** What a statement has answered. `lost`: a try before, of which nobody knows whether it has taken effect, or may still. */
export interface Answered<A> {
  readonly answer: A;
  readonly lost: DatabaseError | null;
}

/**
 * Sends a statement that writes, and once more where the first try proved nothing. A refusal of the second by Postgres says
 * nothing of the first.
 */
export const sendNoting = <A, R>(
  statement: Effect.Effect<A, DatabaseError, R>,
): Effect.Effect<Answered<A>, DatabaseError, R> =>
  statement.pipe(
    Effect.map((answer): Answered<A> => ({ answer, lost: null })),
    Effect.catchIf(
      (first) => first.isRetryable,
      (first) => {
        const lost = first.reason._tag === "StatementUnknown" ? first : null;
        return statement.pipe(
          Effect.map((answer) => ({ answer, lost })),
          Effect.mapError((second) => (lost === null ? second : lostTo(lost, second))),
        );
      },
    ),
  );

const lostTo = ({ statement, reason }: DatabaseError, cause: unknown) =>
  new DatabaseError({ statement, reason, cause });

/**
 * The same, where what the second answers may be untrue of the first: what it was refused for can be over when the first
 * lands. Then the outcome is unknown. `isFinal`: whether an answer is true of both tries, whatever lands later.
 */
export const sendTwice =
  <A>(isFinal: (answer: A) => boolean) =>
  <R>(statement: Effect.Effect<A, DatabaseError, R>): Effect.Effect<A, DatabaseError, R> =>
    Effect.flatMap(sendNoting(statement), ({ answer, lost }) =>
      lost === null || isFinal(answer) ? Effect.succeed(answer) : Effect.fail(lostTo(lost, answer)),
    );
