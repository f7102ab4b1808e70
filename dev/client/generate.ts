/**
 * `npm run client`: writes client/api.ts, the types of the API, from public/openapi.json. openapi-typescript is a package of
 * this folder's own package.json, and is installed here.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installNested } from "../nested.ts";

const HERE = import.meta.dirname;
const PROGRAM = join(HERE, "node_modules/openapi-typescript/bin/cli.js");

/** Which document the types are of, whatever its version is called; a test compares the first line of client/api.ts. */
export const headOf = (text: string): string => {
  const { info, ...document } = JSON.parse(text) as { info: { version: string } };
  const { version: _, ...rest } = info;
  const hash = createHash("sha256")
    .update(JSON.stringify([rest, document]))
    .digest("hex");
  return `/* Made by \`npm run client\` of public/openapi.json, ${hash}. */\n`;
};

if (import.meta.main) {
  installNested(HERE, "openapi-typescript is");
  const document = join(HERE, "../../public/openapi.json");
  const { status, stdout } = spawnSync(process.execPath, [PROGRAM, document, "--alphabetize"], {
    cwd: HERE,
    encoding: "utf8",
    maxBuffer: 16_000_000,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(join(HERE, "../../client/api.ts"), headOf(readFileSync(document, "utf8")) + stdout);
}
