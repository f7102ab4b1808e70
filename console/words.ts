/** What the ledger, the trail and the problems say, in the words of the person in front of the page. */
import type { Seen } from "./api/half-done.ts";
import type { Operation, Person, Problem } from "./api/wire.ts";

/** How somebody's account is, in a word; what matters most comes first. */
export const STATES = {
  unfinished: "Not finished",
  disabled: "Disabled",
  lapsed: "Invitation ended",
  invited: "Invited",
  active: "Active",
  federated: "Other sign-in",
  reset: "Password reset",
  unconfirmed: "Unconfirmed",
} as const;
export type StateName = keyof typeof STATES;

/** How each looks: by what is certain of it. */
export const STATE_LOOKS: Readonly<Record<StateName, Certainty>> = {
  unfinished: "doubt",
  disabled: "neutral",
  lapsed: "failed",
  invited: "tracked",
  active: "done",
  federated: "neutral",
  reset: "tracked",
  unconfirmed: "neutral",
};

export function statesOf(person: Seen): ReadonlyArray<StateName> {
  const { openOperations, deliveryFailed, isDisabled, status } = person;
  if (person.half) return ["unfinished"];
  const standing = isDisabled ? "disabled" : hasLapsed(person) ? "lapsed" : STANDING[status];
  return openOperations.length > 0 || deliveryFailed ? ["unfinished", standing] : [standing];
}

/** Whether the password of an invitation has ended before it was used. */
export const hasLapsed = ({ temporaryPasswordExpiresAt: at }: Person): boolean =>
  at !== null && Date.parse(at) < Date.now();

const STANDING: Record<Person["status"], StateName> = {
  invited: "invited",
  active: "active",
  ready: "active",
  federated: "federated",
  password_reset_required: "reset",
  unconfirmed: "unconfirmed",
  other: "unconfirmed",
};

/** What an operation is about. `whom`: an address, or who the id is. */
const KINDS: Readonly<Record<string, string>> = {
  register: "Registration",
  register_with_roles: "Registration",
  adopt: "Adoption",
  remove: "Deletion",
  disable: "Disabling",
  enable: "Enabling",
  reset_mfa: "Reset of the second factor",
  invite: "Invitation",
};
export const kindOf = ({ kind }: { readonly kind: string | null }): string =>
  KINDS[kind ?? ""] ?? "Operation";

export const isRegistration = ({ kind }: Operation): boolean => /^(register|adopt)/.test(kind ?? "");

/** The states of an operation. */
const OPERATION_STATES: Readonly<Record<string, string>> = {
  started: "in doubt",
  registered: "registered, not finished",
  rolling_back: "being undone",
  completed: "complete",
  rejected: "refused",
  rolled_back: "undone, nothing left",
  user_lost: "user gone",
  pending: "waiting for Cognito",
  done: "done",
  refused: "not done",
};
export const stateOf = (state: string | null): string =>
  OPERATION_STATES[state ?? ""] ?? state ?? "unreadable";

export const isOpen = ({ state, undecodable }: Operation): boolean =>
  undecodable === true || ["started", "registered", "rolling_back", "pending"].includes(state ?? "");

/** A step that was reached, in a history. */
const MOVES: Readonly<Record<string, string>> = {
  started: "Written down",
  registered: "Registered in both stores",
  rolling_back: "Undoing begun",
  completed: "Complete",
  rejected: "Refused",
  rolled_back: "Undone",
  user_lost: "User found gone",
  pending: "Written down",
  done: "Done in Cognito",
  refused: "Ended without effect",
};
export const moveOf = (state: string): string => MOVES[state] ?? state;

const BY: Readonly<Record<string, string>> = {
  request: "the request itself",
  sweeper: "the sweeper",
  operator: "an administrator",
};
export const byOf = (by: string): string => BY[by] ?? by;

/** What an attempt to resolve came to. `calm`: nothing is left to do. */
export const RESOLUTIONS: Readonly<Record<string, { readonly says: string; readonly calm: boolean }>> = {
  rolled_back: { says: "It is undone: no user of this registration exists.", calm: true },
  completed: { says: "The registration is complete.", calm: true },
  user_lost: {
    says: "The user was registered, and somebody has removed them since. It is closed.",
    calm: true,
  },
  missing: { says: "The user was not found. There will be one more look before it is decided.", calm: false },
  grace_ended: { says: "The final check is done. Nothing is left over.", calm: true },
  change_done: { says: "It is done in Cognito.", calm: true },
  change_refused: { says: "Cognito refuses it, so it has ended without its effect.", calm: true },
  waiting: { says: "It is too early: its own request may still be at work on it.", calm: false },
  already_resolved: { says: "It was resolved already.", calm: true },
  needs_operator: { says: "It still needs a person: see below what can be done.", calm: false },
  closed: { says: "It is closed. Nobody tries it any more.", calm: true },
};

