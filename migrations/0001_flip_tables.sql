-- FLIP's five tables, as its own migrations make them, for a database that has none of them yet.
-- On a FLIP database this changes nothing: no table is altered, no row is written.
-- No column has a server-side default because FLIP's have none; whoever writes a row brings its id and its time.

create table if not exists roles (
    id          uuid      not null primary key,
    name        varchar   not null unique,
    description varchar   not null,
    created_at  timestamp not null,
    updated_at  timestamp not null
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

-- user_id is a Cognito sub: there is no users table to refer to.
create table if not exists user_role (
    user_id uuid not null,
    role_id uuid not null references roles (id),
    primary key (user_id, role_id)
);

-- With the indexes that GET /api/audit reads by, one for each filter, in the order of its pages. A table that is FLIP's
-- gets them from `npm run migrate -- --index-audit`, and from nothing else.
do $$
begin
  if to_regclass('users_audit') is null then
    create table users_audit (
        id                  uuid      not null primary key,
        action              varchar   not null,
        user_id             uuid      not null,
        modified_by_user_id uuid      not null,
        "timestamp"         timestamp not null
    );
    create index registrar_audit_newest on users_audit ("timestamp" desc, id desc);
    create index registrar_audit_actor on users_audit (modified_by_user_id desc, "timestamp" desc, id desc);
    create index registrar_audit_subject on users_audit (user_id desc, "timestamp" desc, id desc);
    create index registrar_audit_action on users_audit (action desc, "timestamp" desc, id desc);
  end if;
end $$;
