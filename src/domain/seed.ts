/**
 * FLIP's roles and permissions, by FLIP's own ids and names, for a database that has none. Clients of FLIP know the ids.
 */
import { CAN_MANAGE_USERS } from "./audit.ts";
import { RoleId } from "./user.ts";

export interface SeededRole {
  readonly id: RoleId;
  readonly name: string;
  readonly description: string;
}

/** FLIP's roles. FLIP shows the observer as "Viewer" since September 2026, and keeps the id. */
export const ROLES = {
  admin: {
    id: RoleId.make("64d3145b-034c-4328-b637-8eb54313b7c5"),
    name: "Admin",
    description: "A role for administrators.",
  },
  researcher: {
    id: RoleId.make("10b64ed0-bc90-4c01-9cc3-933c704905c1"),
    name: "Researcher",
    description: "A researcher role, used as the default role with minimal permissions.",
  },
  observer: {
    id: RoleId.make("cdee79c9-a5e1-4b9e-a315-1ec2f3d29efe"),
    name: "Observer",
    description: "Read-only access to assigned projects. Cannot create, edit, or delete resources.",
  },
} as const satisfies Readonly<Record<string, SeededRole>>;

/** FLIP's permissions. An administrator holds them all. */
export const PERMISSIONS = {
  CAN_ACCESS_ADMIN_PANEL: "6d1da2d7-e510-488c-9085-8608cd817256",
  CAN_APPROVE_PROJECTS: "e2703e64-0186-4bc1-ac40-ba4ef63255ec",
  CAN_CREATE_PROJECTS: "1140ab45-fefb-4a3b-b350-90dd84f9be4b",
  CAN_DELETE_ANY_PROJECT: "fa2f251f-9d4d-4ba7-8dd1-becd9230dac0",
  CAN_MANAGE_DEPLOYMENTS: "4c9769ed-a939-4c73-b320-139f574368c3",
  CAN_MANAGE_PROJECTS: "fc2f242e-848f-4983-ab14-fd3c5604535d",
  CAN_MANAGE_SITE_BANNER: "5a6c4185-6c90-4b26-bc87-f9436e2042b8",
  CAN_MANAGE_USERS,
  CAN_UNSTAGE_PROJECTS: "a695be07-23c7-448d-a5df-36c3f63ca29d",
} as const;

/** Which role holds which permission. */
export const HELD: ReadonlyArray<readonly [role: RoleId, permission: string]> = [
  ...Object.values(PERMISSIONS).map((permission) => [ROLES.admin.id, permission] as const),
  [ROLES.researcher.id, PERMISSIONS.CAN_CREATE_PROJECTS],
];
