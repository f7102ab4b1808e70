/**
 * Runs the statements of a history once more, on PostgreSQL in this process: what the ledger in memory answered, and
 * the rows it was left with, the SQL of src/adapters/postgres has to answer and to leave as well.
 *
 * The statements are the deployment's own. Only their clock is the history's: `now()`, `statement_timestamp()` and
 * `clock_timestamp()` are found in a schema that stands before pg_catalog.
 */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { Effect, Layer, ManagedRuntime, Option } from "effect";
import { AccessPostgres } from "../../src/adapters/postgres/access.ts";
import { ChangesPostgres } from "../../src/adapters/postgres/changes.ts";
import { LedgerPostgres } from "../../src/adapters/postgres/ledger.ts";
import { CAN_MANAGE_USERS } from "../../src/domain/audit.ts";
import { Access } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import {
  Database,
  DatabaseError,
  type Row,
  type Statement,
  StatementRefused,
} from "../../src/ports/database.ts";
import { Actor, Ledger } from "../../src/ports/ledger.ts";
import { Settings } from "../../src/ports/settings.ts";
import { deployment } from "./machine.ts";
import { type Act, admin, adminRole, makeWorld, type World } from "./memory/world.ts";

const MIGRATIONS = resolve(import.meta.dirname, "../../migrations");

/** The history's clock. Statements of one moment are told apart by microseconds, as a row's order needs them. */
const CLOCK = `
  create schema simulated;
  create table simulated.clock (at timestamptz not null, nth integer not null);
  insert into simulated.clock values ('epoch', 0);
  create function simulated.now() returns timestamptz language sql stable as 'select at from simulated.clock';
  create function simulated.statement_timestamp() returns timestamptz language sql stable
    as 'select at + nth * interval ''1 microsecond'' from simulated.clock';
  create function simulated.clock_timestamp() returns timestamptz language sql stable
    as 'select at from simulated.clock';`;

/** A database in this process, with the tables of the migrations. */
export class Replay {
  readonly #postgres: PGlite;
  /** In how many milliseconds the sweeper was asked for, statement by statement. */
  readonly #asked: Array<number> = [];
  readonly #runtime: ManagedRuntime.ManagedRuntime<Access | Changes | Ledger, never>;

