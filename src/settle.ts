/**
 * Settles one attempt as far as docs/protocol.md allows: for the sweeper, for an operator who asks, and for a
 * request that meets another's stale attempt.
 *
 * Deletes only a user who bears this attempt's mark, by his `sub`. Says "waiting" rather than guess; fails, and
 * changes nothing, where a store does not answer.
 */
import { Context, Effect, Option, Schema } from "effect";
import { Config } from "./config.ts";
import { type Attempt, type Entry, type Errand, isErrand } from "./domain/Registration.ts";
import type { UserId } from "./domain/User.ts";
import { carryOut } from "./errand.ts";
import { Errands } from "./services/Errands.ts";
import { IdentityProvider } from "./services/IdentityProvider.ts";
import { Registrations } from "./services/Registrations.ts";

/** How one look at a row ended. `waiting`: it is not time yet, or somebody else has moved it meanwhile. */
export type Settlement =
  | "rolled_back"
  | "completed"
  | "user_lost"
  | "missing"
  | "watch_ended"
  | "errand_done"
  | "waiting";

/**
 * An operator's word that the user at the address is not this attempt's: he is left alone, and the attempt is closed.
 * Only where the pool has no marks; where it has, the mark decides.
 */
export const LeaveUser = Context.Reference<boolean>("registrar/LeaveUser", { defaultValue: () => false });

/** Without ownership marks nobody but a person can tell whose user this is. */
export class NeedsOperator extends Schema.TaggedError<NeedsOperator>()("NeedsOperator", {}) {}

/** Settles one row of the ledger, or says why it has to wait. */
export const settle = Effect.fn("settle")(function* (entry: Entry) {
  return isErrand(entry) ? yield* settleErrand(entry) : yield* settleAttempt(entry);
});

/** Does an errand (again), if its worker is gone; or once more, where an opposite one may have landed since. */
const settleErrand = Effect.fn("settle.errand")(function* (errand: Errand) {
  const errands = yield* Errands;
  if (errand.state === "pending") {
    if (!errand.stale) return "waiting";
    yield* carryOut(errand);
    return (yield* errands.finish(errand.id)) ? "errand_done" : "waiting";
  }
  if (!errand.watchOver) return "waiting";
  if (yield* errands.isNewest(errand)) yield* carryOut(errand);
  return (yield* errands.unwatch(errand.id)) ? "watch_ended" : "waiting";
});

/** Settles one attempt to register a user. */
export const settleAttempt = Effect.fn("settle.attempt")(function* (attempt: Attempt) {
  switch (attempt.state) {
    case "started":
      return attempt.stale ? yield* takeOver(attempt) : "waiting";
    case "rolling_back":
      return yield* rollBack(attempt);
    case "registered":
      return attempt.acknowledgedAt !== null || attempt.pastHorizon ? yield* finish(attempt) : "waiting";
    case "rejected":
    case "rolled_back":
      return attempt.watchOver ? yield* lastLook(attempt) : "waiting";
    case "completed":
    case "user_lost":
      return "waiting";
  }
});

const takeOver = Effect.fn("settle.takeOver")(function* (attempt: Attempt) {
  const registrations = yield* Registrations;
  return (yield* registrations.fence(attempt.id)) === "rolling_back" ? yield* rollBack(attempt) : "waiting";
});

const rollBack = Effect.fn("settle.rollBack")(function* (attempt: Attempt) {
  const registrations = yield* Registrations;
  const settled = yield* registrations.settle(attempt.id, yield* removeOwn(attempt));
  return settled ? "rolled_back" : "waiting";
});

const lastLook = Effect.fn("settle.lastLook")(function* (attempt: Attempt) {
  const registrations = yield* Registrations;
  const { sub } = yield* removeOwn(attempt);
  return (yield* registrations.unwatch(attempt.id, sub)) ? "watch_ended" : "waiting";
});

/**
 * Deletes the user that this attempt created, if the address has him, and answers his `sub`. `consumed`: the create is
 * used up, so that no watch is needed.
 */
const removeOwn = Effect.fn("settle.removeOwn")(function* (attempt: Attempt) {
  const identity = yield* IdentityProvider;
  const found = yield* identity.find(attempt.email);
  if (Option.isNone(found)) return { consumed: false, sub: null };
  if (!identity.marksUsers) {
    // Before the horizon the create may still land, once the other has gone: then the last look asks again.
    return (yield* LeaveUser) ? { consumed: attempt.pastHorizon, sub: null } : yield* new NeedsOperator();
  }
  if (found.value.mark !== attempt.id) return { consumed: false, sub: null };
  yield* identity.remove(found.value.sub);
  return { consumed: true, sub: found.value.sub };
});

/** Invites a registered user and closes his attempt; or notes that he is not there. */
const finish = Effect.fn("settle.finish")(function* (attempt: Attempt) {
  const registrations = yield* Registrations;
  // The schema of the ledger grants it: a registered attempt has a user.
  const sub = attempt.sub as UserId;
  if (yield* welcome({ sub, email: attempt.email })) {
    if (attempt.missingSince !== null) yield* registrations.seen(attempt.id);
    return (yield* registrations.complete(attempt.id)) ? "completed" : "waiting";
  }
  const state = yield* registrations.missing(attempt.id, attempt.readAt);
  return state === "user_lost" ? "user_lost" : "missing";
});

/** Sends the invitation where it leaves after the commit; otherwise only looks. False: there is no such user. */
const welcome = Effect.fn("settle.welcome")(function* (user: Pick<Attempt, "email"> & { sub: UserId }) {
  const identity = yield* IdentityProvider;
  const { INVITATION } = yield* Config;
  if (INVITATION !== "after-commit") return Option.isSome(yield* identity.find(user.sub));
  return (yield* identity.invite(user)) !== "absent";
});

/**
 * What follows a 200, off the caller's path: others may finish the attempt from now on, the invitation leaves, the
 * attempt is complete. Whatever fails here is the sweeper's to finish.
 */
export const afterwards = Effect.fn("afterwards")(function* (attempt: Attempt, sub: UserId) {
  const registrations = yield* Registrations;
  const { INVITATION } = yield* Config;
  if (!(yield* registrations.acknowledge(attempt.id))) return;
  if (INVITATION === "after-commit") yield* finish({ ...attempt, sub });
  else yield* registrations.complete(attempt.id);
});
