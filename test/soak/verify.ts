/** What must hold when everything has been resolved: nothing lost, nothing doubled, nobody told what is not so. */
import type { Stack } from "../../dev/stack.ts";
import { claimed, disagreements, look } from "../support/stores.ts";
import type { Asked } from "./client.ts";
import type { Deed } from "./manager.ts";

export interface Verdict {
  readonly passed: number;
  readonly failed: ReadonlyArray<string>;
}

/** What clients asked for and heard. `foreign`: users who were never registered. */
export interface Memory {
  readonly asked: ReadonlyArray<Asked>;
  readonly deeds: ReadonlyArray<Deed>;
  readonly foreign: ReadonlyArray<string>;
}

export async function verify(stack: Stack, { asked, deeds, foreign }: Memory): Promise<Verdict> {
  const view = await look(stack);
  const failed: string[] = [];
  let passed = 0;
  const check = (isSo: boolean, violation: string) => {
    if (isSo) passed += 1;
    else failed.push(violation);
  };

  const users = new Map(view.users.map((user) => [user.sub, user]));
  const claims = new Set(claimed(view));
  const registrations = new Map(
    view.registrations.filter(({ email }) => email !== null).map((one) => [one.sub, one]),
  );

  // Everybody who was told 200 has a user, an audit row and a registration.
  const promised = new Map<string, string>();
  const byKey = new Map<string, string>();
  for (const { email, key, userId } of asked) {
    if (userId === undefined) continue;
    const registration = registrations.get(userId);
    const row = view.audits.find(({ id }) => id === registration?.id);
    check(users.get(userId)?.email === email, `200, but not in the pool: ${userId}`);
    check(claims.has(userId), `200, but not audited: ${userId}`);
    check(row?.action === "Registered user" && row.user_id === userId, `another's audit row: ${userId}`);
    check(
      /^(registered|completed)$/.test(registration?.state ?? ""),
      `200, but ${registration?.state}: ${userId}`,
    );
    check((promised.get(email) ?? userId) === userId, `two users were promised for one address: ${userId}`);
    promised.set(email, userId);
    if (key === undefined) continue;
    check((byKey.get(key) ?? userId) === userId, `one key, two users: ${userId}`);
    byKey.set(key, userId);
  }

  // Everybody who is there is audited, and the other way round; nobody has to remember anything.
  for (const disagreement of disagreements(view, foreign)) failed.push(disagreement);
  passed += users.size;
  for (const { id, state, due_at } of view.registrations)
    check(due_at === null, `still open: ${id} is ${state}`);

  // What a user is in the end is what callers were told: nobody's 200 is undone by what was asked for before it.
  const grants = await stack.query<{ user_id: string; roles: string }>(
    "select user_id, string_agg(role_id::text, ',' order by role_id) as roles from user_role group by user_id",
  );
  const rolesOf = new Map(grants.map(({ user_id, roles }) => [user_id, roles]));
  // Whom a late call has disabled against the newest word stays disabled, until a person has decided.
  const called = new Set(
    (await stack.query<{ sub: string }>("select sub from registrar.operation where needs_operator")).map(
      ({ sub }) => sub,
    ),
  );
  const changed = new Set(deeds.map(({ user }) => user));
  for (const user of changed) {
    const mine = deeds.filter((deed) => deed.user === user && !deed.byDisabled);
    const roles = rolesOf.get(user) ?? "";
    const enabled = String(users.get(user)?.enabled);
    check(explained(mine, "roles", roles, ""), `roles [${roles}], against what callers were told: ${user}`);
    check(
      called.has(user) || explained(mine, "enabled", enabled, "true"),
      `enabled ${enabled}, against what callers were told: ${user}`,
    );
  }
  for (const { user, heard, byDisabled } of deeds)
    check(!byDisabled || heard !== "done", `one who was disabled has changed ${user}`);

  // Who is registered has been invited, unless they were disabled first; nobody else ever was.
  const disabled = new Set(
    deeds.flatMap(({ kind, value, user }) => (kind === "enabled" && value === "false" ? user : [])),
  );
  for (const { sub, email } of view.users.filter(({ sub }) => registrations.has(sub) && !disabled.has(sub)))
    check(
      stack.mails(email).some((mail) => mail.sub === sub),
      `never invited: ${sub}`,
    );
  for (const { sub } of stack.mails()) check(users.has(sub), `invited, but not registered: ${sub}`);
  return { passed, failed };
}

/** Whether a state in the end is explained by an act that may have been the last to take effect; or by none at all. */
const explained = (
  deeds: ReadonlyArray<Deed>,
  kind: Deed["kind"],
  value: string,
  untouched: string,
): boolean => {
  const acts = deeds.filter((deed) => deed.kind === kind);
  const done = acts.filter(({ heard }) => heard === "done");
  const last = acts.some(
    (act) => act.heard !== "not done" && act.value === value && !done.some(({ from }) => from > act.until),
  );
  return last || (done.length === 0 && value === untouched);
};
