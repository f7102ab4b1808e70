/**
 * What the commands of cli/ do alike: the command line and its help, the environment, exit codes, and that what went wrong
 * is a sentence and never a stack trace.
 */
import { type ParseArgsOptionsConfig, parseArgs, styleText } from "node:util";
import { loadEnvironment } from "./environment.ts";

/** How a command ends. `refused`: it has found that it must not do what was asked. `differs`: it has found differences. */
export const EXIT = { good: 0, wrong: 1, usage: 2, refused: 3, differs: 4 } as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** What went wrong, for people: a sentence that holds no secret. */
export class CommandError extends Error {}

/** The command line, or what the command needs around it, is not as it has to be. */
export class UsageError extends CommandError {}

/** The command has found that it must not do what was asked, and has done nothing. */
export class RefusedError extends CommandError {}

const COMMON = {
  help: { type: "boolean" },
  "env-file": { type: "string" },
} as const satisfies ParseArgsOptionsConfig;

/** The options that every command has, for its help. */
export const COMMON_HELP = `  --env-file <file>  reads variables from a file, as Node does; what is set already stays
  --help             this text`;

type Values<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: O; strict: true; allowPositionals: false }>
>["values"];

/**
 * Runs a command: reads its options, of which an unknown one is refused by name, its one operand, where it has one, and the
 * environment, and sets the exit code. What is thrown and is no CommandError is a bug, and keeps its stack trace.
 */
export async function command<const O extends ParseArgsOptionsConfig>(
  { help, options, operand }: { readonly help: string; readonly options: O; readonly operand?: string },
  main: (values: Values<O>, operand: string) => Promise<Exit>,
): Promise<void> {
  try {
    const { values, positionals } = read({ ...COMMON, ...options }, operand !== undefined);
    if (values.help === true) return console.log(help);
    if (operand !== undefined && positionals.length !== 1)
      throw new UsageError(`Exactly one ${operand} is expected. --help says more.`);
    loadEnvironment(values["env-file"] as string | undefined);
    process.exitCode = await main(values as Values<O>, positionals[0] ?? "");
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.exitCode =
      error instanceof UsageError ? EXIT.usage : error instanceof RefusedError ? EXIT.refused : EXIT.wrong;
    console.error(styleText("red", error.message, { stream: process.stderr }));
  }
}

interface Line {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: ReadonlyArray<string>;
}

function read<O extends ParseArgsOptionsConfig>(options: O, allowPositionals: boolean): Line {
  try {
    return parseArgs({ options, strict: true, allowPositionals });
  } catch (error) {
    const [sentence = ""] = (error as Error).message.split(". ");
    throw new UsageError(`${sentence.replace(/\.$/, "")}. --help lists the options.`);
  }
}
