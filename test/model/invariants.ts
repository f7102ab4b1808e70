/**
 * What has to be true in the end, when the faults have stopped and the sweeper has had its time: docs/protocol.md's
 * guarantee, read off the world. Each violation is a sentence for whoever has to understand it.
 */
import { AuditAction } from "../../src/domain/Audit.ts";
import type { Row, World } from "../memory/World.ts";

const CLOSED = new Set(["completed", "rejected", "rolled_back", "user_lost"]);

/** Everything that is wrong with a world that has come to rest. */
export const violations = (world: World): ReadonlyArray<string> => [
  ...[...world.rows.values()].flatMap((row) => ofAttempt(world, row).map((text) => `${row.id}: ${text}`)),
  ...ofPool(world),
  ...ofKeys(world),
];

const ofAttempt = (world: World, row: Row): ReadonlyArray<string> => {
  const wrong: Array<string> = [];
  const users = world.users.filter(({ mark }) => mark === row.id);
  const claims = world.audit.filter(({ id }) => id === row.id);
  const losses = world.audit.filter(
    ({ action, userId }) => action === AuditAction.lost && userId === row.sub && row.sub !== null,
  );
  const removal = world.removals.find(({ user }) => user.sub === row.sub);
  const mailed = world.mails.filter(({ mark }) => mark === row.id);

  if (!CLOSED.has(row.state)) wrong.push(`it is still ${row.state}`);
  if (row.watchUntil !== null) wrong.push("it is still under watch");
  if (row.dueAt !== null) wrong.push("it is still due");
  if (users.length > 1) wrong.push("two users bear its mark");

  if (row.state === "completed" || row.state === "user_lost") {
    if (claims.length !== 1) wrong.push("its audit row is missing");
    if (claims.some(({ userId }) => userId !== row.sub)) wrong.push("its audit row names another user");
  } else {
    if (claims.length > 0) wrong.push(`it is ${row.state}, and an audit row claims a user`);
    if (users.length > 0) wrong.push(`it is ${row.state}, and its user exists`);
    if (mailed.length > 0) wrong.push(`it is ${row.state}, and its user was invited`);
  }
  if (row.state === "completed") {
    if (losses.length > 0) wrong.push("it is completed, and an audit row says that the user is lost");
    if (users[0]?.sub !== row.sub && removal?.by !== "hand") wrong.push("it is completed, and has no user");
  }
  if (row.state === "user_lost") {
    if (losses.length !== 1) wrong.push("it is user_lost, and no audit row says so");
    if (users.length > 0) wrong.push("it is user_lost, and its user exists");
  }
  if (mailed.length > 0 && removal?.by === "service") wrong.push("a user was invited and then deleted");
  return wrong;
};

const ofPool = (world: World): ReadonlyArray<string> => {
  const strangers = world.users.filter(({ mark }) => mark !== null && !world.rows.has(mark));
  return [
    ...strangers.map(({ sub }) => `user ${sub} bears a mark that no attempt has`),
    ...world.removals
      .filter(({ by, user }) => by === "service" && user.mark === null)
      .map(({ user }) => `user ${user.sub} was made by hand, and deleted by the service`),
    ...world.mails.filter(({ mark }) => mark === null).map(({ sub }) => `a stranger was invited: ${sub}`),
  ];
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
