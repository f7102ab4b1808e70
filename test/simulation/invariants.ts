/**
 * What has to be true in the end, when the faults have stopped and the sweeper has had its time: docs/protocol.md's
 * guarantee, read off the world. Each violation is a sentence for whoever has to understand it.
 */
import { AuditAction, CHANGE_ACTION, changeNotDone, withProfile } from "../../src/domain/audit.ts";
import { type ChangeKind, isRegistrationKind } from "../../src/domain/operation.ts";
import { newest, secondRow } from "./memory/rows.ts";
import { admin, type Row, type World } from "./memory/world.ts";

/** What the trail says of changes, with a profile that was written with them or without. */
const CHANGES: ReadonlySet<string> = new Set(
  Object.values(CHANGE_ACTION).flatMap((action) => [action, withProfile(action)]),
);

const CLOSED = new Set(["completed", "rejected", "rolled_back", "user_lost"]);

/** Everything that is wrong with a world that has come to rest. */
export const violations = (world: World): ReadonlyArray<string> => [
  ...everRows(world).flatMap((row) =>
    (isRegistrationKind(row.kind) ? ofRegistration : ofChange)(world, row).map(
      (text) => `${row.id}: ${text}`,
    ),
  ),
  ...ofPool(world),
  ...ofGrants(world),
  ...ofAuthority(world),
  ...ofKeys(world),
  ...ofAddresses(world),
];

/** Every row that there is, or was: what the ledger deletes has to end as well as what it keeps. */
export const everRows = ({ rows, deleted }: World): ReadonlyArray<Row> => [...deleted, ...rows.values()];

/** Whether an administrator has asked for this, of this user. */
export const hasChange = (world: World, user: string | null, wanted: ChangeKind): boolean =>
  everRows(world).some(({ sub, kind }) => sub === user && kind === wanted);

const ofChange = (world: World, row: Row): ReadonlyArray<string> => {
  const wrong: Array<string> = [];
  const claims = world.audit.filter(({ id }) => id === row.id);
  const undone = world.audit.filter(({ id }) => id === secondRow(row.id));
  if (row.state === "pending") wrong.push("the change is still pending");
  if (row.graceUntil !== null || row.dueAt !== null) wrong.push("the change has ended, and is still due");
  if (undone.length !== (row.state === "refused" ? 1 : 0))
    wrong.push(`the change is ${row.state}, and ${undone.length} rows say that it was not done`);
  if (undone.some(({ userId, action }) => userId !== row.sub || !saysNotDone(action, row.kind)))
    wrong.push("the change's second row says something else");
  if ((row.state === "refused") !== (row.reason !== null))
    wrong.push("the change has a reason, or none, against its state");
  if (claims.length !== 1) wrong.push("the change's audit row is missing");
  if (claims.some(({ userId, action }) => userId !== row.sub || !CHANGES.has(action)))
    wrong.push("the change's audit row says something else");
  if (row.kind === "remove" && row.state === "done" && world.users.some(({ sub }) => sub === row.sub))
    wrong.push("the user was to be removed, and exists");
  return wrong;
};

const saysNotDone = (action: string, kind: Row["kind"]): boolean =>
  (["notDone", "unknown", "superseded"] as const).some(
    (how) => action === changeNotDone(kind as ChangeKind, how),
  );

