/** Asks the checks of a deployment, one after the other. */
import { UsageError } from "../command.ts";
import { ask, type Check, type Finding } from "./check.ts";
import { checks } from "./checks/all.ts";
import { makeSubject, type Subject } from "./subject.ts";

/** The checks of an area, or one check, by id; all of them without a name. An unknown name is refused. */
export function chosen(names: ReadonlyArray<string>): ReadonlyArray<Check> {
  const isNamed = ({ id }: Check, name: string) => id === name || id.startsWith(`${name}.`);
  for (const name of names)
    if (!checks.some((one) => isNamed(one, name))) throw new UsageError(`There is no check ${name}.`);
  return names.length === 0 ? checks : checks.filter((one) => names.some((name) => isNamed(one, name)));
}

/** Runs something with a deployment, and ends its connections. */
export async function withSubject<A>(
  variables: NodeJS.ProcessEnv,
  work: (subject: Subject) => Promise<A>,
): Promise<A> {
  const subject = makeSubject(variables);
  try {
    return await work(subject);
  } finally {
    await subject.close();
  }
}

/** What the checks find in the deployment that these variables describe. Changes nothing. */
export const diagnose = (
  variables: NodeJS.ProcessEnv,
  some: ReadonlyArray<Check> = checks,
): Promise<ReadonlyArray<Finding>> =>
  withSubject(variables, async (subject) => {
    const findings: Finding[] = [];
    for (const one of some) findings.push(...(await ask(one, subject)));
    return findings;
  });
