/** What src/http/manage.ts does for a request, without HTTP: looks the user up where his mark is needed, and runs the errand. */
import { Effect, Option } from "effect";
import { InvitationNotNeeded, Unavailable, UserNotFound } from "../../src/domain/errors.ts";
import type { RegistrationId, RunErrand } from "../../src/domain/Registration.ts";
import { run } from "../../src/errand.ts";
import { onceMore } from "../../src/services/Database.ts";
import { Directory } from "../../src/services/Directory.ts";
import { Errands } from "../../src/services/Errands.ts";

/** A request's program, as far as its answer. */
export const manage = Effect.fnUntraced(function* (command: Omit<RunErrand, "mark">) {
  const { kind, subject } = command;
  if (kind === "remove") return yield* run({ ...command, mark: null });
  const directory = yield* Directory;
  const found = yield* directory
    .profile(subject)
    .pipe(Effect.mapError((cause) => new Unavailable({ dependency: "identity provider", cause })));
  if (Option.isNone(found)) return yield* new UserNotFound({ key: subject, kind });
  const { mark, enabled, status } = found.value;
  if (kind === "invite" && !enabled) return yield* new InvitationNotNeeded({ status: "DISABLED" });
  if (kind === "invite" && status !== "FORCE_CHANGE_PASSWORD") {
    return yield* new InvitationNotNeeded({ status });
  }
  return yield* run({ ...command, mark });
});

/** What follows its answer. */
export const manageAfterwards = Effect.fnUntraced(function* (id: RegistrationId) {
  const errands = yield* Errands;
  return yield* Effect.retry(errands.finish(id), onceMore);
});
