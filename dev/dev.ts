/**
 * `npm run dev`: the local stack and the Worker in `wrangler dev`, with no account anywhere.
 * `.dev/stack.json` exists exactly while everything answers. Ctrl-C, a provider's death or a failed start end all of it:
 * no process, no port, no file stays. What went wrong is a sentence and exit code 1, never a stack trace.
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { banner } from "./banner.ts";
import { startControl } from "./control.ts";
import { HELP, readOptions } from "./options.ts";
import { addressesAt } from "./pastes.ts";
import { startStack } from "./stack.ts";
import { workerVariables } from "./variables.ts";
import { DevError, startWrangler } from "./wrangler.ts";

const root = resolve(import.meta.dirname, "..");
const scratch = join(root, ".dev");
const stackFile = join(scratch, "stack.json");
const envFile = join(scratch, "worker.env");
const tokenFile = join(scratch, "token");

const cleanups: (() => Promise<unknown>)[] = [];
const later = (cleanup: () => Promise<unknown>) => void cleanups.push(cleanup);

async function main(interrupted: Promise<undefined>): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) return console.log(HELP);
  const addresses = addressesAt(options.port);
  await mkdir(scratch, { recursive: true });
  await assertAlone();
  await assertFree(options.port);
  await assertFree(options.port + 1);

  const done = stopwatch();
  const stack = await startStack({ pool: options.pool, flip: options.flip });
  later(stack.stop);
  done("PostgreSQL and Cognito answer");
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, DATABASE_URL, ...vars } = workerVariables(
    { ...stack.workerEnv(), PUBLIC_URL: addresses.api, ...(!options.sweep && { WAKE_UPS: "off" }) },
    process.env,
  );
  const secrets = Object.entries({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, DATABASE_URL });
  await writeFile(envFile, secrets.map(([key, value]) => `${key}='${value}'\n`).join(""), { mode: 0o600 });
  later(() => rm(envFile, { force: true }));

  let quiet = true;
  const onLine = (line: string) => void (quiet || isIdleSweep(line) || console.log(line));
  const { port } = options;
  const wrangler = startWrangler({ root, port, envFile, vars, scratch, onLine });
  later(() => rm(join(scratch, "state"), { recursive: true, force: true }));
  later(wrangler.stop);
  const control = await startControl({ stack, sweep: wrangler.sweep }, port + 1);
  later(control.stop);

  const death = Promise.race([stack.died, wrangler.died]).then((why) => {
    throw new DevError(why);
  });
  death.catch(() => {});
  const early = await Promise.race([wrangler.healthy().then(() => "up"), interrupted, death]);
  if (early === undefined) return;
  done("The Worker answers");

  const facts = {
    baseUrl: wrangler.url,
    adminToken: stack.adminToken,
    viewerToken: stack.viewerToken,
    databaseUrl: stack.databaseUrl,
    cognitoEndpoint: stack.cognitoEndpoint,
    userPoolId: stack.userPoolId,
    clientId: stack.clientId,
    controlUrl: control.url,
    variables: stack.doctorEnv(),
    neonEndpoint: stack.neonEndpoint,
    issuer: stack.issuer,
    adminSub: stack.adminSub,
    viewerSub: stack.viewerSub,
    pid: process.pid,
  };
  await keepToken(() => stack.signToken());
  // Written aside and renamed: whoever waits for the file never reads half of it.
  await writeFile(`${stackFile}.new`, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
  await rename(`${stackFile}.new`, stackFile);
  later(() => rm(stackFile, { force: true }));
  if (options.sweep) every(BACKSTOP_MS, () => wrangler.sweep());
  console.log(banner(stack, addresses, { color: process.stdout.isTTY === true, sweeping: options.sweep }));
  quiet = false;
  await Promise.race([interrupted, death]);
}

const MINUTE_MS = 60_000;

/** How often the cron of wrangler.toml comes by, which nothing runs here. */
const BACKSTOP_MS = 60 * MINUTE_MS;

/** Prints how long each part of the start took. */
function stopwatch(): (what: string) => void {
  const from = performance.now();
  console.log("Starting PostgreSQL, Cognito and the Worker …");
  return (what) => console.log(`  ${((performance.now() - from) / 1000).toFixed(1).padStart(5)} s  ${what}.`);
}

/** Does something again and again, and forgets what goes wrong: it is in the log. */
function every(milliseconds: number, work: () => Promise<unknown>): void {
  const timer = setInterval(() => void work().catch(() => {}), milliseconds);
  later(async () => clearInterval(timer));
}

/** Keeps a token in a file that has not expired: tokens last an hour. */
async function keepToken(make: () => string): Promise<void> {
  const write = () => writeFile(tokenFile, make(), { mode: 0o600 });
  await write();
  later(() => rm(tokenFile, { force: true }));
  every(30 * MINUTE_MS, write);
}

/** The sweeper that comes by and finds nothing is not worth a line. */
const isIdleSweep = (line: string): boolean =>
  line.includes('"sweep finished"') && line.includes('"leased":0,');

async function assertAlone(): Promise<void> {
  const text = await readFile(stackFile, "utf8").catch(() => undefined);
  if (text === undefined) return;
  try {
    const { pid } = JSON.parse(text) as { pid: number };
    process.kill(pid, 0);
    if (pid === process.pid) return;
  } catch {
    // The one who wrote it is gone, killed before it could clean up.
    return rm(stackFile, { force: true });
  }
  throw new DevError(
    "A local stack of this checkout is running already. Stop it first (Ctrl-C in its terminal).",
  );
}

function assertFree(port: number): Promise<void> {
  return new Promise((done, fail) => {
    const probe = createServer();
    const sentence = `Port ${port} is in use. Free it, or choose two others: PORT=8790 npm run dev`;
    probe.once("error", () => fail(new DevError(sentence)));
    probe.listen(port, "127.0.0.1", () => probe.close(() => done()));
  });
}

const interrupted = new Promise<undefined>((done) => {
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      // npm passes a signal on that the terminal has sent already, so the second one may be the first again.
      if (!asked) console.log("\nStopping …");
      asked = true;
      done(undefined);
    });
});
// A closed terminal must not stop the cleanup.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

try {
  await main(interrupted);
} catch (error) {
  process.exitCode = 1;
  console.error(`\n${error instanceof Error ? error.message : "The local stack failed."}`);
}
for (const cleanup of cleanups.reverse()) await cleanup().catch(() => {});
process.exit();
