/**
 * Closes an operation that can never be done, because an operator says so. Nothing that a request may still be doing is
 * closed, and no final check is given up before its time; what may be left over is said, not hidden.
 */
import { CloseNotPossible } from "../domain/errors.ts";
import {
  type Change,
  CLOSED_BY_OPERATOR,
  isChange,
  NOTE_ENDINGS,
  type Operation,
  type Registration,
} from "../domain/operation.ts";
import { Changes } from "../ports/changes.ts";
import { Ledger } from "../ports/ledger.ts";
import { spanned } from "../ports/trace.ts";

/**
 * Closes an operation. False: somebody else has moved it meanwhile. `note`: the operator's own words, for the history.
 * Where nothing is open and an operator was called, they have heard it.
 */
export const close = spanned("close")(function* (operation: Operation, note?: string) {
  const words = note === undefined ? CLOSED_BY_OPERATOR : `${CLOSED_BY_OPERATOR}: ${note}`;
  if (operation.dueAt === null) {
    const ledger = yield* Ledger;
    return operation.needsOperator && (yield* ledger.heard(operation.id, words));
  }
  return isChange(operation)
    ? yield* closeChange(operation, words)
    : yield* closeRegistration(operation, words);
});

const [NOT_INVITED, NOT_CHECKED] = NOTE_ENDINGS;

const notPossible = ({ id: operationId }: Operation, why: CloseNotPossible["why"]) =>
  new CloseNotPossible({ operationId, why });

/** A change that is not done, or not for certain, says so in the trail as well. */
const closeChange = spanned("close.change")(function* (change: Change, note: string) {
  const changes = yield* Changes;
  if (change.state === "pending") {
    if (!change.stale) return yield* notPossible(change, "in_progress");
    return yield* changes.refuse(change, { reason: "closed_by_operator", how: "unknown", note });
  }
  if (!change.graceOver) return yield* notPossible(change, "grace_period");
  return yield* changes.endGracePeriod(change.id, { note, needsOperator: false });
});

const closeRegistration = spanned("close.registration")(function* (registration: Registration, note: string) {
  const ledger = yield* Ledger;
  const { id, state, stale } = registration;
  switch (state) {
    case "started":
    case "rolling_back": {
      // With a grace period: the final check still deletes a user whom this registration has created.
      if (!stale) return yield* notPossible(registration, "in_progress");
      const fenced = state === "rolling_back" || (yield* ledger.fence(id)) === "rolling_back";
      return fenced && (yield* ledger.markRolledBack(id, { consumed: false, sub: null, note }));
    }
    case "registered":
      if (registration.acknowledgedAt === null && !registration.pastHorizon)
        return yield* notPossible(registration, "in_progress");
      return yield* ledger.complete(id, { note: `${note}${NOT_INVITED}` });
    case "rejected":
    case "rolled_back":
      if (!registration.graceOver) return yield* notPossible(registration, "grace_period");
      return yield* ledger.endGracePeriod(id, null, `${note}${NOT_CHECKED}`);
    case "completed":
    case "user_lost":
      return false;
  }
});
