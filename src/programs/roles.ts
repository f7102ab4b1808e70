/** Roles: which there are, and which a user has. The user and the roles must exist, and somebody must go on managing users. */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { Edition } from "../domain/edition.ts";
import {
  Forbidden,
  PreconditionFailed,
  RegistrationInProgress,
  Unavailable,
  UnknownRoles,
  UserNotFound,
} from "../domain/errors.ts";
import type { UserId } from "../domain/user.ts";
import { Access, type RolesSet, type SetRoles } from "../ports/access.ts";
import { Directory } from "../ports/directory.ts";
import { spanned } from "../ports/trace.ts";
import {
  databaseFailed,
  databaseUnavailable,
  isMachine,
  leavingAManager,
  requireManager,
} from "./authority.ts";

/** All roles, by name, for a caller who manages users. */
export const listRoles = spanned("listRoles")(function* (caller: UserId) {
  yield* requireManager({ caller }, "see roles");
  const access = yield* Access;
  return yield* access.roles().pipe(Effect.mapError(databaseUnavailable));
});

/** The ownership tag of whoever is to have these roles. */
const lookUp = Effect.fnUntraced(function* ({ subject, roles, ifMatch }: AskedRoles, edition: Edition) {
  const directory = yield* Directory;
  const profile = yield* directory
    .profile(subject)
    .pipe(Effect.mapError((cause) => new Unavailable({ dependency: "user lookup", edition, cause })));
  if (Option.isNone(profile) && roles.length > 0)
    return yield* new UserNotFound({ key: subject, kind: "set roles" });
  if (Option.isNone(profile) && ifMatch === "*") return yield* new PreconditionFailed();
  return Option.match(profile, { onNone: () => null, onSome: ({ tag }) => tag });
});

/** Whose roles are to be replaced, by whom, and by which. */
export type AskedRoles = Omit<SetRoles, "tag" | "askedAt" | "confirmed">;

/** Other refusals can end within the budget, and a try that nobody has heard of be taken then. */
const isFinal = ({ _tag }: RolesSet): boolean => _tag === "Set" || _tag === "Overtaken";

/**
 * Replaces a user's roles and writes the audit row, in one transaction. Answers with the roles that the user has then,
 * and their entity tag where it is known:
 * those of a request that was sent later, where it was faster. Whoever is not in the pool may lose their grants, and gets
 * none; but a machine is in no pool, and may have any.
 */
export const setRoles = spanned("setRoles")(function* (command: AskedRoles) {
  const { askedAt, edition } = yield* requireManager(command, "update roles");
  const access = yield* Access;
  const { caller, subject } = command;
  const tag = (yield* isMachine(subject)) ? null : yield* lookUp(command, edition);
  const { answer } = yield* leavingAManager({
    caller,
    statement: (confirmed) => access.setRoles({ ...command, tag, askedAt, confirmed }),
    isFinal,
    // Without a refusal the roles may be set, or may be until the budget is over.
    inDoubt: databaseFailed({ inDoubt: true }),
  });
  switch (answer._tag) {
    case "Set":
      return { roles: command.roles, etag: answer.etag };
    case "Overtaken":
      return { roles: answer.roles, etag: null };
    case "PreconditionFailed":
      return yield* new PreconditionFailed();
    case "Denied":
      return yield* new Forbidden({ caller, action: "update roles" });
    case "Unresolved":
      return yield* new RegistrationInProgress({ operationId: answer.id });
    case "Removed":
      return yield* new UserNotFound({ key: subject, kind: "set roles" });
    case "UnknownRoles":
      return yield* new UnknownRoles({ roles: answer.roles });
  }
});
