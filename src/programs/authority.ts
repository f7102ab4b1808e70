/**
 * Who may do what: programs that need CAN_MANAGE_USERS and do not check it in the statement that acts ask here first.
 * The statement that answers also writes a refusal to the audit trail.
 */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { DatabaseRefused, Forbidden, LastManager, Unavailable } from "../domain/errors.ts";
import { newOperationId, type OperationId } from "../domain/operation.ts";
import type { UserId } from "../domain/user.ts";
import { Access, type LastManager as NobodyLeft, type TooLate } from "../ports/access.ts";
import { type DatabaseError, onceMore, sendNoting } from "../ports/database.ts";
import { Directory, EXTERNAL_PROVIDER, type Profile } from "../ports/directory.ts";
import type { IdentityProviderError } from "../ports/identity-provider.ts";
import { Settings } from "../ports/settings.ts";
import { spanned } from "../ports/trace.ts";

/** A caller asks for something that needs the permission to manage users. */
export interface Asked {
  readonly caller: UserId;
  /** Whom it is about; the caller where it is about nobody. For the audit trail. */
  readonly subject?: UserId;
  /** Makes a repeat of the question the same one; a new id where there is none. */
  readonly id?: OperationId;
}

/**
 * Fails unless the caller manages users. `action`: what was asked for, in FLIP's words. Answers when it was asked, by the
 * database's clock: a statement of the same request counts its budget from there; and whose sentences the caller hears.
 */
export const requireManager = Effect.fnUntraced(function* (
  { caller, subject = caller, id = newOperationId() }: Asked,
  action: Forbidden["action"] = "manage users",
) {
  const access = yield* Access;
  const { allowed, ...known } = yield* access
    .mayManageUsers({ id, caller, subject })
    .pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  if (!allowed) return yield* new Forbidden({ caller, action });
  return known;
});

/** Whether an id is that of a machine: it may hold grants, and is no user of the pool. */
export const isMachine = (id: UserId) =>
  Effect.map(Settings, ({ machines }) => [...machines.values()].includes(id));

/** Cognito's words for users who have signed in, and can again; CONFIRMED proves it only where users need a password. */
const HAVE_SIGNED_IN: ReadonlySet<string> = new Set(["CONFIRMED", EXTERNAL_PROVIDER, "RESET_REQUIRED"]);

/** Whether the pool lets somebody in: they are there, enabled, and have signed in. */
export const canComeIn = Option.exists<Profile>(
  ({ enabled, status }) => enabled && HAVE_SIGNED_IN.has(status),
);

/**
 * Which of these users are worth a look-up. Where users need no password, being CONFIRMED says nothing: only those count
 * whom another identity provider signs in, who have done something here, or who have sent this very request.
 */
const candidates = Effect.fnUntraced(function* (users: ReadonlyArray<UserId>, caller: UserId) {
  const { passwordless } = yield* Settings;
  if (!passwordless) return () => true;
  const access = yield* Access;
  const acted = yield* access
    .haveActed(users)
    .pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  return ({ sub, status }: Profile) => status === EXTERNAL_PROVIDER || sub === caller || acted.includes(sub);
});

/** How many are looked up in the pool at once. */
export const LOOKED_UP_AT_ONCE = 5;

interface Tagged {
  readonly _tag: string;
}

const isNobodyLeft = (answer: Tagged): answer is NobodyLeft => answer._tag === "LastManager";
const isTooLate = (answer: Tagged): answer is TooLate => answer._tag === "TooLate";

interface LeavingAManager<A, R> {
  /** Whose request it is. */
  readonly caller: UserId;
  /** With whom the pool has just said that it lets in. */
  readonly statement: (
    confirmed: ReadonlyArray<UserId>,
  ) => Effect.Effect<A | NobodyLeft | TooLate, DatabaseError, R>;
  /** Whether an answer is true of every try, whatever lands later. */
  readonly isFinal: (answer: A | NobodyLeft) => boolean;
  /** What the caller hears of a statement of which nothing is known, or that Postgres refuses. */
  readonly inDoubt: (cause: DatabaseError) => DatabaseRefused | Unavailable;
}

/**
 * Runs a statement that could take the permission from the last who manages users. Grants outlive those who hold them:
 * where the statement finds nobody left who is confirmed, the others are looked up in the pool, and it runs once more
 * with those who exist, are enabled, and have signed in. `lost`: a try before the answer, of which nobody knows whether it
 * has taken effect, and what has followed from it.
 */
export const leavingAManager = spanned("leavingAManager")(function* <A extends Tagged, R>({
  caller,
  statement,
  isFinal,
  inDoubt,
}: LeavingAManager<A, R>) {
  const send = (confirmed: ReadonlyArray<UserId>) =>
    sendNoting(statement(confirmed)).pipe(Effect.mapError(inDoubt));
  let { answer, lost } = yield* send([]);
  if (isNobodyLeft(answer)) {
    const before = lost;
    const confirmed = yield* comingIn(answer.others, caller).pipe(
      Effect.mapError((failure) => (before === null ? failure : inDoubt(before))),
    );
    if (confirmed.length > 0) {
      const again = yield* send(confirmed);
      answer = again.answer;
      lost ??= again.lost;
    }
  }
  // What nobody has heard of may be taken when what refuses this one is over.
  if (lost !== null && !isTooLate(answer) && !isFinal(answer)) return yield* inDoubt(lost);
  if (isNobodyLeft(answer)) return yield* new LastManager({ doubtful: answer.others });
  if (isTooLate(answer)) return yield* new Unavailable({ dependency: "database" });
  return { answer, lost };
});

/** Which of these users can come in. Most often the first can: they are the caller. */
const comingIn = Effect.fnUntraced(function* (users: ReadonlyArray<UserId>, caller: UserId) {
  const hasSignedIn = yield* candidates(users, caller);
  const first = yield* lookUp(users.slice(0, 1), hasSignedIn);
  if (first.found.length > 0) return first.found;
  const others = yield* lookUp(users.slice(1), hasSignedIn);
  const [failure] = [...first.failures, ...others.failures];
  if (others.found.length === 0 && failure !== undefined) return yield* providerUnavailable(failure);
  return others.found;
});

const lookUp = Effect.fnUntraced(function* (
  users: ReadonlyArray<UserId>,
  hasSignedIn: (profile: Profile) => boolean,
) {
  const directory = yield* Directory;
  const look = (user: UserId) =>
    Effect.map(directory.profile(user), (profile) =>
      canComeIn(Option.filter(profile, hasSignedIn)) ? [user] : [],
    );
  const [looks, failures] = yield* Effect.partition(users, look, { concurrency: LOOKED_UP_AT_ONCE });
  return { found: looks.flat(), failures };
});

/** The database refused, and nothing was changed; or it did not answer, and the caller hears what is known. */
export const databaseFailed =
  (known: Pick<Unavailable, "operationId" | "inDoubt">) =>
  (cause: DatabaseError): DatabaseRefused | Unavailable =>
    cause.isRefusal
      ? new DatabaseRefused({ cause })
      : new Unavailable({ dependency: "database", ...known, cause });

/** The database did not answer, or refused: nothing was changed. */
export const databaseUnavailable = databaseFailed({});

/** The identity provider did not answer, and nothing was changed. */
export const providerUnavailable = (cause: IdentityProviderError) =>
  new Unavailable({ dependency: "identity provider", cause });
