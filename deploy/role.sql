-- The database role of the service, with the rights that its statements use and no others. Run by the owner of the
-- tables, after `npm run migrate`; it may be run again. Nobody signs in as this role. The service signs in as a member of
-- it, so that two may be good at a time while a password is replaced:
-- create role registrar_a login password '…' in role registrar_service;

do $$
begin
  if not exists (select from pg_roles where rolname = 'registrar_service') then
    create role registrar_service nologin;
  end if;
end $$;

-- FLIP's tables. The audit trail is written and read, and never changed.
grant select on roles, permission, role_permission to registrar_service;
grant select, insert, delete on user_role to registrar_service;
grant select, insert on users_audit to registrar_service;

-- Registrar's own.
grant usage on schema registrar to registrar_service;
grant select, insert, update, delete on registrar.operation to registrar_service;
grant select, insert, update on registrar.roles_asked, registrar.profile_asked, registrar.denial to registrar_service;
grant select, insert on registrar.role_change to registrar_service;
grant select on registrar.schema_version to registrar_service;
grant select, insert, update on registrar.closed_count to registrar_service;

-- FLIP's newer schema.
do $$
begin
  if to_regclass('user_profile') is not null then
    grant select, insert, update on user_profile to registrar_service;
  end if;
end $$;
