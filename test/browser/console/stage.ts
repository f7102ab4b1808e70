/** A hospital on an ordinary day, for the looks of the screens: people in every state, fourteen days, and what went wrong. */
import { roles } from "../../../dev/seed.ts";
import { ask } from "../../support/life.ts";
import type { Browsing } from "../browser.ts";
import { COMMIT_REFUSED, DELETE_LOST } from "./people.ts";

const PEOPLE: ReadonlyArray<
  readonly [email: string, name: string, organisation: string, ...roles: Array<keyof typeof roles>]
> = [
  ["amara.okafor@northside.nhs.example", "Amara Okafor", "Northside Hospital", "researcher"],
  ["ben.carter@riverbank.nhs.example", "Ben Carter", "Riverbank Trust", "observer"],
  ["chiara.rossi@northside.nhs.example", "Chiara Rossi", "Northside Hospital", "admin"],
  ["dev.patel@stmarks.nhs.example", "Dev Patel", "St Mark’s", "researcher", "observer"],
  ["elin.berg@riverbank.nhs.example", "Elin Berg", "Riverbank Trust", "observer"],
  ["farid.haddad@stmarks.nhs.example", "Farid Haddad", "St Mark’s", "researcher"],
  ["grace.lin@northside.nhs.example", "Grace Lin", "Northside Hospital"],
];

const DAY_SECONDS = 86_400;

/** Sets it all up; answers with the id of one who has a history. */
export async function setStage(browser: Browsing): Promise<string> {
  const { stack, worker } = browser;
  const ids: string[] = [];
  for (const [index, [email, name, organisation, ...held]] of PEOPLE.entries()) {
    const wanted = { email, name, organisation, roles: held.map((role) => roles[role]) };
    const answer = await worker.register(wanted, { path: "/api/step/users" });
    ids.push((answer.json as { userId: string }).userId);
    if (index % 3 === 1) {
      stack.faults.set([COMMIT_REFUSED]);
      await worker.register({ email: `wrong${index}@riverbank.nhs.example`, roles: [] });
      stack.faults.clear();
    }
    await stack.age(DAY_SECONDS * (index % 2 === 0 ? 2 : 1));
  }
  const [amara = "", ben = "", chiara = "", dev = ""] = ids;
  for (const id of [amara, chiara, dev]) await stack.cognito.confirm(id);
  await stack.cognito.setFactors(amara, ["SOFTWARE_TOKEN_MFA"]);
  await ask(browser, `POST /api/users/${amara}/roles`, {
    body: { roles: [roles.researcher, roles.observer] },
  });
  await ask(browser, `PUT /api/users/${ben}`, { body: { disabled: true } });
  await ask(browser, `POST /api/users/${dev}/roles`, { body: { roles: [roles.researcher] } });

  stack.faults.set([COMMIT_REFUSED, DELETE_LOST]);
  await worker.register({ email: "hana.sato@stmarks.nhs.example", name: "Hana Sato", roles: [] });
  await stack.age(5400);
  await stack.query(
    `update registrar.operation set needs_operator = true, tries = 9, last_error = 'AdminDeleteUser: InternalErrorException',
       due_at = now() + interval '19 hours' where state = 'rolling_back'`,
  );
  await worker.register({ email: "ines.costa@riverbank.nhs.example", name: "Inês Costa", roles: [] });
  stack.faults.set([{ target: "cognito", match: "=AdminDisableUser", answer: "500" }]);
  await ask(browser, `PUT /api/users/${dev}`, { body: { disabled: true } });
  stack.faults.clear();
  return amara;
}
