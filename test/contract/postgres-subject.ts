/** The ledger's SQL on a running stack, with somebody's hands behind its back. */
import { Effect, Layer } from "effect";
import { FLIP_SHAPES, type FlipShapeName } from "../../dev/flip-shapes.ts";
import { roles as seededRoles, trust } from "../../dev/seed.ts";
import type { Stack } from "../../dev/stack.ts";
import { DatabaseNeon } from "../../src/adapters/neon/database.ts";
import { AccessPostgres } from "../../src/adapters/postgres/access.ts";
import { ChangesPostgres } from "../../src/adapters/postgres/changes.ts";
import { LedgerPostgres } from "../../src/adapters/postgres/ledger.ts";
import { RoleId, UserId } from "../../src/domain/user.ts";
import { Settings } from "../../src/ports/settings.ts";
import { readSettings } from "../../src/settings.ts";
import type { Opened } from "../support/adapters.ts";
import { RETENTION } from "./retention.ts";
import type { LedgerSubject } from "./subjects.ts";

const promised = <A>(work: () => Promise<A>) => Effect.promise(work);

/** Two deployments' ways to PostgreSQL: one that forgets in time, and one that does not. */
interface Ways {
  readonly retaining: Opened["layer"];
  readonly keeping: Opened["layer"];
}

const neonWays = (stack: Stack): Ways => {
  const way = (retention: object) =>
    DatabaseNeon.pipe(
      Layer.provideMerge(Settings.layer(readSettings({ ...stack.workerEnv(), ...retention }))),
    );
  return { retaining: way(RETENTION), keeping: way({}) };
};

/** The subject of the ledger's suites on a stack of this shape. */
export const postgresSubject = (
  stack: Stack,
  shape: FlipShapeName = "none",
  { retaining, keeping }: Ways = neonWays(stack),
): LedgerSubject => {
  const settings = readSettings(stack.workerEnv());
  const tables = (way: Opened["layer"]) =>
    Layer.mergeAll(LedgerPostgres, ChangesPostgres, AccessPostgres).pipe(Layer.provide(way));
  const grants = (sub: UserId, which: string) =>
    Effect.map(
      promised(() =>
        stack.query<{ id: string }>(
          `select role_id as id from user_role where user_id = $1 and to_jsonb(user_role) ->> 'trust_id' is ${which}`,
          [sub],
        ),
      ),
      (rows) => rows.map(({ id }) => id),
    );
  return {
    layer: tables(retaining),
    keeping: tables(keeping),
    admin: UserId.make(stack.adminSub),
    viewer: UserId.make(stack.viewerSub),
    machine: settings.machines.get(stack.clientId) as UserId,
    roles: [RoleId.make(seededRoles.researcher), RoleId.make(seededRoles.observer)],
    managing: RoleId.make(seededRoles.admin),
    age: (seconds) => promised(() => stack.age(seconds)),
    audit: promised(() =>
      stack.query<{ id: string; action: string; userId: string; by: string }>(
        `select id, action, user_id as "userId", modified_by_user_id as by from users_audit`,
      ),
    ),
    denials: promised(() =>
      stack.query<{ id: string; caller: string; action: string; times: number }>(
        "select id, caller, action, times from registrar.denial",
      ),
    ),
    roleChanges: promised(() =>
      stack.query<{ id: string; caller: string; subject: string; before: string[]; after: string[] }>(
        "select id, caller, subject, before, after from registrar.role_change",
      ),
    ),
    grant: (sub, role) => promised(() => stack.grant(sub, role)),
    grants: (sub) => grants(sub, "null"),
    trusts: FLIP_SHAPES[shape].trusts,
    profiles: FLIP_SHAPES[shape].profiles,
    profile: (sub) =>
      promised(async () => {
        const rows = await stack.query<{ name: string; organisation: string }>(
          "select name, organisation from user_profile where user_id = $1",
          [sub],
        );
        return rows[0] ?? null;
      }),
    grantAtTrust: (sub, role) => promised(() => stack.grant(sub, role, trust)),
    grantsAtTrust: (sub) => grants(sub, "not null"),
    reset: Effect.asVoid(
      promised(async () => {
        await stack.query(
          "truncate registrar.operation, registrar.denial, registrar.role_change, registrar.roles_asked, registrar.profile_asked, users_audit, user_role",
        );
        if (FLIP_SHAPES[shape].profiles) await stack.query("truncate user_profile");
        await stack.grant(stack.adminSub, seededRoles.admin);
      }),
    ),
  };
};