  private constructor(postgres: PGlite) {
    this.#postgres = postgres;
    this.#runtime = ManagedRuntime.make(
      Layer.mergeAll(LedgerPostgres, ChangesPostgres, AccessPostgres).pipe(
        Layer.provide(databaseOf(postgres, this.#asked)),
        Layer.provide(Settings.layer(deployment)),
      ),
    );
  }

  static async start(): Promise<Replay> {
    const postgres = await PGlite.create();
    await postgres.exec(CLOCK);
    await postgres.exec("set timezone to 'UTC'; set search_path to public, simulated, pg_catalog");
    for (const file of (await readdir(MIGRATIONS)).sort())
      await postgres.exec(await readFile(join(MIGRATIONS, file), "utf8"));
    const replay = new Replay(postgres);
    await replay.#seed(makeWorld());
    return replay;
  }

  async stop(): Promise<void> {
    await this.#runtime.dispose();
    await this.#postgres.close();
  }

  /** Runs the statements in their order. Answers what differs, one sentence each. */
  async run(acts: ReadonlyArray<Act>, world: World): Promise<ReadonlyArray<string>> {
    await this.#postgres.exec(
      "truncate registrar.operation, registrar.denial, registrar.role_change, registrar.roles_asked, registrar.profile_asked, users_audit, user_role, user_profile",
    );
    await this.#postgres.query("insert into user_role values ($1, $2)", [admin, adminRole]);
    const differences: string[] = [];
    for (const [nth, act] of acts.entries()) {
      const at = new Date(act.now).toISOString();
      await this.#postgres.query("update simulated.clock set at = $1, nth = $2", [at, nth]);
      const said = await this.#perform(act);
      const dueIn = this.#asked.splice(0).at(-1);
      // What is due as before is asked for again by the statements, and not in memory.
      if (act.dueIn !== undefined && Math.abs((dueIn ?? -1) - act.dueIn) > 1)
        differences.push(
          `${act.service}.${act.name} at ${at}: due in ${act.dueIn} in memory, in ${dueIn} in SQL`,
        );
      // The ledger's fence is two statements: where the first has moved nothing, the second is an act of its own.
      if (act.name === "fence" && act.answer === false) continue;
      const [expected, found] = [text(act.name === "fence" ? "rolling_back" : act.answer), text(said)];
      if (expected === found) continue;
      differences.push(`${act.service}.${act.name} at ${at}: ${expected} in memory, ${found} in SQL`);
      if (differences.length > 3) break;
    }
    return [...differences, ...(await this.#tables(world))];
  }

  #perform(act: Act): Promise<unknown> {
    const program = Effect.gen(function* () {
      const services = { ledger: yield* Ledger, changes: yield* Changes, access: yield* Access };
      const methods = services[act.service] as unknown as Record<
        string,
        (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, DatabaseError>
      >;
      const method = methods[act.name];
      if (method === undefined) return yield* Effect.die(new Error(`no such statement: ${act.name}`));
      return yield* method(...act.args);
    });
    return this.#runtime.runPromise(Effect.provideService(program, Actor, act.by as "request"));
  }

  /** What the tables hold that the world does not, and the other way round. */
  async #tables(world: World): Promise<ReadonlyArray<string>> {
    const { rows } = await this.#postgres.query<{ row: string }>(
      `select concat_ws(' ', id, kind, state, coalesce(verdict, '-'), coalesce(sub::text, '-'), tries, needs_operator,
         coalesce(idempotency_key, '-'), coalesce(extract(epoch from date_trunc('milliseconds', due_at)) * 1000, -1)::bigint)
         as row from registrar.operation`,
    );
    const operations = [...world.rows.values()].map((row) =>
      [
        row.id,
        row.kind,
        row.state,
        row.verdict ?? "-",
        row.sub ?? "-",
        row.tries,
        row.needsOperator ? "t" : "f",
        row.idempotencyKey ?? "-",
        row.dueAt ?? -1,
      ].join(" "),
    );
    const audit = await this.#postgres.query<{ row: string }>(
      "select concat_ws(' ', action, user_id, modified_by_user_id) as row from users_audit",
    );
    const audited = world.audit.map(({ action, userId, by }) => [action, userId, by].join(" "));
    const changes = await this.#postgres.query<{ row: string }>(
      `select concat_ws(' ', action, role_change.caller, role_change.subject, before::text, after::text) as row
       from registrar.role_change join users_audit using (id)`,
    );
    const changed = world.roleChanges.map(({ id, caller, subject, before, after }) =>
      [
        world.audit.find((entry) => entry.id === id)?.action,
        caller,
        subject,
        `{${before}}`,
        `{${after}}`,
      ].join(" "),
    );
    const denials = await this.#postgres.query<{ row: string }>(
      `select concat_ws(' ', denial.id, denial.caller, users_audit.user_id, times, question) as row
       from registrar.denial join users_audit using (id)`,
    );
    const denied = [...world.denials].map(([id, { caller, times, question }]) =>
      [id, caller, world.audit.find((entry) => entry.id === id)?.userId, times, question].join(" "),
    );
    const grants = await this.#postgres.query<{ row: string }>(
      "select concat_ws(' ', user_id, role_id) as row from user_role",
    );
    const profiles = await this.#postgres.query<{ row: string }>(
      "select concat_ws('|', user_id, name, organisation) as row from user_profile",
    );
    const profiled = [...world.profiles].map(([user, { name, organisation }]) =>
      [user, name, organisation].join("|"),
    );
    const granted = [...world.grants].flatMap(([user, roles]) => [...roles].map((role) => `${user} ${role}`));
    return [
      ...unlike("operation", operations, rows),
      ...unlike("users_audit", audited, audit.rows),
      ...unlike("role_change", changed, changes.rows),
      ...unlike("denial", denied, denials.rows),
      ...unlike("user_role", granted, grants.rows),
      ...unlike("user_profile", profiled, profiles.rows),
    ];
  }

  async #seed({ roles, permissions }: World): Promise<void> {
    const id = "gen_random_uuid()";
    await this.#postgres.query("insert into permission values ($1, 'CAN_MANAGE_USERS', '')", [
      CAN_MANAGE_USERS,
    ]);
    for (const role of roles)
      await this.#postgres.query("insert into roles values ($1::uuid, $1::uuid::text, '', now(), now())", [
        role,
      ]);
    for (const [role, granted] of permissions)
      for (const permission of granted)
        await this.#postgres.query(`insert into role_permission values (${id}, $1, $2)`, [role, permission]);
  }
}

const unlike = (
  table: string,
  expected: ReadonlyArray<string>,
  rows: ReadonlyArray<{ readonly row: string }>,
): ReadonlyArray<string> => {
  const [memory, sql] = [expected.toSorted(), rows.map(({ row }) => row).toSorted()];
  return memory.join("\n") === sql.join("\n")
    ? []
    : [`${table}: [${memory.join("; ")}] in memory, [${sql.join("; ")}] in SQL`];
};

const databaseOf = (postgres: PGlite, asked: Array<number>) => {
  const query = <Values>(statement: Statement<Values>, values: Values) =>
    Effect.tryPromise({
      try: async () => {
        const { rows } = await postgres.query<Row>(statement.text, [...statement.parameters(values)]);
        asked.push(...rows.flatMap(({ dueIn }) => (typeof dueIn === "number" ? [dueIn * 1000] : [])));
        return rows;
      },
      catch: (cause) => {
        const reason = new StatementRefused({ sqlState: "XX000" });
        return new DatabaseError({ statement: statement.name, reason, cause });
      },
    });
  // One connection runs one statement after the other: every statement is alone.
  return Layer.succeed(Database, {
    query,
    queryAlone: (_locks, statement, values) => query(statement, values),
  });
};

/** An answer as text: times to the millisecond, keys in order, the order of a list where time alone gives it. */
const text = (answer: unknown): string => JSON.stringify(plain(answer));

const INSTANT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;

const plain = (value: unknown): unknown => {
  if (Option.isOption(value)) return Option.isSome(value) ? { some: plain(value.value) } : "none";
  if (typeof value === "string") return INSTANT.test(value) ? Date.parse(value) : value;
  if (value instanceof Map) return [...value].map(plain).sort(byText);
  if (Array.isArray(value)) {
    const items = value.map(plain);
    return items.some((item) => typeof item === "object" && item !== null && "startedAt" in item)
      ? items.sort(byText)
      : items;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]).sort(byText));
};

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
