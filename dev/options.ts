/** The command line of `npm run dev`, and its help. */
import { parseArgs } from "node:util";
import { FLIP_SHAPES, type FlipShapeName, isFlipShape } from "./flip-shapes.ts";
import { DEFAULT_PORT } from "./pastes.ts";
import { isPoolKind, POOL_KINDS, type PoolKind } from "./pool-kinds.ts";
import { DevError } from "./wrangler.ts";

const described = (kinds: Readonly<Record<string, { readonly means: string }>>) =>
  Object.entries(kinds)
    .map(([kind, { means }]) => `  ${kind.padEnd(26)}${means}`)
    .join("\n");

/** What `npm run dev -- --help` prints. */
export const HELP = `npm run dev [-- options]

Starts PostgreSQL, an emulated Cognito and the Worker on this machine, and prints four commands to paste.
Ctrl-C stops everything and leaves nothing behind.

Options
  --no-sweep     the sweeper does not come when something is due, only when it is asked to
  --pool <kind>  what kind of pool Cognito has; without it FLIP's
  --flip <shape> whose tables the database has before ours; without it nobody's
  --help         this text

Kinds of pools
${described(POOL_KINDS)}

Shapes of the database
${described(FLIP_SHAPES)}

Environment
  PORT=8790         where the API answers, on 127.0.0.1 (${DEFAULT_PORT}); the control server is one port above
  RATE_LIMIT=on     callers and clients who ask too often are refused, as wrangler.toml says; off otherwise
  ENFORCE_MFA=true  or any other setting of docs/configuration.md that is no secret: the Worker gets it

Files, while it runs
  .dev/token        an administrator's access token; npm run -s token -- admin makes another
  .dev/stack.json   where everything is, for programs
`;

/** What was asked for. */
export interface Options {
  readonly help: boolean;
  readonly sweep: boolean;
  readonly pool: PoolKind;
  readonly flip: FlipShapeName;
  readonly port: number;
}

/** Reads the command line and `PORT`. Whatever is not known is refused by name. */
export function readOptions(args: ReadonlyArray<string>, environment: NodeJS.ProcessEnv): Options {
  return { ...flags(args), port: portFrom(environment.PORT ?? String(DEFAULT_PORT)) };
}

function flags(args: ReadonlyArray<string>): Omit<Options, "port"> {
  const options = {
    help: { type: "boolean" },
    "no-sweep": { type: "boolean" },
    pool: { type: "string", default: "email" },
    flip: { type: "string", default: "none" },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    if (!isPoolKind(values.pool)) throw new Error(`--pool does not know the kind '${values.pool}'`);
    if (!isFlipShape(values.flip)) throw new Error(`--flip does not know the shape '${values.flip}'`);
    const { pool, flip } = values;
    return { help: values.help === true, sweep: values["no-sweep"] !== true, pool, flip };
  } catch (error) {
    const [sentence = ""] = (error instanceof Error ? error.message : "").split(". ");
    throw new DevError(`${sentence.replace(/\.$/, "")}. npm run dev -- --help lists the options.`);
  }
}

function portFrom(text: string): number {
  const port = Number(text);
  // The control server takes the port above.
  if (Number.isInteger(port) && port > 0 && port < 65_535) return port;
  throw new DevError("PORT has to be a number from 1 to 65534.");
}
