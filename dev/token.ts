/**
 * `npm run -s token -- admin`: prints a fresh access token of the local pool, for the administrator, the viewer, or
 * whoever has an address. The administrator's is also put into .dev/token.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const scratch = join(import.meta.dirname, "../.dev");

/** People who are there from the start, by a short name. */
const NAMED: Readonly<Record<string, string>> = {
  admin: "admin@flip.example",
  viewer: "viewer@flip.example",
};

try {
  const [who = "admin", ...more] = process.argv.slice(2);
  if (more.length > 0) throw new Error("Say for whom: npm run -s token -- admin, or an address of the pool.");
  console.log(await tokenFor(who));
} catch (error) {
  console.error(error instanceof Error ? error.message : "There is no token.");
  process.exitCode = 1;
}

async function tokenFor(who: string): Promise<string> {
  const email = NAMED[who] ?? who;
  const text = await readFile(join(scratch, "stack.json"), "utf8").catch(() => {
    throw new Error("No local stack is running. Start it in another terminal: npm run dev");
  });
  const { controlUrl } = JSON.parse(text) as { controlUrl: string };
  const response = await fetch(`${controlUrl}/token`, { method: "POST", body: JSON.stringify({ email }) });
  const { token, error } = (await response.json()) as { token?: string; error?: string };
  if (token === undefined) throw new Error(error ?? "The local stack gave no token.");
  if (who === "admin") await writeFile(join(scratch, "token"), token, { mode: 0o600 });
  return token;
}
