/** Where a command finds a deployment: in its environment, or in the local stack that runs in this checkout. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Deployment } from "../src/ports/settings.ts";
import { DRIVERS } from "../src/ports/settings.ts";
import { BadConfiguration, readSettings } from "../src/settings.ts";
import { CommandError, UsageError } from "./command.ts";

const stackFile = join(import.meta.dirname, "../.dev/stack.json");

/** Reads a file of variables into the environment. What is set already stays. https://nodejs.org/api/process.html#processloadenvfilepath */
export function loadEnvironment(file: string | undefined): void {
  if (file === undefined) return;
  try {
    process.loadEnvFile(file);
  } catch {
    throw new UsageError(`The file ${file} cannot be read.`);
  }
}

/**
 * The variables of the deployment: the environment's where it names a database, and else those of the running local
 * stack. Where neither is there it fails, or answers the environment as it is.
 */
export function deploymentVariables({ orTheEnvironment = false } = {}): NodeJS.ProcessEnv {
  if (process.env.DATABASE_URL) return process.env;
  try {
    const stack = JSON.parse(readFileSync(stackFile, "utf8")) as { readonly variables: NodeJS.ProcessEnv };
    return { ...process.env, ...stack.variables };
  } catch {
    if (orTheEnvironment) return process.env;
    throw new CommandError("DATABASE_URL is not set, and no local stack is running (npm run dev).");
  }
}

/** The deployment's settings, as the service itself reads them. */
export function deploymentSettings(): Deployment {
  try {
    return readSettings(deploymentVariables(), DRIVERS.server);
  } catch (error) {
    if (error instanceof BadConfiguration) throw new CommandError(`${error.message}.`);
    throw error;
  }
}

/** The database of the deployment. */
export const databaseUrl = (): string => deploymentVariables().DATABASE_URL ?? "";
