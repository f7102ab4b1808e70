-- What the statements do that requests wait for, as functions: each connection plans them once, also where a proxy lends another
-- connection to each transaction. A function's name ends with the number of the migration that has made it; what a release has
-- had stays, for the service of the version before. Whoever calls one needs the rights of what it does. Written by
-- "npm run functions", from src/adapters/postgres. Safe to run again.

create or replace function registrar.access_may_manage_users_5(uuid, uuid, uuid, uuid)
returns table ("allowed" boolean, "askedAt" jsonb, "trusts" boolean)
language plpgsql set plan_cache_mode = 'force_generic_plan' as $function$
#variable_conflict use_column
begin
  return query
with allowed as (
  select exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $4::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id = $2::uuid) as yes
), counted as (
  insert into registrar.denial (id, caller, action, times, first_at, last_at, question)
  select md5(concat_ws(' ', 'denied', $2::uuid, 'Denied user management', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD HH24')))::uuid, $2::uuid, 'Denied user management', 1,
    statement_timestamp(), statement_timestamp(), $1::uuid
  where not (select yes from allowed)
  on conflict (id) do update
  set times = denial.times + 1, last_at = greatest(denial.last_at, excluded.last_at), question = excluded.question
  where denial.question <> excluded.question
  returning id
), denied as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from (select $2::uuid as caller, $3::uuid as sub from counted) moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', (select id from counted), 'action', 'Denied user management', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
)
select yes as "allowed", to_jsonb(clock_timestamp()) as "askedAt", exists (select from pg_attribute
  where attrelid = to_regclass('user_role') and attname = 'trust_id' and not attisdropped) as "trusts" from allowed;
end $function$;

create or replace function registrar.access_set_roles_5(uuid, uuid, uuid, uuid, uuid[], text, timestamptz, uuid[], uuid[], double precision, text[])
returns table ("allowed" boolean, "unknownRoles" jsonb, "removed" boolean, "unresolved" uuid, "repeated" boolean, "tooLate" boolean, "asExpected" boolean, "etag" text, "standing" jsonb, "others" jsonb)
language plpgsql set plan_cache_mode = 'force_generic_plan' as $function$
#variable_conflict use_column
begin
  return query
with allowed as (
  select exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $4::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id = $2::uuid) as yes
), repeated as (
  select from users_audit where id = $1::uuid and action = 'Updated user roles'
), counted as (
  insert into registrar.denial (id, caller, action, times, first_at, last_at, question)
  select md5(concat_ws(' ', 'denied', $2::uuid, 'Denied user management', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD HH24')))::uuid, $2::uuid, 'Denied user management', 1,
    statement_timestamp(), statement_timestamp(), $1::uuid
  where not ((select yes from allowed) or exists (select from repeated))
  on conflict (id) do update
  set times = denial.times + 1, last_at = greatest(denial.last_at, excluded.last_at), question = excluded.question
  where denial.question <> excluded.question
  returning id
), denied as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from (select $2::uuid as caller, $3::uuid as sub from counted) moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', (select id from counted), 'action', 'Denied user management', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), unknown_role as (
  select named.id, named.n from unnest($5::uuid[]) with ordinality named(id, n)
  where not exists (select from roles where roles.id = named.id)
), late as (
  select clock_timestamp() > $7::timestamptz + make_interval(secs => $10::double precision) as too_late, exists (select from registrar.roles_asked newer where newer.user_id = $3::uuid and newer.asked_at > $7::timestamptz) as superseded
), last_manager as (
  select from (
  select exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $4::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id = $3::uuid) as yes) subject
  where subject.yes and not 
  exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $4::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id <> $3::uuid and user_role.user_id = any($8::uuid[]))
    and not exists (select from role_permission where permission_id = $4::uuid and role_id = any($5::uuid[]))
), removed as (
  select from registrar.operation gone
  where gone.sub = $3::uuid and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost')
), unresolved as (
  select id from registrar.operation
  where id = (case when $6::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $6::text::uuid end) and state in ('started', 'rolling_back', 'rejected', 'rolled_back')
), possible as (
  select $2::uuid as caller, $3::uuid as sub
  where (select yes from allowed) and not exists (select from removed) and not exists (select from unresolved)
    and not exists (select from repeated) and not (select too_late from late)
    and not exists (select from unknown_role) and ($11::text[] is null or 
  md5(concat($3::uuid, ' ', array_to_string(array(select role_id from user_role where user_id = $3::uuid and to_jsonb(user_role) ->> 'trust_id' is null order by role_id), ','), ' ', (select newest.id from registrar.operation newest
    where newest.sub = $3::uuid order by newest.started_at desc, newest.id limit 1), ' ', registrar.profile_of($3::uuid))) = any($11::text[]))
), accepted as (
  select * from possible where not (select superseded from late) and not exists (select from last_manager)
), overtaken as (
  select * from possible where (select superseded from late)
), overtaken_audited as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from overtaken moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', $1::uuid, 'action', 'Role change overtaken by a later one', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), revoked as (
  delete from user_role
  using accepted where user_role.user_id = accepted.sub and user_role.role_id <> all($5::uuid[])
    and to_jsonb(user_role) ->> 'trust_id' is null
), granted as (
  insert into user_role
  select granted.* from (select sub, unnest($5::uuid[]) as role_id from accepted) asked, jsonb_populate_record(null::user_role, jsonb_build_object(
    'id', gen_random_uuid(), 'user_id', asked.sub, 'role_id', asked.role_id)) granted
  on conflict do nothing
), asked as (
  insert into registrar.roles_asked (user_id, asked_at) select sub, $7::timestamptz from accepted
  on conflict (user_id) do update set asked_at = excluded.asked_at
), audited as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from accepted moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', $1::uuid, 'action', 'Updated user roles', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), recorded as (
  insert into registrar.role_change (id, caller, subject, before, after, at)
  select audited.id, audited.modified_by_user_id, audited.user_id, array(select role_id from user_role where user_id = audited.user_id and to_jsonb(user_role) ->> 'trust_id' is null order by role_id), array(select distinct unnest($5::uuid[]) order by 1), statement_timestamp()
  from audited audited where true
)
select (select yes from allowed) as "allowed",
  (select coalesce(jsonb_agg(id order by n), '[]') from unknown_role) as "unknownRoles",
  exists (select from removed) as "removed", (select id from unresolved) as "unresolved",
  exists (select from repeated) as "repeated",
  (select too_late from late) as "tooLate", ($11::text[] is null or 
  md5(concat($3::uuid, ' ', array_to_string(array(select role_id from user_role where user_id = $3::uuid and to_jsonb(user_role) ->> 'trust_id' is null order by role_id), ','), ' ', (select newest.id from registrar.operation newest
    where newest.sub = $3::uuid order by newest.started_at desc, newest.id limit 1), ' ', registrar.profile_of($3::uuid))) = any($11::text[])) as "asExpected",
  case when exists (select from accepted)
    then 
  md5(concat($3::uuid, ' ', array_to_string(array(select distinct unnest($5::uuid[]) order by 1), ','), ' ', (select newest.id from registrar.operation newest
    where newest.sub = $3::uuid order by newest.started_at desc, newest.id limit 1), ' ', registrar.profile_of($3::uuid))) else 
  md5(concat($3::uuid, ' ', array_to_string(array(select role_id from user_role where user_id = $3::uuid and to_jsonb(user_role) ->> 'trust_id' is null order by role_id), ','), ' ', (select newest.id from registrar.operation newest
    where newest.sub = $3::uuid order by newest.started_at desc, newest.id limit 1), ' ', registrar.profile_of($3::uuid)))
  end as "etag",
  case when (select superseded from late)
    then to_jsonb(array(select role_id from user_role where user_id = $3::uuid and to_jsonb(user_role) ->> 'trust_id' is null order by role_id))
  end as "standing",
  case when exists (select from last_manager) then (
  select coalesce(jsonb_agg(id order by id <> $2::uuid, id), '[]') as ids from (
    select manager.id from (
      select first.user_id as id
      from (select distinct role_id from role_permission where permission_id = $4::uuid) role, lateral (
        select user_role.user_id from user_role
        where user_role.role_id = role.role_id and user_role.user_id <> $3::uuid
          and user_role.user_id <> all($9::uuid[]) and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost')))
        order by user_role.user_id limit 20
      ) first
      union
      select $2::uuid where exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $4::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id = $2::uuid)
    ) manager
    where manager.id <> $3::uuid and manager.id <> all($9::uuid[])
    order by manager.id <> $2::uuid, manager.id limit 20) other) end as "others";
