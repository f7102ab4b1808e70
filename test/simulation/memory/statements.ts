/** How statements are sent in memory: each is one act on the wire, and whatever the wire says instead is a DatabaseError. */
import { Context, Duration, Effect } from "effect";
import { countCall } from "../../../src/ports/budget.ts";
import { DatabaseError, StatementRefused, StatementUnknown } from "../../../src/ports/database.ts";
import { Actor } from "../../../src/ports/ledger.ts";
import type { Deployment } from "../../../src/ports/settings.ts";
import { sweepAfter, sweepWhenDue } from "../../../src/ports/wake-up.ts";
import type { Statement, Terms } from "./rows.ts";
import type { CallName, Moment, Wire, Word } from "./wire.ts";
import type { Row, World } from "./world.ts";

/** `throttled`: the statement lost a race (40001). `refused`, `misconfigured`: it broke a rule, or a table is gone. */
const REASONS: Record<Word, () => DatabaseError["reason"]> = {
  unknown: () => new StatementUnknown(),
  refused: () => new StatementRefused({ sqlState: "23514" }),
  throttled: () => new StatementRefused({ sqlState: "40001" }),
  misconfigured: () => new StatementRefused({ sqlState: "42P01" }),
};

type Service = "ledger" | "changes" | "access";
type NameOf<S extends Service> = Extract<CallName, `${S}.${string}`> extends `${S}.${infer N}` ? N : never;

/** What the method was called with whose statement is sent. */
const Arguments = Context.Reference<ReadonlyArray<unknown>>("simulation/Arguments", {
  defaultValue: () => [],
});

type Method = (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown, unknown>;

/** The same service; its statements know what its methods were called with. */
export const noting = <S extends object>(service: S): S =>
  Object.fromEntries(
    Object.entries(service as Record<string, Method>).map(([name, method]) => [
      name,
      (...args: ReadonlyArray<unknown>) => Effect.provideService(method(...args), Arguments, args),
    ]),
  ) as S;

/** What nothing asks of the twin in memory is not there: it is proved on PostgreSQL alone. */
export const notHere = (method: string) => Effect.die(new Error(`the twin in memory has no ${method}`));

const millisOf = (kept: Duration.Duration | null) => (kept === null ? null : Duration.toMillis(kept));

/**
 * Sends the statements of one service, and asks for the sweeper as src/adapters/postgres/waking.ts does. `dueWithin`: the
 * milliseconds after which what the statement writes is due, where the sweeper is asked for beside it.
 */
export const makeStatements = <S extends Service>(
  service: S,
  world: World,
  wire: Wire,
  settings: Deployment,
) => {
  const terms: Terms = {
    budget: Duration.toMillis(settings.requestBudget),
    horizon: Duration.toMillis(settings.horizon),
    keyKept: Duration.toMillis(settings.idempotencyKeysKept),
    addressesKept: millisOf(settings.addressesKept),
    operationsKept: millisOf(settings.operationsKept),
    machines: [...settings.machines.values()],
  };
  return Effect.fnUntraced(function* <A>(
    name: NameOf<S>,
    about: string,
    work: (at: Statement) => A,
    { dueWithin }: { readonly dueWithin?: number } = {},
  ) {
    const by = yield* Actor;
    yield* countCall;
    const args = yield* Arguments;
    const operation = `${service}.${name}` as CallName;
    let dueIn: number | undefined;
    const act = ({ now }: Moment): A => {
      const before = new Map(world.rows);
      const answer = work({ world, terms, now, by });
      dueIn = dueWithin === undefined ? nextDue(world, before, now, name === "lease") : undefined;
      world.acts?.push({ service, name, args, now, by, answer, dueIn });
      return answer;
    };
    const sent = wire.send({ operation, about, act }).pipe(
      Effect.mapError(
        (word) =>
          new DatabaseError({
            statement: `${service === "ledger" ? "registrations" : service}.${name}`,
            reason: REASONS[word](),
            cause: new Error(`the database said: ${word}`),
          }),
      ),
    );
    if (dueWithin === undefined)
      return yield* Effect.tap(sent, () => (dueIn === undefined ? Effect.void : sweepWhenDue(dueIn)));
    const both = [Effect.exit(sent), sweepAfter(dueWithin)] as const;
    const [exit] = yield* Effect.all(both, { concurrency: 2 });
    return yield* exit;
  });
};

/** What is due and was not taken is looked at again so many milliseconds later. */
const IN_WORK_MS = 10_000;

/** In how many milliseconds what a statement has given a time is due; after a lease, any row of the ledger. */
const nextDue = (
  { rows }: World,
  before: ReadonlyMap<string, Row>,
  now: number,
  any: boolean,
): number | undefined => {
  const times = [...rows].flatMap(([id, { dueAt }]) => {
    if (dueAt === null || (dueAt === before.get(id)?.dueAt && !any)) return [];
    return [any && dueAt <= now ? IN_WORK_MS : dueAt - now];
  });
  return times.length === 0 ? undefined : Math.min(...times);
};
