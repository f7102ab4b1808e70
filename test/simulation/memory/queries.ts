/** The ledger's questions in memory: `open`, which also writes, and what counts and expires. */

import { AuditAction } from "../../../src/domain/audit.ts";
import type { RegisterUser, Registration } from "../../../src/domain/operation.ts";
import type { UserId } from "../../../src/domain/user.ts";
import type { Opening } from "../../../src/ports/ledger.ts";
import { earlierOf } from "./moves.ts";
import { inState, isGone, mayManageUsers, registrationOf, type Statement, writeDenial } from "./rows.ts";
import type { Row } from "./world.ts";

export const open = (at: Statement, command: RegisterUser): Opening => {
  const { world, terms, now, by } = at;
  const { id, kind, caller, email, name, organisation, roles, idempotencyKey } = command;
  if (!mayManageUsers(world, caller)) {
    writeDenial(at, AuditAction.deniedRegistration, { id, caller, subject: caller });
    return { _tag: "Denied" };
  }

  const others = [...world.rows.values()].filter((row) => row.id !== id);
  const keyHolder = others.find(
    (row) =>
      idempotencyKey !== null &&
      row.caller === caller &&
      row.idempotencyKey === idempotencyKey &&
      row.state !== "rolled_back",
  );
  if (keyHolder !== undefined) {
    const sameRoles = new Set([...roles, ...keyHolder.roles]).size === new Set(roles).size;
    const sameRequest =
      keyHolder.kind === kind &&
      keyHolder.email === email &&
      keyHolder.name === name &&
      keyHolder.organisation === organisation &&
      sameRoles &&
      new Set(keyHolder.roles).size === new Set(roles).size;
    const userGone = keyHolder.sub !== null && isGone(world, keyHolder.sub);
    return { _tag: "KeyHeld", registration: registrationOf(keyHolder, at), sameRequest, userGone };
  }

  const unknown = roles.filter((role) => !world.roles.has(role));
  if (unknown.length > 0) return { _tag: "UnknownRoles", roles: unknown };

  const earlier = earlierOf(world, id, email).map((row) => registrationOf(row, at));
  const own = world.rows.get(id);
  if (own !== undefined) return { _tag: "Opened", registration: registrationOf(own, at), earlier };

  const isOpen = inState("started", "rolling_back");
  const addressHolder = others.find((row) => row.email === email && isOpen(row));
  if (addressHolder !== undefined)
    return { _tag: "AddressHeld", registration: registrationOf(addressHolder, at) };

  const row: Row = {
    id,
    kind,
    caller,
    email,
    name,
    organisation,
    roles,
    idempotencyKey,
    state: "started",
    verdict: null,
    reason: null,
    sub: null,
    askedAt: null,
    startedAt: now,
    closedAt: null,
    acknowledgedAt: null,
    missingSince: null,
    graceUntil: null,
    dueAt: now + terms.budget,
    tries: 0,
    needsOperator: false,
    lastError: null,
    history: [{ at: new Date(now).toISOString(), state: "started", by }],
    retained: false,
  };
  world.rows.set(id, row);
  return { _tag: "Opened", registration: registrationOf(row, at), earlier };
};

/** Whose a user is where no tag says so. */
export const holderOf = (
  { world }: Statement,
  { id, email }: Pick<Registration, "id" | "email">,
  sub: UserId,
): "registered" | "open" | "nobody" => {
  const others = [...world.rows.values()].filter((row) => row.id !== id);
  if (others.some((row) => row.sub === sub && inState("registered", "completed")(row))) return "registered";
  if (others.some((row) => row.email === email && inState("started", "rolling_back")(row))) return "open";
  return "nobody";
};
