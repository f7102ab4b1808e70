/** Asks whoever sits at the terminal. */
import { createInterface } from "node:readline/promises";
import { UsageError } from "./command.ts";

/**
 * The answer, in lower case and without blanks around it. `nobody`: why the command line is wrong where there is no terminal.
 * The question goes to stderr: what a command has found goes to stdout.
 */
export async function answerTo(question: string, nobody: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError(nobody);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} `).finally(() => terminal.close());
  return answer.trim().toLowerCase();
}
