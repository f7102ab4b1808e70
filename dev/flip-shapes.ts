/**
 * FLIP's tables, as FLIP's own migrations have left them at two times, for `npm run dev -- --flip <shape>` and the suites. They are
 * made before ours run, which then find everything there. `none`: no FLIP, so that ours make the tables.
 * https://github.com/londonaicentre/FLIP
 */

/** A shape. */
interface FlipShape {
  /** For the help of `npm run dev`. */
  readonly means: string;
  /** What makes the tables; empty: nothing does. */
  readonly tables: string;
  /** Whether a role may be granted for one trust alone. */
  readonly trusts: boolean;
  /** Whether there is a table of profiles. */
  readonly profiles: boolean;
}

const permissions = `
  create table permission (
    id uuid not null primary key, permission_name varchar not null, permission_description varchar not null);`;

const rolePermission = `
  create table role_permission (
    id uuid not null primary key,
    role_id uuid not null references roles (id) on delete cascade,
    permission_id uuid not null references permission (id) on delete cascade);`;

const roles = (time: string) => `
  create table roles (
    id uuid not null primary key, name varchar not null unique, description varchar not null,
    created_at ${time} not null, updated_at ${time} not null);`;

const audit = (time: string) => `
  create table users_audit (
    id uuid not null primary key, action varchar not null, user_id uuid not null,
    modified_by_user_id uuid not null, "timestamp" ${time} not null);`;

/** The shapes, by name. */
export const FLIP_SHAPES = {
  none: { means: "no FLIP: the tables that our migrations make", tables: "", trusts: true, profiles: true },
  "2026-05": {
    means: "FLIP of May 2026: grants without a trust, and no user_profile",
    trusts: false,
    profiles: false,
    tables: `${permissions} ${roles("timestamp")} ${rolePermission} ${audit("timestamp")}
      create table user_role (
        user_id uuid not null, role_id uuid not null references roles (id), primary key (user_id, role_id));`,
  },
  "2026-09": {
    means: "FLIP of September 2026 (revision c3a7f1eb9402)",
    trusts: true,
    profiles: true,
    // The columns stand in the order in which FLIP's migrations have added them.
    tables: `${permissions} ${roles("timestamptz")} ${rolePermission} ${audit("timestamptz")}
      create table trust (id uuid not null primary key, name varchar not null);
      create table user_role (
        user_id uuid not null, role_id uuid not null references roles (id),
        id uuid not null primary key, trust_id uuid references trust (id));
      create index ix_user_role_user_id on user_role (user_id);
      create index ix_user_role_trust_id on user_role (trust_id);
      create unique index uq_user_role_global on user_role (user_id, role_id) where trust_id is null;
      create unique index uq_user_role_per_trust on user_role (user_id, role_id, trust_id) where trust_id is not null;
      create table user_profile (
        user_id uuid not null primary key, name varchar(255) not null, organisation varchar(255) not null,
        created_at timestamptz not null, updated_at timestamptz not null);`,
  },
} as const satisfies Record<string, FlipShape>;

/** The name of a shape. */
export type FlipShapeName = keyof typeof FLIP_SHAPES;

/** Whether there is a shape of this name. */
export const isFlipShape = (name: string): name is FlipShapeName => Object.hasOwn(FLIP_SHAPES, name);
