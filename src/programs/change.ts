/**
 * A change to a user who exists: written to the ledger with its audit row first, then done in Cognito.
 *
 * Nothing is rolled back: what is written is what an administrator decided, and every call here may be repeated. So
 * when Cognito does not answer, the change stays pending, the caller hears that it is tracked, and the sweeper carries
 * it out with the same code.
 */
import { Effect, Option } from "effect";
import {
  ChangeTracked,
  DatabaseRefused,
  Forbidden,
  InvitationNotNeeded,
  OperationUndecodable,
  OwnAccount,
  RegistrationInProgress,
  Superseded,
  Unavailable,
  UserNotFound,
} from "../domain/errors.ts";
import type { Change, ChangeKind, ChangeUser, OperationId } from "../domain/operation.ts";
import type { UserId } from "../domain/user.ts";
import { inBackground } from "../ports/background.ts";
import { Changes } from "../ports/changes.ts";
import { onceMore, sendTwice } from "../ports/database.ts";
import { Directory } from "../ports/directory.ts";
import { IdentityProvider } from "../ports/identity-provider.ts";
import { forgetMfa } from "./authenticate.ts";
import { leavingAManager, providerUnavailable, requireManager } from "./authority.ts";

/** What an administrator asks for. The user's ownership tag is looked up where it is needed. */
export interface AskedChange {
  readonly id: OperationId;
  readonly caller: UserId;
  readonly subject: UserId;
}

/** Deletes a user: grants and audit row first, then Cognito. Succeeds also where the user is gone already. */
export const deleteUser = Effect.fn("deleteUser")((asked: AskedChange) =>
  changeUser({ ...asked, kind: "remove" }).pipe(
    Effect.catchTag(["UserNotFound", "InvitationNotNeeded", "Superseded"], Effect.die),
  ),
);

/** Disables or enables a user. */
export const setEnabled = Effect.fn("setEnabled")((asked: AskedChange, enabled: boolean) =>
  changeUser({ ...asked, kind: enabled ? "enable" : "disable" }).pipe(
    Effect.catchTag("InvitationNotNeeded", Effect.die),
  ),
);

/** Switches the user's second factor off and signs the user out. */
export const resetMfa = Effect.fn("resetMfa")((asked: AskedChange) =>
  changeUser({ ...asked, kind: "reset_mfa" }).pipe(
    Effect.ensuring(Effect.sync(() => forgetMfa(asked.subject))),
    Effect.catchTag(["OwnAccount", "LastManager", "InvitationNotNeeded", "Superseded"], Effect.die),
  ),
);

/** Sends the invitation again, while the user has not signed in. */
export const inviteAgain = Effect.fn("inviteAgain")((asked: AskedChange) =>
  changeUser({ ...asked, kind: "invite" }).pipe(
    Effect.catchTag(["OwnAccount", "LastManager", "Superseded"], Effect.die),
  ),
);

/** Makes a change, and closes its row when the caller has been answered. */
export const changeUser = Effect.fn("changeUser")(function* (asked: AskedChange & { kind: ChangeKind }) {
  const change = yield* makeChange(asked);
  yield* inBackground(finishChange(change.id));
});

/** Makes a change as far as its answer, or fails with what the caller hears. */
export const makeChange = Effect.fn("makeChange")(function* (asked: AskedChange & { kind: ChangeKind }) {
  const askedAt = yield* requireManager(asked);
  // A deletion looks nobody up: an absent user is no error.
  const tag = asked.kind === "remove" ? null : yield* lookUp(asked);
  return yield* perform({ ...asked, tag, askedAt });
});

/** Closes the row of a change that is done. */
export const finishChange = Effect.fn("finishChange")(function* (id: OperationId) {
  const changes = yield* Changes;
  return yield* changes.finish(id).pipe(Effect.retry(onceMore));
});

/** The user's ownership tag, if the change makes sense for this user. */
const lookUp = Effect.fnUntraced(function* ({ kind, subject }: AskedChange & { kind: ChangeKind }) {
  const directory = yield* Directory;
  const found = yield* directory.profile(subject).pipe(Effect.mapError(providerUnavailable));
  if (Option.isNone(found)) return yield* new UserNotFound({ key: subject, kind });
  const { tag, enabled, status } = found.value;
  if (kind === "invite" && !enabled) return yield* new InvitationNotNeeded({ status: "DISABLED" });
  if (kind === "invite" && status !== "FORCE_CHANGE_PASSWORD") {
    return yield* new InvitationNotNeeded({ status });
  }
  return tag;
});

const perform = Effect.fn("change.perform")(function* (command: Omit<ChangeUser, "confirmed">) {
  const { kind, caller, subject } = command;
  if (caller === subject && (kind === "remove" || kind === "disable")) {
    return yield* new OwnAccount({ kind });
  }

  const changes = yield* Changes;
  const opening = yield* leavingAManager((confirmed) =>
    changes.open({ ...command, confirmed }).pipe(
      sendTwice,
      // Without a refusal the row may be written, or may be until the budget is over; then the sweeper carries it out.
      Effect.mapError((cause) =>
        cause.isRefusal
          ? new DatabaseRefused({ cause })
          : new Unavailable({ dependency: "database", operationId: command.id, inDoubt: true, cause }),
      ),
    ),
  );
  if (opening._tag === "Denied") return yield* new Forbidden({ caller, action: "manage users" });
  if (opening._tag === "Superseded") return yield* new Superseded();
  if (opening._tag === "Unresolved") return yield* new RegistrationInProgress({ operationId: opening.id });
  if (opening._tag === "Undecodable") return yield* new OperationUndecodable({ operationId: opening.id });

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
