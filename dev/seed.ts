/**
 * FLIP's roles, permissions and grants, by FLIP's own ids, and one administrator and one viewer.
 * It inserts what is missing and changes or removes nothing, so it may run at any time.
 */
import { randomUUID } from "node:crypto";
import type pg from "pg";

/** FLIP's roles. */
export const roles = {
  admin: "64d3145b-034c-4328-b637-8eb54313b7c5",
  researcher: "10b64ed0-bc90-4c01-9cc3-933c704905c1",
  observer: "cdee79c9-a5e1-4b9e-a315-1ec2f3d29efe",
} as const;

const described: Record<keyof typeof roles, [name: string, description: string]> = {
  admin: ["Admin", "A role for administrators."],
  researcher: ["Researcher", "A researcher role, used as the default role with minimal permissions."],
  observer: ["Observer", "Read-only access to assigned projects. Cannot create, edit, or delete resources."],
};

/** FLIP's permissions. */
export const permissions = {
  CAN_ACCESS_ADMIN_PANEL: "6d1da2d7-e510-488c-9085-8608cd817256",
  CAN_APPROVE_PROJECTS: "e2703e64-0186-4bc1-ac40-ba4ef63255ec",
  CAN_CREATE_PROJECTS: "1140ab45-fefb-4a3b-b350-90dd84f9be4b",
  CAN_DELETE_ANY_PROJECT: "fa2f251f-9d4d-4ba7-8dd1-becd9230dac0",
  CAN_MANAGE_DEPLOYMENTS: "4c9769ed-a939-4c73-b320-139f574368c3",
  CAN_MANAGE_PROJECTS: "fc2f242e-848f-4983-ab14-fd3c5604535d",
  CAN_MANAGE_SITE_BANNER: "5a6c4185-6c90-4b26-bc87-f9436e2042b8",
  CAN_MANAGE_USERS: "f6dbd04e-d1ef-4cb7-84c2-c29fb35cf83b",
  CAN_UNSTAGE_PROJECTS: "a695be07-23c7-448d-a5df-36c3f63ca29d",
} as const;

/** Who is granted what at the start, by Cognito sub. */
export interface People {
  readonly adminSub: string;
  readonly viewerSub: string;
}

/** Fills FLIP's tables. */
export async function seed(database: pg.Pool | pg.Client, people: People): Promise<void> {
  for (const [key, [name, description]] of Object.entries(described)) {
    await database.query(
      `insert into roles (id, name, description, created_at, updated_at)
       values ($1, $2, $3, now(), now()) on conflict do nothing`,
      [roles[key as keyof typeof roles], name, description],
    );
  }
  for (const [name, id] of Object.entries(permissions)) {
    await database.query(
      `insert into permission (id, permission_name, permission_description) values ($1, $2, $2)
       on conflict do nothing`,
      [id, name],
    );
    await grant(database, roles.admin, id);
  }
  await grant(database, roles.researcher, permissions.CAN_CREATE_PROJECTS);
  await database.query(TRUST);
  await grantRole(database, people.adminSub, roles.admin);
  await grantRole(database, people.viewerSub, roles.observer);
}

/** A trust of FLIP's, where FLIP has trusts. */
export const trust = "3f0a4f0e-5d3c-4b8e-9a27-5c1f7be1d0a1";

const TRUST = `do $$ begin if to_regclass('trust') is not null then
  insert into trust (id, name) values ('${trust}', 'A trust') on conflict do nothing; end if; end $$`;

/** Grants somebody a role, in whatever shape the table has; at one trust alone, where one is named. */
export async function grantRole(
  database: Pick<pg.Pool | pg.Client, "query">,
  user: string,
  role: string,
  at: string | null = null,
): Promise<void> {
  await database.query(
    `insert into user_role
     select * from jsonb_populate_record(null::user_role, jsonb_build_object(
       'id', gen_random_uuid(), 'user_id', $1::uuid, 'role_id', $2::uuid, 'trust_id', $3::uuid)) on conflict do nothing`,
    [user, role, at],
  );
}

async function grant(database: pg.Pool | pg.Client, role: string, permission: string): Promise<void> {
  // The pair is not unique in FLIP's table, so "on conflict" would not notice a second one.
  await database.query(
    `insert into role_permission (id, role_id, permission_id)
     select $1::uuid, $2::uuid, $3::uuid
      where not exists (select from role_permission where role_id = $2::uuid and permission_id = $3::uuid)`,
    [randomUUID(), role, permission],
  );
}
