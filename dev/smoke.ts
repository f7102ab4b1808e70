/**
 * `npm run smoke`: the README's first five minutes, as a person would live them. Starts `npm run dev`, pastes the
 * `curl` that it prints, looks for the audit row with the command that it prints, presses Ctrl-C, and sees that
 * neither file nor port is left. Ends with `N passed, N failed`.
 */
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { freePort } from "./postgres.ts";

const root = resolve(import.meta.dirname, "..");
const stackFile = join(root, ".dev/stack.json");

/** How long the stack may take to come up, and to go, in milliseconds. */
const PATIENCE_MS = 90_000;

let passed = 0;
let failed = 0;

function check(title: string, holds: boolean, otherwise = ""): void {
  if (holds) passed += 1;
  else failed += 1;
  console.log(`${holds ? "✓" : "✗"} ${title}${holds ? "" : `\n${otherwise}`}`);
}

async function paste(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)("bash", ["-c", command], { cwd: root });
  return stdout;
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => done(true)).once("error", () => done(false));
    socket.once("connect", () => socket.destroy());
  });
}

const port = await freePort();
// A process group of its own, because that is what a terminal's Ctrl-C goes to.
const child = spawn("npm", ["run", "dev"], {
  cwd: root,
  detached: true,
  env: { ...process.env, PORT: String(port) },
});
const signal = (name: NodeJS.Signals) => child.pid !== undefined && process.kill(-child.pid, name);
const ended = new Promise<number | null>((done) => child.once("exit", done));
let said = "";
for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));

/** The pasted command, and what follows it while its lines end with a backslash. */
function printed(title: string): string {
  const lines = said.split("\n");
  const from = lines.findIndex((line) => line.includes(title)) + 1;
  const length = lines.slice(from).findIndex((line) => !line.endsWith("\\")) + 1;
  return lines.slice(from, from + length).join("\n");
}

const deadline = AbortSignal.timeout(PATIENCE_MS);
while (!existsSync(stackFile) && !deadline.aborted && child.exitCode === null) {
  await new Promise((next) => setTimeout(next, 100));
}
try {
  check("npm run dev comes up and writes .dev/stack.json", existsSync(stackFile), said);
  const stack: { databaseUrl: string; controlUrl: string } = JSON.parse(await readFile(stackFile, "utf8"));
  const ports = [port, Number(new URL(stack.databaseUrl).port), Number(new URL(stack.controlUrl).port)];

  const answer = await paste(printed("Register a user"));
  check("the printed curl registers a user", /^HTTP\/1\.1 200/.test(answer), answer);
  const rows = await paste(printed("See the audit rows"));
  check("the printed command shows his audit row", rows.includes("Registered user"), rows);
  const mails = await paste(printed("Read the mails"));
  check("the printed command shows his invitation", mails.includes("ada@flip.example"), mails);
  const swept = await paste(printed("Run the sweeper"));
  check("the printed command runs the sweeper", swept.includes("leased"), swept);

  signal("SIGINT");
  const code = await Promise.race([ended, new Promise((late) => setTimeout(late, PATIENCE_MS, "late"))]);
  check("Ctrl-C ends it", code !== "late", said);
  check("no file is left", !existsSync(stackFile));
  const open = await Promise.all(ports.map(answers));
  check("no port is left", !open.includes(true), `still open: ${ports.filter((_, n) => open[n])}`);
} catch (error) {
  check("nothing else fails", false, error instanceof Error ? error.message : String(error));
} finally {
  if (child.exitCode === null && child.signalCode === null) signal("SIGTERM");
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
