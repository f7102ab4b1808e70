/**
 * What `npm run dev` prints once everything answers: where things are, and commands that work when pasted.
 */
import { roles } from "./seed.ts";
import type { Stack } from "./stack.ts";

/** The text; `color` switches terminal colours on. */
export function banner(stack: Stack, baseUrl: string, controlUrl: string, color: boolean): string {
  const paint = (code: number) => (text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  const [bold, dim, green] = [paint(1), paint(2), paint(32)];
  const row = (name: string, value: string) => `  ${dim(name.padEnd(10))}${value}`;
  const section = (title: string, command: string) => `\n  ${bold(title)}\n${command}`;
  return [
    "",
    `  ${green("●")} ${bold("Registrar is up.")} ${dim("Ctrl-C stops it and leaves nothing behind.")}`,
    "",
    row("API", baseUrl),
    row("Cognito", `${stack.cognitoEndpoint}  ${dim(stack.userPoolId)}`),
    row("Postgres", stack.databaseUrl),
    row("Control", controlUrl),
    section(
      "Register a user",
      `curl -i ${baseUrl}/api/users/ -H 'content-type: application/json' \\
  -H 'authorization: Bearer ${stack.adminToken}' \\
  -d '{"email":"ada@flip.example","roles":["${roles.researcher}"]}'`,
    ),
    section(
      "See the audit rows and the ledger",
      `node_modules/.bin/node dev/audit.ts\n${dim(`psql '${stack.databaseUrl}' -c 'table users_audit'`)}`,
    ),
    section("Read the mails that would have been sent", `curl ${controlUrl}/mails`),
    section(
      "Lose the answer of the next delete, after it took effect",
      `curl -X PUT ${controlUrl}/faults -d '[{"target":"cognito","match":"AdminDeleteUser","effect":"applied","answer":"reset","times":1}]'`,
    ),
    section("Lift every fault", `curl -X PUT ${controlUrl}/faults -d '[]'`),
    section("Run the sweeper, which has no clock here", `curl -X POST ${controlUrl}/sweep`),
    section("Make every operation an hour older", `curl -X POST ${controlUrl}/age -d '{"seconds":3600}'`),
    "",
  ].join("\n");
}