const ofRegistration = (world: World, row: Row): ReadonlyArray<string> => {
  const wrong: Array<string> = [];
  const users = world.users.filter(({ tag }) => tag === row.id);
  const claims = world.audit.filter(({ id }) => id === row.id);
  const losses = world.audit.filter(
    ({ action, userId }) => action === AuditAction.lost && userId === row.sub && row.sub !== null,
  );
  const removal = world.removals.find(({ user }) => user.sub === row.sub);
  const removed = hasChange(world, row.sub, "remove");
  const mailed = world.mails.filter(({ tag }) => tag === row.id);

  if (!CLOSED.has(row.state)) wrong.push(`it is still ${row.state}`);
  if (row.graceUntil !== null) wrong.push("it is still in its grace period");
  if (row.dueAt !== null) wrong.push("it is still due");
  if (users.length > 1) wrong.push("two users bear its tag");

  if (row.state === "completed" || row.state === "user_lost") {
    if (claims.length !== 1) wrong.push("its audit row is missing");
    if (claims.some(({ userId }) => userId !== row.sub)) wrong.push("its audit row names another user");
  } else {
    // A late opening has opened the registration again after its row was deleted: the claim is the newer row's.
    const isOlder = world.deleted.includes(row) && world.rows.has(row.id);
    if (claims.length > 0 && !isOlder) wrong.push(`it is ${row.state}, and an audit row claims a user`);
    if (users.length > 0) wrong.push(`it is ${row.state}, and its user exists`);
    if (mailed.length > 0) wrong.push(`it is ${row.state}, and its user was invited`);
  }
  if (row.state === "completed") {
    if (losses.length > 0) wrong.push("it is completed, and an audit row says that the user is lost");
    if (users[0]?.sub !== row.sub && removal?.by !== "hand" && !removed)
      wrong.push("it is completed, and has no user");
  }
  if (row.state === "user_lost") {
    if (losses.length !== 1) wrong.push("it is user_lost, and no audit row says so");
    if (users.length > 0) wrong.push("it is user_lost, and its user exists");
  }
  if (claims.length > 0 && removed && !removedAfterCommit(world, row))
    wrong.push("its user was removed, and then registered");
  if (mailed.length > 0 && removal?.by === "service" && !removed)
    wrong.push("a user was invited and then deleted");
  return wrong;
};

/** Rows are kept in order, but a commit moves one: the times tell. */
const removedAfterCommit = (world: World, { sub, history }: Row): boolean => {
  const committed = Date.parse(history.find(({ state }) => state === "registered")?.at ?? "");
  return [...world.rows.values()].every(
    (row) => row.kind !== "remove" || row.sub !== sub || row.startedAt >= committed,
  );
};

/**
 * Who is granted what: the users of completed steps who were not removed, and whose roles an administrator has set;
 * nobody of whom the ledger knows that they are gone.
 */
const ofGrants = (world: World): ReadonlyArray<string> => {
  const set = new Set(
    world.audit
      .filter(({ id, action }) => action === AuditAction.rolesUpdated && isChosen(id))
      .map(({ userId }) => userId),
  );
  const steps = [...world.rows.values()].filter(
    ({ kind, state, sub }) =>
      kind === "register_with_roles" && state === "completed" && !hasChange(world, sub, "remove"),
  );
  const holders = [...world.grants].filter(([user, roles]) => user !== admin && roles.size > 0);
  return [
    ...steps
      .filter(
        ({ sub, roles }) =>
          sub !== null && !set.has(sub) && !roles.every((role) => world.grants.get(sub)?.has(role)),
      )
      .map(({ id }) => `${id}: its grants are missing`),
    ...holders
      .filter(([user]) => !set.has(user) && !steps.some(({ sub }) => sub === user))
      .map(([user]) => `user ${user} has grants, and nobody gave them to the user`),
    ...holders
      .filter(([user]) => isGone(world, user))
      .map(([user]) => `user ${user} is gone, and has grants`),
    ...[...set]
      // Also where the row that has taken them is forgotten.
      .filter((user) => !isGone(world, user, everRows(world)) && !hasChange(world, user, "remove"))
      .filter((user) => !world.grants.has(user))
      .map((user) => `user ${user} was given roles, and has none`),
  ];
};

/** Whether the ledger knows that a user is gone, or is about to be. */
export const isGone = (
  world: World,
  user: string,
  rows: ReadonlyArray<Row> = [...world.rows.values()],
): boolean =>
  rows.some(
    ({ sub, kind, state }) =>
      sub === user &&
      ((kind === "remove" && state !== "refused") || state === "user_lost" || state === "rolled_back"),
  );

