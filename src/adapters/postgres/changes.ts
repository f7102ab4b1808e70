/** Changes in Postgres: every method is one statement, and `open` waits its turn among changes of roles. */
import { Duration, Effect, Layer } from "effect";
import { CAN_MANAGE_USERS, CHANGE_ACTION } from "../../domain/audit.ts";
import { Change, OperationId } from "../../domain/operation.ts";
import { Changes } from "../../ports/changes.ts";
import { Database } from "../../ports/database.ts";
import { Actor } from "../../ports/ledger.ts";
import { Settings } from "../../ports/settings.ts";
import { decodeRow } from "./rows.ts";
import {
  auditRow,
  history,
  MANAGERS,
  mayManage,
  otherManagers,
  recordDenial,
  registration,
  seconds,
  tagAsId,
  unresolved,
} from "./statements.ts";

/** $1 id, $2 caller, $3 subject, $4 kind, $5 action, $6 permission, $7 budget, $8 horizon, $9 actor, $10 tag */
const OPEN = `
with allowed as (${mayManage("$2", "$6")}
), denied as (${recordDenial("$1", "$2", "$3", "(select yes from allowed)")}
), known as (
  select * from registrar.operation
  where id = $1::uuid or (sub = $3::uuid and kind = $4::text and state = 'pending')
  order by (id = $1::uuid) desc limit 1
), last_manager as (
  select from (${mayManage("$3", "$6")}) subject
  where subject.yes and $4::text in ('remove', 'disable') and not exists (${otherManagers("$3", "$6")})
), unresolved as (${unresolved("$10")}
  union all
  -- Its request may still delete him without a fence: nobody is invited who could be gone a moment later.
  select id from registrar.operation
  where id = ${tagAsId("$10")} and $4::text = 'invite' and state = 'registered' and acknowledged_at is null
    and now() <= started_at + ${seconds("$8")}
), accepted as (
  select where (select yes from allowed) and not exists (select from known) and not exists (select from unresolved)
    and not exists (select from last_manager)
), contradicted as (
  update registrar.operation
  set state = 'done', closed_at = now(), due_at = null, last_error = null, needs_operator = false,
    history = ${history("'done'", "$9", "'superseded'")}
  where exists (select from accepted) and sub = $3::uuid and state = 'pending'
    and (kind, $4::text) in (('enable', 'disable'), ('disable', 'enable'))
  returning id
), opened as (
  insert into registrar.operation (id, kind, caller, roles, state, sub, started_at, due_at, history)
  select $1::uuid, $4::text, $2::uuid, '{}', 'pending', $3::uuid, statement_timestamp(), now() + ${seconds("$7")},
    jsonb_build_array(jsonb_build_object('at', now(), 'state', 'pending', 'by', $9::text))
  where exists (select from accepted)
  on conflict do nothing
  returning *
), revoked as (
  delete from user_role where user_id = $3::uuid and exists (select from opened where kind = 'remove')
), audited as (${auditRow("opened", "moved.id", "$5::text")}
)
select (select yes from allowed) as allowed, (select id from unresolved) as unresolved,
  (select ${registration("mine", "$7", "$8")} from (select * from opened union all select * from known) mine limit 1) as change`;

/** $1 id, $2 horizon, $3 actor */
const FINISH = `
with mine as (
  select id, exists (
    select from registrar.operation other
    where other.sub = mine.sub
      and (other.closed_at is null or other.grace_until is not null
        -- Counted from this one's start: it may have been done at once, and its end may land as late as it likes.
        or other.closed_at > mine.started_at - ${seconds("$2")})
      and (other.kind, mine.kind) in (('enable', 'disable'), ('disable', 'enable'))) as opposed
  from registrar.operation mine where id = $1::uuid
)
update registrar.operation
set state = 'done', closed_at = now(), tries = 0, last_error = null, needs_operator = false,
  history = ${history("'done'", "$3")},
  grace_until = case when opposed then now() + ${seconds("$2")} + interval '1 minute' end,
  due_at = case when opposed then now() + ${seconds("$2")} + interval '1 minute' end
from mine where operation.id = mine.id and state = 'pending'
returning operation.id`;

/** $1 id, $2 subject */
const IS_NEWEST = `
select not exists (
  select from registrar.operation other, registrar.operation mine
  where mine.id = $1::uuid and other.sub = $2::uuid and other.started_at > mine.started_at
    and other.kind in ('enable', 'disable', 'remove')) as yes`;

/** $1 id, $2 actor */
const UNWATCH = `
update registrar.operation
set closed_at = now(), grace_until = null, due_at = null, tries = 0, last_error = null, needs_operator = false,
  history = ${history("'done'", "$2", "'done once more'")}
where id = $1::uuid and state = 'done' and grace_until is not null
returning id`;

export const ChangesPostgres = Layer.effect(
  Changes,
  Effect.gen(function* () {
    const database = yield* Database;
    const settings = yield* Settings;
    const budget = Duration.toSeconds(settings.requestBudget);
    const horizon = Duration.toSeconds(settings.horizon);

    return Changes.of({
      open: Effect.fn("Changes.open")(function* ({ id, kind, caller, subject, tag }) {
        const rows = yield* database.queryAlone(MANAGERS, "changes.open", OPEN, [
          ...[id, caller, subject, kind, CHANGE_ACTION[kind], CAN_MANAGE_USERS],
          ...[budget, horizon, yield* Actor, tag],
        ]);
        if (rows[0]?.allowed !== true) return { _tag: "Denied" };
        if (rows[0].change === null && rows[0].unresolved !== null) {
          return { _tag: "Unresolved", id: yield* decodeRow(OperationId)(rows[0].unresolved) };
        }
        if (rows[0].change === null) return { _tag: "LastManager" };
        return { _tag: "Opened", change: yield* decodeRow(Change)(rows[0].change) };
      }),

      finish: Effect.fn("Changes.finish")(function* (id) {
        const rows = yield* database.query("changes.finish", FINISH, [id, horizon, yield* Actor]);
        return rows.length > 0;
      }),

      isNewest: Effect.fn("Changes.isNewest")(function* ({ id, sub }) {
        const rows = yield* database.query("changes.isNewest", IS_NEWEST, [id, sub]);
        return rows[0]?.yes === true;
      }),

      endGracePeriod: Effect.fn("Changes.endGracePeriod")(function* (id) {
        const rows = yield* database.query("changes.endGracePeriod", UNWATCH, [id, yield* Actor]);
        return rows.length > 0;
      }),
    });
  }),
);
