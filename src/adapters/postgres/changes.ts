/** Changes in Postgres: every method is one statement, and those that compare what a user has wait their turn. */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import { CAN_MANAGE_USERS, CHANGE_ACTION, changeNotDone, withProfile } from "../../domain/audit.ts";
import { Change, OperationId } from "../../domain/operation.ts";
import { type ProfileFields, UserId } from "../../domain/user.ts";
import { Changes } from "../../ports/changes.ts";
import { Database } from "../../ports/database.ts";
import { Actor } from "../../ports/ledger.ts";
import { Settings } from "../../ports/settings.ts";
import { spanned } from "../../ports/trace.ts";
import * as statements from "./changes-statements.ts";
import { tagsOf } from "./fragments.ts";
import { lockOf, locksOf } from "./locks.ts";
import { readRow } from "./operations.ts";
import { decodeRow } from "./rows.ts";
import { waking } from "./waking.ts";

const OpenAnswer = Schema.Struct({
  allowed: Schema.Boolean,
  unresolved: Schema.NullOr(OperationId),
  asExpected: Schema.Boolean,
  tooLate: Schema.Boolean,
  superseded: Schema.Boolean,
  others: Schema.NullOr(Schema.Array(UserId)),
  removed: Schema.Boolean,
  disabled: Schema.Boolean,
  notKept: Schema.Boolean,
  /** What was to be written to the profile is written, by this try or by an earlier one. */
  profiled: Schema.Boolean,
  change: Schema.NullOr(Schema.Unknown),
});

const ProfileAnswer = Schema.Struct({
  allowed: Schema.Boolean,
  repeated: Schema.Boolean,
  unresolved: Schema.NullOr(OperationId),
  removed: Schema.Boolean,
  tooLate: Schema.Boolean,
  superseded: Schema.Boolean,
  notKept: Schema.Boolean,
  asExpected: Schema.Boolean,
});

const NO_PROFILE: ProfileFields = { name: null, organisation: null };

const readChange = readRow(Change as Schema.Codec<Change, unknown>);

export const ChangesPostgres = Layer.effect(
  Changes,
  Effect.gen(function* () {
    const database = waking(yield* Database);
    const settings = yield* Settings;
    const budget = Duration.toSeconds(settings.requestBudget);
    const horizon = Duration.toSeconds(settings.horizon);
    const machines = [...settings.machines.values()];

    return Changes.of({
      open: spanned("Changes.open")(function* (command) {
        const { profile = NO_PROFILE } = command;
        const action = CHANGE_ACTION[command.kind];
        const values = {
          ...command,
          ...profile,
          action: profile === NO_PROFILE ? action : withProfile(action),
          permission: CAN_MANAGE_USERS,
          budget,
          horizon,
          machines,
          actor: yield* Actor,
          ifMatch: tagsOf(command.ifMatch),
        };
        const locks = locksOf(command.subject, command.confirmed);
        const rows = yield* database.queryAlone(locks, statements.open, values);
        const answer = yield* decodeRow(OpenAnswer)(rows[0]);
        if (!answer.allowed) return { _tag: "Denied" };
        if (!answer.asExpected) return { _tag: "PreconditionFailed" };
        if (answer.change !== null && answer.profiled) {
          const known = readChange(answer.change);
          return "undecodable" in known
            ? { _tag: "Undecodable", id: known.id }
            : { _tag: "Opened", change: known };
        }
        if (answer.tooLate) return { _tag: "TooLate" };
        if (answer.notKept) return { _tag: "ProfilesNotKept" };
        if (answer.superseded) return { _tag: "Superseded" };
        if (answer.removed) return { _tag: "Removed" };
        if (answer.disabled) return { _tag: "Disabled" };
        if (answer.unresolved !== null) return { _tag: "Unresolved", id: answer.unresolved };
        return { _tag: "LastManager", others: answer.others ?? [] };
      }),

      setProfile: spanned("Changes.setProfile")(function* (command) {
        const { profile, ifMatch } = command;
        const values = {
          ...command,
          ...profile,
          permission: CAN_MANAGE_USERS,
          budget,
          ifMatch: tagsOf(ifMatch),
        };
        const rows = yield* database.queryAlone([lockOf(command.subject)], statements.setProfile, values);
        const answer = yield* decodeRow(ProfileAnswer)(rows[0]);
        if (answer.repeated) return { _tag: "Set" };
        if (!answer.allowed) return { _tag: "Denied" };
        if (!answer.asExpected) return { _tag: "PreconditionFailed" };
        if (answer.tooLate) return { _tag: "TooLate" };
        if (answer.notKept) return { _tag: "ProfilesNotKept" };
        if (answer.superseded) return { _tag: "Superseded" };
        if (answer.removed) return { _tag: "Removed" };
        return answer.unresolved === null ? { _tag: "Set" } : { _tag: "Unresolved", id: answer.unresolved };
      }),

      finish: spanned("Changes.finish")(function* (id) {
        const rows = yield* database.query(statements.finish, { id, horizon, actor: yield* Actor });
        return rows.length > 0;
      }),

      refuse: spanned("Changes.refuse")(function* ({ id, kind }, { reason, how, note = reason }) {
        const values = { id, reason, note, action: changeNotDone(kind, how), actor: yield* Actor };
        const rows = yield* database.query(statements.refuse, values);
        return rows.length > 0;
      }),

      mayComeIn: spanned("Changes.mayComeIn")(function* (user) {
        const rows = yield* database.query(statements.mayComeIn, { subject: user });
        return rows[0]?.yes === true;
      }),

      isNewest: spanned("Changes.isNewest")(function* ({ id, sub }) {
        const rows = yield* database.query(statements.isNewest, { id, subject: sub });
        return rows[0]?.yes === true;
      }),

      endGracePeriod: spanned("Changes.endGracePeriod")(function* (id, { note, needsOperator }) {
        const values = { id, note, needsOperator, actor: yield* Actor };
        const rows = yield* database.query(statements.endGracePeriod, values);
        return rows.length > 0;
      }),
    });
  }),
);