/** Whether a row says this, with a profile that was written with it or without. */
const says = (action: string, what: string): boolean => action === what || action === withProfile(what);

/** Actions that an administrator takes at the moment of their row. A registration was allowed when it was opened. */
const DEEDS: ReadonlySet<string> = new Set([
  ...CHANGES,
  AuditAction.rolesUpdated,
  AuditAction.profileUpdated,
]);

/** What the trail says of a disabling or a deletion that does not count any more. */
const TAKEN_BACK: ReadonlySet<string> = new Set(
  (["notDone", "unknown", "superseded"] as const).flatMap((how) => [
    changeNotDone("disable", how),
    changeNotDone("remove", how),
  ]),
);

/** Nobody acts once the trail, in its order, says that they are disabled or deleted. */
const ofAuthority = (world: World): ReadonlyArray<string> => {
  const out = new Set<string>();
  return world.audit.flatMap(({ id, action, userId, by }) => {
    const wrong = DEEDS.has(action) && isChosen(id) && out.has(by);
    if (says(action, AuditAction.disabled) || action === AuditAction.removed || action === AuditAction.lost)
      out.add(userId);
    if (says(action, AuditAction.enabled) || TAKEN_BACK.has(action)) out.delete(userId);
    return wrong ? [`${by} has acted (${action}), and was disabled, deleted or lost before`] : [];
  });
};

/** Whether an id was chosen by who asked (test/simulation/history.ts), not made up by the ledger. */
const isChosen = (id: string): boolean => id.startsWith("00000000-0000-4000-8000-");

const ofPool = (world: World): ReadonlyArray<string> => {
  const foreign = world.users.filter(({ tag }) => tag !== null && !world.rows.has(tag));
  return [
    ...foreign.map(({ sub }) => `user ${sub} has a tag that no registration has`),
    ...world.removals
      .filter(
        ({ by, user }) => by === "service" && user.tag === null && !hasChange(world, user.sub, "remove"),
      )
      .map(({ user }) => `user ${user.sub} was made by hand, and deleted by the service`),
    ...world.users
      .filter(({ sub, enabled }) => contradicts(enabled, newest(world, sub, "enable", "disable")))
      .map(
        ({ sub, enabled }) => `user ${sub} is ${enabled ? "enabled" : "disabled"}, against the newest change`,
      ),
    ...world.mails
      .filter(({ tag, sub }) => tag === null && !hasChange(world, sub, "invite"))
      .map(({ sub }) => `a foreign user was invited: ${sub}`),
  ];
};

/**
 * Whether the pool contradicts the ledger's newest word. What was not done, for certain or not, promises nothing. A final
 * check enables nobody: after it a user may be disabled, by an older call that has landed late.
 */
const contradicts = (enabled: boolean, word: Row | undefined): boolean => {
  if (word?.state === "refused") return false;
  if (word?.kind === "disable") return enabled;
  const checked = word?.history.some(({ note }) => note !== undefined) === true;
  return !enabled && !checked;
};

const ofKeys = (world: World): ReadonlyArray<string> => {
  const registered = [...world.rows.values()].filter(
    ({ idempotencyKey, state }) =>
      idempotencyKey !== null && (state === "completed" || state === "user_lost"),
  );
  const keys = registered.map(({ caller, idempotencyKey }) => `${caller} ${idempotencyKey}`);
  return keys
    .filter((key, index) => keys.indexOf(key) !== index)
    .map((key) => `the key ${key} has registered two users`);
};

/** One mailbox has one user of ours, whatever the pool would let it have. */
const ofAddresses = (world: World): ReadonlyArray<string> => {
  const ours = [...world.rows.values()].filter(
    ({ state, email, sub }) =>
      email !== null && state === "completed" && world.users.some((user) => user.sub === sub),
  );
  const addresses = ours.map(({ email }) => email);
  return addresses
    .filter((email, index) => addresses.indexOf(email) !== index)
    .map((email) => `two registrations have registered ${email}, and both users exist`);
};
