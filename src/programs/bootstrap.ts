/**
 * The first who manages users: made by an ordinary registration, or found in the pool and granted the role. Until then nobody
 * could ask for it, so they stand in the trail as the one who did.
 *
 * It may be run again after any failure. It refuses where somebody already manages users and can come in.
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { RegistrationInProgress, UserNotFound } from "../domain/errors.ts";
import { isDecodable, isOperationId, newOperationId } from "../domain/operation.ts";
import { ROLES } from "../domain/seed.ts";
import { type Email, isUserId, type Name, RoleId, UserId } from "../domain/user.ts";
import { withBudget } from "../ports/budget.ts";
import { onceMore, sendTwice } from "../ports/database.ts";
import { Directory, type Profile } from "../ports/directory.ts";
import { FirstManager } from "../ports/first-manager.ts";
import { IdentityProvider, type PoolUser } from "../ports/identity-provider.ts";
import { Ledger } from "../ports/ledger.ts";
import { Settings } from "../ports/settings.ts";
import { spanned } from "../ports/trace.ts";
import { canComeIn, databaseUnavailable, LOOKED_UP_AT_ONCE, providerUnavailable } from "./authority.ts";
import { inviteAgain } from "./change.ts";
import { registerUser } from "./register/register.ts";
import { resolveNow } from "./sweep/sweep.ts";

/** Somebody manages users, and can come in: whoever is to manage them as well is made by them. */
export class AlreadyManaged extends Schema.TaggedError<AlreadyManaged>()("AlreadyManaged", {
  managers: Schema.Array(UserId),
}) {}

/** No role, or not the one that was named, holds CAN_MANAGE_USERS. `roles`: those that do. */
export class NoManagingRole extends Schema.TaggedError<NoManagingRole>()("NoManagingRole", {
  roles: Schema.Array(RoleId),
}) {}

/** The ledger has disabled, removed or lost the user. */
export class NotLetIn extends Schema.TaggedError<NotLetIn>()("NotLetIn", { sub: UserId }) {}

/** A holder of CAN_MANAGE_USERS, and why they cannot come in; null: they can. */
export interface Manager {
  readonly sub: UserId;
  readonly obstacle: "not in the pool" | "disabled" | "has not signed in" | null;
}

/** Who is to be the first, by address or, where they are in the pool, by id. */
export interface First {
  readonly who: Email | UserId;
  readonly name: Name | null;
  /** FLIP's Admin, unless another is named. */
  readonly role: RoleId | null;
  /** Whether somebody who has not signed in is to get another invitation. */
  readonly invite: boolean;
}

const obstacleOf = (profile: Option.Option<Profile>): Manager["obstacle"] => {
  if (Option.isNone(profile)) return "not in the pool";
  if (canComeIn(profile)) return null;
  return profile.value.enabled ? "has not signed in" : "disabled";
};

/** Who manages users by grants and ledger, and whether the pool lets them in. */
export const whoManages = spanned("whoManages")(function* () {
  const first = yield* FirstManager;
  const directory = yield* Directory;
  const subs = yield* first.managers().pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  return yield* Effect.forEach(
    subs,
    (sub) =>
      directory.profile(sub).pipe(
        Effect.map((profile): Manager => ({ sub, obstacle: obstacleOf(profile) })),
        Effect.mapError(providerUnavailable),
      ),
    { concurrency: LOOKED_UP_AT_ONCE },
  );
});

const isFinal = () => true;

/** Seeds, and answers which role the first is to have. */
const roleToGrant = spanned("bootstrap.roleToGrant")(function* (named: RoleId | null) {
  const first = yield* FirstManager;
  const seeded = yield* first.seed().pipe(sendTwice(isFinal), Effect.mapError(databaseUnavailable));
  const roles = yield* first
    .managingRoles()
    .pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  const role = named ?? ROLES.admin.id;
  if (!roles.includes(role)) return yield* new NoManagingRole({ roles });
  return { seeded, role };
});

/** How long a registration that stands in the way is waited for, in seconds: a request's budget, and a little. */
const WAIT_SECONDS_MAX = 60;

