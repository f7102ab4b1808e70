/**
 * What follows a registered user: the invitation is sent where it is due after the commit, and the registration is
 * completed; or it is noted that the user is not there. Used behind the answer, and by the sweeper.
 */
import { Effect, Option } from "effect";
import type { Registration } from "../../domain/operation.ts";
import type { UserId } from "../../domain/user.ts";
import { IdentityProvider } from "../../ports/identity-provider.ts";
import { Ledger } from "../../ports/ledger.ts";
import { Settings } from "../../ports/settings.ts";

/**
 * Invites a registered user and closes the registration; or notes that the user is not there. `waiting`: somebody else
 * has moved the registration meanwhile.
 */
export const finish = Effect.fn("finish")(function* (registration: Registration) {
  const ledger = yield* Ledger;
  // The constraint operation_user_is_known guarantees that a registered registration has a user.
  const sub = registration.sub as UserId;
  if (yield* invite({ sub, email: registration.email })) {
    if (registration.missingSince !== null) yield* ledger.seen(registration.id);
    return (yield* ledger.complete(registration.id)) ? "completed" : "waiting";
  }
  const state = yield* ledger.missing(registration.id, registration.readAt);
  return state === "user_lost" ? "user_lost" : "missing";
});

/** Sends the invitation where it leaves after the commit; otherwise only reads the user. False: there is no such user. */
const invite = Effect.fn("finish.invite")(function* (user: Pick<Registration, "email"> & { sub: UserId }) {
  const identity = yield* IdentityProvider;
  const { invitation } = yield* Settings;
  if (invitation !== "after-commit") return Option.isSome(yield* identity.find(user.sub));
  return (yield* identity.invite(user)) !== "absent";
});

/**
 * What follows a 200, when the caller has been answered: others may finish the registration from now on, the invitation
 * is sent, the registration is completed. Whatever fails here, the sweeper finishes.
 */
export const finishInBackground = Effect.fn("finishInBackground")(function* (
  registration: Registration,
  sub: UserId,
) {
  const ledger = yield* Ledger;
  const { invitation } = yield* Settings;
  if (!(yield* ledger.acknowledge(registration.id))) return;
  if (invitation === "after-commit") yield* finish({ ...registration, sub });
  else yield* ledger.complete(registration.id);
});
