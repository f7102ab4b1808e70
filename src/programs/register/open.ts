/**
 * The first step of a registration: one statement that checks permission, roles, idempotency key and address, and
 * writes the registration down before Cognito is touched.
 *
 * Another's registration that stands in the way is resolved first where the protocol allows it. Otherwise the
 * caller is asked to wait; nobody's fresh registration is disturbed.
 */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import {
  CreateRefused,
  Forbidden,
  IdempotencyKeyReused,
  OperationUndecodable,
  type RegistrationError,
  RegistrationInProgress,
  RegistrationRolledBack,
  UnknownRoles,
  UserExists,
  UserLost,
} from "../../domain/errors.ts";
import type { Registered, RegisterUser, Registration } from "../../domain/operation.ts";
import type { UserId } from "../../domain/user.ts";
import { sendTwice } from "../../ports/database.ts";
import { Ledger } from "../../ports/ledger.ts";
import { spanned } from "../../ports/trace.ts";
import { databaseUnavailable } from "../authority.ts";
import { resolveRegistration } from "../sweep/resolve.ts";

/** Times an opening may resolve another's registration, or lose a race, before the caller is asked to wait. */
const OPENINGS_MAX = 3;

type Opened =
  | {
      readonly _tag: "Opened";
      readonly registration: Registration;
      readonly earlier: ReadonlyArray<Registration>;
    }
  | { readonly _tag: "Replayed"; readonly answer: Registered };

/** Whatever is answered: a first try that lands later is a registration that nobody goes on with, and is abandoned. */
const isFinal = () => true;

/** Opens the registration, or answers with what an earlier request with the same idempotency key has come to. */
export const open = spanned("open")(function* (command: RegisterUser) {
  const ledger = yield* Ledger;
  let inTheWay: Registration | undefined;
  for (let turn = 0; turn < OPENINGS_MAX; turn++) {
    const opening = yield* ledger
      .open(command)
      .pipe(sendTwice(isFinal), Effect.mapError(databaseUnavailable));
    switch (opening._tag) {
      case "Opened": {
        const { registration, earlier } = opening;
        if (registration.state === "started")
          return { _tag: "Opened", registration, earlier } satisfies Opened as Opened;
        return yield* new RegistrationRolledBack({ operationId: command.id });
      }
      case "Denied":
        return yield* new Forbidden({ caller: command.caller, action: "register a user" });
      case "UnknownRoles":
        return yield* new UnknownRoles({ roles: opening.roles });
      case "Undecodable":
        return yield* new OperationUndecodable({ operationId: opening.id });
      case "Contended":
        continue;
      case "KeyHeld": {
        if (!opening.sameRequest) {
          return yield* new IdempotencyKeyReused({ operationId: opening.registration.id });
        }
        const answer = yield* replay(opening.registration, opening.userGone);
        if (Option.isSome(answer))
          return { _tag: "Replayed", answer: answer.value } satisfies Opened as Opened;
      }
    }
    inTheWay = opening.registration;
    if (!(yield* outOfTheWay(inTheWay))) break;
  }
  return yield* inTheWay === undefined
    ? new RegistrationInProgress({ operationId: command.id })
    : inProgress(inTheWay);
});

/** Asks to wait until the registration may be resolved: the end of its budget, of its grace period, or of the horizon. */
const inProgress = ({ id: operationId, graceUntil, dueAt, readAt }: Registration) => {
  const seconds = Math.ceil((Date.parse(graceUntil ?? dueAt ?? readAt) - Date.parse(readAt)) / 1000);
  return new RegistrationInProgress({ operationId, retryAfter: Math.max(1, seconds) });
};

/** What a closed registration says to a repeat of its request. None: the registration is still open. */
const replay = spanned("open.replay")(function* (
  registration: Registration,
  userGone: boolean,
): Effect.fn.Return<Option.Option<Registered>, RegistrationError> {
  const operationId = registration.id;
  // The ledger's constraints grant it: a registered or completed registration has a user.
  const registered = Option.some({
    registration,
    userId: registration.sub as UserId,
    username: null,
    replayed: true,
  });
  switch (registration.state) {
    case "started":
    case "rolling_back":
    case "rolled_back":
      return Option.none();
    case "registered":
      if (userGone) return yield* new UserLost({ operationId });
      if (registration.acknowledgedAt !== null) return registered;
      return yield* inProgress(registration);
    case "completed":
      return userGone ? yield* new UserLost({ operationId }) : registered;
    case "rejected":
      if (registration.verdict === "user_exists") {
        return yield* new UserExists({ operationId, email: registration.email, replayed: true });
      }
      return yield* new CreateRefused({
        operationId,
        why: "verdict",
        reason: registration.reason ?? "other",
        replayed: true,
      });
    case "user_lost":
      return yield* new UserLost({ operationId });
  }
});

/** Resolves another's registration, if that is allowed already and both stores answer. */
const outOfTheWay = (registration: Registration) =>
  resolveRegistration(registration).pipe(
    Effect.map((resolution) => resolution !== "waiting"),
    Effect.catch((error) =>
      Effect.logWarning("a registration that stands in the way cannot be resolved", error).pipe(
        Effect.as(false),
      ),
    ),
  );
