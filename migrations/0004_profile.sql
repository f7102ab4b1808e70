-- What a user is called, and where they work, in FLIP's table user_profile. A database of FLIP's before June 2026 has no such
-- table, and a statement that names it would not be understood there; the branch of a function is not looked at before it is taken.
-- Safe to run again.

-- When the newest change of each was asked for. One that was asked for earlier, and takes effect later, does nothing.
create table if not exists registrar.profile_asked (
  user_id uuid primary key,
  name_asked_at timestamptz,
  organisation_asked_at timestamptz
);

-- Null where this database keeps no profiles; empty texts where it has none of this user.
create or replace function registrar.profile_of(whose uuid) returns jsonb
language plpgsql stable as $$
declare
  shown jsonb;
begin
  if to_regclass('user_profile') is null then
    return null;
  end if;
  select jsonb_build_object('name', name, 'organisation', organisation) into shown
  from user_profile where user_id = whose;
  return coalesce(shown, jsonb_build_object('name', '', 'organisation', ''));
end $$;

-- Writes what is not null. `fills`: only where nothing is written yet. Through the table's own row type, so that columns with
-- and without a time zone both get UTC. False where this database keeps no profiles.
create or replace function registrar.write_profile(whose uuid, called text, works_at text, fills boolean)
returns boolean
language plpgsql as $$
declare
  written_at text := to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
begin
  if to_regclass('user_profile') is null then
    return false;
  end if;
  insert into user_profile as known (user_id, name, organisation, created_at, updated_at)
  select entry.user_id, entry.name, entry.organisation, entry.created_at, entry.updated_at
  from jsonb_populate_record(null::user_profile, jsonb_build_object(
    'user_id', whose, 'name', coalesce(called, ''), 'organisation', coalesce(works_at, ''),
    'created_at', written_at, 'updated_at', written_at)) entry
  on conflict (user_id) do update
  set name = case when fills and known.name <> '' then known.name else coalesce(called, known.name) end,
    organisation = case when fills and known.organisation <> '' then known.organisation
      else coalesce(works_at, known.organisation) end,
    updated_at = excluded.updated_at;
  return true;
end $$;

-- Whose name or organisation has such a part, in any case: at most so many. Nobody where this database keeps no profiles.
create or replace function registrar.profiles_like(part text, most integer) returns uuid[]
language plpgsql stable as $$
begin
  if to_regclass('user_profile') is null then
    return '{}';
  end if;
  return array(
    select user_id from user_profile
    where strpos(lower(name), lower(part)) > 0 or strpos(lower(organisation), lower(part)) > 0
    limit most);
end $$;

update registrar.schema_version set version = greatest(version, 4);
