-- What the audit trail says beyond FLIP's table, beside it: which roles a change of roles took and gave, and how often a
-- caller was denied something. Written in the statement that writes the audit row, under the audit row's id. Safe to run
-- again.

create table if not exists registrar.role_change (
  -- The id of the row of users_audit.
  id uuid primary key,
  caller uuid not null,
  subject uuid not null,
  -- The ids of all the user's roles, sorted: before the change, and after it.
  before uuid[] not null,
  after uuid[] not null,
  at timestamptz not null
);

-- One row of users_audit stands for all that a caller was denied in an hour, by its action.
create table if not exists registrar.denial (
  -- The id of the row of users_audit.
  id uuid primary key,
  caller uuid not null,
  action text not null,
  times integer not null check (times > 0),
  first_at timestamptz not null,
  last_at timestamptz not null,
  -- The last question that was counted: sent again, it is still the same one.
  question uuid not null
);

update registrar.schema_version set version = greatest(version, 3);
