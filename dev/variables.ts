/** The Worker's variables in a local stack: the stack's own, a developer's, origins on this machine, and no rate limit. */
import { Schema } from "effect";
import { Environment } from "../src/settings.ts";

/** Where front ends in development answer: Vite and its preview, Next, Angular, Storybook, and the usual others. */
const PORTS = [3000, 4173, 4200, 5000, 5173, 5174, 6006, 8000, 8080];

const ORIGINS = ["localhost", "127.0.0.1"].flatMap((host) => PORTS.map((port) => `http://${host}:${port}`));

const isSecret = (field: Schema.Top) => Schema.resolveAnnotations(field)?.secret === true;

/**
 * What the Worker gets. A developer's variables are those of docs/configuration.md that the stack does not set itself,
 * and no secret of theirs: AWS keys that a shell exports stay in the shell.
 */
export function workerVariables(
  own: Readonly<Record<string, string>>,
  developers: NodeJS.ProcessEnv,
): Record<string, string> {
  const passedOn = Object.entries(Environment.fields)
    .filter(([key, field]) => !(key in own) && !isSecret(field))
    .flatMap(([key]): ReadonlyArray<[string, string]> => {
      const value = developers[key];
      return value === undefined ? [] : [[key, value]];
    });
  return { CORS_ORIGINS: ORIGINS.join(","), RATE_LIMIT: "off", ...Object.fromEntries(passedOn), ...own };
}

/** The environment for a child that must not find the Worker's variables in it: wrangler takes them before its file. */
export function withoutVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([key]) => !(key in Environment.fields)));
}
