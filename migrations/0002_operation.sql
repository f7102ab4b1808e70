-- The ledger: one row for each operation, that is for each registration of a user and for each change to a user who
-- exists, written before Cognito is called. A registration's id is also the id of its audit row and the ownership tag
-- on the Cognito user. docs/protocol.md says who may move a row, and when.
--
-- Registrar's own tables live in a schema of their own: tools that look after FLIP's tables see `public` only, and
-- `drop schema registrar cascade` uninstalls. Safe to run again.

create schema if not exists registrar;

-- Which migration was the last to run: the number of its file. GET /api/ready compares it with what the service needs.
-- Every file from here on ends by saying its own.
create table if not exists registrar.schema_version (
  one_row boolean primary key default true check (one_row),
  version integer not null
);
insert into registrar.schema_version (version) values (0) on conflict do nothing;

create table if not exists registrar.operation (
  id uuid primary key,
  -- A registration ('register'; 'register_with_roles' also grants the roles; 'adopt' writes down somebody who was in the
  -- pool already), or a change to a user who exists.
  kind text not null,
  caller uuid not null,
  email text,
  -- What the user is called, where the request says so.
  name text,
  -- Where they work, the same.
  organisation text,
  roles uuid[] not null,
  -- Belongs to the caller; expires some time after the registration has closed.
  idempotency_key text,
  state text not null default 'started',
  verdict text,
  -- Why Cognito refused, or a change has ended without its effect, in our own words.
  reason text,
  -- The Cognito user that the commit registered, that a rollback deleted, or that the change is about.
  sub uuid,
  -- When the caller of a change was checked. A change that was asked for earlier does not follow one asked for later.
  asked_at timestamptz,
  started_at timestamptz not null default now(),
  closed_at timestamptz,
  acknowledged_at timestamptz,
  missing_since timestamptz,
  grace_until timestamptz,
  -- When the sweeper looks next. Leasing an operation moves this later, so it is both the lease and the back-off.
  due_at timestamptz,
  tries integer not null default 0,
  needs_operator boolean not null default false,
  last_error text,
  history jsonb not null default '[]',
  -- Whether a row has something of a person in it beside ids: an address, a name, an organisation, or an operator's own words.
  personal boolean not null generated always as (
    email is not null or name is not null or organisation is not null
      or history @? '$[*].note ? (@ starts with "closed by an operator: ")'
  ) stored,
  -- It was old enough to be deleted, and is needed: what is newer of the same user decides whether that is looked at again.
  retained boolean not null default false,
  -- In which order the sweeper takes up what is due: rollbacks, final checks, changes, and what only waits to be finished
  -- or invited.
  urgency smallint not null generated always as (
    case
      when state in ('started', 'rolling_back') then 0
      when closed_at is not null then 1
      when kind in ('remove', 'disable', 'enable', 'reset_mfa') then 2
      else 3
    end
  ) stored
);

-- What is true of every row, whoever writes it. A function in PL/pgSQL is read once a connection; as constraints of the table the
-- same rules are read anew by each statement that writes, which was a quarter of what a registration cost PostgreSQL. The
-- name of the rule that a row breaks is in the answer, as a constraint's is.
create or replace function registrar.is_sound(entry registrar.operation) returns boolean
language plpgsql immutable as $$
declare
  registers constant boolean := entry.kind in ('register', 'register_with_roles', 'adopt');
  closed constant boolean := entry.state in ('completed', 'rejected', 'rolled_back', 'user_lost', 'done', 'refused');
  broken constant text := case
    when not registers and entry.kind not in ('remove', 'disable', 'enable', 'reset_mfa', 'invite') then 'kind_is_known'
    when not closed and entry.state not in ('started', 'registered', 'rolling_back', 'pending') then 'state_is_known'
    when entry.verdict not in ('user_exists', 'create_refused') then 'verdict_is_known'
    when entry.reason not in (
      'address_not_accepted', 'password_policy', 'pool_rule', 'user_state', 'pool_trigger_broken', 'pool_configuration',
      'credentials', 'other',
      'superseded', 'user_not_found', 'user_disabled', 'invitation_not_needed', 'closed_by_operator'
    ) then 'reason_is_known'
    when entry.email <> lower(entry.email) or length(entry.email) > 128 then 'email_is_folded'
    when length(entry.name) not between 1 and 255 then 'name_has_a_length'
    when length(entry.organisation) not between 1 and 255 then 'organisation_has_a_length'
    when length(entry.idempotency_key) not between 1 and 255 then 'key_has_a_length'
    when entry.tries < 0 then 'tries_are_counted'
    -- An operation that is not closed always has a time at which it is due.
    when not closed and entry.due_at is null then 'open_is_due'
    when closed <> (entry.closed_at is not null) then 'closed_has_time'
    when entry.grace_until is not null and entry.due_at is null then 'grace_is_due'
    when entry.grace_until is not null and entry.state not in ('rejected', 'rolled_back', 'done') then 'grace_is_closed'
    when entry.sub is null and entry.state in ('registered', 'completed', 'user_lost') then 'user_is_known'
    when (entry.verdict is not null) <> (entry.state = 'rejected') then 'rejected_has_verdict'
    when entry.reason is null and entry.state = 'refused' then 'refused_has_reason'
    when entry.missing_since is not null and entry.state not in ('registered', 'user_lost') then 'missing_is_registered'
    when registers = (entry.state in ('pending', 'done', 'refused')) then 'change_has_user'
    when entry.sub is null and entry.kind not in ('register', 'register_with_roles') then 'change_has_user'
    when not registers and (entry.email is not null or entry.name is not null or entry.organisation is not null)
      then 'change_has_user'
    -- A registration has an address for as long as anything may be done for it, or its key may be asked for.
    when registers and entry.email is null and not (entry.closed_at is not null and entry.due_at is null
      and entry.idempotency_key is null and entry.name is null and entry.organisation is null) then 'address_is_known'
  end;
