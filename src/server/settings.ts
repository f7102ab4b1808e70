/**
 * The variables that only a process of its own has, on Node, Bun and Deno. The Worker's graph does not hold them; every
 * other variable is that of src/settings.ts.
 */
import * as Schema from "effect/Schema";
import { DRIVERS } from "../ports/settings.ts";
import {
  BadConfiguration,
  decodeVariables,
  duration,
  Environment,
  matching,
  numberFrom,
  orElse,
  readSettings,
} from "../settings.ts";

/** The variables of the server. `description` and `takes` of each are its row in docs/configuration.md. */
export const ServerEnvironment = Schema.Struct({
  HOST: orElse(matching(/^[\w.:-]{1,253}$/, "an address or a name of this machine"), "127.0.0.1").annotate({
    description: "Where the server listens: `0.0.0.0` or `::` for every address, as in a container.",
  }),
  PORT: orElse(numberFrom(0, 65_535), "8787").annotate({
    description: "The port that it listens on. 0: any that is free; the log says which.",
  }),
  TRUST_PROXY: orElse(numberFrom(0, 9, "proxies"), "0").annotate({
    description:
      "How many proxies of yours stand before the server. The client's address is that many entries from the end of `X-Forwarded-For`. 0: it is the connection's, and the header is ignored.",
  }),
  SHUTDOWN_SECONDS: orElse(duration(1, 600, "seconds"), "25").annotate({
    description:
      "How long the process goes on after SIGTERM or SIGINT, to finish what is running. Less than whoever stops it waits.",
  }),
});

/** What the server is set to. */
export type ServerSettings = typeof ServerEnvironment.Type;

/** An environment's own variables of ours, by the schemas' keys. A process has many others. */
const ours = (environment: NodeJS.ProcessEnv) =>
  Object.fromEntries(
    [...Object.keys(Environment.fields), ...Object.keys(ServerEnvironment.fields)].flatMap((key) => {
      const value = environment[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );

/** The deployment, or what is wrong with it. */
const deploymentOf = (bindings: object) => {
  try {
    return { deployment: readSettings(bindings, DRIVERS.server), wrong: [] };
  } catch (error) {
    if (error instanceof BadConfiguration) return { wrong: error.problems };
    throw error;
  }
};

/**
 * Reads a process's environment: the server's settings, the deployment's, and the bindings for the handlers.
 * Throws BadConfiguration, which lists every bad key.
 */
export const readServer = (environment: NodeJS.ProcessEnv) => {
  const bindings = ours(environment);
  const { value, problems } = decodeVariables(ServerEnvironment, bindings);
  const { deployment, wrong } = deploymentOf(bindings);
  if (value === undefined || deployment === undefined || problems.length > 0)
    throw new BadConfiguration({ problems: [...problems, ...wrong] });
  return { server: value, deployment, bindings };
};
