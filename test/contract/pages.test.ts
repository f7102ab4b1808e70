/**
 * What the pages of the ledger and of the trail hold, for every combination of filters and bounds: all that passes, once,
 * newest first. Each filter has an index and an order of its own, so each could be wrong by itself.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { type Stack, startStack } from "../../dev/stack.ts";
import { DatabaseNeon } from "../../src/adapters/neon/database.ts";
import { AuditTrailPostgres } from "../../src/adapters/postgres/audit-trail.ts";
import { LedgerPostgres } from "../../src/adapters/postgres/ledger.ts";
import type { Email, UserId } from "../../src/domain/user.ts";
import { type AuditQuery, AuditTrail } from "../../src/ports/audit-trail.ts";
import { Ledger, type ListQuery } from "../../src/ports/ledger.ts";
import { Settings } from "../../src/ports/settings.ts";
import { readSettings } from "../../src/settings.ts";
import { everything } from "./ledger.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const run = <A, E>(program: Effect.Effect<A, E, Ledger | AuditTrail>) => {
  const layer = Layer.mergeAll(LedgerPostgres, AuditTrailPostgres).pipe(
    Layer.provide(DatabaseNeon),
    Layer.provide(Settings.layer(readSettings(stack.workerEnv()))),
  );
  return Effect.runPromise(program.pipe(Effect.provide(layer)));
};

const [one, two] = [
  "00000000-0000-4000-8000-000000000001",
  "00000000-0000-4000-8000-000000000002",
] as Array<UserId>;
const START = Date.parse("2026-05-01T00:00:00Z");
/** Three rows at each time. */
const timeOf = (n: number) => new Date(START + Math.floor(n / 3) * 1000).toISOString();
const idOf = (n: number) => `0000000${n % 3}-0000-4000-8000-${String(n).padStart(12, "0")}`;

/** Every way to choose, for each key, one of its values. */
const combinations = (choices: Readonly<Record<string, ReadonlyArray<unknown>>>) =>
  Object.entries(choices).reduce<ReadonlyArray<Record<string, unknown>>>(
    (sofar, [key, values]) => sofar.flatMap((some) => values.map((value) => ({ ...some, [key]: value }))),
    [{}],
  );

const TIMES = { from: [null, "2026-05-01T00:00:02Z"], until: [null, "2026-05-01T00:00:07.000Z"] };

interface Item {
  readonly id: string;
  readonly at: string;
}

/** The ids of those that pass, newest first; of one time the largest id first. */
const expected = (rows: ReadonlyArray<Item>, passes: (row: Item & Record<string, unknown>) => boolean) =>
  rows
    .filter((row) => passes(row as Item & Record<string, unknown>))
    .toSorted((a, b) => (a.at === b.at ? (a.id < b.id ? 1 : -1) : a.at < b.at ? 1 : -1))
    .map(({ id }) => id);

const within = ({ at }: Item, { from, until }: Record<string, unknown>) =>
  (from === null || Date.parse(at) >= Date.parse(String(from))) &&
  (until === null || Date.parse(at) < Date.parse(String(until)));

/** All pages, one after the other. */
const all = Effect.fnUntraced(function* <C, E, R>(
  page: (
    cursor: C | null,
  ) => Effect.Effect<{ readonly ids: ReadonlyArray<string>; readonly next: C | null }, E, R>,
) {
  const seen: Array<string> = [];
  let cursor: C | null = null;
  do {
    const { ids, next }: { readonly ids: ReadonlyArray<string>; readonly next: C | null } =
      yield* page(cursor);
    seen.push(...ids);
    cursor = next;
  } while (cursor !== null);
  return seen;
});

