/** Pieces of SQL that several statements share. */
import { AuditAction } from "../../domain/audit.ts";
import { Instant, InstantOrNull, Registration } from "../../domain/operation.ts";
import type { IfMatch } from "../../domain/user.ts";
import { type Fragment, identifier, list, literal, sql } from "./sql.ts";

/** Seconds as an interval. */
export const interval = (seconds: Fragment) => sql`make_interval(secs => ${seconds})`;

/** An instant as ISO text in UTC, to the microsecond, whatever the session's time zone is. */
export const inUtc = (instant: Fragment) =>
  sql`to_char(${instant} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** The schemas whose fields hold an instant. */
const INSTANTS: ReadonlySet<unknown> = new Set([Instant, InstantOrNull]);

/** What a row's schema asks of the moment in which it is read; every other field of the schema is a column. */
const moments = (row: Fragment, budget: Fragment, horizon: Fragment): Readonly<Record<string, Fragment>> => ({
  readAt: sql`now()`,
  stale: sql`now() > ${row}.started_at + ${interval(budget)}`,
  pastHorizon: sql`now() > ${row}.started_at + ${interval(horizon)}`,
  graceOver: sql`coalesce(now() > ${row}.grace_until, false)`,
});

/** In how many seconds a row is due, for waking.ts: every statement that gives one a time has it in its answer. */
export const dueIn = (dueAt: Fragment = sql`due_at`) =>
  sql`extract(epoch from ${dueAt} - now())::double precision as "dueIn"`;

/** startedAt → started_at */
const columnOf = (field: string) =>
  identifier(field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));

/** A row of the ledger as JSON, field by field as the schemas of operations have it. */
export const operation = (row: Fragment, budget: Fragment, horizon: Fragment): Fragment => {
  const asked = moments(row, budget, horizon);
  const pairs = Object.entries(Registration.fields).map(([field, schema]) => {
    const value = asked[field] ?? sql`${row}.${columnOf(field)}`;
    return sql`${literal(field)}, ${INSTANTS.has(schema) ? inUtc(value) : value}`;
  });
  return sql`jsonb_build_object(${list(pairs)})`;
};

/**
 * A text as the id that it may be; null for any other text. The id is compared as a UUID, so that its index finds the
 * row: as text, every look for a tag would read the whole ledger, under a lock.
 */
export const asId = (text: Fragment) =>
  sql`(case when ${text} ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then ${text}::uuid end)`;

/** The time of a line of the history. */
const NOW = inUtc(sql`now()`);

/** A line of a history. An actor who is an id is an operator. */
export const historyLine = (state: Fragment, actor: Fragment, note: Fragment = sql`null::text`) =>
  sql`jsonb_strip_nulls(jsonb_build_object('at', ${NOW}, 'state', ${state},
    'by', case when ${asId(actor)} is null then ${actor} else 'operator' end, 'who', ${asId(actor)}, 'note', ${note}))`;

/** The row's history with one more line. */
export const history = (...line: Parameters<typeof historyLine>) => sql`history || ${historyLine(...line)}`;

/** The history of a new row. */
export const firstLine = (state: Fragment, actor: Fragment) =>
  sql`jsonb_build_array(jsonb_build_object('at', ${NOW}, 'state', ${state}, 'by', ${actor}))`;

/**
 * Writes one audit row for each row of `source`, which has a `caller` and a `sub`. Through the table's own row type,
 * so that a `timestamp` column (FLIP until July 2026) and a `timestamptz` one both get UTC, whatever the session's
 * time zone is. The statement's time, not the transaction's: a transaction that has waited for its turn began before
 * what it now follows.
 */
export const auditRow = (
  source: Fragment,
  id: Fragment,
  action: Fragment,
  by: Fragment = sql`moved.caller`,
) => sql`
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from ${source} moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', ${id}, 'action', ${action}, 'user_id', moved.sub, 'modified_by_user_id', ${by},
    'timestamp', ${inUtc(sql`statement_timestamp()`)})) entry
  where moved.sub is not null
  on conflict (id) do nothing
  returning id, user_id, modified_by_user_id`;

/**
 * Whether a row of `user_role` is a global grant. FLIP has grants of one trust as well, since September 2026: they count for
 * nothing here, and no change of roles touches them. Before that there is no such column.
 */
export const isGlobal = (grant: Fragment) => sql`to_jsonb(${grant}) ->> 'trust_id' is null`;

/**
 * Grants roles globally, each once. `asked` has a `sub` and a `role_id`. Through the table's own row type, so that the `id` that
 * FLIP has since September 2026, without a default, is there where it has to be.
 */
export const grantRoles = (asked: Fragment) => sql`
  insert into user_role
  select granted.* from ${asked} asked, jsonb_populate_record(null::user_role, jsonb_build_object(
    'id', gen_random_uuid(), 'user_id', asked.sub, 'role_id', asked.role_id)) granted
  on conflict do nothing`;

/** The ids of a user's global roles as the statement finds them, whatever it does to them itself. */
export const rolesOf = (user: Fragment) =>
  sql`array(select role_id from user_role where user_id = ${user} and ${isGlobal(sql`user_role`)} order by role_id)`;

/** What FLIP's table has of a user, as JSON; null where there is no such table. */
export const profileOf = (user: Fragment) => sql`registrar.profile_of(${user})`;

/** Writes what is not null to the user's profile. `fills`: only where nothing is written yet. False: there is no table. */
export const writeProfile = (
  user: Fragment,
  { name, organisation }: { readonly name: Fragment; readonly organisation: Fragment },
  how: "fills" | "replaces",
) =>
  sql`registrar.write_profile(${user}, ${name}, ${organisation}, ${how === "fills" ? sql`true` : sql`false`})`;

/** Whether this database has grants of one trust: FLIP's, since September 2026. */
export const hasTrusts = sql`exists (select from pg_attribute
  where attrelid = to_regclass('user_role') and attname = 'trust_id' and not attisdropped)`;

/**
 * A user's entity tag: it changes with their grants and their profile, and with the newest operation on them. `roles`: the
 * grants, sorted, where the statement is about to change them.
 */
export const etag = (user: Fragment, roles: Fragment = rolesOf(user)) => sql`
  md5(concat(${user}, ' ', array_to_string(${roles}, ','), ' ', (select newest.id from registrar.operation newest
    where newest.sub = ${user} order by newest.started_at desc, newest.id limit 1), ' ', ${profileOf(user)}))`;

/** Whether a user has one of these entity tags. Null: any. */
export const isAsExpected = (user: Fragment, ifMatch: Fragment) =>
  sql`(${ifMatch} is null or ${etag(user)} = any(${ifMatch}))`;

/** The tags that a statement compares; null where it compares none. */
export const tagsOf = (ifMatch: IfMatch | undefined): ReadonlyArray<string> | null =>
  ifMatch === undefined || ifMatch === "*" ? null : ifMatch;

/** Writes down, for each audit row that `audited` wrote, which roles the user had, and which they have now. */
const roleChange = (audited: Fragment, before: Fragment, after: Fragment, when: Fragment = sql`true`) => sql`
  insert into registrar.role_change (id, caller, subject, before, after, at)
  select audited.id, audited.modified_by_user_id, audited.user_id, ${before}, ${after}, statement_timestamp()
  from ${audited} audited where ${when}`;

/** The record of a change that leaves the user with the roles that `after` selects. */
export const rolesReplaced = (audited: Fragment, after: Fragment) =>
  roleChange(audited, rolesOf(sql`audited.user_id`), sql`array(${after} order by 1)`);

/**
 * The record of a change that takes all the user's roles, those at one trust as well, which `revoked` returned. Without a role,
 * there is none.
 */
export const rolesRevoked = (audited: Fragment, revoked: Fragment) =>
  roleChange(
    audited,
    sql`array(select distinct role_id from ${revoked} order by role_id)`,
    sql`'{}'`,
    sql`exists (select from ${revoked})`,
  );

/** In whose name the trail has a move: the operator's who made it, or else the caller's who asked for the operation. */
export const whoever = (actor: Fragment) => sql`coalesce(${asId(actor)}, moved.caller)`;

/** The levels of the column `urgency`, the most urgent first. */
export const LEVELS = sql`(values (0), (1), (2), (3)) level(urgency)`;

/** The open registration of another that holds an address. */
export const holding = (email: Fragment, id: Fragment) => sql`
  select * from registrar.operation
  where email = ${email} and state in ('started', 'rolling_back') and id <> ${id}`;

/** The ledger's newest word on whether a user may sign in: `enable`, `disable`, or no row. What was not done does not count. */
export const newestSwitch = (user: Fragment, columns: Fragment = sql`change.kind`) => sql`
  select ${columns} from registrar.operation change
  where change.sub = ${user} and change.kind in ('enable', 'disable') and change.state <> 'refused'
  order by change.started_at desc limit 1`;

/** A row where the ledger knows that a user is gone, or that their deletion is written down: a `sub` never comes back. */
export const gone = (user: Fragment) => sql`
  select from registrar.operation gone
  where gone.sub = ${user} and (gone.kind = 'remove' and gone.state <> 'refused' or gone.state = 'user_lost')`;

/** The other registrations of an address that have registered a user of whom the ledger does not know that they are gone. */
export const earlier = (email: Fragment, id: Fragment) => sql`
  select * from registrar.operation
  where email = ${email} and state in ('registered', 'completed') and id <> ${id}
    and not exists (${gone(sql`operation.sub`)})`;

/** Whether the ledger's newest word leaves a user in: they are neither disabled nor gone. */
export const mayComeIn = (user: Fragment) => sql`(
      coalesce((${newestSwitch(user)}) <> 'disable', true) and not exists (${gone(user)}))`;

/** Whether a grant counts: it is global, and its holder may come in. */
const counts = sql`${isGlobal(sql`user_role`)} and ${mayComeIn(sql`user_role.user_id`)}`;

/**
 * The one definition of who manages users: a row for each global grant that brings the permission to somebody whom the ledger's
 * newest word has not disabled, and whom it has neither removed nor lost. A token outlives what was decided about its
 * holder, and a grant may be written after it.
 */
const managing = (permission: Fragment, columns: Fragment = sql``) => sql`
  select ${columns} from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = ${permission} and ${counts}`;

/** One row: whether the caller manages users. */
export const mayManage = (caller: Fragment, permission: Fragment) => sql`
  select exists (${managing(permission)} and user_role.user_id = ${caller}) as yes`;

/** How many others a refusal names: the pool is asked for each. */
const OTHERS_MAX = literal(20);

/**
 * Who else than the subject manages users, by grants and ledger: one row, with a list that begins with the caller. A
 * machine does not count: nobody comes in through it. Of each role that brings the permission the first few are read, in the
 * order of an index, and the caller: other roles may be granted to millions.
 */
export const otherManagers = (
  subject: Fragment,
  permission: Fragment,
  caller: Fragment,
  machines: Fragment,
) => sql`
  select coalesce(jsonb_agg(id order by id <> ${caller}, id), '[]') as ids from (
    select manager.id from (
      select first.user_id as id
      from (select distinct role_id from role_permission where permission_id = ${permission}) role, lateral (
        select user_role.user_id from user_role
        where user_role.role_id = role.role_id and user_role.user_id <> ${subject}
          and user_role.user_id <> all(${machines}) and ${counts}
        order by user_role.user_id limit ${OTHERS_MAX}
      ) first
      union
      select ${caller} where exists (${managing(permission)} and user_role.user_id = ${caller})
    ) manager
    where manager.id <> ${subject} and manager.id <> all(${machines})
    order by manager.id <> ${caller}, manager.id limit ${OTHERS_MAX}) other`;

/** Who manages users, by grants and ledger, but for some: an `id` each. */
export const managersBut = (permission: Fragment, some: Fragment) => sql`
  ${managing(permission, sql`user_role.user_id as id`)} and user_role.user_id <> all(${some})`;

/**
 * Nobody could ask for the registration of the first who manages users: the operation's own id stands for its caller, until
 * the user is known.
 */
export const callerOnceKnown = (sub: Fragment) =>
  sql`caller = case when caller = id then coalesce(${sub}, caller) else caller end`;

/** Whether one of those whom the pool lets in manages users, and is not the subject. */
export const somebodyIsLeft = (subject: Fragment, permission: Fragment, confirmed: Fragment) => sql`
  exists (${managing(permission)} and user_role.user_id <> ${subject} and user_role.user_id = any(${confirmed}))`;

/**
 * One row: whether the budget of the request is over, or somebody has changed the user who asked later. Read when the
 * statement's turn has come: `now()` and `statement_timestamp()` lag by the wait for it.
 */
export const lateness = (askedAt: Fragment, budget: Fragment, newer: Fragment) => sql`
  select clock_timestamp() > ${askedAt} + ${interval(budget)} as too_late, exists (${newer}) as superseded`;

/** The registration that created a user, by the ownership tag, while it has not kept the user: it may delete them. */
export const unresolved = (tag: Fragment) => sql`
  select id from registrar.operation
  where id = ${asId(tag)} and state in ('started', 'rolling_back', 'rejected', 'rolled_back')`;

/** The named roles that do not exist, in the order in which they were named. */
export const unknownRoles = (roles: Fragment) => sql`
  select named.id, named.n from unnest(${roles}) with ordinality named(id, n)
  where not exists (select from roles where roles.id = named.id)`;

interface Denial {
  readonly id: Fragment;
  readonly caller: Fragment;
  readonly subject: Fragment;
  readonly allowed: Fragment;
  readonly action?: string;
}

/**
 * Two parts of a statement: that a caller asked for what they may not do is counted, and written to the audit trail. All
 * of an hour is one row of the trail, about whom the first was; its id follows from caller, action and hour, and so is not
 * the question's, which a later permission has to find free. A question that is repeated at once counts once.
 *
 * The count comes first, and the row from what it returned: all who write the same row wait for each other there.
 */
export const recordDenial = ({ id, caller, subject, allowed, action = AuditAction.denied }: Denial) => {
  const word = literal(action);
  const hour = sql`to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD HH24')`;
  return sql`counted as (
  insert into registrar.denial (id, caller, action, times, first_at, last_at, question)
  select md5(concat_ws(' ', 'denied', ${caller}, ${word}, ${hour}))::uuid, ${caller}, ${word}, 1,
    statement_timestamp(), statement_timestamp(), ${id}
  where not ${allowed}
  on conflict (id) do update
  set times = denial.times + 1, last_at = greatest(denial.last_at, excluded.last_at), question = excluded.question
  where denial.question <> excluded.question
  returning id
), denied as (${auditRow(
    sql`(select ${caller} as caller, ${subject} as sub from counted)`,
    sql`(select id from counted)`,
    word,
  )}
)`;
};
