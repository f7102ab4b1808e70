/** How statements are sent in memory: each is one act on the wire, and whatever the wire says instead is a DatabaseError. */
import { Duration, Effect } from "effect";
import { DatabaseError, StatementRefused, StatementUnknown } from "../../../src/ports/database.ts";
import { Actor } from "../../../src/ports/ledger.ts";
import type { Deployment } from "../../../src/ports/settings.ts";
import type { Statement, Terms } from "./rows.ts";
import type { CallName, Wire, Word } from "./wire.ts";
import type { World } from "./world.ts";

/** `throttled`: the statement lost a race (40001). `refused`, `misconfigured`: it broke a rule, or a table is gone. */
const REASONS: Record<Word, () => DatabaseError["reason"]> = {
  unknown: () => new StatementUnknown(),
  refused: () => new StatementRefused({ sqlState: "23514" }),
  throttled: () => new StatementRefused({ sqlState: "40001" }),
  misconfigured: () => new StatementRefused({ sqlState: "42P01" }),
};

type Service = "ledger" | "changes" | "access";
type NameOf<S extends Service> = Extract<CallName, `${S}.${string}`> extends `${S}.${infer N}` ? N : never;

/** Sends the statements of one service. */
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
  };
  return Effect.fnUntraced(function* <A>(name: NameOf<S>, about: string, work: (at: Statement) => A) {
    const by = yield* Actor;
    const operation = `${service}.${name}` as CallName;
    return yield* wire.send({ operation, about, act: ({ now }) => work({ world, terms, now, by }) }).pipe(
      Effect.mapError(
        (word) =>
          new DatabaseError({
            statement: `${service === "ledger" ? "registrations" : service}.${name}`,
            reason: REASONS[word](),
            cause: new Error(`the database said: ${word}`),
          }),
      ),
    );
  });
};
