-- The ledger: one row per attempt to register a user, written before Cognito is touched. Its id is the attempt's id,
-- the id of the audit row, and the ownership mark on the Cognito user. docs/protocol.md says who may move a row.
-- Safe to run again. It is the only table that Registrar adds.

create table if not exists registration (
  id uuid primary key,
  -- A registration ('user', 'step': also grants the roles), or an errand: a change to a user who exists.
  kind text not null check (kind in ('user', 'step', 'remove', 'disable', 'enable', 'reset_mfa', 'invite')),
  caller uuid not null,
  email text check (email = lower(email) and length(email) <= 128),
  roles uuid[] not null,
  -- Belongs to the caller; forgotten some time after the attempt has closed.
  idempotency_key text check (length(idempotency_key) between 1 and 255),
  state text not null default 'started' check (
    state in (
      'started', 'registered', 'rolling_back', 'completed', 'rejected', 'rolled_back', 'user_lost', 'pending', 'done'
    )
  ),
  verdict text check (verdict in ('user_exists', 'create_refused')),
  -- The Cognito user: whom the commit registered, or whom a rollback deleted.
  sub uuid,
  started_at timestamptz not null default now(),
  closed_at timestamptz,
  acknowledged_at timestamptz,
  missing_since timestamptz,
  watch_until timestamptz,
  -- When the sweeper looks next. Taking an attempt up puts this off, so that it is lease and back-off in one.
  due_at timestamptz,
  tries integer not null default 0 check (tries >= 0),
  needs_operator boolean not null default false,
  last_error text,
  history jsonb not null default '[]',

  -- An attempt that is not closed is always due some time: nobody has to remember it.
  constraint registration_open_is_due check (
    due_at is not null or state in ('completed', 'rejected', 'rolled_back', 'user_lost', 'done')
  ),
  constraint registration_watched_is_due check (watch_until is null or due_at is not null),
  constraint registration_closed_has_time check (
    (closed_at is not null) = (state in ('completed', 'rejected', 'rolled_back', 'user_lost', 'done'))
  ),
  constraint registration_user_is_known check (
    sub is not null or state not in ('registered', 'completed', 'user_lost')
  ),
  constraint registration_rejected_has_verdict check ((verdict is not null) = (state = 'rejected')),
  constraint registration_watch_is_closed check (
    watch_until is null or state in ('rejected', 'rolled_back', 'done')
  ),
  constraint registration_errand_has_user check (
    (kind in ('user', 'step')) = (email is not null)
    and (kind in ('user', 'step')) = (state not in ('pending', 'done'))
    and (kind in ('user', 'step') or sub is not null)
  ),
  constraint registration_missing_is_registered check (
    missing_since is null or state in ('registered', 'user_lost')
  )
);

-- One open attempt per address.
create unique index if not exists registration_open_address
  on registration (email) where state in ('started', 'rolling_back');

-- One attempt per key and caller, unless it was rolled back: then the key may run again.
create unique index if not exists registration_key
  on registration (caller, idempotency_key) where idempotency_key is not null and state <> 'rolled_back';

-- One open errand of a kind per user.
create unique index if not exists registration_open_errand
  on registration (sub, kind) where state = 'pending';

create index if not exists registration_due on registration (due_at) where due_at is not null;

create index if not exists registration_user on registration (sub, started_at desc) where sub is not null;

create index if not exists registration_newest on registration (started_at desc, id desc);

create index if not exists registration_kept_key
  on registration (started_at) where idempotency_key is not null;
