/** What must hold when everything has been resolved: nothing lost, nothing doubled, nobody told what is not so. */
import type { Stack } from "../../dev/stack.ts";
import { claimed, disagreements, look } from "../support/stores.ts";
import type { Asked } from "./client.ts";

export interface Verdict {
  readonly passed: number;
  readonly failed: ReadonlyArray<string>;
}

export async function verify(stack: Stack, asked: ReadonlyArray<Asked>): Promise<Verdict> {
  const view = await look(stack);
  const failed: string[] = [];
  let passed = 0;
  const check = (isSo: boolean, violation: string) => {
    if (isSo) passed += 1;
    else failed.push(violation);
  };

  const users = new Map(view.users.map((user) => [user.sub, user]));
  const claims = new Set(claimed(view));
  const registrations = new Map(view.registrations.map((registration) => [registration.sub, registration]));

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
  for (const disagreement of disagreements(view)) failed.push(disagreement);
  passed += users.size;
  for (const { id, state, due_at } of view.registrations)
    check(due_at === null, `still open: ${id} is ${state}`);

  // Who is registered has been invited; nobody else ever was.
  for (const { sub, email } of view.users)
    check(
      stack.mails(email).some((mail) => mail.sub === sub),
      `never invited: ${sub}`,
    );
  for (const { sub } of stack.mails()) check(users.has(sub), `invited, but not registered: ${sub}`);
  return { passed, failed };
}
