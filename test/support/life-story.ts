/**
 * The story that Cognito, the grants and the audit trail tell of each user, and whether it is the same one; and the
 * sweeping, with time that passes, after which it has to be.
 */
import { expect } from "vitest";
import type { Stack } from "../../dev/stack.ts";
import { withProfile } from "../../src/domain/audit.ts";
import type { Fixture } from "./fixture.ts";
import { quiet } from "./moments.ts";
import { look } from "./stores.ts";

/** The horizon of a deployment that sets none, in seconds. */
export const HORIZON = 1200;

/** What the audit trail says of a user, oldest first. */
export const auditOf = async (stack: Stack, sub: string): Promise<string[]> =>
  (
    await stack.query<{ action: string }>(
      'select action from users_audit where user_id = $1 order by "timestamp", action',
      [sub],
    )
  ).map(({ action }) => action);

/** The ids of a user's roles, sorted. */
export const grantsOf = async (stack: Stack, sub: string): Promise<string[]> =>
  (
    await stack.query<{ role_id: string }>(
      "select role_id from user_role where user_id = $1 order by role_id",
      [sub],
    )
  ).map(({ role_id }) => role_id);

/** The changes of a user, oldest first. */
export const changesOf = (stack: Stack, sub: string) =>
  stack.query<{ id: string; kind: string; state: string; due_at: Date | null; grace_until: Date | null }>(
    "select * from registrar.operation where sub = $1 and email is null order by started_at",
    [sub],
  );

/**
 * Lets the sweeper work until nothing in the ledger is due at any time. Each turn is half an hour later, so budgets,
 * horizons, grace periods and back-offs pass one after the other.
 */
export async function sweepOut({ stack, worker }: Fixture, turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await quiet(stack);
    const [row] = await stack.query<{ open: number }>(
      "select count(*)::integer as open from registrar.operation where due_at is not null",
    );
    if (row?.open === 0) return;
    await stack.age(1800);
    await worker.sweep();
  }
  const open = await stack.query(
    "select kind, state, tries, due_at, last_error from registrar.operation where due_at is not null",
  );
  expect(open, "still open after sweeping").toEqual([]);
}

/** Which roles each change of roles named: by the id of its audit row, as it was seen on the wire. */
export type RolesById = Map<string, ReadonlyArray<string>>;

/** Watches the wire for changes of roles, which the audit trail does not spell out. Ends with `faults.clear()`. */
export function watchRoles(stack: Stack): RolesById {
  const seen: RolesById = new Map();
  stack.faults.before("database", "/* access.setRoles */", ({ body }) => {
    const { queries } = JSON.parse(body) as { queries: { params: unknown[] }[] };
    const [id, , , , named] = queries.at(-1)?.params ?? [];
    seen.set(String(id), String(named).match(/[0-9a-f-]{36}/g) ?? []);
  });
  return seen;
}

/** What is wrong with the story of the users: one sentence each. `byHand` were never registered. */
export async function contradictions(
  stack: Stack,
  { roles = new Map(), byHand = [] }: { roles?: RolesById; byHand?: ReadonlyArray<string> } = {},
): Promise<string[]> {
  const { users, audits, registrations } = await look(stack);
  const subs = new Set([
    ...users.map(({ sub }) => sub),
    ...audits
      .map(({ user_id }) => user_id)
      .filter((sub) => sub !== stack.adminSub && sub !== stack.viewerSub),
  ]);
  const wrong: string[] = [];
  for (const sub of subs) {
    const rows = audits.filter(({ user_id }) => user_id === sub);
    const said = standing(rows.map(({ action }) => action));
    const user = users.find((one) => one.sub === sub);
    const grants = await grantsOf(stack, sub);
    const gone = said.some((one) => GONE.has(one));
    const say = (what: string) => wrong.push(`${what} (${said.join(", ")})`);
    if (user !== undefined && gone) say("gone for the audit trail, but in the pool");
    if (user === undefined && !gone) say("not in the pool, but not gone for the audit trail");
    if (gone && grants.length > 0) say("gone, but has grants");
    if (user !== undefined && !said.includes("Registered user") && !byHand.includes(sub))
      say("in the pool, but never registered");
    const last = said.findLast((one) => /^(?:Enabled|Disabled) user/.test(one));
    if (user !== undefined && last !== undefined && user.enabled !== last.startsWith("Enabled"))
      say(`in the pool, and ${user.enabled ? "enabled" : "disabled"}`);
    const change = rows.findLast(({ action }) => action === "Updated user roles");
    if (!gone && change !== undefined) {
      const step = registrations.find(
        (registration) => registration.sub === sub && registration.kind === "register_with_roles",
      );
      const named = roles.get(change.id) ?? (step?.roles as string[] | undefined) ?? [];
      const wanted = [...new Set(named)].sort();
      if (wanted.join() !== grants.join()) say(`the grants are not those of the last change`);
    }
  }
  return wrong;
}

/** What the trail says, without what it says was not done, or not for certain. */
const standing = (actions: ReadonlyArray<string>): ReadonlyArray<string> => {
  const left = [...actions];
  for (const action of actions) {
    const undone = /not (?:known to be )?done: (.+)$/i.exec(action)?.[1];
    if (undone === undefined) continue;
    left.splice(left.indexOf(action), 1);
    const first = left.findLastIndex((one) => one === undone || one === withProfile(undone));
    if (first >= 0) left.splice(first, 1);
  }
  return left;
};

const GONE = new Set(["Deleted user", "Registration rolled back", "Registered user no longer exists"]);
