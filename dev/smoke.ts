/**
 * `npm run smoke`: the README's first five minutes, as a person lives them. It asks for help, starts `npm run dev`,
 * pastes the four commands that it prints, fetches tokens and the document, presses Ctrl-C, and sees that neither
 * file nor port is left. Ends with `N passed, N failed`.
 */
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { addressesAt, pastes } from "./pastes.ts";

const root = resolve(import.meta.dirname, "..");
const stackFile = join(root, ".dev/stack.json");
const tokenFile = join(root, ".dev/token");

/** How long the stack may take to come up, and to go, in milliseconds. */
const PATIENCE_MS = 90_000;

let passed = 0;
let failed = 0;

function check(title: string, holds: boolean, otherwise = ""): void {
  if (holds) passed += 1;
  else failed += 1;
  console.log(`${holds ? "✓" : "✗"} ${title}${holds ? "" : `\n${otherwise}`}`);
}

/** Runs a command in a shell, and returns what it said and how it ended. */
async function paste(command: string): Promise<{ said: string; failed: boolean }> {
  try {
    const { stdout, stderr } = await promisify(execFile)("sh", ["-c", command], { cwd: root });
    return { said: stdout + stderr, failed: false };
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return { said: stdout + stderr, failed: true };
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => done(true)).once("error", () => done(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** A free port with a free port above it. */
async function freePair(): Promise<number> {
  const listen = (port: number) =>
    new Promise<ReturnType<typeof createServer>>((done, fail) => {
      const server = createServer();
      server.once("error", fail).listen(port, "127.0.0.1", () => done(server));
    });
  for (;;) {
    const first = await listen(0);
    const { port } = first.address() as { port: number };
    const second = await listen(port + 1).catch(() => undefined);
    first.close();
    second?.close();
    if (second !== undefined) return port;
  }
}

const help = await paste("npm run -s dev -- --help");
check("npm run dev -- --help lists the options", /--no-sweep/.test(help.said) && !help.failed, help.said);
const unknown = await paste("npm run -s dev -- --no-swep");
check(
  "an option that nobody knows is refused by name",
  /--no-swep/.test(unknown.said) && unknown.failed,
  unknown.said,
);
const early = await paste("npm run -s token -- admin");
check(
  "a token without a stack is refused in a sentence",
  /npm run dev/.test(early.said) && early.failed,
  early.said,
);

const port = await freePair();
const addresses = addressesAt(port);
// A process group of its own, because that is what a terminal's Ctrl-C goes to.
const child = spawn("npm", ["run", "dev"], {
  cwd: root,
  detached: true,
  // A setting for the Worker, and a key of the developer's own that it must not get.
  env: { ...process.env, PORT: String(port), ENFORCE_MFA: "true", AWS_REGION: "us-gov-west-1" },
});
const signal = (name: NodeJS.Signals) => child.pid !== undefined && process.kill(-child.pid, name);
const ended = new Promise<number | null>((done) => child.once("exit", done));
let said = "";
for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));

const deadline = AbortSignal.timeout(PATIENCE_MS);
while (!existsSync(stackFile) && !deadline.aborted && child.exitCode === null) {
  await new Promise((next) => setTimeout(next, 100));
}
/** What each paste has to show. */
const promised: ReadonlyArray<ReadonlyArray<RegExp>> = [
  [/^HTTP\/1\.1 500/, /"outcome":"rolled_back"/, /Please try again/],
  [/^HTTP\/1\.1 500/, /"outcome":"tracked"/, /rollback also failed/, /"operationId":"/],
  [/"rolled_back": 1/, /"open": 0/],
  [/^HTTP\/1\.1 200/, /"userId":"/, /"name":"Ada Lovelace"/],
];

try {
  check("npm run dev comes up and writes .dev/stack.json", existsSync(stackFile), said);
  check("it says how long each part took", /\d s {2}The Worker answers/.test(said), said);
  const stack: { databaseUrl: string; controlUrl: string } = JSON.parse(await readFile(stackFile, "utf8"));
  const ports = [port, port + 1, Number(new URL(stack.databaseUrl).port)];
  check("only its owner reads the token's file", ((await stat(tokenFile)).mode & 0o777) === 0o600);

  const gate = await paste(`curl -s ${addresses.api}/api/roles -H "authorization: Bearer $(cat .dev/token)"`);
  check(
    "a variable reaches the Worker: ENFORCE_MFA=true asks for a second factor",
    /mfa_required/.test(gate.said),
    gate.said,
  );
  const enrol = await paste(`curl -s -X POST ${addresses.control}/enrol -d '{"email":"admin@flip.example"}'`);
  check(
    "the control server gives the administrator a second factor",
    !enrol.failed && !/error/.test(enrol.said),
    enrol.said,
  );

  for (const [index, { title, command }] of pastes(addresses).entries()) {
    check(`paste ${index + 1} is printed: ${title}`, said.includes(command), said);
    const shown = await paste(command);
    const missing = (promised[index] ?? []).filter((pattern) => !pattern.test(shown.said));
    check(`paste ${index + 1} shows what it promises`, missing.length === 0, `${missing}\n${shown.said}`);
  }

  const rows = await paste("npm run -s audit");
  check("the audit row and the ledger can be seen", /Registered user/.test(rows.said), rows.said);
  const mails = await paste(`curl -s ${addresses.control}/mails`);
  check("the invitation can be seen", mails.said.includes("ada@flip.example"), mails.said);
  const token = await paste("npm run -s token -- ada@flip.example");
  check("anybody's token can be had", /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/.test(token.said), token.said);
  const nobody = await paste("npm run -s token -- nobody@flip.example");
  check("nobody's token cannot", /no user/.test(nobody.said) && nobody.failed, nobody.said);
  const page = await paste(`curl -s ${addresses.api}/openapi.json`);
  check("the document is served", JSON.parse(page.said).openapi === "3.1.1", page.said.slice(0, 200));
  const origin = await paste(`curl -si ${addresses.api}/api/health -H 'origin: http://localhost:5173'`);
  check(
    "a page on this machine may call it",
    /access-control-allow-origin: http:\/\/localhost:5173/i.test(origin.said),
    origin.said,
  );

  signal("SIGINT");
  const code = await Promise.race([ended, new Promise((late) => setTimeout(late, PATIENCE_MS, "late"))]);
  check("Ctrl-C ends it", code !== "late", said);
  check("no file is left", !existsSync(stackFile) && !existsSync(tokenFile));
  const open = await Promise.all(ports.map(answers));
  check("no port is left", !open.includes(true), `still open: ${ports.filter((_, n) => open[n])}`);
} catch (error) {
  check("nothing else fails", false, error instanceof Error ? error.message : String(error));
} finally {
  if (child.exitCode === null && child.signalCode === null) signal("SIGTERM");
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