/** Registers the first by the ordinary program, but that nobody's permission is asked: nobody has it. */
const registerFirst = spanned("bootstrap.registerFirst")(function* (
  email: Email,
  { name, role }: { readonly name: Name | null; readonly role: RoleId },
  discounted: ReadonlyArray<UserId>,
) {
  const first = yield* FirstManager;
  const ledger = yield* Ledger;
  const { requestBudget } = yield* Settings;
  const register = Effect.suspend(() => {
    const id = newOperationId();
    const asked = { kind: "register_with_roles", caller: UserId.make(id), roles: [role] } as const;
    return registerUser({ ...asked, id, email, name, organisation: null, idempotencyKey: null });
  }).pipe(
    Effect.provideService(Ledger, { ...ledger, open: (command) => first.open(command, discounted) }),
    withBudget(Duration.toMillis(requestBudget)),
  );
  const patient: typeof register = Effect.catchTag(register, "RegistrationInProgress", (error) => {
    const { retryAfter = 1 } = error;
    return retryAfter > WAIT_SECONDS_MAX
      ? error
      : Effect.andThen(Effect.sleep(Duration.seconds(retryAfter)), register);
  });
  return yield* patient;
});

/**
 * What is still open of the registration that made a user goes on, as far as that is allowed already: a run before this one
 * may have been killed before the invitation. `waiting`: the sweeper finishes it.
 */
const goOn = spanned("bootstrap.goOn")(function* ({ tag }: PoolUser) {
  if (!isOperationId(tag)) return "finished" as const;
  const ledger = yield* Ledger;
  const found = yield* ledger.find(tag).pipe(Effect.mapError(databaseUnavailable));
  if (Option.isNone(found) || !isDecodable(found.value) || found.value.dueAt === null)
    return "finished" as const;
  const resolution = yield* Effect.option(resolveNow(found.value));
  return Option.contains(resolution, "completed") ? ("finished" as const) : ("waiting" as const);
});

/** How the first came to manage users. `already`: a run before this one has seen to it. */
export type Outcome = "registered" | "granted" | "already";

/** Makes, or finds, the first who manages users. */
export const bootstrap = spanned("bootstrap")(function* ({ who, name, role: named, invite }: First) {
  const identity = yield* IdentityProvider;
  const { seeded, role } = yield* roleToGrant(named);
  const managers = yield* whoManages();
  const found = yield* identity.find(who).pipe(Effect.mapError(providerUnavailable));
  const own = Option.isSome(found) ? found.value.sub : null;
  const others = managers.filter(({ sub }) => sub !== own);
  const inside = others.filter(({ obstacle }) => obstacle === null).map(({ sub }) => sub);
  if (inside.length > 0) return yield* new AlreadyManaged({ managers: inside });
  const discounted = others.map(({ sub }) => sub);

  const made = { role, seeded, doubtful: others };
  const register = (email: Email) =>
    Effect.map(registerFirst(email, { name, role }, discounted), ({ userId: sub }) => ({
      ...made,
      sub,
      outcome: "registered" as Outcome,
      invitation: "finished" as "finished" | "waiting" | "sent",
    }));
  if (Option.isNone(found)) {
    return isUserId(who) ? yield* new UserNotFound({ key: who, kind: "set roles" }) : yield* register(who);
  }

  const user = found.value;
  const isManager = managers.some(({ sub }) => sub === user.sub);
  if (!isManager) {
    const granted = yield* grantFirst(user, role, discounted);
    if (granted._tag === "Unresolved") {
      return isUserId(who)
        ? yield* new RegistrationInProgress({ operationId: granted.id })
        : yield* register(who);
    }
  }
  const invitation = invite ? yield* inviteFirst(user.sub) : yield* goOn(user);
  const outcome: Outcome = isManager ? "already" : "granted";
  return { ...made, sub: user.sub, outcome, invitation };
});

/** Grants the role to somebody whom the pool has, and lets in. */
const grantFirst = spanned("bootstrap.grantFirst")(function* (
  { sub, tag }: PoolUser,
  role: RoleId,
  discounted: ReadonlyArray<UserId>,
) {
  const first = yield* FirstManager;
  const directory = yield* Directory;
  const profile = yield* directory.profile(sub).pipe(Effect.mapError(providerUnavailable));
  if (!Option.exists(profile, ({ enabled }) => enabled)) return yield* new NotLetIn({ sub });
  const granted = yield* first
    .grant({ id: newOperationId(), sub, role, tag, discounted })
    .pipe(sendTwice(isFinal), Effect.mapError(databaseUnavailable));
  if (granted._tag === "Managed") return yield* new AlreadyManaged({ managers: [] });
  if (granted._tag === "NotLetIn") return yield* new NotLetIn({ sub });
  return granted;
});

/** Mails another invitation, in the name of the first themselves; who has signed in needs none. */
const inviteFirst = (sub: UserId) =>
  inviteAgain({ id: newOperationId(), caller: sub, subject: sub }).pipe(
    Effect.as("sent" as const),
    Effect.catchTag("InvitationNotNeeded", () => Effect.succeed("finished" as const)),
  );
