/** A database that nobody manages users in yet, on PostgreSQL. */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import { CAN_MANAGE_USERS } from "../../domain/audit.ts";
import { OperationId } from "../../domain/operation.ts";
import { HELD, PERMISSIONS, ROLES } from "../../domain/seed.ts";
import { RoleId, UserId } from "../../domain/user.ts";
import { Database } from "../../ports/database.ts";
import { FirstManager } from "../../ports/first-manager.ts";
import { Actor } from "../../ports/ledger.ts";
import { Settings } from "../../ports/settings.ts";
import { spanned } from "../../ports/trace.ts";
import * as statements from "./first-manager-statements.ts";
import { OpenAnswer, opening } from "./ledger.ts";
import { lockOf, MANAGERS } from "./locks.ts";
import { decodeRow } from "./rows.ts";
import { waking } from "./waking.ts";

const SeedRow = Schema.Struct({ roles: Schema.Int, permissions: Schema.Int });
const RoleRows = Schema.Array(Schema.Struct({ id: RoleId }));
const UserRows = Schema.Array(Schema.Struct({ id: UserId }));
const GrantRow = Schema.Struct({
  granted: Schema.Boolean,
  managed: Schema.Boolean,
  unresolved: Schema.NullOr(OperationId),
});

const permission = CAN_MANAGE_USERS;

const roles = Object.values(ROLES);

const SEED = {
  roleIds: roles.map(({ id }) => id),
  roleNames: roles.map(({ name }) => name),
  roleDescriptions: roles.map(({ description }) => description),
  permissionIds: Object.values(PERMISSIONS),
  permissionNames: Object.keys(PERMISSIONS),
  holders: HELD.map(([role]) => role),
  held: HELD.map(([, held]) => held),
};

export const FirstManagerPostgres = Layer.effect(
  FirstManager,
  Effect.gen(function* () {
    const database = waking(yield* Database);
    const settings = yield* Settings;
    const machines = [...settings.machines.values()];
    const times = {
      budget: Duration.toSeconds(settings.requestBudget),
      horizon: Duration.toSeconds(settings.horizon),
    };

    return FirstManager.of({
      seed: spanned("FirstManager.seed")(function* () {
        const rows = yield* database.queryAlone([MANAGERS], statements.seed, SEED);
        return yield* decodeRow(SeedRow)(rows[0]);
      }),

      managingRoles: spanned("FirstManager.managingRoles")(function* () {
        const rows = yield* database.query(statements.managingRoles, { permission });
        return (yield* decodeRow(RoleRows)(rows)).map(({ id }) => id);
      }),

      managers: spanned("FirstManager.managers")(function* () {
        const rows = yield* database.query(statements.managers, { permission, machines });
        return (yield* decodeRow(UserRows)(rows)).map(({ id }) => id);
      }),

      open: spanned("FirstManager.open")(function* (command, discounted) {
        const { id, kind, email, name, roles } = command;
        const values = { id, kind, email, name, roles, permission, actor: yield* Actor, ...times };
        const rows = yield* database.queryAlone([MANAGERS], statements.open, {
          ...values,
          discounted: [...discounted, ...machines],
        });
        return opening(yield* decodeRow(OpenAnswer)(rows[0]));
      }),

      grant: spanned("FirstManager.grant")(function* (grant) {
        const rows = yield* database.queryAlone([lockOf(grant.sub), MANAGERS], statements.grant, {
          ...grant,
          permission,
          discounted: [...grant.discounted, ...machines],
        });
        const answer = yield* decodeRow(GrantRow)(rows[0]);
        if (answer.granted) return { _tag: "Granted" };
        if (answer.managed) return { _tag: "Managed" };
        return answer.unresolved === null
          ? { _tag: "NotLetIn" }
          : { _tag: "Unresolved", id: answer.unresolved };
      }),
    });
  }),
);
