/**
 * One statement in a transaction of its own, on a connection of node-postgres. Each message is sent when Postgres has
 * answered the one before: what fails before the statement's own was never sent, and the commit is sent to no transaction
 * that has failed. https://node-postgres.com/features/transactions
 */
import * as Effect from "effect/Effect";
import pg from "pg";
import {
  comment,
  Database,
  DatabaseError,
  type Limits,
  type Lock,
  type Parameter,
  proofOf,
  type Row,
  type Statement,
  StatementNotSent,
  StatementUnknown,
  taking,
  withLimits,
} from "../../ports/database.ts";
import type { Deployment } from "../../ports/settings.ts";
import { belowSpan, spanned } from "../../ports/trace.ts";

/** What is known of a connection: it has nothing open, its transaction has failed, or there may be anything on it. */
export type Known = "idle" | "failed" | "in doubt";

/** A connection that somebody lends, and hears at the end what is known of it. */
export interface Lent {
  readonly client: pg.ClientBase;
  readonly giveBack: (known: Known) => void;
}

/** How connections are had. What connects goes on after nobody waits for it any more, and ends by itself. */
export interface Lender {
  readonly lend: (limits: Limits) => Promise<Lent>;
  /** Whether a statement is parsed once a connection. Only where no proxy gives each transaction another connection. */
  readonly prepared: boolean;
}

/** What is to be done. With locks: alone among all that name one of them. */
interface Task {
  readonly name: string;
  readonly text: string;
  readonly values: ReadonlyArray<Parameter>;
  readonly locks?: ReadonlyArray<Lock>;
}

/** How far a task has come. `sent`: its statement may have left. `over`: nobody waits for it any more. */
interface Progress {
  sent: boolean;
  over: boolean;
  known: Known;
}

/** What a failure proves: an SQLSTATE, or that the statement has not left, and will not. */
export const classify = (cause: unknown, sent: boolean): DatabaseError["reason"] => {
  const proof =
    cause instanceof pg.DatabaseError ? proofOf(cause.code, cause.severity) : new StatementUnknown();
  return proof._tag === "StatementUnknown" && !sent ? new StatementNotSent({ isForGood: false }) : proof;
};

/** The work's value; or a TimeoutError once so many milliseconds are over, whatever becomes of the work. */
export const within = async <A>(milliseconds: number, work: Promise<A>): Promise<A> => {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new DOMException("the time is over", "TimeoutError")),
    Math.ceil(milliseconds),
  );
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
};

/** A prepared statement that the connection, or the database behind it, has changed under: another connection has it right. */
const STALE = /^(0A000|26000)$/;

const transact = async (
  client: pg.ClientBase,
  { name, text, values, locks = [] }: Task,
  { call, server, lock }: Limits,
  progress: Progress,
  prepared: boolean,
): Promise<ReadonlyArray<Row>> => {
  try {
    // The last of these: a machine that vanishes in between, without a word, would hold its locks for hours.
    // The locks come with it: the statement's own snapshot is from after the wait for them.
    const limits = `set local statement_timeout = ${server}; set local lock_timeout = ${lock}; set local idle_in_transaction_session_timeout = ${call}`;
    await client.query(
      `${comment(name)} begin isolation level read committed; ${limits}${locks.length === 0 ? "" : `; select ${taking(locks)}`}`,
    );
    if (progress.over) throw new Error("nobody waits for it any more");
    progress.sent = true;
    const { rows } = await client.query<Row>({ text, values: [...values], ...(prepared && { name }) });
    const { command } = await client.query(`${comment(name)} commit`);
    if (command !== "COMMIT") throw new Error("the transaction was not committed");
    progress.known = "idle";
    return rows;
  } catch (cause) {
    // Postgres goes on after an ERROR. A FATAL answer is the connection's last.
    if (cause instanceof pg.DatabaseError && cause.severity === "ERROR" && !STALE.test(cause.code ?? ""))
      progress.known = "failed";
    throw cause;
  }
};

const run = Effect.fnUntraced(function* ({ lend, prepared }: Lender, task: Task, limits: Limits) {
  const below = yield* belowSpan;
  const progress: Progress = { sent: false, over: false, known: "in doubt" };
  let giveBack = () => {};
  const work = async () => {
    const lent = await lend(limits);
    giveBack = () => {
      giveBack = () => {};
      lent.giveBack(progress.known);
    };
    // It came too late: nothing was done on it.
    if (progress.over) progress.known = "idle";
    try {
      return progress.over ? [] : await transact(lent.client, task, limits, progress, prepared);
    } finally {
      giveBack();
    }
  };
  const attempt = async () => {
    const working = work();
    try {
      return await within(limits.call, working);
    } finally {
      progress.over = true;
      giveBack();
      working.catch(() => {});
    }
  };
  return yield* Effect.tryPromise({
    try: () => below(attempt),
    catch: (cause) =>
      new DatabaseError({ statement: task.name, reason: classify(cause, progress.sent), cause }),
  });
});

/** The port over connections that somebody lends, one for each statement. */
export const makeDatabase = (settings: Deployment, lender: Lender) => {
  const send = Effect.fnUntraced(function* (task: Task) {
    yield* Effect.annotateCurrentSpan("statement", task.name);
    return yield* withLimits(settings, (limits) => run(lender, task, limits));
  });

  const taskOf = <Values>({ name, text, parameters }: Statement<Values>, values: Values): Task => ({
    name,
    text,
    values: parameters(values),
  });

  return Database.of({
    query: spanned("Database.query")(function* (statement, values) {
      return yield* send(taskOf(statement, values));
    }),
    queryAlone: spanned("Database.queryAlone")(function* (locks, statement, values) {
      return yield* send({ ...taskOf(statement, values), locks });
    }),
  });
};
