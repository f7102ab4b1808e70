/**
 * FLIP's roles, permissions and grants, by FLIP's own ids, and one administrator and one viewer.
 * It inserts what is missing and changes or removes nothing, so it may run at any time.
 */
import { randomUUID } from "node:crypto";
import type pg from "pg";
import { HELD, PERMISSIONS, ROLES } from "../src/domain/seed.ts";

/** The ids of FLIP's roles. */
export const roles = { admin: ROLES.admin.id, researcher: ROLES.researcher.id, observer: ROLES.observer.id };

export { PERMISSIONS as permissions } from "../src/domain/seed.ts";

/** Who is granted what at the start, by Cognito sub. */
export interface People {
  readonly adminSub: string;
  readonly viewerSub: string;
}

/** Fills FLIP's tables. */
export async function seed(database: pg.Pool | pg.Client, people: People): Promise<void> {
  for (const { id, name, description } of Object.values(ROLES)) {
    await database.query(
      `insert into roles (id, name, description, created_at, updated_at)
       values ($1, $2, $3, now(), now()) on conflict do nothing`,
      [id, name, description],
    );
  }
  for (const [name, id] of Object.entries(PERMISSIONS)) {
    await database.query(
      `insert into permission (id, permission_name, permission_description) values ($1, $2, $2)
       on conflict do nothing`,
      [id, name],
    );
  }
  for (const [role, permission] of HELD) await grant(database, role, permission);
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
