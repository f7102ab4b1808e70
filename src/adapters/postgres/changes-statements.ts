/** The SQL of changes to users who exist: one statement a move. */
import { changeNotDone } from "../../domain/audit.ts";
import { ChangeKind } from "../../domain/operation.ts";
import {
  asId,
  auditRow,
  dueIn,
  firstLine,
  gone,
  history,
  interval,
  isAsExpected,
  lateness,
  mayComeIn as leftIn,
  mayManage,
  newestSwitch,
  operation,
  otherManagers,
  recordDenial,
  rolesRevoked,
  somebodyIsLeft,
  unresolved,
  whoever,
} from "./fragments.ts";
import {
  boolean,
  identifier,
  instant,
  literal,
  nullable,
  seconds,
  sql,
  statement,
  text,
  texts,
  uuid,
  uuids,
} from "./sql.ts";

/** Which pending change, of the kind on the left, is closed by which newer one of the same user. */
const SUPERSEDES = sql`(
      ('enable', 'disable'), ('disable', 'enable'),
      ('invite', 'disable'), ('reset_mfa', 'disable'),
      ('enable', 'remove'), ('disable', 'remove'), ('invite', 'remove'), ('reset_mfa', 'remove'))`;

/** The second row of the trail about a change that has ended without its effect: one for each change. */
const SECOND_ROW = sql`md5('not done ' || moved.id::text)::uuid`;

/** What the trail says of a change that a newer one supersedes, by its kind. */
const SUPERSEDED = ChangeKind.literals.reduce(
  (cases, kind) => sql`${cases} when ${literal(kind)} then ${literal(changeNotDone(kind, "superseded"))}`,
  sql`case moved.kind`,
);

export const open = statement(
  "changes.open",
  {
    id: uuid,
    caller: uuid,
    subject: uuid,
    kind: text,
    action: text,
    permission: uuid,
    budget: seconds,
    horizon: seconds,
    actor: text,
    tag: nullable(text),
    askedAt: instant,
    confirmed: uuids,
    machines: uuids,
    ifMatch: nullable(texts),
  },
  ({
    id,
    caller,
    subject,
    kind,
    action,
    permission,
    budget,
    horizon,
    actor,
    tag,
    askedAt,
    confirmed,
    machines,
    ifMatch,
  }) => sql`
with allowed as (${mayManage(caller, permission)}
), ${recordDenial({ id, caller, subject, allowed: sql`(select yes from allowed)` })}, known as (
  select * from registrar.operation
  where id = ${id} or (sub = ${subject} and kind = ${kind} and state = 'pending')
  order by (id = ${id}) desc limit 1
), late as (${lateness(
    askedAt,
    budget,
    sql`select from registrar.operation newer
    where newer.sub = ${subject} and newer.asked_at > ${askedAt} and newer.id <> ${id}
      and (newer.kind, ${kind}) in (('enable', 'disable'), ('disable', 'enable'))`,
  )}
), last_manager as (
  select from (${mayManage(subject, permission)}) subject
  where subject.yes and ${kind} in ('remove', 'disable') and not ${somebodyIsLeft(subject, permission, confirmed)}
), unresolved as (${unresolved(tag)}
  union all
  -- Its request may still delete the user without a fence: nobody is invited who could be gone a moment later.
  select id from registrar.operation
  where id = ${asId(tag)} and ${kind} = 'invite' and state = 'registered' and acknowledged_at is null
    and now() <= started_at + ${interval(horizon)}
), removed as (select where ${kind} <> 'remove' and exists (${gone(subject)})
), disabled as (select where ${kind} = 'invite' and (${newestSwitch(subject)}) = 'disable'
), as_expected as (
  -- A repeat has changed the user itself.
  select exists (select from known where known.id = ${id}) or ${isAsExpected(subject, ifMatch)} as yes
), accepted as (
  select where (select yes from allowed) and not exists (select from known) and not exists (select from unresolved)
    and (select yes from as_expected) and not exists (select from last_manager) and not (select too_late or superseded from late)
    and not exists (select from removed) and not exists (select from disabled)
), contradicted as (
  update registrar.operation
  set state = 'refused', reason = 'superseded', closed_at = now(), due_at = null, last_error = null,
    needs_operator = false, history = ${history(sql`'refused'`, actor, sql`'superseded'`)}
  where exists (select from accepted) and sub = ${subject} and state = 'pending' and (kind, ${kind}) in ${SUPERSEDES}
  returning *
), answered as (
  -- A person was called because the pool has the user disabled, against the last word, or because an invitation was
  -- refused: this is a new word, or a new invitation.
  update registrar.operation set needs_operator = false
  where exists (select from accepted) and sub = ${subject} and needs_operator
    and (state = 'done' and ${kind} in ('enable', 'disable', 'remove')
      or state = 'completed' and ${kind} in ('invite', 'remove'))
), contradicted_audited as (${auditRow(sql`contradicted`, SECOND_ROW, sql`${SUPERSEDED} end`, caller)}
), opened as (
  insert into registrar.operation (id, kind, caller, roles, state, sub, asked_at, started_at, due_at, history)
  select ${id}, ${kind}, ${caller}, '{}', 'pending', ${subject}, ${askedAt}, statement_timestamp(), now() + ${interval(budget)},
    ${firstLine(sql`'pending'`, actor)}
  where exists (select from accepted)
  on conflict do nothing
  returning *
), revoked as (
  delete from user_role where user_id = ${subject} and exists (select from opened where kind = 'remove')
  returning role_id
), audited as (${auditRow(sql`opened`, sql`moved.id`, action)}
), recorded as (${rolesRevoked(sql`audited`, sql`revoked`)}
)
select (select yes from allowed) as "allowed", (select id from unresolved) as "unresolved",
  (select yes from as_expected) as "asExpected", (select too_late from late) as "tooLate", (select superseded from late) as "superseded",
  case when exists (select from last_manager) then (${otherManagers(subject, permission, caller, machines)}) end as "others",
  exists (select from removed) as "removed", exists (select from disabled) as "disabled",
  (select ${operation(identifier("mine"), budget, horizon)}
    from (select * from opened union all select * from known) mine limit 1) as "change"`,
  { dueWithin: "budget" },
);

