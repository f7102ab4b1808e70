/** `npm run docs:configuration`: writes docs/configuration.md from the schemas of the environment. */
import { writeFileSync } from "node:fs";
import { Schema } from "effect";
import { ServerEnvironment } from "../src/server/settings.ts";
import { Environment } from "../src/settings.ts";

/** Where the page is kept. */
export const CONFIGURATION_PATH = "docs/configuration.md";

const HEAD = `# Configuration

<!-- Made by \`npm run docs:configuration\` from src/settings.ts and src/server/settings.ts. -->

Every variable of a deployment. They are read once and checked as a whole: a Worker that cannot work answers 500 to
everything, and a server that cannot does not start; the log names every bad key and what it must be, never a value. No
value begins or ends with a blank, and a placeholder of an example or a template is refused.

On Workers set what is secret with \`wrangler secret put NAME\`, the rest in \`wrangler.toml\` under \`[vars]\`. On Node, Bun
and Deno the variables are those of the process; it reads no others.

`;

const COLUMNS = `| variable | what it is | takes | if not set |
|---|---|---|---|
`;

const SERVER = `
## On Node, Bun and Deno besides

What a process of its own needs ([deploy.md](deploy.md#node-bun-or-deno)).

`;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

const row = ([name, field]: [string, Schema.Top]): string => {
  const { description = "", secret, default: value } = Schema.resolveAnnotations(field) ?? {};
  const { takes } = Schema.resolveAnnotations(Schema.toEncoded(field)) ?? {};
  const optional = Schema.toEncoded(field).ast.context?.isOptional === true;
  const unset =
    typeof value === "string" ? `\`${value}\``.replace("``", "empty") : optional ? "not used" : "refused";
  return `| \`${name}\` | ${cell(String(description))}${secret === true ? " **Secret.**" : ""} | ${cell(String(takes))} | ${unset} |`;
};

const tableOf = (fields: Readonly<Record<string, Schema.Top>>): string =>
  `${COLUMNS}${Object.entries(fields).map(row).join("\n")}\n`;

/** The page as it has to be. */
export const configurationText = (): string =>
  `${HEAD}${tableOf(Environment.fields)}${SERVER}${tableOf(ServerEnvironment.fields)}`;

if (import.meta.main) writeFileSync(CONFIGURATION_PATH, configurationText());
