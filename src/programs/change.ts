/**
 * A change to a user who exists: written to the ledger with its audit row first, then done in Cognito.
 *
 * Nothing is rolled back: what was written is what an administrator decided, and everything here may be repeated. So
 * when Cognito does not answer, the change stays pending, the caller hears that it is tracked, and the sweeper carries
 * it out with the very same code.
 */
import { Effect, Option } from "effect";
import {
  ChangeTracked,
  Forbidden,
  InvitationNotNeeded,
  LastManager,
  OwnAccount,
  RegistrationInProgress,
  Unavailable,
  UserNotFound,
} from "../domain/errors.ts";
import type { Change, ChangeUser } from "../domain/operation.ts";
import { Access } from "../ports/access.ts";
import { Changes } from "../ports/changes.ts";
import { onceMore } from "../ports/database.ts";
import { Directory } from "../ports/directory.ts";
import { IdentityProvider } from "../ports/identity-provider.ts";

/** Does a change, or fails with what the caller has to hear. Who called finishes the row afterwards. */
export const run = Effect.fn("change")(function* (command: ChangeUser) {
  const { kind, caller, subject } = command;
  if (caller === subject && (kind === "remove" || kind === "disable")) return yield* refuseOwn(command, kind);

  const changes = yield* Changes;
  const opening = yield* changes.open(command).pipe(
    Effect.retry(onceMore),
    // It may have been written, and then the sweeper carries it out: nothing can be promised either way.
    Effect.mapError((cause) => new Unavailable({ dependency: "database", operationId: command.id, cause })),
  );
  if (opening._tag === "Denied") return yield* new Forbidden({ caller, action: "manage users" });
  if (opening._tag === "Unresolved") return yield* new RegistrationInProgress({ operationId: opening.id });
  if (opening._tag === "LastManager") return yield* new LastManager();

  const { change } = opening;
  const outcome = yield* carryOut(change).pipe(
    Effect.mapError((cause) => new ChangeTracked({ operationId: change.id, kind, cause })),
  );
  if (outcome === "absent" && kind !== "remove") {
    yield* Effect.ignore(changes.finish(change.id));
    return yield* new UserNotFound({ key: subject, kind });
  }
  if (outcome === "notNeeded") {
    yield* Effect.ignore(changes.finish(change.id));
    return yield* new InvitationNotNeeded({ status: "CONFIRMED" });
  }
  return change;
});

/** Nobody takes his own hold away by accident; and who has none hears only that. */
const refuseOwn = Effect.fn("change.refuseOwn")(function* (
  { id, caller, subject }: ChangeUser,
  kind: OwnAccount["kind"],
) {
  const access = yield* Access;
  const allowed = yield* access
    .mayManageUsers({ id, caller, subject })
    .pipe(Effect.mapError((cause) => new Unavailable({ dependency: "database", cause })));
  return yield* allowed ? new OwnAccount({ kind }) : new Forbidden({ caller, action: "manage users" });
});

/** The change's effect in Cognito. Safe to repeat; an invitation is mailed again each time. */
export const carryOut = Effect.fn("change.carryOut")(function* ({ kind, sub }: Pick<Change, "kind" | "sub">) {
  const identity = yield* IdentityProvider;
  const directory = yield* Directory;
  switch (kind) {
    case "remove":
      return yield* identity.remove(sub);
    case "disable":
      return yield* directory.setEnabled(sub, false);
    case "enable":
      return yield* directory.setEnabled(sub, true);
    case "reset_mfa":
      return yield* directory.resetMfa(sub);
    case "invite": {
      const profile = yield* directory.profile(sub);
      if (Option.isNone(profile)) return "absent" as const;
      return yield* identity.invite({ sub, email: profile.value.email });
    }
  }
});
