/** The words of the audit trail. FLIP's are FLIP's; auditors search for them, so none ever changes. */
export const AuditAction = {
  registered: "Registered user",
  rolesUpdated: "Updated user roles",
  /** A user whom a failed registration had created was deleted again. */
  rolledBack: "Registration rolled back",
  /** A registered user was not found any more at two looks: a "Registered user" row no longer claims somebody. */
  lost: "Registered user no longer exists",
} as const;

/** FLIP's permission to manage users, by its id in the `permission` table. */
export const CAN_MANAGE_USERS = "f6dbd04e-d1ef-4cb7-84c2-c29fb35cf83b";
