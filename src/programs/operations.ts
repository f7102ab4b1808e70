/** The ledger for operators: what became of an operation, which ones are open, and one more try now. */
import { Effect, Option } from "effect";
import { OperationNotFound } from "../domain/errors.ts";
import type { OperationId } from "../domain/operation.ts";
import type { UserId } from "../domain/user.ts";
import { Actor, Ledger, type ListQuery } from "../ports/ledger.ts";
import { databaseUnavailable, requireManager } from "./authority.ts";
import { LeaveUser } from "./sweep/resolve.ts";
import { type Attempted, resolveOne } from "./sweep/sweep.ts";

/** One operation of the ledger. */
export const getOperation = Effect.fn("getOperation")(function* (caller: UserId, id: OperationId) {
  yield* requireManager({ caller });
  return yield* find(id);
});

/** A page of the ledger, newest first. */
export const listOperations = Effect.fn("listOperations")(function* (caller: UserId, query: ListQuery) {
  yield* requireManager({ caller });
  const ledger = yield* Ledger;
  return yield* ledger.list(query).pipe(Effect.mapError(databaseUnavailable));
});

/**
 * Tries to resolve an operation now, as far as the protocol allows, and reads it again. `leave`: for pools without
 * ownership tags, the user at the address is somebody else's.
 */
export const resolveOperation = Effect.fn("resolveOperation")(function* (
  caller: UserId,
  id: OperationId,
  { leave }: { readonly leave: boolean },
) {
  yield* requireManager({ caller });
  const resolution: Attempted = yield* resolveOne(yield* find(id)).pipe(
    Effect.provideService(Actor, "operator"),
    Effect.provideService(LeaveUser, leave),
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
