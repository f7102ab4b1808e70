import type { ChangeKind } from "./operation.ts";

/** The words of the audit trail. FLIP's are FLIP's; auditors search for them, so none ever changes. */
export const AuditAction = {
  registered: "Registered user",
  /** Somebody who was in the pool already was written down: no registration of this service has created them. */
  adopted: "Adopted user",
  rolesUpdated: "Updated user roles",
  /** A change of roles took effect after one that was asked for later: the later one stands, and this one did nothing. */
  rolesOvertaken: "Role change overtaken by a later one",
  removed: "Deleted user",
  disabled: "Disabled user",
  enabled: "Enabled user",
  profileUpdated: "Updated user profile",
  mfaReset: "Reset user MFA",
  invited: "Invited user",
  /** A caller without CAN_MANAGE_USERS asked for something that needs it. */
  denied: "Denied user management",
  /** A caller without CAN_MANAGE_USERS tried to register a user: the row's user is the caller. */
  deniedRegistration: "Denied registration",
  /** A user whom a failed registration had created was deleted again. */
  rolledBack: "Registration rolled back",
  /** A registered user was not found any more at two checks: a "Registered user" row no longer claims somebody. */
  lost: "Registered user no longer exists",
} as const;

/** FLIP's permission to manage users, by its id in the `permission` table. */
export const CAN_MANAGE_USERS = "f6dbd04e-d1ef-4cb7-84c2-c29fb35cf83b";

/** What the audit trail says of each change. */
export const CHANGE_ACTION: Record<ChangeKind, string> = {
  remove: AuditAction.removed,
  disable: AuditAction.disabled,
  enable: AuditAction.enabled,
  reset_mfa: AuditAction.mfaReset,
  invite: AuditAction.invited,
};

/** What it says where the same request has changed the user's profile: FLIP's words. */
export const withProfile = (action: string): string => `${action} and updated profile`;

/**
 * What the audit trail says of a change that has ended without its effect, in a second row: the first was written when
 * it was asked for, and no row is ever changed. `notDone`: for certain. `unknown`: a call may have taken effect before, or
 * may still. `superseded`: the same, and a newer change contradicts it.
 */
export const changeNotDone = (kind: ChangeKind, how: HowNotDone): string =>
  `${NOT_DONE[how]}: ${CHANGE_ACTION[kind]}`;

export type HowNotDone = "notDone" | "unknown" | "superseded";

const NOT_DONE: Record<HowNotDone, string> = {
  notDone: "Not done",
  unknown: "Not known to be done",
  superseded: "Superseded, not known to be done",
};
