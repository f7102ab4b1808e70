/**
 * A look into both stores, behind the faults' back: who is in the pool, what the audit trail and the ledger say of
 * them, and whether they agree.
 */
import { expect } from "vitest";
import type { Person } from "../../dev/cognito.ts";
import type { Stack } from "../../dev/stack.ts";
import type { Registration } from "../../src/domain/operation.ts";
import { EXTERNAL_PROVIDER } from "../../src/ports/directory.ts";

/** A row of the ledger. */
export interface LedgerRow extends Record<string, unknown> {
  readonly id: string;
  readonly email: string;
  readonly state: Registration["state"];
  readonly sub: string | null;
  readonly due_at: Date | null;
  readonly history: ReadonlyArray<{ readonly state: string; readonly by: string }>;
}

/** A row of the audit trail. */
export interface AuditRow extends Record<string, unknown> {
  readonly id: string;
  readonly action: string;
  readonly user_id: string;
  readonly modified_by_user_id: string;
}

/** Both stores as they are now, without the two people of the seed. */
export interface View {
  readonly users: ReadonlyArray<Person>;
  readonly audits: ReadonlyArray<AuditRow>;
  readonly registrations: ReadonlyArray<LedgerRow>;
}

export async function look(stack: Stack): Promise<View> {
  const seeded = new Set([stack.adminSub, stack.viewerSub]);
  return {
    users: stack.cognito.listUsers().filter(({ sub }) => !seeded.has(sub)),
    audits: await stack.query<AuditRow>('select * from users_audit order by "timestamp"'),
    registrations: await stack.query<LedgerRow>("select * from registrar.operation order by started_at"),
  };
}

export const registrationsFor = (view: View, email: string) =>
  view.registrations.filter((registration) => registration.email === email);

/** Whom the audit trail still claims: registered, and not recorded as lost since. */
export const claimed = ({ audits }: View): string[] => {
  const lost = audits.filter(({ action }) => action === "Registered user no longer exists");
  const gone = new Set(lost.map(({ user_id }) => user_id));
  const registered = audits.filter(({ action }) => action === "Registered user");
  return registered.map(({ user_id }) => user_id).filter((sub) => !gone.has(sub));
};

/** What is wrong between the stores; foreign users are those whom somebody else created. */
export const disagreements = (seen: View, foreign: ReadonlyArray<string> = []): string[] => {
  // Whom another identity provider signs in, nobody has registered, and the address is not theirs.
  const view = { ...seen, users: seen.users.filter(({ status }) => status !== EXTERNAL_PROVIDER) };
  const claims = claimed(view);
  const subs = new Set(view.users.map(({ sub }) => sub));
  const addresses = view.users.map(({ email }) => email);
  return [
    ...claims.filter((sub) => !subs.has(sub)).map((sub) => `audited, but not in the pool: ${sub}`),
    ...claims.filter((sub, n) => claims.indexOf(sub) !== n).map((sub) => `audited twice: ${sub}`),
    ...[...subs]
      .filter((sub) => !claims.includes(sub) && !foreign.includes(sub))
      .map((sub) => `in the pool, but not audited: ${sub}`),
    ...addresses
      .filter((email, n) => addresses.indexOf(email) !== n)
      .map((email) => `two users have the address of ${email.split("@")[0]}`),
  ];
};

/** One user has the address, one audit row claims them, their registration says so, and the stores agree on everybody. */
export async function expectRegistered(stack: Stack, email: string): Promise<Person> {
  const view = await look(stack);
  expect(disagreements(view)).toEqual([]);
  const [user, ...others] = view.users.filter((one) => one.email === email);
  if (user === undefined) throw new Error("the user is not in the pool");
  expect(others).toEqual([]);
  const row = view.audits.find(({ action, user_id }) => action === "Registered user" && user_id === user.sub);
  expect(row).toMatchObject({ modified_by_user_id: stack.adminSub });
  // The ownership tag: in the attribute, or, where the pool has none, as user name.
  expect(user.attributes["custom:registration_id"] ?? user.username).toBe(row?.id);
  expect(registrationsFor(view, email).find(({ id }) => id === row?.id)?.state).toMatch(
    /^registered$|^completed$/,
  );
  return user;
}

/** Nobody has the address, no audit row claims anybody who had, nobody was mailed, and the stores agree. */
export async function expectNothingOf(stack: Stack, email: string): Promise<void> {
  const view = await look(stack);
  expect(disagreements(view)).toEqual([]);
  expect(view.users.filter((one) => one.email === email)).toEqual([]);
  expect(stack.mails(email)).toEqual([]);
  for (const { state } of registrationsFor(view, email)) expect(state).toMatch(/^rolled_back$|^rejected$/);
}

/** Not even a row of the ledger was written, and neither provider was asked. */
export async function expectUntouched(stack: Stack): Promise<void> {
  const view = await look(stack);
  expect(view).toEqual({ users: [], audits: [], registrations: [] });
  const operations = stack.faults.calls().map(({ operation }) => operation);
  expect(operations.filter((operation) => operation !== "JWKS")).toEqual([]);
}