describe("the pages of the ledger", () => {
  const rows = Array.from({ length: 36 }, (_, n) => ({
    id: idOf(n),
    at: timeOf(n),
    email: n % 4 < 2 ? (n % 8 < 4 ? "a@flip.example" : "b@flip.example") : null,
    kind: n % 4 < 2 ? "register" : n % 3 === 0 ? "disable" : "enable",
    state: n % 4 < 2 ? "completed" : "done",
    userId: n % 5 < 3 ? one : two,
    caller: n % 7 < 4 ? one : two,
    needsOperator: n % 6 === 1,
  }));

  beforeAll(() =>
    stack.query(
      `insert into registrar.operation (id, kind, caller, email, roles, state, sub, started_at, closed_at, needs_operator)
       select id, kind, caller, email, '{}', state, "userId", at, at, "needsOperator"
       from jsonb_to_recordset($1) as (id uuid, kind text, caller uuid, email text, state text, "userId" uuid,
         at timestamptz, "needsOperator" boolean)`,
      [JSON.stringify(rows)],
    ),
  );

  it("hold all that passes, once, newest first, for every combination of filters and bounds", async () => {
    const asked = combinations({
      ...TIMES,
      email: [null, "a@flip.example"],
      kind: [null, "register", "enable"],
      state: [null, "done"],
      userId: [null, one],
      caller: [null, two],
      needsOperator: [null, true, false],
    });
    const filters = ["email", "kind", "state", "userId", "caller", "needsOperator"];
    for (const query of asked) {
      const found = await run(
        all((cursor: ListQuery["cursor"]) =>
          Effect.flatMap(Ledger, (ledger) =>
            Effect.map(ledger.list({ ...everything, ...query, cursor, limit: 11 }), ({ items, next }) => ({
              ids: items.map(({ id }) => id),
              next,
            })),
          ),
        ),
      );
      const passes = (row: Item & Record<string, unknown>) =>
        within(row, query) && filters.every((key) => query[key] === null || row[key] === query[key]);
      assert.deepStrictEqual(found, expected(rows, passes), JSON.stringify(query));
    }
  });

  it("end at `until` also for a cursor that no page of the same question has given", async () => {
    const until = "2026-05-01T00:00:07Z";
    const cursor = { at: "2026-05-01T00:00:09.000000Z", id: idOf(0) };
    for (const email of [null, "a@flip.example" as Email]) {
      const query = { ...everything, email, until, limit: 50 };
      const ids = (of: ListQuery) =>
        run(
          Effect.flatMap(Ledger, (ledger) =>
            Effect.map(ledger.list(of), ({ items }) => items.map(({ id }) => id)),
          ),
        );
      assert.deepStrictEqual(await ids({ ...query, cursor }), await ids({ ...query, cursor: null }));
    }
  });
});

describe.each(["timestamp", "timestamptz"])("the pages of the trail whose column is a %s", (type) => {
  const rows = Array.from({ length: 36 }, (_, n) => ({
    id: idOf(n),
    at: timeOf(n),
    action: n % 2 === 0 ? "Registered user" : "Disabled user",
    subject: n % 5 < 3 ? one : two,
    actor: n % 7 < 4 ? one : two,
  }));

  beforeAll(async () => {
    await stack.query("truncate users_audit");
    await stack.query(`alter table users_audit alter column "timestamp" type ${type} using null`);
    await stack.query(
      `insert into users_audit
       select id, action, subject, actor, ${type === "timestamp" ? "at at time zone 'utc'" : "at"}
       from jsonb_to_recordset($1) as (id uuid, action text, subject uuid, actor uuid, at timestamptz)`,
      [JSON.stringify(rows)],
    );
  });

  it("hold all that passes, once, newest first, for every combination of filters and bounds", async () => {
    const asked = combinations({
      ...TIMES,
      action: [null, "Registered user"],
      subject: [null, one],
      actor: [null, two],
    });
    for (const query of asked) {
      const found = await run(
        all((cursor: AuditQuery["cursor"]) =>
          Effect.flatMap(AuditTrail, (trail) =>
            Effect.map(
              trail.page({ ...(query as unknown as AuditQuery), cursor, limit: 11 }),
              ({ entries, next }) => ({ ids: entries.map(({ id }) => id), next }),
            ),
          ),
        ),
      );
      const passes = (row: Item & Record<string, unknown>) =>
        within(row, query) &&
        ["action", "subject", "actor"].every((key) => query[key] === null || row[key] === query[key]);
      assert.deepStrictEqual(found, expected(rows, passes), JSON.stringify(query));
    }
  });
});
