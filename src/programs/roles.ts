/** Roles: which there are, and which a user has. The user and the roles must exist, and somebody must go on managing users. */
import { Effect, Option } from "effect";
import {
  Forbidden,
  LastManager,
  RegistrationInProgress,
  Unavailable,
  UnknownRoles,
  UserNotFound,
} from "../domain/errors.ts";
import type { UserId } from "../domain/user.ts";
import { Access, type SetRoles } from "../ports/access.ts";
import { onceMore } from "../ports/database.ts";
import { Directory } from "../ports/directory.ts";
import { databaseUnavailable, requireManager } from "./authority.ts";

/** All roles, by name, for a caller who manages users. */
export const listRoles = Effect.fn("listRoles")(function* (caller: UserId) {
  yield* requireManager({ caller }, "see roles");
  const access = yield* Access;
  return yield* access.roles().pipe(Effect.mapError(databaseUnavailable));
});

/** Replaces a user's roles and writes the audit row, in one transaction. Answers with the roles. */
export const setRoles = Effect.fn("setRoles")(function* (command: Omit<SetRoles, "tag">) {
  yield* requireManager(command, "update roles");
  const directory = yield* Directory;
  const access = yield* Access;
  const { caller, subject } = command;
  const profile = yield* directory
    .profile(subject)
    .pipe(Effect.mapError((cause) => new Unavailable({ dependency: "user lookup", cause })));
  if (Option.isNone(profile)) return yield* new UserNotFound({ key: subject, kind: "set roles" });

  const answer = yield* access
    .setRoles({ ...command, tag: profile.value.tag })
    .pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  switch (answer._tag) {
    case "Set":
      return command.roles;
    case "Denied":
      return yield* new Forbidden({ caller, action: "update roles" });
    case "Unresolved":
      return yield* new RegistrationInProgress({ operationId: answer.id });
    case "Removed":
      return yield* new UserNotFound({ key: subject, kind: "set roles" });
    case "UnknownRoles":
      return yield* new UnknownRoles({ roles: answer.roles });
    case "LastManager":
      return yield* new LastManager();
  }
});
