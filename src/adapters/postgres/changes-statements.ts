/** The SQL of changes to users who exist: one statement a move. */
import { AuditAction, changeNotDone } from "../../domain/audit.ts";
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
  profileOf,
  recordDenial,
  rolesRevoked,
  somebodyIsLeft,
  unresolved,
  whoever,
  writeProfile,
} from "./fragments.ts";
import {
  boolean,
  type Fragment,
  identifier,
  instant,
  json,
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

interface Profile {
  readonly name: Fragment;
  readonly organisation: Fragment;
}

/** Whether anything of a profile is to be written. */
const hasProfile = ({ name, organisation }: Profile) =>
  sql`(${name} is not null or ${organisation} is not null)`;

/** A row where somebody has asked later for another value of what is to be written. */
const newerProfile = (subject: Fragment, askedAt: Fragment, { name, organisation }: Profile) => sql`
    select from registrar.profile_asked newer where newer.user_id = ${subject}
      and (${name} is not null and newer.name_asked_at > ${askedAt}
        or ${organisation} is not null and newer.organisation_asked_at > ${askedAt})`;

/** A row where something of a profile is to be written, and this database keeps none. */
const notKept = (subject: Fragment, profile: Profile) =>
  sql`select where ${hasProfile(profile)} and ${profileOf(subject)} is null`;

/** Notes when the profile of each row's `sub` was asked for. */
const profileAsked = (source: Fragment, askedAt: Fragment, { name, organisation }: Profile) => sql`
  insert into registrar.profile_asked as known (user_id, name_asked_at, organisation_asked_at)
  select sub, case when ${name} is not null then ${askedAt} end,
    case when ${organisation} is not null then ${askedAt} end from ${source} source
  on conflict (user_id) do update
  set name_asked_at = coalesce(excluded.name_asked_at, known.name_asked_at),
    organisation_asked_at = coalesce(excluded.organisation_asked_at, known.organisation_asked_at)`;

/**
 * The row of the trail about a profile that was written with another's change of the same user. It is not the request's own
 * id: once the other's change is closed, a repeat opens a change of that id, which has a row of its own.
 */
const joinedRow = (id: Fragment) => sql`md5('profile ' || ${id}::text)::uuid`;

/** Whether the trail has the row already that says that a request has written the profile. */
const profileIsAudited = (row: Fragment) =>
  sql`exists (select from users_audit where id = ${row} and action = ${literal(AuditAction.profileUpdated)})`;

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
    name: nullable(text),
    organisation: nullable(text),
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
    name,
    organisation,
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
      and (newer.kind, ${kind}) in (('enable', 'disable'), ('disable', 'enable'))
    union all ${newerProfile(subject, askedAt, { name, organisation })}`,
  )}
), not_kept as (${notKept(subject, { name, organisation })}
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
), joined_before as (select where ${profileIsAudited(joinedRow(id))}
), as_expected as (
  -- A repeat has changed the user itself.
  select exists (select from known where known.id = ${id}) or exists (select from joined_before)
    or ${isAsExpected(subject, ifMatch)} as yes
), possible as (
  select where (select yes from allowed) and not exists (select from unresolved) and (select yes from as_expected)
    and not (select too_late or superseded from late) and not exists (select from removed) and not exists (select from not_kept)
), accepted as (
  select from possible where not exists (select from known) and not exists (select from last_manager)
    and not exists (select from disabled)
), joined as (
  -- Somebody else's change of the kind is pending: what is to be written to the profile is this request's own.
  select ${caller} as caller, ${subject} as sub from possible
  where ${hasProfile({ name, organisation })} and exists (select from known where known.id <> ${id} and state = 'pending')
    and not exists (select from joined_before)
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
), joined_audited as (${auditRow(sql`joined`, joinedRow(id), literal(AuditAction.profileUpdated))}
), profiled as (
  select sub from opened where ${hasProfile({ name, organisation })} union all select sub from joined
), profile_asked as (${profileAsked(sql`profiled`, askedAt, { name, organisation })}
), recorded as (${rolesRevoked(sql`audited`, sql`revoked`)}
)
select (select yes from allowed) as "allowed", (select id from unresolved) as "unresolved",
  (select yes from as_expected) as "asExpected", (select too_late from late) as "tooLate", (select superseded from late) as "superseded",
  case when exists (select from last_manager) then (${otherManagers(subject, permission, caller, machines)}) end as "others",
  exists (select from removed) as "removed", exists (select from disabled) as "disabled",
  exists (select from not_kept) as "notKept",
  (select bool_or(${writeProfile(sql`sub`, { name, organisation }, "replaces")}) from profiled) as "written",
  not ${hasProfile({ name, organisation })} or exists (select from profiled) or exists (select from joined_before)
    or exists (select from known where known.id = ${id}) as "profiled",
  (select ${operation(identifier("mine"), budget, horizon)}
    from (select * from opened union all select * from known) mine limit 1) as "change"`,
  {
    dueWithin: "budget",
    kept: {
      since: 5,
      answers: {
        allowed: boolean,
        unresolved: uuid,
        asExpected: boolean,
        tooLate: boolean,
        superseded: boolean,
        others: json,
        removed: boolean,
        disabled: boolean,
        notKept: boolean,
        written: boolean,
        profiled: boolean,
        change: json,
      },
    },
  },
);

export const setProfile = statement(
  "changes.setProfile",
  {
    id: uuid,
    caller: uuid,
    subject: uuid,
    permission: uuid,
    budget: seconds,
    tag: nullable(text),
    askedAt: instant,
    ifMatch: nullable(texts),
    name: nullable(text),
    organisation: nullable(text),
  },
  ({ id, caller, subject, permission, budget, tag, askedAt, ifMatch, name, organisation }) => sql`
with allowed as (${mayManage(caller, permission)}
), repeated as (select where ${profileIsAudited(id)}
), ${recordDenial({
    id,
    caller,
    subject,
    allowed: sql`((select yes from allowed) or exists (select from repeated))`,
  })}, late as (${lateness(askedAt, budget, newerProfile(subject, askedAt, { name, organisation }))}
), not_kept as (${notKept(subject, { name, organisation })}
), unresolved as (${unresolved(tag)}
), removed as (${gone(subject)}
), accepted as (
  select ${caller} as caller, ${subject} as sub
  where (select yes from allowed) and not exists (select from repeated) and not (select too_late or superseded from late)
    and not exists (select from not_kept) and not exists (select from unresolved) and not exists (select from removed)
    and ${isAsExpected(subject, ifMatch)}
), asked as (${profileAsked(sql`accepted`, askedAt, { name, organisation })}
), audited as (${auditRow(sql`accepted`, id, literal(AuditAction.profileUpdated))}
)
select (select yes from allowed) as "allowed", exists (select from repeated) as "repeated",
  (select id from unresolved) as "unresolved", exists (select from removed) as "removed",
  (select too_late from late) as "tooLate", (select superseded from late) as "superseded",
  exists (select from not_kept) as "notKept", ${isAsExpected(subject, ifMatch)} as "asExpected",
  (select ${writeProfile(sql`sub`, { name, organisation }, "replaces")} from accepted) as "written"`,
  {
    kept: {
      since: 5,
      answers: {
        allowed: boolean,
        repeated: boolean,
        unresolved: uuid,
        removed: boolean,
        tooLate: boolean,
        superseded: boolean,
        notKept: boolean,
        asExpected: boolean,
        written: boolean,
      },
    },
  },
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
  {
    kept: {
      since: 5,
      answers: {
        id: uuid,
        dueIn: seconds,
      },
    },
  },
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
