/**
 * Resolves one operation as far as docs/protocol.md allows: for the sweeper, for an operator who asks, and for a
 * request that meets another's stale registration.
 *
 * Deletes only a user who has this registration's ownership tag, by their `sub`. Says "waiting" rather than guess; fails, and
 * changes nothing, where a store does not answer.
 */
import * as Context from "effect/Context";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { type Change, isChange, type Operation, type Registration } from "../../domain/operation.ts";
import { Changes } from "../../ports/changes.ts";
import { Directory } from "../../ports/directory.ts";
import { IdentityProvider } from "../../ports/identity-provider.ts";
import { Ledger } from "../../ports/ledger.ts";
import { spanned } from "../../ports/trace.ts";
import { carryOut } from "../change.ts";
import { finish } from "../register/finish.ts";

/** How one try at a row ended. `waiting`: it is not time yet, or somebody else has moved it meanwhile. */
export type Resolution =
  | "rolled_back"
  | "completed"
  | "user_lost"
  | "missing"
  | "grace_ended"
  | "change_done"
  | "change_refused"
  | "waiting";

/**
 * An operator's word that the user at the address is not this registration's: they are left alone, and the registration is closed.
 * Only where the pool has no tags; where it has, the tag decides.
 */
export const LeaveUser = Context.Reference<boolean>("registrar/LeaveUser", { defaultValue: () => false });

/** Without ownership tags nobody but a person can tell whose user this is. */
export class NeedsOperator extends Schema.TaggedError<NeedsOperator>()("NeedsOperator", {}) {}

/** Resolves one row of the ledger, or says that it has to wait. */
export const resolve = spanned("resolve")(function* (operation: Operation) {
  if (isChange(operation)) return yield* resolveChange(operation);
  // What has forgotten its address has nothing left to be done.
  return operation.email === null ? "waiting" : yield* resolveRegistration(operation);
});

/** Does a change (again), if its request is gone; or looks once more, where an opposite one may have landed since. */
const resolveChange = spanned("resolve.change")(function* (change: Change) {
  const changes = yield* Changes;
  if (change.state === "pending") {
    if (!change.stale) return "waiting";
    const reason = yield* carryOut(change);
    if (reason === null) return (yield* changes.finish(change.id)) ? "change_done" : "waiting";
    // An earlier call of it may have taken effect.
    return (yield* changes.refuse(change, { reason, how: "unknown" })) ? "change_refused" : "waiting";
  }
  if (!change.graceOver) return "waiting";
  const found = (yield* changes.isNewest(change)) ? yield* finalCheckOf(change) : SUPERSEDED;
  return (yield* changes.endGracePeriod(change.id, found)) ? "grace_ended" : "waiting";
});

const SUPERSEDED = { note: "a newer change stands: nothing to check", needsOperator: false };

/**
 * The final check of a change may take away, and never gives: it disables once more whoever is to be disabled, and enables
 * nobody. Whom it finds disabled against the ledger's word, somebody has disabled since, or an older call has landed
 * late: a person decides.
 */
const finalCheckOf = spanned("resolve.finalCheckOf")(function* (change: Change) {
  if (change.kind === "disable") {
    const reason = yield* carryOut(change);
    return reason === null
      ? { note: "disabled once more", needsOperator: false }
      : { note: `not disabled once more: ${reason}`, needsOperator: reason !== "user_not_found" };
  }
  const directory = yield* Directory;
  const profile = yield* directory.profile(change.sub);
  if (Option.isNone(profile)) return { note: "checked: the user is gone", needsOperator: false };
  return profile.value.enabled
    ? { note: "checked: the user is enabled", needsOperator: false }
    : { note: "checked: the pool has the user disabled, and they are left so", needsOperator: true };
});

/** Resolves one registration. */
export const resolveRegistration = spanned("resolve.registration")(function* (registration: Registration) {
  switch (registration.state) {
    case "started":
      return registration.stale ? yield* takeOver(registration) : "waiting";
    case "rolling_back":
      return yield* rollBack(registration);
    case "registered":
      return registration.acknowledgedAt !== null || registration.pastHorizon
        ? yield* finish(registration)
        : "waiting";
    case "rejected":
    case "rolled_back":
      return registration.graceOver ? yield* finalCheck(registration) : "waiting";
    case "completed":
    case "user_lost":
      return "waiting";
  }
});

const takeOver = spanned("resolve.takeOver")(function* (registration: Registration) {
  const ledger = yield* Ledger;
  return (yield* ledger.fence(registration.id)) === "rolling_back"
    ? yield* rollBack(registration)
    : "waiting";
});

const rollBack = spanned("resolve.rollBack")(function* (registration: Registration) {
  const ledger = yield* Ledger;
  const end = yield* removeOwn(registration);
  if (end === "waiting") return end;
  const moved = yield* ledger.markRolledBack(registration.id, end);
  return moved ? "rolled_back" : "waiting";
});

const finalCheck = spanned("resolve.finalCheck")(function* (registration: Registration) {
  const ledger = yield* Ledger;
  const end = yield* removeOwn(registration);
  if (end === "waiting") return end;
  return (yield* ledger.endGracePeriod(registration.id, end.sub)) ? "grace_ended" : "waiting";
});

/**
 * Deletes the user that this registration created, if the address has them, and answers their `sub`. `consumed`: the create is
 * used up, so that no grace period is needed. `waiting`: nobody can tell yet whose the user at the address is.
 */
const removeOwn = spanned("resolve.removeOwn")(function* (registration: Registration) {
  const ledger = yield* Ledger;
  const identity = yield* IdentityProvider;
  const found = yield* identity.findOwn(registration);
  if (Option.isNone(found)) return { consumed: false, sub: null };
  if (!identity.tagsUsers) {
    // What another registration has registered is not this one's; what another may be creating is not known yet.
    const holder = yield* ledger.holderOf(registration, found.value.sub);
    if (holder === "registered") return { consumed: false, sub: null };
    if (holder === "open") return "waiting";
    // Before the horizon the create may still land, once the other has gone: then the final check asks again.
    return (yield* LeaveUser)
      ? { consumed: registration.pastHorizon, sub: null }
      : yield* new NeedsOperator();
  }
  if (found.value.tag !== registration.id) return { consumed: false, sub: null };
  yield* identity.remove(found.value);
  return { consumed: true, sub: found.value.sub };
});
