/**
 * The failure modes of docs/protocol.md, and a few more, as changes to a copy of the sources: each has to be caught, or the
 * tests have no teeth. `by`: what is run against it. A change whose `find` is not there any more fails as well.
 */
export interface Edit {
  readonly file: string;
  /** Where to begin to look; the start of the file if absent. */
  readonly after?: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutation {
  readonly name: string;
  readonly by: "programs" | "postgres";
  readonly edits: ReadonlyArray<Edit>;
}

const RESOLVE = "src/programs/sweep/resolve.ts";
const CREATE = "src/programs/register/create.ts";
const COMPENSATE = "src/programs/register/compensate.ts";
const CLOSE = "src/programs/close.ts";
const FINISH = "src/programs/register/finish.ts";
const MOVES = "test/simulation/memory/moves.ts";
const ROWS = "test/simulation/memory/rows.ts";
const CHANGES = "test/simulation/memory/changes.ts";
const CHANGES_SQL = "src/adapters/postgres/changes-statements.ts";
const SQL = "src/adapters/postgres/ledger-statements.ts";
const RETENTION_SQL = "src/adapters/postgres/retention-statements.ts";
const RETENTION = "test/simulation/memory/retention.ts";
const FRAGMENTS = "src/adapters/postgres/fragments.ts";
const ACCESS = "test/simulation/memory/access.ts";
const AUTHORITY = "src/programs/authority.ts";
const ACCESS_SQL = "src/adapters/postgres/access-statements.ts";
const LOCKS = "src/adapters/postgres/locks.ts";

const programs = (name: string, ...edits: ReadonlyArray<readonly [string, string, string]>): Mutation => ({
  name,
  by: "programs",
  edits: edits.map(([file, find, replace]) => ({ file, find, replace })),
});

const postgresIn =
  (file: string) =>
  (name: string, ...edits: ReadonlyArray<readonly [string, string, string]>): Mutation => ({
    name,
    by: "postgres",
    edits: edits.map(([after, find, replace]) => ({ file, after, find, replace })),
  });

const postgres = postgresIn(SQL);
const retentionSql = postgresIn(RETENTION_SQL);
const changesSql = postgresIn(CHANGES_SQL);
const fragments = postgresIn(FRAGMENTS);
const accessSql = postgresIn(ACCESS_SQL);

export const mutations: ReadonlyArray<Mutation> = [
  programs("failure mode 1: a registration that is closed on `absent` has no grace period", [
    RESOLVE,
    "if (Option.isNone(found)) return { consumed: false, sub: null };",
    "if (Option.isNone(found)) return { consumed: true, sub: null };",
  ]),
  programs("failure mode 1: a registration that is closed on a foreign user has no grace period", [
    RESOLVE,
    "if (found.value.tag !== registration.id) return { consumed: false, sub: null };",
    "if (found.value.tag !== registration.id) return { consumed: true, sub: null };",
  ]),
  programs("failure mode 2: a create with an unknown outcome that met a foreign user has no grace period", [
    CREATE,
    "ledger.reject(operationId, verdict, outcomeUnknown, reason ?? null)",
    "ledger.reject(operationId, verdict, false, reason ?? null)",
  ]),
  programs(
    "failure mode 3: a create is sent again although the first may still land",
    [
      CREATE,
      "outcomeUnknown ? tracked : tryAgain(registration, cause)",
      "outcomeUnknown ? again ? create(registration, false) : tracked : tryAgain(registration, cause)",
    ],
    [CREATE, "{ outcomeUnknown: true, again: false, cause }", "{ outcomeUnknown: true, again, cause }"],
  ),
  programs(
    "failure mode 4: a sweeper finishes a registered registration that its request may still undo",
    [RESOLVE, "registration.acknowledgedAt !== null || registration.pastHorizon", "registration.stale"],
    [MOVES, "dueAt: row.startedAt + at.terms.horizon", "dueAt: row.startedAt + at.terms.budget"],
  ),
  programs("failure mode 4: a repeated key hears 200 before the request has read `registered`", [
    "src/programs/register/open.ts",
    "if (registration.acknowledgedAt !== null) return registered;",
    "if (registration.sub !== null) return registered;",
  ]),
  programs("failure mode 5: a fence that lost the race passes for held", [
    RESOLVE,
    `(yield* ledger.fence(registration.id)) === "rolling_back"`,
    `(yield* ledger.fence(registration.id)) !== "completed"`,
  ]),
  programs("failure mode 5: the request does not look at what the fence has read", [
    COMPENSATE,
    `const isRegistered = Option.exists<State>((state) => state === "registered" || state === "completed");`,
    "const isRegistered = (_: Option.Option<State>) => false;",
  ]),
  programs("failure mode 6: `missing` is believed once", [
    MOVES,
    "row.missingSince !== null && row.missingSince < before",
    "(row.missingSince ?? 0) <= before + at.terms.horizon * 2",
  ]),
  programs("failure mode 7: the key of a compensated registration runs again", [
    "test/simulation/memory/queries.ts",
    `row.state !== "rolled_back",`,
    `row.state !== "rolled_back" && row.state !== "user_lost",`,
  ]),
  programs("failure mode 8: one absent read after the horizon closes for good", [
    RESOLVE,
    "if (Option.isNone(found)) return { consumed: false, sub: null };",
    "if (Option.isNone(found)) return { consumed: registration.pastHorizon, sub: null };",
  ]),
  programs("failure mode 9: the delete is by address", [
    RESOLVE,
    "identity.remove(found.value)",
    "identity.remove({ sub: registration.email as never })",
  ]),
  programs(
    "failure mode 10: a grace period ends with the horizon, where a read may be older than its last minute",
    [ROWS, "row.startedAt + 2 * terms.horizon", "row.startedAt + terms.horizon"],
  ),
  programs("failure mode 10: a grace period that begins late ends at once", [
    ROWS,
    "Math.max(now, row.startedAt + 2 * terms.horizon) + MINUTE",
    "row.startedAt + 2 * terms.horizon",
  ]),
  programs("no tag is compared before a delete", [
    RESOLVE,
    "if (found.value.tag !== registration.id) return { consumed: false, sub: null };",
    "",
  ]),
  programs("no tag is compared before a commit", [
    CREATE,
    "if (user.tag === registration.id) return user;",
    "if (user.tag !== null) return user;",
  ]),
  programs("a registered user passes for nobody's", [
    CREATE,
    `state === "rolled_back" || state === "rejected"`,
    `state !== "completed"`,
  ]),
  programs("an address that the pool has in another spelling gets a second user", [
    "src/programs/register/register.ts",
    "  yield* unlessHeld(registration, holders);",
    "",
  ]),
  programs("an address that the ledger has registered gets a second user where the pool would let it", [
    "src/programs/register/register.ts",
    "identity.sharesAddresses ? opened.earlier : []",
    "[] as typeof opened.earlier",
  ]),
  programs("a user who is not seen yet is taken for one who is gone", [
    CREATE,
    "if (left >= 0) {",
    "if (false) {",
  ]),
  programs("a look-up of other spellings that fails is taken for nobody", [
    CREATE,
    "if (Result.isFailure(holders)) return yield* unavailable(registration, holders.failure);",
    "if (Result.isFailure(holders)) return;",
  ]),
  programs("nothing is fenced before a delete", [
    RESOLVE,
    `return (yield* ledger.fence(registration.id)) === "rolling_back"
    ? yield* rollBack(registration)
    : "waiting";`,
    "const done = yield* rollBack(registration); yield* ledger.fence(registration.id); return done;",
  ]),
  programs("a commit lands in a registration that is being rolled back", [
    MOVES,
    `const moved = update(at, id, inState("started"), (row) => ({
    ...fresh,
    state: "registered",`,
    `const moved = update(at, id, inState("started", "rolling_back", "rolled_back"), (row) => ({
    ...fresh,
    state: "registered",`,
  ]),
  programs("a create is sent three times, as the SDK would", [
    CREATE,
    "return yield* identity.create(registration).pipe(",
    `return yield* identity.create(registration).pipe(
    Effect.retry({ times: 2, while: ({ reason }) => reason._tag === "OutcomeUnknown" }),`,
  ]),
  programs("an unfenced delete is sent after the budget", [
    COMPENSATE,
    "if (Option.isNone(fenced) && !(yield* withinBudget)) {",
    "if (Option.isNone(fenced) && fenced !== fenced) {",
  ]),
  programs("a create is sent after the budget", [
    CREATE,
    "if (!(yield* withinBudget)) return yield* tryAgain(registration);",
    "yield* withinBudget;",
  ]),
  programs("a lost create that is not seen counts as none", [
    CREATE,
    "outcomeUnknown ? tracked : tryAgain(registration, cause)",
    "tryAgain(registration, cause)",
  ]),
  programs("a lease does not put the registration off", [
    MOVES,
    "dueAt: now + (tries + 1 > TRIES_BEFORE_OPERATOR ? DAY : Math.min(HOUR, MINUTE * 2 ** tries)),",
    "dueAt: now + (tries > 50 ? DAY + HOUR + MINUTE + TRIES_BEFORE_OPERATOR : 0),",
  ]),
  programs("the final check deletes whoever has the address", [
    RESOLVE,
    "if (found.value.tag !== registration.id) return",
    "if (registration.graceUntil === null && found.value.tag !== registration.id) return",
  ]),
  programs("a pool without tags has users deleted whose registration nobody knows", [
    RESOLVE,
    "if (!identity.tagsUsers) {",
    "if (!identity.tagsUsers && registration.id === null) {",
  ]),
  programs("a user who was to be removed is registered afterwards", [
    MOVES,
    "if (isRemoved(at.world, sub)) return false;",
    "",
  ]),
  programs("a removal leaves the grants", [CHANGES, `if (kind === "remove") revokeRoles(at, audited);`, ""]),
  programs("a rollback leaves the grants", [
    MOVES,
    "revokeRoles(at, writeAudit(at, AuditAction.rolledBack, { caller, sub: moved.sub }))",
    "writeAudit(at, AuditAction.rolledBack, { caller, sub: moved.sub })",
  ]),
  programs("a user who is lost keeps the grants", [
    MOVES,
    "revokeRoles(at, writeAudit(at, AuditAction.lost, { caller, sub: lost.sub }))",
    "writeAudit(at, AuditAction.lost, { caller, sub: lost.sub })",
  ]),
  programs("a change is done to a user whose registration has not kept them", [
    CHANGES,
    "const registration = unresolved(world, tag) ?? ",
    "const registration = ",
  ]),
  programs("an administrator invites a user whom their request may still delete", [
    CHANGES,
    `?? (kind === "invite" ? undoable(at, tag) : undefined)`,
    "",
  ]),
  programs("a change closes no pending opposite", [
    CHANGES,
    "if (row.sub !== subject || !supersedes(kind, row.kind)) continue;",
    "if (row.sub !== null) continue;",
  ]),
  programs("a change whose opposite may still land has no grace period", [
    CHANGES,
    "const until = opposed ? now + terms.horizon + MINUTE : null;",
    "const until = opposed && now < 0 ? now + terms.horizon + MINUTE : null;",
  ]),
  programs("a change's opposites are those of when its end lands", [
    CHANGES,
    "closedAt > startedAt - terms.horizon",
    "closedAt > Math.max(startedAt, now) - terms.horizon",
  ]),
  programs("an older change is done once more", [
    RESOLVE,
    "(yield* changes.isNewest(change)) ? yield* finalCheckOf(change) : SUPERSEDED",
    "yield* finalCheckOf(change)",
  ]),
  programs("the grace period of a change ends without doing it once more", [
    RESOLVE,
    "(yield* changes.isNewest(change)) ? yield* finalCheckOf(change) : SUPERSEDED",
    "(yield* changes.isNewest(change)) ? SUPERSEDED : yield* finalCheckOf(change)",
  ]),
  programs("failure mode 13: a final check enables whom somebody has disabled since", [
    RESOLVE,
    `if (change.kind === "disable") {`,
    `if (change.kind !== "remove") {`,
  ]),
  programs("a stale change is finished without being done", [
    RESOLVE,
    "const reason = yield* carryOut(change);\n    if (reason === null) return (yield* changes.finish",
    "const reason = change.reason;\n    if (reason === null) return (yield* changes.finish",
  ]),
  programs("failure mode 13: an invitation is mailed to whom the pool has disabled meanwhile", [
    "src/programs/change.ts",
    `if (!enabled) return "user_disabled";`,
    "",
  ]),
  programs("failure mode 13: a disabling leaves a pending invitation", [
    CHANGES,
    `(pending === "invite" || pending === "reset_mfa")`,
    `pending === "reset_mfa"`,
  ]),
  programs("a change that is superseded has no second row", [
    CHANGES,
    "writeAudit(at, action, { caller, sub: subject }, secondRow(row.id));",
    "void [action, secondRow];",
  ]),
  programs("a change is opened for who is to be removed", [
    CHANGES,
    `if (kind !== "remove" && isGone(world, subject)) return { _tag: "Removed" };`,
    "",
  ]),
  programs("an invitation is opened for whom a change has disabled", [
    CHANGES,
    `if (kind === "invite" && isDisabled(world, subject)) return { _tag: "Disabled" };`,
    "",
  ]),
  programs("what Cognito refuses for good is tried for ever", [
    "src/programs/change.ts",
    `Effect.catchReason("IdentityProviderError", "Refused", ({ why }) => Effect.succeed<WhyNotDone>(why))`,
    `Effect.catchReason("IdentityProviderError", "UserAlreadyExists", () => Effect.succeed<WhyNotDone>("other"))`,
  ]),
  programs("a change that others have tried before says that nothing was done", [
    RESOLVE,
    `{ reason, how: "unknown" }`,
    `{ reason, how: "notDone" }`,
  ]),
  programs("a half reset says that nothing was done", [
    "src/programs/change.ts",
    `kind !== "reset_mfa" || reason === "user_not_found"`,
    `kind !== null || reason === "user_not_found"`,
  ]),
  programs("a wrong deployment calls nobody", [
    "src/programs/sweep/sweep.ts",
    ` || error.reason?._tag === "Misconfigured"`,
    "",
  ]),
  programs("a wrong deployment calls nobody when a request meets it", [
    "src/programs/change.ts",
    `if (cause.reason._tag !== "Misconfigured") return;`,
    `if (cause.reason._tag !== "UserAlreadyExists") return;`,
  ]),
  programs("a registration whose invitation is refused is tried for ever", [
    FINISH,
    `"Refused", ({ why }) =>`,
    `"UserAlreadyExists", (why) =>`,
  ]),
  programs("an operator closes what a request is at work on", [
    CLOSE,
    `if (!change.stale) return yield* notPossible(change, "in_progress");`,
    "",
  ]),
  programs("an operator gives up a final check before its time", [
    CLOSE,
    `if (!registration.graceOver) return yield* notPossible(registration, "grace_period");`,
    "",
  ]),
  programs("an operator completes what its request may still undo", [
    CLOSE,
    "if (registration.acknowledgedAt === null && !registration.pastHorizon)",
    "if (registration.stale !== true)",
  ]),
  programs("a change that was superseded while it was opened is done", [
    "src/programs/change.ts",
    `if (change.reason !== null) return yield* told(change, change.reason, "unknown", known);`,
    "",
  ]),
  programs("failure mode 13: a registration's invitation is mailed to whom the ledger has disabled", [
    FINISH,
    "if (!enabled || !(yield* changes.mayComeIn(sub))) return NOT_LET_IN;",
    "if (!enabled) return NOT_LET_IN;",
  ]),
  programs("failure mode 13: a registration's invitation is mailed to whom the pool has disabled", [
    FINISH,
    "if (!enabled || !(yield* changes.mayComeIn(sub))) return NOT_LET_IN;",
    "if (!(yield* changes.mayComeIn(sub))) return NOT_LET_IN;",
  ]),
  programs("failure mode 13: the request invites whom somebody has disabled since the commit", [
    MOVES,
    "moved !== undefined && moved.sub !== null && mayComeIn(at.world, moved.sub)",
    "moved !== undefined && (moved.sub === null || mayComeIn(at.world, moved.sub) || true)",
  ]),
  programs("a change is done before it is written down", [
    "src/programs/change.ts",
    "const changes = yield* Changes;\n  const { answer: opening",
    "const changes = yield* Changes;\n  yield* Effect.ignore(carryOut({ kind, sub: subject }));\n  const { answer: opening",
  ]),
  programs("one's own account may be removed", [
    "src/programs/change.ts",
    `caller === subject && (kind === "remove" || kind === "disable")`,
    `caller === subject && kind === "disable"`,
  ]),
  programs("a user thought missing and seen again stays missing", [
    FINISH,
    "if (missingSince !== null) yield* ledger.seen(id);",
    "",
  ]),

  postgres("a commit does not see that the address was registered since it was looked for", [
    '"ledger.commit"',
    "where other.id <> all(${known})",
    "where false and other.id <> all(${known})",
  ]),
  postgres("SQL: commit from any state", [
    "export const commit",
    "state = 'started'",
    "state in ('started', 'rolling_back')",
  ]),
  postgres("SQL: fence from any state", [
    "export const fence",
    "state = 'started'",
    "state in ('started', 'registered')",
  ]),
  postgres("SQL: markRolledBack gives too short a grace period", [
    "const gracePeriod =",
    "interval '1 minute'",
    "interval '1 second'",
  ]),
  postgres("SQL: failure mode 10: a grace period ends with the horizon", [
    "const gracePeriod =",
    "started_at + 2 * ",
    "started_at + ",
  ]),
  postgres("SQL: missing is believed once", [
    "lost as (",
    "and missing_since < ${lookedAt}",
    "and coalesce(missing_since, '2000-01-01') < ${lookedAt}",
  ]),
  postgres("SQL: the key of a compensated registration runs again", [
    "key_holder as (",
    "state <> 'rolled_back'",
    "state not in ('rolled_back', 'user_lost')",
  ]),
  postgres("SQL: a lease puts nothing off", [
    "export const lease",
    "due_at = now() + case",
    "due_at = now() - case",
  ]),
  postgres("SQL: a lease locks nothing", ["export const lease", " for update skip locked", ""]),
  {
    name: "SQL: a fence that moved nothing passes for held",
    by: "postgres",
    edits: [
      {
        file: "src/adapters/postgres/ledger.ts",
        find: `if (rows.length > 0) return "rolling_back";`,
        replace: `if (rows.length >= 0) return "rolling_back";`,
      },
    ],
  },
  fragments("SQL: the audit row's time is the session's", [
    "export const auditRow =",
    "inUtc(sql`statement_timestamp()`)",
    `sql\`to_char(statement_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')\``,
  ]),
  fragments("SQL: an operation's times are the session's", [
    "export const operation =",
    "INSTANTS.has(schema) ? inUtc(value) : value",
    "value",
  ]),
  fragments("SQL: the times of an operation's history are the session's", [
    "const NOW =",
    "inUtc(sql`now()`)",
    "sql`now()`",
  ]),
  postgres("SQL: a loser of the race for an address is an error", [
    "export const open",
    "on conflict do nothing",
    "on conflict (id) do nothing",
  ]),
  postgres("SQL: a commit does not look for a removal", [
    "export const commit",
    "and not exists (select from registrar.operation removal where removal.sub = ${sub} and removal.kind = 'remove')",
    "",
  ]),
  postgres("SQL: a rollback leaves the grants", [
    "export const markRolledBack",
    "user_role.user_id = moved.sub",
    "user_role.user_id = moved.sub and false",
  ]),
  postgres("SQL: a final check leaves the grants", [
    "export const endGracePeriod",
    "where user_id = ${sub} and exists",
    "where false and user_id = ${sub} and exists",
  ]),
  postgres("SQL: a user who is lost keeps the grants", [
    "export const missing",
    "user_role.user_id = lost.sub",
    "user_role.user_id = lost.sub and false",
  ]),
  postgres("SQL: a lease tags nothing for an operator", [
    "export const lease",
    "needs_operator or tries >= ",
    "needs_operator or tries >= 1000 * ",
  ]),
  postgres("SQL: a row that has closed is noted as failed", [
    "export const defer",
    "(closed_at is null or state = ${state})",
    "${state} <> ''",
  ]),
  programs("a read that may be from before a deletion completes a registration", [
    FINISH,
    "age > 2 * Duration.toMillis(horizon)",
    "age > 0 * Duration.toMillis(horizon)",
  ]),
  programs("failure mode 13: an old change of roles takes effect over a newer one", [
    ACCESS,
    "if ((world.rolesAsked.get(subject) ?? Number.NEGATIVE_INFINITY) > asked)",
    "if (asked < 0)",
  ]),
  programs("failure mode 13: a refusal of the second try passes for one of the first", [
    "src/ports/database.ts",
    "(lost === null ? second : lostTo(lost, second))",
    "second",
  ]),
  programs("failure mode 13: what the second try meets passes for true of the first", [
    "src/programs/authority.ts",
    "if (lost !== null && ",
    "if (answer === null && ",
  ]),
  fragments("SQL: a lost user's token goes on", ["export const gone", " or gone.state = 'user_lost'", ""]),
  accessSql("SQL: a disabled user is shown permissions", [
    "permissionsOf = ",
    " and ${mayComeIn(user)}",
    " and (true or ${mayComeIn(user)})",
  ]),
  accessSql("SQL: roles are set although the user is not as the caller saw them", [
    "possible as (",
    " and ${isAsExpected(subject, ifMatch)}",
    "",
  ]),
  changesSql("SQL: a change is opened although the user is not as the caller saw them", [
    "), possible as (",
    " and (select yes from as_expected)",
    "",
  ]),
  changesSql("SQL: a repeat is refused by its own effect", [
    "as_expected as (",
    "exists (select from known where known.id = ${id}) or ",
    "",
  ]),
  fragments("a machine counts as an administrator who may be left", [
    "export const otherManagers",
    " and manager.id <> all(${machines})",
    " and (manager.id <> all(${machines}) or true)",
  ]),
  programs("a machine is deleted like a user", [
    "src/programs/change.ts",
    "if (yield* isMachine(asked.subject))",
    'if ((yield* isMachine(asked.subject)) && asked.kind !== "remove")',
  ]),
  accessSql("SQL: failure mode 13: an old change of roles takes effect over a newer one", [
    "export const setRoles",
    "newer.asked_at > ${askedAt}",
    "newer.asked_at > 'infinity'",
  ]),
  changesSql("SQL: failure mode 13: an old change opens over a newer one that contradicts it", [
    "export const open",
    "newer.asked_at > ${askedAt}",
    "newer.asked_at > 'infinity'",
  ]),
  fragments("SQL: failure mode 13: the budget is compared with a clock from before the wait for its turn", [
    "export const lateness",
    "clock_timestamp()",
    "now()",
  ]),
  fragments("SQL: failure mode 13: a change takes effect when its budget is over", [
    "export const lateness",
    "clock_timestamp() > ",
    "'-infinity' > ",
  ]),
  programs("a holder of the permission counts as one who is left, whatever the pool says", [
    AUTHORITY,
    "enabled && HAVE_SIGNED_IN.has(status)",
    "enabled || HAVE_SIGNED_IN.has(status)",
  ]),
  programs("whom the pool does not know counts as one who is left", [
    AUTHORITY,
    "canComeIn(Option.filter(profile, hasSignedIn)) ? [user] : []",
    "[user]",
  ]),
  programs("whoever needs no password counts as one who has signed in", [
    AUTHORITY,
    "canComeIn(Option.filter(profile, hasSignedIn))",
    "canComeIn(profile)",
  ]),
  fragments("SQL: an unconfirmed holder counts as one who is left", [
    "export const somebodyIsLeft",
    "and user_role.user_id = any(${confirmed})",
    "and cardinality(${confirmed}) >= 0",
  ]),
  fragments("SQL: whom a change has disabled counts as a manager", [
    "export const mayComeIn",
    "<> 'disable', true)",
    "<> 'nothing', true)",
  ]),
  fragments("SQL: a registration that is rolled back has kept its user", [
    "export const unresolved",
    "'rejected', 'rolled_back')",
    "'rejected')",
  ]),
  changesSql("SQL: an invitation does not wait for the acknowledgement", [
    "export const open",
    "and ${kind} = 'invite'",
    "and ${kind} = 'nothing'",
  ]),
  changesSql("SQL: a change closes no pending opposite", [
    "const SUPERSEDES",
    "('enable', 'disable'), ('disable', 'enable'),",
    "",
  ]),
  changesSql("SQL: failure mode 13: a disabling leaves a pending invitation", [
    "const SUPERSEDES",
    "('invite', 'disable'), ",
    "",
  ]),
  changesSql("SQL: a change that is superseded has no second row", [
    "contradicted_audited as (",
    "auditRow(sql`contradicted`",
    "auditRow(sql`(select * from contradicted where false)`",
  ]),
  changesSql("SQL: a change is opened for who is to be removed", [
    "), possible as (",
    "and not exists (select from removed) ",
    "",
  ]),
  changesSql("SQL: an invitation is opened for whom a change has disabled", [
    "), accepted as (",
    "and not exists (select from disabled)",
    "",
  ]),
  changesSql("SQL: a change that is done is refused afterwards", [
    "export const refuse",
    "and state = 'pending'",
    "and state in ('pending', 'done')",
  ]),
  fragments("SQL: a deletion that was refused counts", [
    "export const gone",
    " and gone.state <> 'refused'",
    "",
  ]),
  fragments("SQL: a disabling that was refused counts", [
    "export const newestSwitch",
    " and change.state <> 'refused'",
    "",
  ]),
  postgres("SQL: failure mode 13: the request invites whom somebody has disabled since the commit", [
    "export const acknowledge",
    "${mayComeIn(sql`operation.sub`)}",
    "${mayComeIn(sql`operation.sub`)} or true",
  ]),
  changesSql("SQL: a removal leaves the grants", ["revoked as (", "kind = 'remove'", "kind = 'nothing'"]),
  changesSql("SQL: a change's opposites are those of when its end lands", [
    "export const finish",
    "mine.started_at - ",
    "now() - ",
  ]),
  changesSql("SQL: a change in its grace period does not count as an opposite", [
    "export const finish",
    "or other.grace_until is not null",
    "",
  ]),
  changesSql("SQL: a removal does not count as newer", [
    "export const isNewest",
    "'disable', 'remove'",
    "'disable'",
  ]),
  programs("a key that is spent is offered again", [
    COMPENSATE,
    "if (!closed && Option.isNone(fenced)) return yield* new NotClosed();",
    "",
  ]),
  programs("a key is spent where the user could not be deleted, and is offered again", [
    COMPENSATE,
    "new NotRemoved({ fenced: Option.isSome(fenced), cause })",
    "new NotRemoved({ fenced: true, cause })",
  ]),
  programs("a registration whose user was removed here is replayed", [
    "src/programs/register/open.ts",
    "userGone ? yield* new UserLost({ operationId }) : registered",
    "registered",
  ]),
  programs("without tags an operator is asked to delete another registration's user", [
    RESOLVE,
    'if (holder === "registered") return { consumed: false, sub: null };',
    "",
  ]),
  fragments("SQL: a removal that is pending is none", [
    "export const gone",
    "gone.kind = 'remove' and gone.state <> 'refused'",
    "gone.kind = 'remove' and gone.state = 'done'",
  ]),
  postgres("SQL: whom another registration has registered is nobody's", [
    "export const holderOf",
    "('registered', 'completed')",
    "('registered')",
  ]),
  fragments("SQL: what only waits to be finished is taken up before an orphan", [
    "const LEVELS",
    "(values (0), (1), (2), (3))",
    "(values (3), (2), (1), (0))",
  ]),
  postgres("SQL: a row that cannot be read is taken up again each minute", [
    "export const setAside",
    ", due_at = now() + interval '1 day'",
    "",
  ]),
  programs("a sweep makes more calls than it may", [
    "src/programs/sweep/sweep.ts",
    "(sweepCalls - CALLS_BESIDE - calls.made) / CALLS_OF_ONE",
    "(sweepCalls - CALLS_BESIDE - calls.made) / 1",
  ]),
  programs("a row that cannot be read is worked on", [
    "src/programs/sweep/sweep.ts",
    ": setAside(operation);",
    ': Effect.succeed("deferred" as const);',
  ]),
  postgres("SQL: why Cognito refused is not kept", [
    "export const reject",
    "reason = ${reason}",
    "reason = nullif(${reason}, ${reason})",
  ]),
  postgresIn("src/adapters/postgres/changes.ts")("SQL: changes do not wait their turn", [
    "export const ChangesPostgres",
    "database.queryAlone(locks, ",
    "database.query(",
  ]),
  postgresIn("src/adapters/postgres/access.ts")("SQL: roles do not wait their turn", [
    "export const AccessPostgres",
    "database.queryAlone(locks, ",
    "database.query(",
  ]),
  postgresIn("src/adapters/postgres/ledger.ts")("SQL: a commit does not wait its turn", [
    "export const LedgerPostgres",
    "database.queryAlone([lockOf(sub)], ",
    "database.query(",
  ]),
  postgresIn(LOCKS)("SQL: whoever may take the last manager away waits for the same user's changes alone", [
    "export const locksOf",
    "[lockOf(user), MANAGERS]",
    "[lockOf(user)]",
  ]),
  postgresIn(LOCKS)("SQL: one line for all users", [
    "export const lockOf",
    'BigInt.asIntN(64, BigInt(`0x${user.replaceAll("-", "").slice(-DIGITS)}`))',
    "BigInt(user.length)",
  ]),
  postgresIn("src/adapters/neon/database.ts")("a wait for a lock has no limit of its own, over HTTP", [
    "const stating",
    ", set_config('lock_timeout', $2, true)",
    ", set_config('application_name', $2, true)",
  ]),
  postgresIn("src/adapters/neon/database.ts")("a lock is older than the snapshot that it is taken for", [
    "export const DatabaseNeon",
    'isolationLevel: "ReadCommitted", ',
    "",
  ]),
  fragments("SQL: a change of roles is recorded without the roles before it", [
    "export const rolesReplaced",
    "rolesOf(sql`audited.user_id`)",
    "sql`'{}'`",
  ]),
  fragments("SQL: a deletion of a user without a role is recorded as a change of roles", [
    "export const rolesRevoked",
    "exists (select from ${revoked})",
    "true",
  ]),
  postgres("SQL: a registration's grants are recorded without those of others", [
    "export const commit",
    "select unnest(${rolesOf(sql`audited.user_id`)}) union select unnest(roles) from moved",
    "select unnest(roles) from moved",
  ]),
  postgresIn("src/adapters/postgres/pages.ts")("SQL: a page looks for its filter along the whole list", [
    "export const page",
    "then ${column} end desc",
    "then null::integer end desc",
  ]),
  postgresIn("src/adapters/postgres/rows.ts")("SQL: a page that has a cursor has no end", [
    "export const startOf",
    "cursor === null || cursor.at >= end.at ? end : cursor",
    "cursor ?? end",
  ]),
  fragments("SQL: each denial is a row of its own", [
    "export const recordDenial",
    "md5(concat_ws(' ', 'denied', ${caller}, ${word}, ${hour}))",
    "md5('denied ' || ${id}::text)",
  ]),
  fragments("SQL: a question that is sent again counts again", [
    "export const recordDenial",
    "where denial.question <> excluded.question",
    "",
  ]),
  fragments("SQL: a grant of one trust gives the permission to manage users", [
    "const counts",
    "${isGlobal(sql`user_role`)} and ",
    "",
  ]),
  fragments("SQL: a grant of one trust is a role of the user", [
    "export const rolesOf",
    " and ${isGlobal(sql`user_role`)}",
    "",
  ]),
  accessSql("SQL: a change of roles takes the grants of one trust", [
    "), revoked as (",
    "and ${isGlobal(sql`user_role`)}",
    "",
  ]),
  accessSql("SQL: an account shows the grants of one trust", [
    "export const accountsOf",
    " and ${isGlobal(sql`user_role`)}",
    "",
  ]),
  accessSql("SQL: a grant of one trust is shown as a permission", [
    'as "hasRole"',
    " and ${isGlobal(sql`user_role`)}",
    "",
  ]),
  postgres("SQL: a commit writes over the profile that somebody has written meanwhile", [
    "export const commit",
    '"fills")',
    '"replaces")',
  ]),
  changesSql("SQL: a profile that is asked for earlier is written over a later one", [
    "export const setProfile",
    "not (select too_late or superseded from late)",
    "not (select too_late from late)",
  ]),
  changesSql("SQL: a repeat writes the profile again", [
    "export const setProfile",
    " and not exists (select from repeated)",
    "",
  ]),
  changesSql("SQL: a profile is lost with the change that it joins", [
    "), profiled as (",
    " union all select sub from joined",
    "",
  ]),
  changesSql("SQL: a profile is written although its change is refused", [
    "), profiled as (",
    "select sub from opened where ${hasProfile({ name, organisation })} union all select sub from joined",
    "select ${subject} as sub where ${hasProfile({ name, organisation })}",
  ]),
  fragments("SQL: a change of the profile leaves the entity tag", [
    "export const etag",
    ", ' ', ${profileOf(user)}",
    "",
  ]),
  fragments("SQL: a lost user is given roles", ["export const gone", " or gone.state = 'user_lost'", ""]),
  accessSql("SQL: a repeat sets the roles again", [
    "export const setRoles",
    "and not exists (select from repeated)",
    "",
  ]),
  postgres("SQL: nobody is asked to sweep what an acknowledgement leaves due", [
    "export const acknowledge",
    ", ${dueIn()}`",
    "`",
  ]),
  postgres("SQL: a lease asks for no sweep", [
    "export const lease",
    "  (select ${dueIn()} from next),\n",
    "",
  ]),
  programs("a sweep whose calls are used up asks for no other", [
    "src/programs/sweep/sweep.ts",
    "if (more) yield* sweepWhenDue(0);",
    "",
  ]),
  programs("an opening does not wait for its wake-up", [
    "test/simulation/memory/statements.ts",
    "const both = [Effect.exit(sent), sweepAfter(dueWithin)] as const;",
    "const both = [Effect.exit(sent), Effect.forkDetach(sweepAfter(dueWithin))] as const;",
  ]),
  retentionSql("SQL: an address is forgotten whose key may still be asked for", [
    "const withOldAddress",
    "personal and due_at is null and idempotency_key is null",
    "personal and due_at is null",
  ]),
  retentionSql("SQL: an address is forgotten that a final check looks for", [
    "const withOldAddress",
    "personal and due_at is null and",
    "personal and",
  ]),
  retentionSql("SQL: an operator's words about a person are kept for ever", [
    "export const forget",
    "then jsonb_set(line, '{note}', to_jsonb(${withoutWords(sql`line ->> 'note'`)})) else line end",
    "then line else line end",
  ]),
  retentionSql("SQL: it is forgotten that nobody has looked for a user who may be left over", [
    "const withoutWords",
    'case ${list(endings, " ")} else',
    "case when false then '' else",
  ]),
  retentionSql("SQL: the newest word on whether a user may sign in is deleted", [
    "const isHistory",
    "${newer(sql`newer.kind in ('enable', 'disable') and newer.state = 'done'`)}",
    "true",
  ]),
  retentionSql("SQL: a word that was refused replaces the one that stands", [
    "const isHistory",
    "newer.kind in ('enable', 'disable') and newer.state = 'done'",
    "newer.kind in ('enable', 'disable')",
  ]),
  retentionSql("SQL: a user's newest row is deleted, which their ETag names", [
    "const isHistory",
    "when not ${newer()} then false",
    "when false then false",
  ]),
  retentionSql("SQL: who was registered, lost or removed is deleted", [
    "const isHistory",
    "else false end`",
    "else true end`",
  ]),
  retentionSql("SQL: the last removal of a user is deleted", [
    "const isHistory",
    "when ${newer(sql`newer.kind = 'remove' and newer.state = 'done'`)} then true",
    "when old.kind = 'remove' then true",
  ]),
  retentionSql("SQL: a registration that may have left somebody is deleted", [
    "const isHistory",
    "old.sub is not null or old.history #>> '{-1,state}' is distinct from old.history #>> '{-2,state}'",
    "true",
  ]),
  retentionSql("SQL: rows of a user of whom something is open are deleted", [
    "const isHistory",
    "when exists (select from registrar.operation open where open.sub = old.sub and open.due_at is not null) then false",
    "when false then false",
  ]),
  retentionSql("SQL: what was kept once is never judged again", [
    "again as (",
    "retained and sub in (select sub from due)",
    "retained and false",
  ]),
  retentionSql("SQL: addresses are forgotten without end in one statement", [
    "forgetting as (",
    "limit ${literal(ROWS_AT_ONCE)} for update",
    "for update",
  ]),
  programs("a user's newest word is deleted, and whoever it shut out comes in", [
    RETENTION,
    "if (isSwitch(old)) return newer.some((row) => isSwitch(row) && isDone(row));",
    "if (isSwitch(old)) return true;",
  ]),
  programs("who was registered is deleted from the ledger", [
    RETENTION,
    "if (!isDone(old)) return false;",
    "if (!isDone(old)) return true;",
  ]),
];
