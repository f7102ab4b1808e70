/** Whether the service can do its work: what a probe asks that decides where requests go. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { type DatabaseError, onceMore } from "../ports/database.ts";
import { type Deployment, Settings } from "../ports/settings.ts";
import { Status } from "../ports/status.ts";
import { TokenVerifier } from "../ports/token-verifier.ts";
import { spanned } from "../ports/trace.ts";

/** `unknown`: it could not be asked, because another check fails. */
export type Check = "ok" | "failing" | "unknown";

/** `operations`: none should have been tried again minutes ago. */
export interface Checks {
  readonly database: Check;
  readonly schema: Check;
  readonly signingKeys: Check;
  readonly operations: Check;
}

/** How long an answer is given again, in milliseconds. */
export const REUSED_FOR_MS = 10_000;

// An isolate's last answer, by its deployment: a probe that anybody may send must not become a query for each.
const answers = new WeakMap<Deployment, { readonly checks: Checks; readonly until: number }>();

/** Asks database and signing keys, at most every ten seconds. What fails, and why, is in the log. */
export const ready = spanned("ready")(function* () {
  const deployment = yield* Settings;
  const last = answers.get(deployment);
  if (last !== undefined && last.until > (yield* Clock.currentTimeMillis)) return last.checks;
  const [stored, signingKeys] = yield* Effect.all([storage, keys], { concurrency: "unbounded" });
  const checks = { ...stored, signingKeys };
  answers.set(deployment, { checks, until: (yield* Clock.currentTimeMillis) + REUSED_FOR_MS });
  return checks;
});

const failed = (cause: unknown) => Effect.logWarning("a check of readiness fails", cause);

const keys = Effect.flatMap(TokenVerifier, ({ keysAreKnown }) => keysAreKnown).pipe(
  Effect.as<Check>("ok"),
  Effect.catch((error) => Effect.as(failed(error), "failing" as const)),
);

const storage = Effect.gen(function* () {
  const status = yield* Status;
  return yield* status.readiness().pipe(
    Effect.retry(onceMore),
    Effect.map(
      ({ migrated, overdue }): Omit<Checks, "signingKeys"> => ({
        database: "ok",
        schema: migrated ? "ok" : "failing",
        operations: overdue ? "failing" : "ok",
      }),
    ),
    Effect.catchTag("DatabaseError", (error) =>
      Effect.as(failed(error), { ...withoutAnswer(error), operations: "unknown" as const }),
    ),
  );
});

/**
 * A database that refuses the statement is there; what it says then is that the schema, a table or a right is missing.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const withoutAnswer = ({ reason }: DatabaseError): Pick<Checks, "database" | "schema"> =>
  reason._tag === "StatementRefused" && /^(?:3F|42)/.test(reason.sqlState)
    ? { database: "ok", schema: "failing" }
    : { database: "failing", schema: "unknown" };
