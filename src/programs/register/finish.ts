/**
 * What follows a registered user: the invitation is sent where it is due after the commit, and the registration is
 * completed; or it is noted that the user is not there. Used behind the answer, and by the sweeper.
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { NOT_INVITED, type Registered, type Registration } from "../../domain/operation.ts";
import type { UserId } from "../../domain/user.ts";
import { Changes } from "../../ports/changes.ts";
import { Directory } from "../../ports/directory.ts";
import { IdentityProvider, type KnownUser } from "../../ports/identity-provider.ts";
import { Ledger, type NotInvited } from "../../ports/ledger.ts";
import { Settings } from "../../ports/settings.ts";
import { spanned } from "../../ports/trace.ts";

/** What has become of the invitation: `note` and `needsOperator`, for the ledger, where it was wanted and is not sent. */
type Invitation = { readonly absent: true } | ({ readonly absent: false } & NotInvited);

const ABSENT: Invitation = { absent: true };
const NOTHING_TO_SEND: Invitation = { absent: false };

/**
 * Finishes a registered registration that its request has left: invites the user, if they are still to be let in, and closes
 * the registration; or notes that the user is not there. `waiting`: somebody else has moved the registration meanwhile.
 */
export const finish = spanned("finish")(function* (registration: Registration) {
  // The constraint operation_user_is_known guarantees that a registered registration has a user.
  const sub = registration.sub as UserId;
  const invitation = yield* inviteLater(sub);
  const proven = invitation === SENT || invitation.absent || (yield* readsCount(registration));
  return proven ? yield* close(registration, invitation) : "waiting";
});

/**
 * Whether a read of the pool says where the user of a registered registration is. A request that was never acknowledged may
 * have sent a deletion, which lands within the horizon; and a read may be a horizon old. Only an invitation that was sent
 * needs no read.
 */
const readsCount = Effect.fnUntraced(function* ({ acknowledgedAt, startedAt, readAt }: Registration) {
  const { horizon } = yield* Settings;
  const age = Date.parse(readAt) - Date.parse(startedAt);
  return acknowledgedAt !== null || age > 2 * Duration.toMillis(horizon);
});

const close = spanned("finish.close")(function* (registration: Registration, invitation: Invitation) {
  const ledger = yield* Ledger;
  const { id, missingSince, readAt } = registration;
  if (invitation.absent) return (yield* ledger.missing(id, readAt)) === "user_lost" ? "user_lost" : "missing";
  if (missingSince !== null) yield* ledger.seen(id);
  return (yield* ledger.complete(id, invitation)) ? "completed" : "waiting";
});

/**
 * The invitation where its time has passed: only where pool and ledger still let the user in. Otherwise it only reads the
 * user.
 */
const inviteLater = spanned("finish.inviteLater")(function* (sub: UserId) {
  const { invitation, passwordless } = yield* Settings;
  const identity = yield* IdentityProvider;
  if (invitation !== "after-commit")
    return Option.isSome(yield* identity.find(sub)) ? NOTHING_TO_SEND : ABSENT;
  const directory = yield* Directory;
  const changes = yield* Changes;
  const profile = yield* directory.profile(sub);
  if (Option.isNone(profile)) return ABSENT;
  const { enabled, status } = profile.value;
  if (!enabled || !(yield* changes.mayComeIn(sub))) return NOT_LET_IN;
  const invited = status === "FORCE_CHANGE_PASSWORD" ? yield* invite({ sub }) : NOT_NEEDED;
  // Whoever has signed in may have been invited by a call whose answer was lost; without passwords nobody can have been.
  return invited === NOT_NEEDED && !passwordless ? NOTHING_TO_SEND : invited;
});

const SENT: Invitation = { absent: false };

const notInvited = (why: string) => ({ absent: false as const, note: `${NOT_INVITED}: ${why}` });

const NOT_LET_IN: Invitation = notInvited("the user is disabled, or to be removed");

/** There is no message without a temporary password: who needs none has to be told by somebody else. */
const NOT_NEEDED: Invitation = notInvited("the pool sends none to a user who can sign in already");

const invite = spanned("finish.invite")(function* (user: KnownUser) {
  const identity = yield* IdentityProvider;
  const sent = Effect.map(identity.invite(user), (outcome) =>
    outcome === "absent" ? ABSENT : outcome === "sent" ? SENT : NOT_NEEDED,
  );
  return yield* sent.pipe(
    // To be refused for good is an end: the user is registered, and a person has to invite them.
    Effect.catchReason("IdentityProviderError", "Refused", ({ why }) =>
      Effect.succeed<Invitation>({
        ...notInvited(`refused (${why})`),
        needsOperator: true,
      }),
    ),
  );
});

/**
 * What follows a 200, when the caller has been answered: others may finish the registration from now on, the invitation
 * is sent, the registration is completed. Whatever fails here, the sweeper finishes.
 */
export const finishInBackground = spanned("finishInBackground")(function* ({
  registration,
  userId: sub,
  username,
}: Registered) {
  const ledger = yield* Ledger;
  const { invitation } = yield* Settings;
  if (!(yield* ledger.acknowledge(registration.id))) return;
  const now = invitation === "after-commit";
  yield* close(registration, now ? yield* invite({ sub, username }) : NOTHING_TO_SEND);
});
