/** The ledger for operators: what became of an operation, which ones are open, and one more try now. */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { LeaveNotPossible, OperationNotFound, OperationUndecodable, Unavailable } from "../domain/errors.ts";
import { isDecodable, type OperationId } from "../domain/operation.ts";
import type { UserId } from "../domain/user.ts";
import { IdentityProvider } from "../ports/identity-provider.ts";
import { Actor, Ledger, type ListQuery } from "../ports/ledger.ts";
import { spanned } from "../ports/trace.ts";
import { databaseFailed, databaseUnavailable, requireManager } from "./authority.ts";
import { close } from "./close.ts";
import { LeaveUser, type Resolution } from "./sweep/resolve.ts";
import { resolveNow } from "./sweep/sweep.ts";

/** One operation of the ledger. */
export const getOperation = spanned("getOperation")(function* (caller: UserId, id: OperationId) {
  yield* requireManager({ caller });
  return yield* find(id);
});

/** A page of the ledger, newest first. */
export const listOperations = spanned("listOperations")(function* (caller: UserId, query: ListQuery) {
  yield* requireManager({ caller });
  const ledger = yield* Ledger;
  return yield* ledger.list(query).pipe(Effect.mapError(databaseUnavailable));
});

/**
 * How an operator's request to resolve an operation ended. `needs_operator`: a person has to say whose the user is. `closed`:
 * the operator has closed it.
 */
export type Resolved = Resolution | "already_resolved" | "needs_operator" | "closed";

/** What an operator says of an operation. */
export interface Word {
  /** The user at the address is somebody else's; only for pools without ownership tags, where nothing else says so. */
  readonly leave: boolean;
  /** It can never be done: nobody is to try it any more (close.ts). `note`: why, for its history. */
  readonly close: boolean;
  readonly note?: string | undefined;
}

/**
 * Tries to resolve an operation now, as far as the protocol allows, or closes it, and reads it again. Fails where a store
 * does not answer: then it stays open.
 */
export const resolveOperation = spanned("resolveOperation")(function* (
  caller: UserId,
  id: OperationId,
  { leave, close: toClose, note }: Word,
) {
  yield* requireManager({ caller });
  const operation = yield* find(id);
  const identity = yield* IdentityProvider;
  if (leave && identity.tagsUsers) return yield* new LeaveNotPossible({ operationId: id });
  if (!isDecodable(operation)) return yield* new OperationUndecodable({ operationId: id });
  if (toClose) {
    const closed = yield* close(operation, note).pipe(
      Effect.provideService(Actor, caller),
      Effect.mapError((cause) =>
        cause._tag === "DatabaseError" ? databaseFailed({ operationId: id })(cause) : cause,
      ),
    );
    const after = yield* find(id);
    const other = isDecodable(after) && after.dueAt !== null ? "waiting" : "already_resolved";
    return { resolution: (closed ? "closed" : other) as Resolved, operation: after };
  }
  if (operation.dueAt === null) return { resolution: "already_resolved" as Resolved, operation };

  const resolution: Resolved = yield* resolveNow(operation).pipe(
    Effect.provideService(Actor, caller),
    Effect.provideService(LeaveUser, leave),
    Effect.catchTag("NeedsOperator", () => Effect.succeed("needs_operator" as const)),
    Effect.mapError((cause) => {
      const dependency = cause._tag === "DatabaseError" ? "database" : "identity provider";
      return new Unavailable({ dependency, operationId: id, cause });
    }),
  );
  return { resolution, operation: yield* find(id) };
});

const find = Effect.fnUntraced(function* (id: OperationId) {
  const ledger = yield* Ledger;
  const found = yield* ledger.find(id).pipe(Effect.mapError(databaseUnavailable));
  return yield* Option.match(found, {
    onNone: () => new OperationNotFound(),
    onSome: (operation) => Effect.succeed(operation),
  });
});
