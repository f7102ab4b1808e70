/**
 * The first step of a registration: one statement that checks permission, roles, idempotency key and address, and
 * writes the attempt down before Cognito is touched.
 *
 * Another's attempt that stands in the way is settled first where the law allows it: a retry heals. Otherwise the
 * caller is asked to wait; nobody's fresh attempt is disturbed.
 */
import { Effect, Option } from "effect";
import {
  CreateRefused,
  Forbidden,
  IdempotencyKeyReused,
  type RegistrationError,
  RegistrationInProgress,
  RegistrationRolledBack,
  Unavailable,
  UnknownRoles,
  UserExists,
  UserLost,
} from "./domain/errors.ts";
import type { Attempt, Registered, RegisterUser } from "./domain/Registration.ts";
import type { UserId } from "./domain/User.ts";
import { onceMore } from "./services/Database.ts";
import { Registrations } from "./services/Registrations.ts";
import { settleAttempt } from "./settle.ts";

/** Times an opening may settle another's attempt, or lose a race, before the caller is asked to wait. */
const OPENINGS_MAX = 3;

type Opened =
  | { readonly _tag: "Opened"; readonly attempt: Attempt }
  | { readonly _tag: "Replayed"; readonly answer: Registered };

/** Opens the attempt, or answers with what an earlier request with the same idempotency key has come to. */
export const open = Effect.fn("open")(function* (command: RegisterUser) {
  const registrations = yield* Registrations;
  let inTheWay = new RegistrationInProgress({ registrationId: command.id });
  for (let turn = 0; turn < OPENINGS_MAX; turn++) {
    const opening = yield* registrations.open(command).pipe(
      Effect.retry(onceMore),
      Effect.mapError((cause) => new Unavailable({ dependency: "database", cause })),
    );
    switch (opening._tag) {
      case "Opened":
        if (opening.attempt.state === "started") return opening satisfies Opened as Opened;
        return yield* new RegistrationRolledBack({ registrationId: command.id });
      case "Denied":
        return yield* new Forbidden({ caller: command.caller, action: "register a user" });
      case "UnknownRoles":
        return yield* new UnknownRoles({ roles: opening.roles });
      case "Contended":
        continue;
      case "KeyHeld": {
        if (!opening.sameRequest) {
          return yield* new IdempotencyKeyReused({ registrationId: opening.attempt.id });
        }
        const answer = yield* replay(opening.attempt);
        if (Option.isSome(answer))
          return { _tag: "Replayed", answer: answer.value } satisfies Opened as Opened;
      }
    }
    inTheWay = inProgress(opening.attempt);
    if (!(yield* outOfTheWay(opening.attempt))) break;
  }
  return yield* inTheWay;
});

/** Asks to wait until the attempt may be settled: the end of its budget, of its watch, or of the horizon. */
const inProgress = ({ id: registrationId, watchUntil, dueAt, readAt }: Attempt) => {
  const seconds = Math.ceil((Date.parse(watchUntil ?? dueAt ?? readAt) - Date.parse(readAt)) / 1000);
  return new RegistrationInProgress({ registrationId, retryAfter: Math.max(1, seconds) });
};

/** What a closed attempt says to a repeat of its request. None: the attempt is still open. */
const replay = Effect.fn("open.replay")(function* (
  attempt: Attempt,
): Effect.fn.Return<Option.Option<Registered>, RegistrationError> {
  const registrationId = attempt.id;
  // The ledger's constraints grant it: a registered or completed attempt has a user.
  const registered = Option.some({ attempt, userId: attempt.sub as UserId, replayed: true });
  switch (attempt.state) {
    case "started":
    case "rolling_back":
    case "rolled_back":
      return Option.none();
    case "registered":
      if (attempt.acknowledgedAt !== null) return registered;
      return yield* inProgress(attempt);
    case "completed":
      return registered;
    case "rejected":
      if (attempt.watchUntil !== null) return yield* inProgress(attempt);
      if (attempt.verdict === "user_exists") {
        return yield* new UserExists({ registrationId, email: attempt.email, replayed: true });
      }
      return yield* new CreateRefused({ registrationId, why: "verdict", replayed: true });
    case "user_lost":
      return yield* new UserLost({ registrationId });
  }
});

/** Settles another's attempt, if that is allowed already and both stores answer. */
const outOfTheWay = (attempt: Attempt) =>
  settleAttempt(attempt).pipe(
    Effect.map((settlement) => settlement !== "waiting"),
    Effect.catch((error) =>
      Effect.logWarning("an attempt that stands in the way cannot be settled", error).pipe(Effect.as(false)),
    ),
  );
