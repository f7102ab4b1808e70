/** The ledger: whether somebody looks after it, and whether somebody manages users. */
import { Effect, Exit } from "effect";
import { withCommands } from "../../../src/layers/commands.ts";
import { whoManages } from "../../../src/programs/bootstrap.ts";
import { type Answer, type Check, check, NotAsked } from "../check.ts";
import type { Subject } from "../subject.ts";

/** How late a sweep may be. */
const OVERDUE_MINUTES = 5;

async function counted(subject: Subject, condition: string) {
  const [there] = await subject.query<{ yes: boolean }>(
    "select to_regclass('registrar.operation') is not null as yes",
  );
  if (there?.yes !== true) throw new NotAsked("the ledger is not there");
  const [row] = await subject.query<{ count: number; oldest: string | null }>(
    `select count(*)::int as count,
       to_char(min(started_at) at time zone 'utc', 'YYYY-MM-DD HH24:MI "UTC"') as oldest
     from registrar.operation where ${condition}`,
  );
  return { count: row?.count ?? 0, oldest: row?.oldest ?? "" };
}

/** Asks whether there are rows of which this is so. */
const unlessNone =
  <F extends string>(condition: string, fault: F, good: string) =>
  async (subject: Subject): Promise<Answer<F>> => {
    const { count, oldest } = await counted(subject, condition);
    return count > 0 ? { fault, detail: `${count}, the oldest of ${oldest}` } : { good };
  };

const sweeper = check({
  id: "ledger.sweeper",
  title: "Sweeper",
  asks: `operations that have been due for ${OVERDUE_MINUTES} minutes: a sweep takes each up, or puts it off`,
  faults: {
    asleep: {
      status: "wrong",
      means: "Operations are due, and no sweep takes them up.",
      mend: "See that the service runs, that its trigger is there (wrangler.toml), and its log for `sweep failed`.",
    },
  },
  ask: unlessNone(`due_at < now() - interval '${OVERDUE_MINUTES} minutes'`, "asleep", "nothing is overdue"),
});

const open = check({
  id: "ledger.open",
  title: "Open operations",
  asks: "operations that have been open for a day",
  faults: {
    stuck: {
      status: "warning",
      means: "Operations have been open for more than a day.",
      mend: "GET /api/operations?state=… shows the `lastError` of each; docs/operate.md says what each means.",
    },
  },
  ask: unlessNone(
    "closed_at is null and started_at < now() - interval '1 day'",
    "stuck",
    "none is older than a day",
  ),
});

const operator = check({
  id: "ledger.operator",
  title: "Operators",
  asks: "operations that need one",
  faults: {
    needed: {
      status: "warning",
      means: "Operations need an operator.",
      mend: "GET /api/operations?needsOperator=true lists them (docs/operate.md).",
    },
  },
  ask: unlessNone("needs_operator", "needed", "none is needed"),
});

const manager = check({
  id: "ledger.manager",
  title: "Administrators",
  asks: "who holds CAN_MANAGE_USERS, by grants and ledger, and whether the pool lets them in",
  faults: {
    nobody: {
      status: "wrong",
      means: "Nobody who manages users can come in.",
      mend: "npm run bootstrap -- --email <address>",
    },
  },
  ask: async (subject) => {
    const exit = await withCommands(subject.settings(), ({ run }) => run(Effect.exit(whoManages())));
    if (Exit.isFailure(exit)) throw new NotAsked("the database or the pool does not say");
    const inside = exit.value.filter(({ obstacle }) => obstacle === null);
    const outside = exit.value.filter(({ obstacle }) => obstacle !== null);
    if (inside.length > 0) return { good: `${inside.length} can come in` };
    const detail = outside.map(({ sub, obstacle }) => `${sub} (${obstacle})`).join(", ");
    return { fault: "nobody", detail: detail === "" ? undefined : detail };
  },
});

export const ledger: ReadonlyArray<Check> = [sweeper, open, operator, manager];
