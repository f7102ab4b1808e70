/** What src/http/routes/changes.ts does for a request, without HTTP: looks the user up where his tag is needed, and runs the change. */
import { Effect, Option } from "effect";
import { InvitationNotNeeded, Unavailable, UserNotFound } from "../../../src/domain/errors.ts";
import type { ChangeUser, OperationId } from "../../../src/domain/operation.ts";
import { Changes } from "../../../src/ports/changes.ts";
import { onceMore } from "../../../src/ports/database.ts";
import { Directory } from "../../../src/ports/directory.ts";
import { run } from "../../../src/programs/change.ts";

/** A request's program, as far as its answer. */
export const manage = Effect.fnUntraced(function* (command: Omit<ChangeUser, "tag">) {
  const { kind, subject } = command;
  if (kind === "remove") return yield* run({ ...command, tag: null });
  const directory = yield* Directory;
  const found = yield* directory
    .profile(subject)
    .pipe(Effect.mapError((cause) => new Unavailable({ dependency: "identity provider", cause })));
  if (Option.isNone(found)) return yield* new UserNotFound({ key: subject, kind });
  const { tag, enabled, status } = found.value;
  if (kind === "invite" && !enabled) return yield* new InvitationNotNeeded({ status: "DISABLED" });
  if (kind === "invite" && status !== "FORCE_CHANGE_PASSWORD") {
    return yield* new InvitationNotNeeded({ status });
  }
  return yield* run({ ...command, tag });
});

/** What follows its answer. */
export const manageInBackground = Effect.fnUntraced(function* (id: OperationId) {
  const changes = yield* Changes;
  return yield* Effect.retry(changes.finish(id), onceMore);
});
