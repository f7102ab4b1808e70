/**
 * A change to a user who exists: written to the ledger with its audit row first, then done in Cognito.
 *
 * Nothing is rolled back: what was written is what an administrator decided, and everything here may be repeated. So
 * when Cognito does not answer, the errand stays pending, the caller hears that it is tracked, and the sweeper carries
 * it out with the very same code.
 */
import { Effect, Option } from "effect";
import {
  ErrandTracked,
  Forbidden,
  InvitationNotNeeded,
  LastManager,
  OwnAccount,
  RegistrationInProgress,
  Unavailable,
  UserNotFound,
} from "./domain/errors.ts";
import type { Errand, RunErrand } from "./domain/Registration.ts";
import { Access } from "./services/Access.ts";
import { onceMore } from "./services/Database.ts";
import { Directory } from "./services/Directory.ts";
import { Errands } from "./services/Errands.ts";
import { IdentityProvider } from "./services/IdentityProvider.ts";

/** Does an errand, or fails with what the caller has to hear. Who called finishes the row afterwards. */
export const run = Effect.fn("errand")(function* (command: RunErrand) {
  const { kind, caller, subject } = command;
  if (caller === subject && (kind === "remove" || kind === "disable")) return yield* refuseOwn(command, kind);

  const errands = yield* Errands;
  const opening = yield* errands.open(command).pipe(
    Effect.retry(onceMore),
    // It may have been written, and then the sweeper carries it out: nothing can be promised either way.
    Effect.mapError(
      (cause) => new Unavailable({ dependency: "database", registrationId: command.id, cause }),
    ),
  );
  if (opening._tag === "Denied") return yield* new Forbidden({ caller, action: "manage users" });
  if (opening._tag === "Unsettled") return yield* new RegistrationInProgress({ registrationId: opening.id });
  if (opening._tag === "LastManager") return yield* new LastManager();

  const { errand } = opening;
  const outcome = yield* carryOut(errand).pipe(
    Effect.mapError((cause) => new ErrandTracked({ registrationId: errand.id, kind, cause })),
  );
  if (outcome === "absent" && kind !== "remove") {
    yield* Effect.ignore(errands.finish(errand.id));
    return yield* new UserNotFound({ key: subject, kind });
  }
  if (outcome === "notNeeded") {
    yield* Effect.ignore(errands.finish(errand.id));
    return yield* new InvitationNotNeeded({ status: "CONFIRMED" });
  }
  return errand;
});

/** Nobody takes his own hold away by accident; and who has none hears only that. */
const refuseOwn = Effect.fn("errand.refuseOwn")(function* (
  { id, caller, subject }: RunErrand,
  kind: OwnAccount["kind"],
) {
  const access = yield* Access;
  const allowed = yield* access
    .mayManageUsers({ id, caller, subject })
    .pipe(Effect.mapError((cause) => new Unavailable({ dependency: "database", cause })));
  return yield* allowed ? new OwnAccount({ kind }) : new Forbidden({ caller, action: "manage users" });
});

/** The errand's effect in Cognito. Safe to repeat; an invitation is mailed again each time. */
export const carryOut = Effect.fn("errand.carryOut")(function* ({ kind, sub }: Pick<Errand, "kind" | "sub">) {
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
