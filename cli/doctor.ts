/**
 * `npm run doctor`: asks a deployment what can be wrong with it, and says for each check whether it is right, and if not, how
 * it is mended. It changes nothing but what `--fix` and `--add-tag` name. docs/doctor.md lists the checks.
 */
import { COMMON_HELP, CommandError, command, EXIT, UsageError } from "./command.ts";
import { addTag } from "./doctor/add-tag.ts";
import { NotAsked } from "./doctor/check.ts";
import { chosen, diagnose, withSubject } from "./doctor/diagnose.ts";
import { isGood, json, report } from "./doctor/report.ts";
import { deploymentVariables } from "./environment.ts";
import { indexAudit, migrate } from "./migrate.ts";

const HELP = `npm run doctor [-- options]

Asks the settings, the database, the user pool, its app clients, what the service's AWS keys may do, the signing keys
and the clocks, and the ledger. Says what is wrong, and how to mend it. docs/doctor.md lists what it asks.

Options
  --only <name>      an area (database) or a check (pool.tag) and no other; may be given more than once
  --fix              mends what can be mended without harm: tables and indexes that are missing
  --add-tag          adds the attribute of the ownership tag to the pool. It can never be removed, so it asks first
  --yes              answers yes to that
  --strict           warnings, and what could not be asked, count as wrong
  --json             the findings as JSON
${COMMON_HELP}

Environment
  The settings of the deployment (docs/configuration.md). Without DATABASE_URL: the running local stack.
  AWS_PROFILE        whose keys describe the pool; or DOCTOR_AWS_ACCESS_KEY_ID, DOCTOR_AWS_SECRET_ACCESS_KEY and
                     DOCTOR_AWS_SESSION_TOKEN. Without them the service's own keys are tried
  HYPERDRIVE_ID, CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN
                     ask Cloudflare whether Hyperdrive keeps answers

Exit codes
  0  nothing is wrong
  1  something is wrong
  2  the command line is wrong
`;

const OPTIONS = {
  only: { type: "string", multiple: true },
  fix: { type: "boolean" },
  "add-tag": { type: "boolean" },
  yes: { type: "boolean" },
  strict: { type: "boolean" },
  json: { type: "boolean" },
} as const;

const FIXES = { migrate, "index-audit": indexAudit };

/** What has become of the attribute, or of what it needs. */
const tagged = (variables: NodeJS.ProcessEnv, yes: boolean): Promise<string> =>
  withSubject(variables, (subject) => addTag(subject, yes)).catch((error: unknown) => {
    throw error instanceof NotAsked ? new CommandError(`Nothing was added: ${error.message}.`) : error;
  });

if (import.meta.main) {
  await command({ help: HELP, options: OPTIONS }, async (values) => {
    const variables = deploymentVariables({ orTheEnvironment: true });
    const some = chosen(values.only ?? []);
    // What is done goes to the terminal, also where the findings go to a program.
    if (values["add-tag"]) console.error(await tagged(variables, values.yes === true));
    else if (values.yes) throw new UsageError("--yes answers what --add-tag asks.");
    let findings = await diagnose(variables, some);
    if (values.fix) {
      const fixes = new Set(findings.flatMap(({ fix }) => fix ?? []));
      for (const [name, mend] of Object.entries(FIXES)) {
        if (!fixes.has(name as keyof typeof FIXES)) continue;
        for (const sentence of await mend(variables.DATABASE_URL ?? "")) console.error(sentence);
      }
      if (fixes.size > 0) findings = await diagnose(variables, some);
    }
    console.log(values.json ? json(findings) : report(findings));
    return isGood(findings, values.strict) ? EXIT.good : EXIT.wrong;
  });
}
