/**
 * A change to a user who exists: written to the ledger with its audit row first, then done in Cognito.
 *
 * Nothing is rolled back: what is written is what an administrator decided, and every call here may be repeated. So
 * when Cognito does not answer, the change stays pending, the caller hears that it is tracked, and the sweeper carries
 * it out with the same code.
 */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { HowNotDone } from "../domain/audit.ts";
import type { Edition } from "../domain/edition.ts";
import {
  ChangeRefused,
  ChangeTracked,
  Forbidden,
  InvitationNotNeeded,
  OperationUndecodable,
  OwnAccount,
  PreconditionFailed,
  ProfilesNotKept,
  RegistrationInProgress,
  SecondFactorElsewhere,
  Superseded,
  Unavailable,
  UserNotFound,
} from "../domain/errors.ts";
import type { Change, ChangeKind, ChangeUser, OperationId, WhyNotDone } from "../domain/operation.ts";
import type { IfMatch, ProfileFields, UserId } from "../domain/user.ts";
import { inBackground } from "../ports/background.ts";
import { type ChangeOpening, Changes } from "../ports/changes.ts";
import { onceMore } from "../ports/database.ts";
import { Directory, EXTERNAL_PROVIDER } from "../ports/directory.ts";
import { IdentityProvider, type IdentityProviderError } from "../ports/identity-provider.ts";
import { Ledger } from "../ports/ledger.ts";
import { inSpan, spanned } from "../ports/trace.ts";
import { forgetMfa } from "./authenticate.ts";
import {
  databaseFailed,
  isMachine,
  leavingAManager,
  providerUnavailable,
  requireManager,
} from "./authority.ts";

/** What an administrator asks for. The user's ownership tag is looked up where it is needed. */
export interface AskedChange {
  readonly id: OperationId;
  readonly caller: UserId;
  readonly subject: UserId;
  readonly ifMatch?: IfMatch;
}

/** The same, where a part of the user's profile may be asked for with it. */
export interface AskedUpdate extends AskedChange {
  readonly profile?: ProfileFields;
}

/** Deletes a user: grants and audit row first, then Cognito. Succeeds also where the user is gone already; a machine is no user. */
export const deleteUser = (asked: AskedChange) =>
  changeUser({ ...asked, kind: "remove" }).pipe(
    Effect.catchTag(
      ["InvitationNotNeeded", "SecondFactorElsewhere", "Superseded", "ProfilesNotKept"],
      Effect.die,
    ),
    inSpan("deleteUser"),
  );

/** Disables or enables a user; with a profile, both are written down in one statement, or neither. */
export const setEnabled = (asked: AskedUpdate, enabled: boolean) =>
  changeUser({ ...asked, kind: enabled ? "enable" : "disable" }).pipe(
    Effect.catchTag(["InvitationNotNeeded", "SecondFactorElsewhere"], Effect.die),
    inSpan("setEnabled"),
  );

/**
 * Resets the user's second factors and signs the user out. Answers which factors are left, such as a passkey, or all of them
 * where the pool insists; null: it is done, and what is left could not be read.
 */
export const resetMfa = spanned("resetMfa")(function* (asked: AskedChange) {
  yield* reset(asked);
  const directory = yield* Directory;
  return yield* directory.secondFactors(asked.subject).pipe(
    Effect.map((factors) => (factors === "absent" ? [] : factors)),
    Effect.catch((error) =>
      Effect.as(Effect.logWarning("what is left of the second factors is unknown", error), null),
    ),
  );
});

const reset = (asked: AskedChange) =>
  changeUser({ ...asked, kind: "reset_mfa" }).pipe(
    Effect.ensuring(Effect.sync(() => forgetMfa(asked.subject))),
    Effect.catchTag(
      ["OwnAccount", "LastManager", "InvitationNotNeeded", "Superseded", "ProfilesNotKept"],
      Effect.die,
    ),
    inSpan("change.resetMfa"),
  );

/** Sends the invitation again, while the user has not signed in. */
export const inviteAgain = (asked: AskedChange) =>
  changeUser({ ...asked, kind: "invite" }).pipe(
    Effect.catchTag(
      ["OwnAccount", "LastManager", "SecondFactorElsewhere", "Superseded", "ProfilesNotKept"],
      Effect.die,
    ),
    inSpan("inviteAgain"),
  );

