/** What `npm run dev` prints once everything answers: where things are, and commands that work when pasted. */
import { type Addresses, pastes } from "./pastes.ts";
import type { Stack } from "./stack.ts";

/** The text; `color` switches terminal colours on. */
export function banner(
  stack: Pick<Stack, "cognitoEndpoint" | "userPoolId" | "databaseUrl">,
  addresses: Addresses,
  { color, sweeping }: { readonly color: boolean; readonly sweeping: boolean },
): string {
  const paint = (code: number) => (text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  const [bold, dim, green] = [paint(1), paint(2), paint(32)];
  const row = (name: string, value: string) => `  ${dim(name.padEnd(10))}${value}`;
  const { api, control } = addresses;
  const sections = pastes(addresses).flatMap(({ title, promise, command }, index) => [
    "",
    `  ${bold(`${index + 1}. ${title}`)}`,
    `  ${dim(promise)}`,
    command,
  ]);
  return [
    "",
    `  ${green("●")} ${bold("Registrar is up.")} ${dim("Ctrl-C stops it and leaves nothing behind.")}`,
    "",
    row("API", api),
    row("Console", `${api}/console/  ${dim("one click signs in: as administrator or as viewer")}`),
    row(
      "Docs",
      `${api}/docs/  ${dim("npm run build:docs builds it for the next start; the document: /openapi.json")}`,
    ),
    row("Problems", `${api}/problems/`),
    row(
      "Token",
      `.dev/token  ${dim("an administrator's; another: npm run -s token -- viewer@flip.example")}`,
    ),
    row("Cognito", `${stack.cognitoEndpoint}  ${dim(stack.userPoolId)}`),
    row("Postgres", `${stack.databaseUrl}  ${dim("audit rows and ledger: npm run -s audit")}`),
    row("Control", `${control}  ${dim("faults, calls, mails, age, sweep, token")}`),
    row(
      "Sweeper",
      sweeping ? "comes by when something is due" : `comes by only when asked: curl -X POST ${control}/sweep`,
    ),
    ...sections,
    "",
  ].join("\n");
}
