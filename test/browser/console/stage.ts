/** A hospital on an ordinary day, for the looks of the screens: people in every state, fourteen days, and what went wrong. */
import type { Browsing } from "../browser.ts";

const PEOPLE: ReadonlyArray<
  readonly [email: string, name: string, organisation: string, ...roles: string[]]
> = [
  ["amara.okafor@northside.nhs.example", "Amara Okafor", "Northside Hospital", "researcher"],
  ["ben.carter@riverbank.nhs.example", "Ben Carter", "Riverbank Trust", "observer"],
  ["chiara.rossi@northside.nhs.example", "Chiara Rossi", "Northside Hospital", "admin"],
  ["dev.patel@stmarks.nhs.example", "Dev Patel", "St Mark’s", "researcher", "observer"],
  ["elin.berg@riverbank.nhs.example", "Elin Berg", "Riverbank Trust", "observer"],
  ["farid.haddad@stmarks.nhs.example", "Farid Haddad", "St Mark’s", "researcher"],
  ["grace.lin@northside.nhs.example", "Grace Lin", "Northside Hospital"],
];

const ROLES: Readonly<Record<string, string>> = {};

const refused = { target: "database", match: "=ledger.commit", answer: "error", code: "23514" } as const;
const lost = { target: "cognito", match: "=AdminDeleteUser", answer: "500" } as const;
const DAY_SECONDS = 86_400;

/** Sets it all up; answers with the id of one who has a history. */
export async function setStage({ stack, worker }: Browsing): Promise<string> {
  const asked = await worker.send({
    method: "GET",
    path: "/api/roles",
    headers: { authorization: `Bearer ${stack.adminToken}` },
  });
  for (const { id, rolename } of (asked.json as { roles: { id: string; rolename: string }[] }).roles)
    Object.assign(ROLES, { [rolename.toLowerCase()]: id });
  const ids: string[] = [];
  const change = (method: string, path: string, body?: object) =>
    worker.send({
      method,
      path,
      headers: { authorization: `Bearer ${stack.adminToken}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
  for (const [index, [email, name, organisation, ...roles]] of PEOPLE.entries()) {
    const wanted = { email, name, organisation, roles: roles.map((role) => ROLES[role]) };
    const answer = await worker.register(wanted, { path: "/api/step/users" });
    ids.push((answer.json as { userId: string }).userId);
    if (index % 3 === 1) {
      stack.faults.set([refused]);
      await worker.register({ email: `wrong${index}@riverbank.nhs.example`, roles: [] });
      stack.faults.clear();
    }
    await stack.age(DAY_SECONDS * (index % 2 === 0 ? 2 : 1));
  }
  const [amara = "", ben = "", chiara = "", dev = ""] = ids;
  for (const id of [amara, chiara, dev]) await stack.cognito.confirm(id);
  await stack.cognito.setFactors(amara, ["SOFTWARE_TOKEN_MFA"]);
  await change("POST", `/api/users/${amara}/roles`, { roles: [ROLES.researcher, ROLES.observer] });
  await change("PUT", `/api/users/${ben}`, { disabled: true });
  await change("POST", `/api/users/${dev}/roles`, { roles: [ROLES.researcher] });

  stack.faults.set([refused, lost]);
  await worker.register({ email: "hana.sato@stmarks.nhs.example", name: "Hana Sato", roles: [] });
  await stack.age(5400);
  await stack.query(
    `update registrar.operation set needs_operator = true, tries = 9, last_error = 'AdminDeleteUser: InternalErrorException',
       due_at = now() + interval '19 hours' where state = 'rolling_back'`,
  );
  await worker.register({ email: "ines.costa@riverbank.nhs.example", name: "Inês Costa", roles: [] });
  stack.faults.set([{ target: "cognito", match: "=AdminDisableUser", answer: "500" }]);
  await change("PUT", `/api/users/${dev}`, { disabled: true });
  stack.faults.clear();
  return amara;
}