export const finish = statement(
  "changes.finish",
  { id: uuid, horizon: seconds, actor: text },
  ({ id, horizon, actor }) => sql`
with mine as (
  select id, exists (
    select from registrar.operation other
    where other.sub = mine.sub
      and (other.closed_at is null or other.grace_until is not null
        -- Counted from this one's start: it may have been done at once, and its end may land as late as it likes.
        or other.closed_at > mine.started_at - ${interval(horizon)})
      and (other.kind, mine.kind) in (('enable', 'disable'), ('disable', 'enable'))) as opposed
  from registrar.operation mine where id = ${id}
)
update registrar.operation
set state = 'done', closed_at = now(), tries = 0, last_error = null, needs_operator = false,
  history = ${history(sql`'done'`, actor)},
  grace_until = case when opposed then now() + ${interval(horizon)} + interval '1 minute' end,
  due_at = case when opposed then now() + ${interval(horizon)} + interval '1 minute' end
from mine where operation.id = mine.id and state = 'pending'
returning operation.id, ${dueIn(sql`operation.due_at`)}`,
);

export const refuse = statement(
  "changes.refuse",
  { id: uuid, reason: text, note: text, action: text, actor: text },
  ({ id, reason, note, action, actor }) => sql`
with moved as (
  update registrar.operation
  set state = 'refused', reason = ${reason}, closed_at = now(), due_at = null, tries = 0, last_error = null,
    needs_operator = false, history = ${history(sql`'refused'`, actor, note)}
  where id = ${id} and state = 'pending'
  returning *
), audited as (${auditRow(sql`moved`, SECOND_ROW, action, whoever(actor))}
)
select id from moved`,
);

export const mayComeIn = statement(
  "changes.mayComeIn",
  { subject: uuid },
  ({ subject }) => sql`select ${leftIn(subject)} as yes`,
);

export const isNewest = statement(
  "changes.isNewest",
  { id: uuid, subject: uuid },
  ({ id, subject }) => sql`
select not exists (
  select from registrar.operation other, registrar.operation mine
  where mine.id = ${id} and other.sub = ${subject} and other.started_at > mine.started_at
    and other.kind in ('enable', 'disable', 'remove') and other.state <> 'refused') as yes`,
);

export const endGracePeriod = statement(
  "changes.endGracePeriod",
  { id: uuid, note: text, needsOperator: boolean, actor: text },
  ({ id, note, needsOperator, actor }) => sql`
update registrar.operation
set closed_at = now(), grace_until = null, due_at = null, tries = 0, last_error = null,
  needs_operator = ${needsOperator}, history = ${history(sql`'done'`, actor, note)}
where id = ${id} and state = 'done' and grace_until is not null
returning id`,
);