begin
  if broken is not null then
    raise exception 'a row of registrar.operation breaks the rule %', broken
      using errcode = 'check_violation', schema = 'registrar', table = 'operation', constraint = 'operation_' || broken;
  end if;
  return true;
end $$;

-- Once on a table of before, in the place of its constraints.
do $$
declare
  before record;
begin
  for before in
    select conname from pg_constraint
    where conrelid = 'registrar.operation'::regclass and contype = 'c' and conname <> 'operation_is_sound'
  loop
    execute format('alter table registrar.operation drop constraint %I', before.conname);
  end loop;
  if not exists (
    select from pg_constraint where conrelid = 'registrar.operation'::regclass and conname = 'operation_is_sound'
  ) then
    -- Not read again: the rows of a table of before were written under its constraints.
    alter table registrar.operation add constraint operation_is_sound check (registrar.is_sound(operation)) not valid;
  end if;
end $$;

-- One open registration per address.
create unique index if not exists operation_open_address
  on registrar.operation (email) where state in ('started', 'rolling_back');

-- One registration per key and caller, unless it was rolled back: then the key may run again.
create unique index if not exists operation_key
  on registrar.operation (caller, idempotency_key) where idempotency_key is not null and state <> 'rolled_back';

-- One open change of a kind per user.
create unique index if not exists operation_open_change
  on registrar.operation (sub, kind) where state = 'pending';

create index if not exists operation_due on registrar.operation (urgency, due_at) where due_at is not null;

-- The list of operations, newest first: one index for each filter, in the list's own order, so that a page is read from
-- its first row on, however many rows there are and however few of them match.
create index if not exists operation_newest on registrar.operation (started_at desc, id desc);

create index if not exists operation_user on registrar.operation (sub desc, started_at desc, id desc) where sub is not null;

create index if not exists operation_caller on registrar.operation (caller desc, started_at desc, id desc);

create index if not exists operation_email
  on registrar.operation (email desc, started_at desc, id desc) where email is not null;

create index if not exists operation_state on registrar.operation (state desc, started_at desc, id desc);

create index if not exists operation_kind on registrar.operation (kind desc, started_at desc, id desc);

-- With which address a user was registered, for every line of an export, however much else was done to them.
create index if not exists operation_registered on registrar.operation (sub desc, started_at desc) where email is not null;

create index if not exists operation_needs_operator
  on registrar.operation (needs_operator desc, started_at desc, id desc);

create index if not exists operation_kept_key
  on registrar.operation (started_at) where idempotency_key is not null;

-- What may forget an address next, and what may be deleted next, the oldest first.
create index if not exists operation_to_forget
  on registrar.operation (closed_at) where personal and due_at is null and idempotency_key is null;

create index if not exists operation_to_delete
  on registrar.operation (closed_at)
  where not retained and due_at is null and idempotency_key is null and not needs_operator;

-- When the newest operation was closed, and which were since the metrics were counted last.
create index if not exists operation_closed on registrar.operation (closed_at) where closed_at is not null;

-- How many operations were closed before a time, by kind, state and reason: what GET /api/metrics has counted already, so
-- that it need not count it again. Nothing of a closed operation that is counted here changes afterwards.
create table if not exists registrar.closed_count (
  one_row boolean primary key default true check (one_row),
  counted_until timestamptz not null,
  counts jsonb not null
);

-- When the newest change of a user's roles was asked for. One that was asked for earlier, and takes effect later, does
-- nothing: what an administrator was told stays true.
create table if not exists registrar.roles_asked (
  user_id uuid primary key,
  asked_at timestamptz not null
);

update registrar.schema_version set version = greatest(version, 2);
