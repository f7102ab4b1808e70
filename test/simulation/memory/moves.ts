/**
 * The ledger's moves in memory: src/adapters/postgres/ledger-statements.ts word for word, each whole or not at all. The contract
 * suites hold both to the same promises.
 */

import { TRIES_BEFORE_OPERATOR, UNDECODABLE } from "../../../src/adapters/postgres/ledger-statements.ts";
import { AuditAction } from "../../../src/domain/audit.ts";
import type { Operation, OperationId, RefusalReason, State, Verdict } from "../../../src/domain/operation.ts";
import type { UserId } from "../../../src/domain/user.ts";
import type { Lease, NotInvited } from "../../../src/ports/ledger.ts";
import { hasPast } from "./retention.ts";
import {
  DAY,
  fresh,
  graceEnd,
  HOUR,
  inState,
  isGone,
  MINUTE,
  mayComeIn,
  noted,
  operationOf,
  operatorOf,
  profileOf,
  replaceRoles,
  revokeRoles,
  type Statement,
  update,
  writeAudit,
} from "./rows.ts";
import type { Row, World } from "./world.ts";

/** Whether somebody has asked to remove this user: a `sub` never comes back. */
export const isRemoved = (world: World, user: UserId): boolean =>
  [...world.rows.values()].some(({ sub, kind }) => sub === user && kind === "remove");

/** Registrations of an address that are registered or completed, and whose users the ledger does not know to be gone. */
export const earlierOf = (world: World, id: OperationId, email: string | null): ReadonlyArray<Row> =>
  [...world.rows.values()].filter(
    (row) =>
      row.id !== id &&
      row.email === email &&
      inState("registered", "completed")(row) &&
      row.sub !== null &&
      !isGone(world, row.sub),
  );

export const commit = (
  at: Statement,
  id: OperationId,
  sub: UserId,
  known: ReadonlyArray<OperationId> | null = null,
): boolean => {
  if (isRemoved(at.world, sub)) return false;
  const earlier = earlierOf(at.world, id, at.world.rows.get(id)?.email ?? null);
  if (known !== null && !earlier.every((row) => known.includes(row.id))) return false;
  const moved = update(at, id, inState("started"), (row) => ({
    ...fresh,
    state: "registered",
    sub,
    needsOperator: false,
    dueAt: row.startedAt + at.terms.horizon,
    history: noted(row, at, "registered"),
  }));
  if (moved === undefined) return false;
  writeAudit(at, AuditAction.registered, moved, moved.id);
  const { name, organisation } = moved;
  const kept = profileOf(at.world, sub);
  at.world.profiles.set(sub, {
    name: kept.name || (name ?? ""),
    organisation: kept.organisation || (organisation ?? ""),
  });
  if (moved.kind === "register_with_roles" && !at.world.rolesAsked.has(sub)) {
    const audited = writeAudit(at, AuditAction.rolesUpdated, moved);
    replaceRoles(at, audited, [...(at.world.grants.get(sub) ?? []), ...moved.roles]);
  }
  return true;
};

export const fence = (at: Statement, id: OperationId): boolean =>
  update(at, id, inState("started"), (row) => ({
    lastError: null,
    state: "rolling_back",
    history: noted(row, at, "rolling_back"),
  })) !== undefined;

export const markRolledBack = (
  at: Statement,
  id: OperationId,
  {
    consumed,
    sub,
    note,
  }: { readonly consumed: boolean; readonly sub: UserId | null; readonly note?: string },
): boolean => {
  const moved = update(at, id, inState("rolling_back"), (row) => ({
    ...fresh,
    state: "rolled_back",
    closedAt: at.now,
    sub: sub ?? row.sub,
    needsOperator: false,
    graceUntil: consumed ? null : graceEnd(row, at),
    dueAt: consumed ? null : graceEnd(row, at),
    history: noted(row, at, "rolled_back", note),
  }));
  if (moved === undefined) return false;
  const caller = operatorOf(at) ?? moved.caller;
  revokeRoles(at, writeAudit(at, AuditAction.rolledBack, { caller, sub: moved.sub }));
  return true;
};

export const reject = (
  at: Statement,
  id: OperationId,
  verdict: Verdict,
  outcomeUnknown: boolean,
  reason: RefusalReason | null,
): boolean =>
  update(at, id, inState("started"), (row) => ({
    state: "rejected",
    verdict,
    reason,
    closedAt: at.now,
    graceUntil: outcomeUnknown ? graceEnd(row, at) : null,
    dueAt: outcomeUnknown ? graceEnd(row, at) : null,
    history: noted(row, at, "rejected", verdict),
  })) !== undefined;

export const abandon = (at: Statement, id: OperationId): boolean =>
  update(at, id, inState("started"), (row) => ({
    state: "rolled_back",
    closedAt: at.now,
    dueAt: null,
    history: noted(row, at, "rolled_back", "nothing was created"),
  })) !== undefined;

export const acknowledge = (at: Statement, id: OperationId): boolean => {
  const moved = update(at, id, inState("registered"), (row) => ({
    acknowledgedAt: row.acknowledgedAt ?? at.now,
    dueAt: at.now + MINUTE,
  }));
  return moved !== undefined && moved.sub !== null && mayComeIn(at.world, moved.sub);
};

