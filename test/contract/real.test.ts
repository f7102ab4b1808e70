/** The real layers keep the contract of the memory layers: IdentityProviderCognito against a pool, the SQL against PostgreSQL. */
import { afterAll, beforeAll, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { roles as seededRoles } from "../../dev/seed.ts";
import { type Stack, startStack } from "../../dev/stack.ts";
import { CognitoClient } from "../../src/adapters/cognito/client.ts";
import { DirectoryCognito } from "../../src/adapters/cognito/directory.ts";
import { IdentityProviderCognito } from "../../src/adapters/cognito/identity-provider.ts";
import { DatabaseNeon } from "../../src/adapters/neon/database.ts";
import { AccessPostgres } from "../../src/adapters/postgres/access.ts";
import { ChangesPostgres } from "../../src/adapters/postgres/changes.ts";
import { LedgerPostgres } from "../../src/adapters/postgres/ledger.ts";
import { RoleId, UserId } from "../../src/domain/user.ts";
import { Settings } from "../../src/ports/settings.ts";
import { readSettings } from "../../src/settings.ts";
import { directoryContract } from "./directory.ts";
import { identityProviderContract } from "./identity-provider.ts";
import { ledgerContract } from "./ledger-suite.ts";
import { listsContract } from "./lists.ts";
import { RETENTION } from "./retention.ts";
import type { LedgerSubject, PoolSubject } from "./subjects.ts";

let stack: Stack;
let pool: PoolSubject;
let ledger: LedgerSubject;

beforeAll(async () => {
  stack = await startStack();
  const settings = readSettings(stack.workerEnv());
  const config = Settings.layer(settings);
  const promised = <A>(work: () => Promise<A>) => Effect.promise(work);

  const tables = (retention: object) =>
    Layer.mergeAll(LedgerPostgres, ChangesPostgres, AccessPostgres).pipe(
      Layer.provide(DatabaseNeon),
      Layer.provide(Settings.layer(readSettings({ ...stack.workerEnv(), ...retention }))),
    );

  pool = {
    layer: Layer.mergeAll(IdentityProviderCognito, DirectoryCognito).pipe(
      Layer.provide(CognitoClient.layer),
      Layer.provide(config),
    ),
    addByHand: (email) => promised(async () => UserId.make(await stack.cognito.createUser(email))),
    addFederated: (email) => promised(async () => UserId.make(await stack.cognito.createFederated(email))),
    confirm: (sub) => promised(() => stack.cognito.confirm(sub)),
    enrol: (sub) => promised(() => stack.cognito.setTotp(sub, true)),
    mails: Effect.sync(() => stack.mails().map(({ sub }) => sub)),
    reset: promised(() => stack.reset()),
  };

  ledger = {
    layer: tables(RETENTION),
    keeping: tables({}),
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
    grant: (sub, role) =>
      Effect.asVoid(
        promised(() => stack.query("insert into user_role (user_id, role_id) values ($1, $2)", [sub, role])),
      ),
    grants: (sub) =>
      Effect.map(
        promised(() =>
          stack.query<{ id: string }>("select role_id as id from user_role where user_id = $1", [sub]),
        ),
        (rows) => rows.map(({ id }) => id),
      ),
    reset: Effect.asVoid(
      promised(async () => {
        await stack.query(
          "truncate registrar.operation, registrar.denial, registrar.role_change, registrar.roles_asked, users_audit, user_role",
        );
        const admin = [stack.adminSub, seededRoles.admin];
        await stack.query("insert into user_role (user_id, role_id) values ($1, $2)", admin);
      }),
    ),
  };
});
afterAll(() => stack.stop());

identityProviderContract("Cognito", it.live, () => pool);
directoryContract("Cognito", it.live, () => pool);
ledgerContract("PostgreSQL", it.live, () => ledger);
listsContract("PostgreSQL", it.live, () => ledger);