/** Why Cognito refused, or a change has ended. */
const REASONS: Readonly<Record<string, string>> = {
  address_not_accepted: "Cognito does not accept the address.",
  password_policy: "The pool's rule for passwords refuses the temporary password.",
  pool_rule: "A rule of the pool refuses this user.",
  user_state: "The user is in a state in which Cognito refuses it.",
  pool_trigger_broken: "A trigger of the pool does not work.",
  pool_configuration: "The pool is not set up as it has to be.",
  credentials: "The service may not do this in Cognito.",
  other: "Cognito refuses it for a reason of its own, which the log has.",
  superseded: "A newer change contradicts it.",
  closed_by_operator: "An administrator has closed it.",
  user_not_found: "The pool has no such user.",
  user_disabled: "The user is disabled.",
  invitation_not_needed: "The user can sign in already.",
};

/** How certain an answer is. Each looks different: what is in doubt is no failure, and a failure leaves nothing. */
export type Certainty = "done" | "tracked" | "doubt" | "failed" | "neutral";

const CERTAINTY: Record<Problem["outcome"], Certainty> = {
  nothing_created: "failed",
  rolled_back: "failed",
  tracked: "tracked",
  unknown: "doubt",
  partly_done: "neutral",
};
export const certaintyOf = (problem: Problem): Certainty => CERTAINTY[problem.outcome];

/** What stands above a problem, by what is certain after it. */
const CERTAIN: Record<Problem["outcome"], string> = {
  nothing_created: "Nothing was changed.",
  rolled_back: "Nothing is left: what was created was deleted again.",
  tracked: "It is written down, and Registrar goes on with it by itself.",
  unknown: "It may have been done, or not.",
  partly_done: "A part of it was done.",
};
export const certainIn = (problem: Problem): string => CERTAIN[problem.outcome];

/** Our own words for what administrators meet; the service's sentence for the rest. */
const SAID: Readonly<Record<string, string>> = {
  user_exists: "This address has a user already.",
  registration_rolled_back: "The database did not take the registration, so the user was deleted again.",
  cleanup_required: "The registration failed, and a user may be left over in Cognito.",
  own_account: "Nobody can disable or delete their own account. Ask another administrator.",
  last_manager: "Nobody who can sign in would be left to manage users. Give somebody else such a role first.",
  precondition_failed: "Somebody has changed this user since you looked.",
  remove_tracked: "The roles are revoked. Cognito has not answered the deletion yet.",
};

export const saidBy = (problem: Problem): string => {
  const reason = REASONS[problem.reason ?? ""];
  const waits = problem.code.endsWith("_tracked") ? "Cognito has not answered yet." : undefined;
  return SAID[problem.code] ?? reason ?? waits ?? problem.detail;
};

export const reasonIn = (reason: string | null | undefined): string | undefined => REASONS[reason ?? ""];

/** What was wrong in which field of a form. */
export const errorsOf = (problem: Problem): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (problem.errors ?? []).map(({ loc, msg }) => [
      String(loc[1] ?? ""),
      msg.replace(/^value /i, "The value "),
    ]),
  );

/** The actions of the audit trail, as FLIP and Registrar write them. */
export const ACTIONS: ReadonlyArray<string> = [
  "Registered user",
  "Adopted user",
  "Updated user roles",
  "Updated user profile",
  "Disabled user",
  "Disabled user and updated profile",
  "Enabled user",
  "Enabled user and updated profile",
  "Invited user",
  "Reset user MFA",
  "Deleted user",
  "Registration rolled back",
  "Registered user no longer exists",
  "Role change overtaken by a later one",
  "Denied user management",
  "Denied registration",
];

/** Second factors, by Cognito's names. */
const FACTORS: Readonly<Record<string, string>> = {
  SOFTWARE_TOKEN_MFA: "authenticator app",
  SMS_MFA: "text message",
  EMAIL_OTP: "e-mail",
  WEB_AUTHN: "passkey",
};
export const factorName = (name: string): string => FACTORS[name] ?? name;