/** Makes a change, and closes its row when the caller has been answered. */
export const changeUser = spanned("changeUser")(function* (asked: AskedUpdate & { kind: ChangeKind }) {
  const change = yield* makeChange(asked);
  yield* inBackground(finishChange(change.id));
});

/** Makes a change as far as its answer, or fails with what the caller hears. */
export const makeChange = spanned("makeChange")(function* (asked: AskedUpdate & { kind: ChangeKind }) {
  const { askedAt, edition } = yield* requireManager(asked);
  // It has no account that could be deleted or disabled, and a removal of its id could not be taken back.
  if (yield* isMachine(asked.subject))
    return yield* new UserNotFound({ key: asked.subject, kind: asked.kind });
  // A deletion looks nobody up: an absent user is no error.
  const tag = asked.kind === "remove" ? null : yield* lookUp(asked);
  return yield* perform({ ...asked, tag, askedAt }, edition);
});

/** Closes the row of a change that is done. */
export const finishChange = spanned("finishChange")(function* (id: OperationId) {
  const changes = yield* Changes;
  return yield* changes.finish(id).pipe(Effect.retry(onceMore));
});

/** The user's ownership tag, if the change makes sense for this user. */
const lookUp = Effect.fnUntraced(function* ({ kind, subject }: AskedChange & { kind: ChangeKind }) {
  const directory = yield* Directory;
  const found = yield* directory.profile(subject).pipe(Effect.mapError(providerUnavailable));
  if (Option.isNone(found)) return yield* new UserNotFound({ key: subject, kind });
  const { tag, enabled, status } = found.value;
  if (kind === "reset_mfa" && status === EXTERNAL_PROVIDER) return yield* new SecondFactorElsewhere();
  if (kind === "invite" && !enabled) return yield* new InvitationNotNeeded({ status: "DISABLED" });
  if (kind === "invite" && status !== "FORCE_CHANGE_PASSWORD") {
    return yield* new InvitationNotNeeded({ status });
  }
  return tag;
});

/**
 * Whether an opening is true of every try. Another's change that it has joined, and most refusals, can end within the
 * budget, and a try that nobody has heard of be taken then.
 */
const isFinal =
  ({ id }: Pick<ChangeUser, "id">) =>
  (opening: ChangeOpening): boolean =>
    opening._tag === "Opened" && opening.change.id === id;

const perform = spanned("change.perform")(function* (
  command: Omit<ChangeUser, "confirmed">,
  edition: Edition,
) {
  const { kind, caller, subject } = command;
  if (caller === subject && (kind === "remove" || kind === "disable")) {
    return yield* new OwnAccount({ kind });
  }

  const changes = yield* Changes;
  const { answer: opening, lost } = yield* leavingAManager({
    caller,
    statement: (confirmed) => changes.open({ ...command, confirmed }),
    isFinal: isFinal(command),
    // Without a refusal the row may be written, or may be until the budget is over; then the sweeper carries it out.
    inDoubt: databaseFailed({ operationId: command.id, inDoubt: true }),
  });
  if (opening._tag === "Denied") return yield* new Forbidden({ caller, action: "manage users" });
  if (opening._tag === "PreconditionFailed") return yield* new PreconditionFailed();
  if (opening._tag === "Superseded") return yield* new Superseded();
  if (opening._tag === "ProfilesNotKept") return yield* new ProfilesNotKept();
  if (opening._tag === "Removed") return yield* new UserNotFound({ key: subject, kind });
  if (opening._tag === "Disabled") return yield* new InvitationNotNeeded({ status: "DISABLED" });
  if (opening._tag === "Unresolved") return yield* new RegistrationInProgress({ operationId: opening.id });
  if (opening._tag === "Undecodable") return yield* new OperationUndecodable({ operationId: opening.id });

  const { change } = opening;
  // A repeat of the opening finds the change as somebody else has ended it meanwhile.
  if (change.state === "done") return change;
  const known = { edition, ...updatedBy(command) };
  if (change.reason !== null) return yield* told(change, change.reason, "unknown", known);

  const tracked = (cause: unknown) => new ChangeTracked({ operationId: change.id, kind, ...known, cause });
  const reason = yield* carryOut(change).pipe(
    Effect.tapError((cause) => callOperator(change, cause)),
    Effect.mapError(tracked),
  );
  if (reason === null) return change;
  const isOurs = change.id === command.id && lost === null;
  const how = isOurs && leavesNothing(change, reason) ? "notDone" : "unknown";
  const isRefused = yield* changes
    .refuse(change, { reason, how })
    .pipe(Effect.retry(onceMore), Effect.mapError(tracked));
  // Somebody else has ended it meanwhile, and perhaps as done.
  if (!isRefused) return yield* unknownHow(change);
  return yield* told(change, reason, how, known);
});