end $function$;

create or replace function registrar.changes_finish_5(uuid, double precision, text)
returns table ("id" uuid, "dueIn" double precision)
language plpgsql set plan_cache_mode = 'force_generic_plan' as $function$
#variable_conflict use_column
begin
  return query
with mine as (
  select id, exists (
    select from registrar.operation other
    where other.sub = mine.sub
      and (other.closed_at is null or other.grace_until is not null
        -- Counted from this one's start: it may have been done at once, and its end may land as late as it likes.
        or other.closed_at > mine.started_at - make_interval(secs => $2::double precision))
      and (other.kind, mine.kind) in (('enable', 'disable'), ('disable', 'enable'))) as opposed
  from registrar.operation mine where id = $1::uuid
)
update registrar.operation
set state = 'done', closed_at = now(), tries = 0, last_error = null, needs_operator = false,
  history = history || jsonb_strip_nulls(jsonb_build_object('at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'state', 'done',
    'by', case when (case when $3::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $3::text::uuid end) is null then $3::text else 'operator' end, 'who', (case when $3::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $3::text::uuid end), 'note', null::text)),
  grace_until = case when opposed then now() + make_interval(secs => $2::double precision) + interval '1 minute' end,
  due_at = case when opposed then now() + make_interval(secs => $2::double precision) + interval '1 minute' end