export const complete = (
  at: Statement,
  id: OperationId,
  { note, needsOperator = false }: NotInvited = {},
): boolean =>
  update(at, id, inState("registered"), (row) => ({
    ...fresh,
    state: "completed",
    closedAt: at.now,
    dueAt: null,
    missingSince: null,
    needsOperator,
    history: noted(row, at, "completed", note),
  })) !== undefined;

export const missing = (at: Statement, id: OperationId, lookedAt: string): State | undefined => {
  const before = Date.parse(lookedAt) - at.terms.horizon;
  const lost = update(
    at,
    id,
    (row) => row.state === "registered" && row.missingSince !== null && row.missingSince < before,
    (row) => ({
      ...fresh,
      state: "user_lost",
      closedAt: at.now,
      dueAt: null,
      needsOperator: false,
      history: noted(row, at, "user_lost"),
    }),
  );
  if (lost !== undefined) {
    const removal = [...at.world.rows.values()].find(
      ({ sub, kind }) => sub === lost.sub && kind === "remove",
    );
    const caller = operatorOf(at) ?? removal?.caller ?? lost.caller;
    revokeRoles(at, writeAudit(at, AuditAction.lost, { caller, sub: lost.sub }));
  }
  update(at, id, inState("registered"), (row) => ({
    missingSince: row.missingSince ?? at.now,
    tries: 0,
    dueAt: (row.missingSince ?? at.now) + at.terms.horizon + MINUTE,
  }));
  return at.world.rows.get(id)?.state as State | undefined;
};

export const seen = (at: Statement, id: OperationId): boolean =>
  update(at, id, inState("registered"), () => ({ missingSince: null })) !== undefined;

export const heard = (at: Statement, id: OperationId, note: string): boolean =>
  update(
    at,
    id,
    (row) => row.dueAt === null && row.needsOperator,
    (row) => ({ needsOperator: false, history: noted(row, at, row.state, note) }),
  ) !== undefined;

export const endGracePeriod = (
  at: Statement,
  id: OperationId,
  sub: UserId | null,
  note = "final check done",
): boolean => {
  const mayBeInGrace = inState("rejected", "rolled_back");
  const moved = update(
    at,
    id,
    (row) => mayBeInGrace(row) && row.graceUntil !== null,
    (row) => ({
      ...fresh,
      graceUntil: null,
      dueAt: null,
      needsOperator: false,
      sub: sub ?? row.sub,
      history: noted(row, at, row.state, note),
    }),
  );
  if (moved === undefined) return false;
  const caller = operatorOf(at) ?? moved.caller;
  revokeRoles(at, writeAudit(at, AuditAction.rolledBack, { caller, sub }));
  return true;
};

export const lease = (at: Statement, limit: number): Lease => {
  const rows = [...at.world.rows.values()];
  const isDue = ({ dueAt }: Row) => dueAt !== null;
  const taken = rows
    .filter(({ dueAt }) => dueAt !== null && dueAt <= at.now)
    .sort((one, two) => urgencyOf(one) - urgencyOf(two) || (one.dueAt ?? 0) - (two.dueAt ?? 0))
    .slice(0, limit)
    .flatMap(({ id }) => update(at, id, () => true, leased(at)) ?? [])
    .sort((one, two) => urgencyOf(one) - urgencyOf(two) || one.startedAt - two.startedAt);
  return {
    operations: taken.map((row) => operationOf(row, at)),
    open: rows.filter(isDue).length,
    needOperator: rows.filter((row) => isDue(row) && row.needsOperator).length,
    toForget: hasPast(at),
  };
};

/** The column `urgency`: rollbacks, final checks, changes, and what only waits to be finished or invited. */
const urgencyOf = ({ state, closedAt, kind }: Row): number => {
  if (state === "started" || state === "rolling_back") return 0;
  if (closedAt !== null) return 1;
  return ["remove", "disable", "enable", "reset_mfa"].includes(kind) ? 2 : 3;
};

const leased =
  ({ now }: Statement) =>
  ({ tries, needsOperator }: Row) => ({
    tries: tries + 1,
    needsOperator: needsOperator || tries >= TRIES_BEFORE_OPERATOR,
    dueAt: now + (tries + 1 > TRIES_BEFORE_OPERATOR ? DAY : Math.min(HOUR, MINUTE * 2 ** tries)),
  });

export const setAside = (at: Statement, id: OperationId): boolean =>
  update(
    at,
    id,
    ({ dueAt }) => dueAt !== null,
    () => ({ lastError: UNDECODABLE, needsOperator: true, dueAt: at.now + DAY }),
  ) !== undefined;

export const defer = (
  at: Statement,
  { id, state }: Pick<Operation, "id" | "state">,
  error: string,
  needsOperator: boolean,
): boolean =>
  update(
    at,
    id,
    (row) => row.dueAt !== null && (row.closedAt === null || row.state === state),
    (row) => ({
      lastError: error,
      needsOperator: row.needsOperator || needsOperator || row.tries >= TRIES_BEFORE_OPERATOR,
    }),
  ) !== undefined;
