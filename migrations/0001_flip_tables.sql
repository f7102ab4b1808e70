-- FLIP's tables for users, as its own migrations have them since September 2026, for a database that has none of them yet.
-- On a FLIP database, of whatever time, this changes nothing: no table is made or altered, no row is written.
-- No column has a server-side default because FLIP's have none, but for the id of a grant, which nobody refers to; whoever
-- writes another row brings its id and its time.

-- What a user is called, and where they work: only where FLIP has not been, because one of before has no such table, and
-- would make it later.
do $$
begin
  if to_regclass('roles') is null and to_regclass('user_profile') is null then
    create table user_profile (
        user_id      uuid         not null primary key,
        name         varchar(255) not null,
        organisation varchar(255) not null,
        created_at   timestamptz  not null,
        updated_at   timestamptz  not null
    );
  end if;
end $$;

create table if not exists roles (
    id          uuid        not null primary key,
    name        varchar     not null unique,
    description varchar     not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);

create table if not exists permission (
    id                     uuid    not null primary key,
    permission_name        varchar not null,
    permission_description varchar not null
);

create table if not exists role_permission (
    id            uuid not null primary key,
    role_id       uuid not null references roles (id) on delete cascade,
    permission_id uuid not null references permission (id) on delete cascade
);

-- user_id is a Cognito sub: there is no users table to refer to. A grant with a trust_id is one of that trust alone, and
-- FLIP's to write and to read. By the last index those who manage users are found among all who have a role; a table that is
-- FLIP's gets it from `npm run migrate -- --index-audit`, and from nothing else.
do $$
begin
  if to_regclass('user_role') is null then
    create table user_role (
        user_id  uuid not null,
        role_id  uuid not null references roles (id),
        id       uuid not null default gen_random_uuid() primary key,
        trust_id uuid
    );
    create index ix_user_role_user_id on user_role (user_id);
    create unique index uq_user_role_global on user_role (user_id, role_id) where trust_id is null;
    create unique index uq_user_role_per_trust on user_role (user_id, role_id, trust_id) where trust_id is not null;
    create index registrar_grants_role on user_role (role_id, user_id);
  end if;
end $$;

-- With the indexes that GET /api/audit reads by, one for each filter, in the order of its pages. A table that is FLIP's
-- gets them from `npm run migrate -- --index-audit`, and from nothing else.
do $$
begin
  if to_regclass('users_audit') is null then
    create table users_audit (
        id                  uuid        not null primary key,
        action              varchar     not null,
        user_id             uuid        not null,
        modified_by_user_id uuid        not null,
        "timestamp"         timestamptz not null
    );
    create index registrar_audit_newest on users_audit ("timestamp" desc, id desc);
    create index registrar_audit_actor on users_audit (modified_by_user_id desc, "timestamp" desc, id desc);
    create index registrar_audit_subject on users_audit (user_id desc, "timestamp" desc, id desc);
    create index registrar_audit_action on users_audit (action desc, "timestamp" desc, id desc);
  end if;
end $$;