from mine where operation.id = mine.id and state = 'pending'
returning operation.id, extract(epoch from operation.due_at - now())::double precision as "dueIn";
end $function$;

create or replace function registrar.changes_open_5(uuid, uuid, uuid, text, text, uuid, double precision, double precision, text, text, timestamptz, uuid[], uuid[], text[], text, text)
returns table ("allowed" boolean, "unresolved" uuid, "asExpected" boolean, "tooLate" boolean, "superseded" boolean, "others" jsonb, "removed" boolean, "disabled" boolean, "notKept" boolean, "written" boolean, "profiled" boolean, "change" jsonb)
language plpgsql set plan_cache_mode = 'force_generic_plan' as $function$
#variable_conflict use_column
begin
  return query
with allowed as (
  select exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $6::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id = $2::uuid) as yes
), counted as (
  insert into registrar.denial (id, caller, action, times, first_at, last_at, question)
  select md5(concat_ws(' ', 'denied', $2::uuid, 'Denied user management', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD HH24')))::uuid, $2::uuid, 'Denied user management', 1,
    statement_timestamp(), statement_timestamp(), $1::uuid
  where not (select yes from allowed)
  on conflict (id) do update
  set times = denial.times + 1, last_at = greatest(denial.last_at, excluded.last_at), question = excluded.question
  where denial.question <> excluded.question
  returning id
), denied as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from (select $2::uuid as caller, $3::uuid as sub from counted) moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', (select id from counted), 'action', 'Denied user management', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), known as (
  select * from registrar.operation
  where id = $1::uuid or (sub = $3::uuid and kind = $4::text and state = 'pending')
  order by (id = $1::uuid) desc limit 1
), late as (
  select clock_timestamp() > $11::timestamptz + make_interval(secs => $7::double precision) as too_late, exists (select from registrar.operation newer
    where newer.sub = $3::uuid and newer.asked_at > $11::timestamptz and newer.id <> $1::uuid
      and (newer.kind, $4::text) in (('enable', 'disable'), ('disable', 'enable'))
    union all 
    select from registrar.profile_asked newer where newer.user_id = $3::uuid
      and ($15::text is not null and newer.name_asked_at > $11::timestamptz
        or $16::text is not null and newer.organisation_asked_at > $11::timestamptz)) as superseded
), not_kept as (select where ($15::text is not null or $16::text is not null) and registrar.profile_of($3::uuid) is null
), last_manager as (
  select from (
  select exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $6::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id = $3::uuid) as yes) subject
  where subject.yes and $4::text in ('remove', 'disable') and not 
  exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $6::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id <> $3::uuid and user_role.user_id = any($12::uuid[]))
), unresolved as (
  select id from registrar.operation
  where id = (case when $10::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $10::text::uuid end) and state in ('started', 'rolling_back', 'rejected', 'rolled_back')
  union all
  -- Its request may still delete the user without a fence: nobody is invited who could be gone a moment later.
  select id from registrar.operation
  where id = (case when $10::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $10::text::uuid end) and $4::text = 'invite' and state = 'registered' and acknowledged_at is null
    and now() <= started_at + make_interval(secs => $8::double precision)
), removed as (select where $4::text <> 'remove' and exists (
  select from registrar.operation gone
  where gone.sub = $3::uuid and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))
), disabled as (select where $4::text = 'invite' and (
  select change.kind from registrar.operation change
  where change.sub = $3::uuid and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) = 'disable'
), joined_before as (select where exists (select from users_audit where id = md5('profile ' || $1::uuid::text)::uuid and action = 'Updated user profile')
), as_expected as (
  -- A repeat has changed the user itself.
  select exists (select from known where known.id = $1::uuid) or exists (select from joined_before)
    or ($14::text[] is null or 
  md5(concat($3::uuid, ' ', array_to_string(array(select role_id from user_role where user_id = $3::uuid and to_jsonb(user_role) ->> 'trust_id' is null order by role_id), ','), ' ', (select newest.id from registrar.operation newest
    where newest.sub = $3::uuid order by newest.started_at desc, newest.id limit 1), ' ', registrar.profile_of($3::uuid))) = any($14::text[])) as yes
), possible as (
  select where (select yes from allowed) and not exists (select from unresolved) and (select yes from as_expected)
    and not (select too_late or superseded from late) and not exists (select from removed) and not exists (select from not_kept)
), accepted as (
  select from possible where not exists (select from known) and not exists (select from last_manager)
    and not exists (select from disabled)
), joined as (
  -- Somebody else's change of the kind is pending: what is to be written to the profile is this request's own.
  select $2::uuid as caller, $3::uuid as sub from possible
  where ($15::text is not null or $16::text is not null) and exists (select from known where known.id <> $1::uuid and state = 'pending')
    and not exists (select from joined_before)
), contradicted as (
  update registrar.operation
  set state = 'refused', reason = 'superseded', closed_at = now(), due_at = null, last_error = null,
    needs_operator = false, history = history || jsonb_strip_nulls(jsonb_build_object('at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'state', 'refused',
    'by', case when (case when $9::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $9::text::uuid end) is null then $9::text else 'operator' end, 'who', (case when $9::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $9::text::uuid end), 'note', 'superseded'))
  where exists (select from accepted) and sub = $3::uuid and state = 'pending' and (kind, $4::text) in (
      ('enable', 'disable'), ('disable', 'enable'),
      ('invite', 'disable'), ('reset_mfa', 'disable'),
      ('enable', 'remove'), ('disable', 'remove'), ('invite', 'remove'), ('reset_mfa', 'remove'))
  returning *
), answered as (
  -- A person was called because the pool has the user disabled, against the last word, or because an invitation was
  -- refused: this is a new word, or a new invitation.
  update registrar.operation set needs_operator = false
  where exists (select from accepted) and sub = $3::uuid and needs_operator
    and (state = 'done' and $4::text in ('enable', 'disable', 'remove')
      or state = 'completed' and $4::text in ('invite', 'remove'))
), contradicted_audited as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from contradicted moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', md5('not done ' || moved.id::text)::uuid, 'action', case moved.kind when 'remove' then 'Superseded, not known to be done: Deleted user' when 'disable' then 'Superseded, not known to be done: Disabled user' when 'enable' then 'Superseded, not known to be done: Enabled user' when 'reset_mfa' then 'Superseded, not known to be done: Reset user MFA' when 'invite' then 'Superseded, not known to be done: Invited user' end, 'user_id', moved.sub, 'modified_by_user_id', $2::uuid,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), opened as (
  insert into registrar.operation (id, kind, caller, roles, state, sub, asked_at, started_at, due_at, history)
  select $1::uuid, $4::text, $2::uuid, '{}', 'pending', $3::uuid, $11::timestamptz, statement_timestamp(), now() + make_interval(secs => $7::double precision),
    jsonb_build_array(jsonb_build_object('at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'state', 'pending', 'by', $9::text))
  where exists (select from accepted)
  on conflict do nothing
  returning *
), revoked as (
  delete from user_role where user_id = $3::uuid and exists (select from opened where kind = 'remove')
  returning role_id
), audited as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from opened moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', moved.id, 'action', $5::text, 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), joined_audited as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from joined moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', md5('profile ' || $1::uuid::text)::uuid, 'action', 'Updated user profile', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), profiled as (
  select sub from opened where ($15::text is not null or $16::text is not null) union all select sub from joined
), profile_asked as (
  insert into registrar.profile_asked as known (user_id, name_asked_at, organisation_asked_at)
  select sub, case when $15::text is not null then $11::timestamptz end,
    case when $16::text is not null then $11::timestamptz end from profiled source
  on conflict (user_id) do update
  set name_asked_at = coalesce(excluded.name_asked_at, known.name_asked_at),
    organisation_asked_at = coalesce(excluded.organisation_asked_at, known.organisation_asked_at)
), recorded as (
  insert into registrar.role_change (id, caller, subject, before, after, at)
  select audited.id, audited.modified_by_user_id, audited.user_id, array(select distinct role_id from revoked order by role_id), '{}', statement_timestamp()
  from audited audited where exists (select from revoked)
)
select (select yes from allowed) as "allowed", (select id from unresolved) as "unresolved",
  (select yes from as_expected) as "asExpected", (select too_late from late) as "tooLate", (select superseded from late) as "superseded",
  case when exists (select from last_manager) then (
  select coalesce(jsonb_agg(id order by id <> $2::uuid, id), '[]') as ids from (
    select manager.id from (
      select first.user_id as id
      from (select distinct role_id from role_permission where permission_id = $6::uuid) role, lateral (
        select user_role.user_id from user_role
        where user_role.role_id = role.role_id and user_role.user_id <> $3::uuid
          and user_role.user_id <> all($13::uuid[]) and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost')))
        order by user_role.user_id limit 20
      ) first
      union
      select $2::uuid where exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $6::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id = $2::uuid)
    ) manager
    where manager.id <> $3::uuid and manager.id <> all($13::uuid[])
    order by manager.id <> $2::uuid, manager.id limit 20) other) end as "others",
  exists (select from removed) as "removed", exists (select from disabled) as "disabled",
  exists (select from not_kept) as "notKept",
  (select bool_or(registrar.write_profile(sub, $15::text, $16::text, false)) from profiled) as "written",
  not ($15::text is not null or $16::text is not null) or exists (select from profiled) or exists (select from joined_before)
    or exists (select from known where known.id = $1::uuid) as "profiled",
  (select jsonb_build_object('id', mine.id, 'kind', mine.kind, 'caller', mine.caller, 'email', mine.email, 'name', mine.name, 'organisation', mine.organisation, 'roles', mine.roles, 'state', mine.state, 'verdict', mine.verdict, 'reason', mine.reason, 'sub', mine.sub, 'startedAt', to_char(mine.started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'closedAt', to_char(mine.closed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'acknowledgedAt', to_char(mine.acknowledged_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'missingSince', to_char(mine.missing_since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'graceUntil', to_char(mine.grace_until at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'dueAt', to_char(mine.due_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'tries', mine.tries, 'needsOperator', mine.needs_operator, 'lastError', mine.last_error, 'history', mine.history, 'stale', now() > mine.started_at + make_interval(secs => $7::double precision), 'pastHorizon', now() > mine.started_at + make_interval(secs => $8::double precision), 'graceOver', coalesce(now() > mine.grace_until, false), 'readAt', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    from (select * from opened union all select * from known) mine limit 1) as "change";
end $function$;

create or replace function registrar.changes_set_profile_5(uuid, uuid, uuid, uuid, double precision, text, timestamptz, text[], text, text)
returns table ("allowed" boolean, "repeated" boolean, "unresolved" uuid, "removed" boolean, "tooLate" boolean, "superseded" boolean, "notKept" boolean, "asExpected" boolean, "written" boolean)
language plpgsql set plan_cache_mode = 'force_generic_plan' as $function$
#variable_conflict use_column
begin
  return query
with allowed as (
  select exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $4::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id = $2::uuid) as yes
), repeated as (select where exists (select from users_audit where id = $1::uuid and action = 'Updated user profile')
), counted as (
  insert into registrar.denial (id, caller, action, times, first_at, last_at, question)
  select md5(concat_ws(' ', 'denied', $2::uuid, 'Denied user management', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD HH24')))::uuid, $2::uuid, 'Denied user management', 1,
    statement_timestamp(), statement_timestamp(), $1::uuid
  where not ((select yes from allowed) or exists (select from repeated))
  on conflict (id) do update
  set times = denial.times + 1, last_at = greatest(denial.last_at, excluded.last_at), question = excluded.question
  where denial.question <> excluded.question
  returning id
), denied as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from (select $2::uuid as caller, $3::uuid as sub from counted) moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', (select id from counted), 'action', 'Denied user management', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), late as (
  select clock_timestamp() > $7::timestamptz + make_interval(secs => $5::double precision) as too_late, exists (
    select from registrar.profile_asked newer where newer.user_id = $3::uuid
      and ($9::text is not null and newer.name_asked_at > $7::timestamptz
        or $10::text is not null and newer.organisation_asked_at > $7::timestamptz)) as superseded
), not_kept as (select where ($9::text is not null or $10::text is not null) and registrar.profile_of($3::uuid) is null
), unresolved as (
  select id from registrar.operation
  where id = (case when $6::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $6::text::uuid end) and state in ('started', 'rolling_back', 'rejected', 'rolled_back')
), removed as (
  select from registrar.operation gone
  where gone.sub = $3::uuid and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost')
), accepted as (
  select $2::uuid as caller, $3::uuid as sub
  where (select yes from allowed) and not exists (select from repeated) and not (select too_late or superseded from late)
    and not exists (select from not_kept) and not exists (select from unresolved) and not exists (select from removed)
    and ($8::text[] is null or 
  md5(concat($3::uuid, ' ', array_to_string(array(select role_id from user_role where user_id = $3::uuid and to_jsonb(user_role) ->> 'trust_id' is null order by role_id), ','), ' ', (select newest.id from registrar.operation newest
    where newest.sub = $3::uuid order by newest.started_at desc, newest.id limit 1), ' ', registrar.profile_of($3::uuid))) = any($8::text[]))
), asked as (
  insert into registrar.profile_asked as known (user_id, name_asked_at, organisation_asked_at)
  select sub, case when $9::text is not null then $7::timestamptz end,
    case when $10::text is not null then $7::timestamptz end from accepted source
  on conflict (user_id) do update
  set name_asked_at = coalesce(excluded.name_asked_at, known.name_asked_at),
    organisation_asked_at = coalesce(excluded.organisation_asked_at, known.organisation_asked_at)
), audited as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from accepted moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', $1::uuid, 'action', 'Updated user profile', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
)
select (select yes from allowed) as "allowed", exists (select from repeated) as "repeated",
  (select id from unresolved) as "unresolved", exists (select from removed) as "removed",
  (select too_late from late) as "tooLate", (select superseded from late) as "superseded",
  exists (select from not_kept) as "notKept", ($8::text[] is null or 
  md5(concat($3::uuid, ' ', array_to_string(array(select role_id from user_role where user_id = $3::uuid and to_jsonb(user_role) ->> 'trust_id' is null order by role_id), ','), ' ', (select newest.id from registrar.operation newest
    where newest.sub = $3::uuid order by newest.started_at desc, newest.id limit 1), ' ', registrar.profile_of($3::uuid))) = any($8::text[])) as "asExpected",
  (select registrar.write_profile(sub, $9::text, $10::text, false) from accepted) as "written";
end $function$;

create or replace function registrar.ledger_acknowledge_5(uuid)
returns table ("mayComeIn" boolean, "dueIn" double precision)
language plpgsql set plan_cache_mode = 'force_generic_plan' as $function$
#variable_conflict use_column
begin
  return query
update registrar.operation
set acknowledged_at = coalesce(acknowledged_at, now()), due_at = now() + interval '60 seconds'
where id = $1::uuid and state = 'registered'
returning (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = operation.sub and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = operation.sub and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) as "mayComeIn", extract(epoch from due_at - now())::double precision as "dueIn";
end $function$;

create or replace function registrar.ledger_commit_5(uuid, uuid, uuid[], double precision, text)
returns table ("id" uuid, "dueIn" double precision, "written" boolean)
language plpgsql set plan_cache_mode = 'force_generic_plan' as $function$
#variable_conflict use_column
begin
  return query
with moved as (
  update registrar.operation
  set state = 'registered', sub = $2::uuid, tries = 0, last_error = null, needs_operator = false,
    due_at = started_at + make_interval(secs => $4::double precision), history = history || jsonb_strip_nulls(jsonb_build_object('at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'state', 'registered',
    'by', case when (case when $5::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $5::text::uuid end) is null then $5::text else 'operator' end, 'who', (case when $5::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $5::text::uuid end), 'note', null::text)),
    caller = case when caller = id then coalesce($2::uuid, caller) else caller end
  where id = $1::uuid and state = 'started'
    and not exists (select from registrar.operation removal where removal.sub = $2::uuid and removal.kind = 'remove')
    and ($3::uuid[] is null or not exists (
      select from (
  select * from registrar.operation
  where email = (select email from registrar.operation where id = $1::uuid) and state in ('registered', 'completed') and id <> $1::uuid
    and not exists (
  select from registrar.operation gone
  where gone.sub = operation.sub and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) other where other.id <> all($3::uuid[])))
  returning *
), audited as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from moved moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', moved.id, 'action', 'Registered user', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), granting as (
  -- An administrator who has set the user's roles meanwhile asked later.
  select * from moved where kind = 'register_with_roles'
    and not exists (select from registrar.roles_asked newer where newer.user_id = moved.sub)
), granted as (
  insert into user_role
  select granted.* from (select sub, unnest(roles) as role_id from granting) asked, jsonb_populate_record(null::user_role, jsonb_build_object(
    'id', gen_random_uuid(), 'user_id', asked.sub, 'role_id', asked.role_id)) granted
  on conflict do nothing
), granted_audited as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from granting moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', gen_random_uuid(), 'action', 'Updated user roles', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), recorded as (
  insert into registrar.role_change (id, caller, subject, before, after, at)
  select audited.id, audited.modified_by_user_id, audited.user_id, array(select role_id from user_role where user_id = audited.user_id and to_jsonb(user_role) ->> 'trust_id' is null order by role_id), array(select unnest(array(select role_id from user_role where user_id = audited.user_id and to_jsonb(user_role) ->> 'trust_id' is null order by role_id)) union select unnest(roles) from moved order by 1), statement_timestamp()
  from granted_audited audited where true
)
select id, extract(epoch from due_at - now())::double precision as "dueIn",
  registrar.write_profile(sub, name, organisation, true) from moved;
end $function$;

create or replace function registrar.ledger_complete_5(uuid, text, boolean, text)
returns table ("id" uuid)
language plpgsql set plan_cache_mode = 'force_generic_plan' as $function$
#variable_conflict use_column
begin
  return query
update registrar.operation
set state = 'completed', closed_at = now(), due_at = null, missing_since = null, tries = 0, last_error = null,
  needs_operator = $3::boolean, history = history || jsonb_strip_nulls(jsonb_build_object('at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'state', 'completed',
    'by', case when (case when $4::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $4::text::uuid end) is null then $4::text else 'operator' end, 'who', (case when $4::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $4::text::uuid end), 'note', $2::text))
where id = $1::uuid and state = 'registered'
returning id;
end $function$;

create or replace function registrar.ledger_open_5(uuid, uuid, text, text, text, text, uuid[], text, uuid, double precision, double precision, text)
returns table ("allowed" boolean, "unknownRoles" jsonb, "own" jsonb, "keyHolder" jsonb, "sameRequest" boolean, "userGone" boolean, "addressHolder" jsonb, "earlier" jsonb)
language plpgsql set plan_cache_mode = 'force_generic_plan' as $function$
#variable_conflict use_column
begin
  return query
with allowed as (
  select exists (
  select  from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = $9::uuid and to_jsonb(user_role) ->> 'trust_id' is null and (
      coalesce((
  select change.kind from registrar.operation change
  where change.sub = user_role.user_id and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1) <> 'disable', true) and not exists (
  select from registrar.operation gone
  where gone.sub = user_role.user_id and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) and user_role.user_id = $2::uuid) as yes
), counted as (
  insert into registrar.denial (id, caller, action, times, first_at, last_at, question)
  select md5(concat_ws(' ', 'denied', $2::uuid, 'Denied registration', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD HH24')))::uuid, $2::uuid, 'Denied registration', 1,
    statement_timestamp(), statement_timestamp(), $1::uuid
  where not (select yes from allowed)
  on conflict (id) do update
  set times = denial.times + 1, last_at = greatest(denial.last_at, excluded.last_at), question = excluded.question
  where denial.question <> excluded.question
  returning id
), denied as (
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from (select $2::uuid as caller, $2::uuid as sub from counted) moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', (select id from counted), 'action', 'Denied registration', 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id
), unknown_role as (
  select named.id, named.n from unnest($7::uuid[]) with ordinality named(id, n)
  where not exists (select from roles where roles.id = named.id)
), own as (
  select * from registrar.operation where id = $1::uuid
), key_holder as (
  select * from registrar.operation
  where caller = $2::uuid and idempotency_key = $8::text and state <> 'rolled_back' and id <> $1::uuid
), address_holder as (
  select * from registrar.operation
  where email = $4::text and state in ('started', 'rolling_back') and id <> $1::uuid
), earlier as (
  select * from registrar.operation
  where email = $4::text and state in ('registered', 'completed') and id <> $1::uuid
    and not exists (
  select from registrar.operation gone
  where gone.sub = operation.sub and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))
), opened as (
  insert into registrar.operation (id, kind, caller, email, name, organisation, roles, idempotency_key, due_at, history)
  select $1::uuid, $3::text, $2::uuid, $4::text, $5::text, $6::text, $7::uuid[], $8::text, now() + make_interval(secs => $10::double precision),
    jsonb_build_array(jsonb_build_object('at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'state', 'started', 'by', $12::text))
  where (select yes from allowed)
    and not exists (select from unknown_role)
    and not exists (select from own)
    and not exists (select from key_holder)
    and not exists (select from address_holder)
  on conflict do nothing
  returning *
)
select (select yes from allowed) as "allowed",
  (select coalesce(jsonb_agg(id order by n), '[]') from unknown_role) as "unknownRoles",
  (select jsonb_build_object('id', mine.id, 'kind', mine.kind, 'caller', mine.caller, 'email', mine.email, 'name', mine.name, 'organisation', mine.organisation, 'roles', mine.roles, 'state', mine.state, 'verdict', mine.verdict, 'reason', mine.reason, 'sub', mine.sub, 'startedAt', to_char(mine.started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'closedAt', to_char(mine.closed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'acknowledgedAt', to_char(mine.acknowledged_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'missingSince', to_char(mine.missing_since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'graceUntil', to_char(mine.grace_until at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'dueAt', to_char(mine.due_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'tries', mine.tries, 'needsOperator', mine.needs_operator, 'lastError', mine.last_error, 'history', mine.history, 'stale', now() > mine.started_at + make_interval(secs => $10::double precision), 'pastHorizon', now() > mine.started_at + make_interval(secs => $11::double precision), 'graceOver', coalesce(now() > mine.grace_until, false), 'readAt', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    from (select * from opened union all select * from own) mine) as "own",
  (select jsonb_build_object('id', key_holder.id, 'kind', key_holder.kind, 'caller', key_holder.caller, 'email', key_holder.email, 'name', key_holder.name, 'organisation', key_holder.organisation, 'roles', key_holder.roles, 'state', key_holder.state, 'verdict', key_holder.verdict, 'reason', key_holder.reason, 'sub', key_holder.sub, 'startedAt', to_char(key_holder.started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'closedAt', to_char(key_holder.closed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'acknowledgedAt', to_char(key_holder.acknowledged_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'missingSince', to_char(key_holder.missing_since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'graceUntil', to_char(key_holder.grace_until at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'dueAt', to_char(key_holder.due_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'tries', key_holder.tries, 'needsOperator', key_holder.needs_operator, 'lastError', key_holder.last_error, 'history', key_holder.history, 'stale', now() > key_holder.started_at + make_interval(secs => $10::double precision), 'pastHorizon', now() > key_holder.started_at + make_interval(secs => $11::double precision), 'graceOver', coalesce(now() > key_holder.grace_until, false), 'readAt', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from key_holder) as "keyHolder",
  (select kind = $3::text and email = $4::text and name is not distinct from $5::text
      and organisation is not distinct from $6::text and roles @> $7::uuid[] and roles <@ $7::uuid[]
    from key_holder) as "sameRequest",
  exists (select from key_holder where exists (
  select from registrar.operation gone
  where gone.sub = key_holder.sub and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost'))) as "userGone",
  (select jsonb_build_object('id', address_holder.id, 'kind', address_holder.kind, 'caller', address_holder.caller, 'email', address_holder.email, 'name', address_holder.name, 'organisation', address_holder.organisation, 'roles', address_holder.roles, 'state', address_holder.state, 'verdict', address_holder.verdict, 'reason', address_holder.reason, 'sub', address_holder.sub, 'startedAt', to_char(address_holder.started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'closedAt', to_char(address_holder.closed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'acknowledgedAt', to_char(address_holder.acknowledged_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'missingSince', to_char(address_holder.missing_since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'graceUntil', to_char(address_holder.grace_until at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'dueAt', to_char(address_holder.due_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'tries', address_holder.tries, 'needsOperator', address_holder.needs_operator, 'lastError', address_holder.last_error, 'history', address_holder.history, 'stale', now() > address_holder.started_at + make_interval(secs => $10::double precision), 'pastHorizon', now() > address_holder.started_at + make_interval(secs => $11::double precision), 'graceOver', coalesce(now() > address_holder.grace_until, false), 'readAt', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from address_holder) as "addressHolder",
  (select coalesce(jsonb_agg(jsonb_build_object('id', earlier.id, 'kind', earlier.kind, 'caller', earlier.caller, 'email', earlier.email, 'name', earlier.name, 'organisation', earlier.organisation, 'roles', earlier.roles, 'state', earlier.state, 'verdict', earlier.verdict, 'reason', earlier.reason, 'sub', earlier.sub, 'startedAt', to_char(earlier.started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'closedAt', to_char(earlier.closed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'acknowledgedAt', to_char(earlier.acknowledged_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'missingSince', to_char(earlier.missing_since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'graceUntil', to_char(earlier.grace_until at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'dueAt', to_char(earlier.due_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'tries', earlier.tries, 'needsOperator', earlier.needs_operator, 'lastError', earlier.last_error, 'history', earlier.history, 'stale', now() > earlier.started_at + make_interval(secs => $10::double precision), 'pastHorizon', now() > earlier.started_at + make_interval(secs => $11::double precision), 'graceOver', coalesce(now() > earlier.grace_until, false), 'readAt', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))), '[]') from earlier) as "earlier";
end $function$;

update registrar.schema_version set version = greatest(version, 5);
