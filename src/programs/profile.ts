/**
 * What a user is called, and where they work: a part of the database alone, which the pool knows nothing of. So a change of it is
 * done, or not, in one statement; asked for with a disabling or an enabling, in the statement that writes that down.
 */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import {
  Forbidden,
  PreconditionFailed,
  ProfilesNotKept,
  RegistrationInProgress,
  Superseded,
  Unavailable,
  UserNotFound,
} from "../domain/errors.ts";
import type { ProfileFields } from "../domain/user.ts";
import { Changes, type ProfileSet } from "../ports/changes.ts";
import { sendTwice } from "../ports/database.ts";
import { Directory } from "../ports/directory.ts";
import { spanned } from "../ports/trace.ts";
import { databaseFailed, isMachine, providerUnavailable, requireManager } from "./authority.ts";
import type { AskedChange } from "./change.ts";

/** Other refusals can end within the budget, and a try that nobody has heard of be taken then. */
const isFinal = ({ _tag }: ProfileSet): boolean => _tag === "Set" || _tag === "TooLate";

/** Writes what is not null to the profile of a user of the pool, with the audit row. */
export const setProfile = spanned("setProfile")(function* (asked: AskedChange, profile: ProfileFields) {
  const { caller, subject } = asked;
  const { askedAt } = yield* requireManager(asked);
  const absent = new UserNotFound({ key: subject, kind: "update profile" });
  if (yield* isMachine(subject)) return yield* absent;
  const directory = yield* Directory;
  const found = yield* directory.profile(subject).pipe(Effect.mapError(providerUnavailable));
  if (Option.isNone(found)) return yield* absent;

  const changes = yield* Changes;
  const { tag } = found.value;
  const answer = yield* changes.setProfile({ ...asked, tag, askedAt, profile }).pipe(
    sendTwice(isFinal),
    // Without a refusal it may be written, or may be until the budget is over.
    Effect.mapError(databaseFailed({ inDoubt: true })),
  );
  switch (answer._tag) {
    case "Set":
      return;
    case "Denied":
      return yield* new Forbidden({ caller, action: "manage users" });
    case "PreconditionFailed":
      return yield* new PreconditionFailed();
    case "TooLate":
      return yield* new Unavailable({ dependency: "database" });
    case "ProfilesNotKept":
      return yield* new ProfilesNotKept();
    case "Superseded":
      return yield* new Superseded();
    case "Removed":
      return yield* absent;
    case "Unresolved":
      return yield* new RegistrationInProgress({ operationId: answer.id });
  }
});