/** What was written to the user's profile by the statement that has opened a change. */
const updatedBy = ({ profile }: Pick<ChangeUser, "profile">) => {
  if (profile === undefined) return {};
  return { updated: (["name", "organisation"] as const).filter((field) => profile[field] !== null) };
};

/**
 * Whether this try has done nothing for certain. That is so of the change where nobody has tried before: the request knows
 * that whose one statement has opened it. A reset is several calls, and the first of them may have been taken.
 */
const leavesNothing = ({ kind }: Change, reason: WhyNotDone): boolean =>
  kind !== "reset_mfa" || reason === "user_not_found";

/** The change has ended, and the request has not heard how. */
const unknownHow = ({ id: operationId }: Change) =>
  new Unavailable({ dependency: "identity provider", operationId, inDoubt: true });

/** A deployment that is wrong is an operator's to mend: they are called at once, and the change stays open. */
const callOperator = Effect.fnUntraced(function* (change: Change, cause: IdentityProviderError) {
  if (cause.reason._tag !== "Misconfigured") return;
  const ledger = yield* Ledger;
  yield* Effect.ignore(ledger.defer(change, cause.inAWord, true));
});

/** What the caller hears of a change that has ended without its effect. */
const told = (
  { id: operationId, kind, sub }: Change,
  reason: WhyNotDone,
  how: HowNotDone,
  { edition, ...updated }: Pick<ChangeRefused, "edition" | "updated">,
) => {
  switch (reason) {
    case "user_not_found":
      return new UserNotFound({ key: sub, kind, ...updated });
    case "user_disabled":
      return new InvitationNotNeeded({ status: "DISABLED" });
    case "invitation_not_needed":
      return new InvitationNotNeeded({ status: "CONFIRMED" });
    default:
      return new ChangeRefused({
        operationId,
        kind,
        reason,
        certain: how === "notDone",
        edition,
        ...updated,
      });
  }
};

/**
 * The change's effect in Cognito, if its conditions hold in this moment; or why it has none: null where it is done. What
 * Cognito refuses for good is an answer; a failure proves nothing, or is one to mend. Safe to repeat; an invitation is mailed
 * again each time.
 */
export const carryOut = spanned("change.carryOut")(function* (change: Pick<Change, "kind" | "sub">) {
  return yield* attempt(change).pipe(
    Effect.catchReason("IdentityProviderError", "Refused", ({ why }) => Effect.succeed<WhyNotDone>(why)),
  );
});

const attempt = Effect.fnUntraced(function* ({ kind, sub }: Pick<Change, "kind" | "sub">) {
  const identity = yield* IdentityProvider;
  const directory = yield* Directory;
  switch (kind) {
    case "remove":
      // Also where they are gone already: it is what was wanted.
      yield* identity.remove({ sub });
      return null;
    case "disable":
      return whyNot(yield* directory.setEnabled(sub, false));
    case "enable":
      return whyNot(yield* directory.setEnabled(sub, true));
    case "reset_mfa":
      return whyNot(yield* directory.resetMfa(sub));
    case "invite": {
      const profile = yield* directory.profile(sub);
      if (Option.isNone(profile)) return whyNot("absent");
      const { enabled, status } = profile.value;
      if (!enabled) return "user_disabled";
      if (status !== "FORCE_CHANGE_PASSWORD") return whyNot("notNeeded");
      return whyNot(yield* identity.invite({ sub }));
    }
  }
});

const whyNot = (outcome: "done" | "sent" | "absent" | "notNeeded"): WhyNotDone | null => {
  if (outcome === "absent") return "user_not_found";
  return outcome === "notNeeded" ? "invitation_not_needed" : null;
};
