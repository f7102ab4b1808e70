/**
 * A check is a value: what it asks, what can be wrong and how each is mended, and the question itself. docs/doctor.md is made
 * of these values, and a test brings a deployment into every state that they name.
 */
import type { Subject } from "./subject.ts";

/** A state of disrepair. `means` and `mend`: sentences for whoever reads the report. */
export interface Fault {
  /** `warning`: it works, and somebody should know. `wrong`: something does not work, or is not safe. */
  readonly status: "warning" | "wrong";
  readonly means: string;
  readonly mend: string;
  /** What `--fix` may do about it: nothing that could not be done again. */
  readonly fix?: Fix;
}

export type Fix = "migrate" | "index-audit";

/** What a question has come to. `detail`: names and numbers, never a secret or an address of a person. */
export type Answer<F extends string = string> =
  | { readonly good: string }
  | { readonly fault: F; readonly detail?: string | undefined };

/** Why something cannot be asked: said in the report, and no verdict. */
export class NotAsked extends Error {}

export interface Check<F extends string = string> {
  /** `area.name`. */
  readonly id: string;
  readonly title: string;
  /** What it looks at, for the documents. */
  readonly asks: string;
  readonly faults: Readonly<Record<F, Fault>>;
  /** All that is found. Throws NotAsked. */
  readonly ask: (subject: Subject) => Promise<Answer<F> | ReadonlyArray<Answer<F>>>;
}

/** Makes a check, so that it can answer with no fault but its own. */
export const check = <const F extends string>(made: Check<F>): Check => made as unknown as Check;

/** What the report says of one check. */
export interface Finding {
  readonly check: string;
  readonly title: string;
  readonly status: "ok" | Fault["status"] | "not asked";
  readonly says: string;
  readonly fault?: string;
  readonly mend?: string;
  readonly fix?: Fix;
}

/** Asks one check. */
export async function ask(one: Check, subject: Subject): Promise<ReadonlyArray<Finding>> {
  const { id, title, faults } = one;
  try {
    return [await one.ask(subject)].flat().map((answer): Finding => {
      if ("good" in answer) return { check: id, title, status: "ok", says: answer.good };
      const fault = faults[answer.fault] as Fault;
      const { status, means, mend, fix } = fault;
      const says = answer.detail === undefined ? means : `${means.replace(/\.$/, "")}: ${answer.detail}`;
      return { check: id, title, status, says, fault: answer.fault, mend, ...(fix && { fix }) };
    });
  } catch (error) {
    if (!(error instanceof NotAsked)) throw error;
    return [{ check: id, title, status: "not asked", says: error.message }];
  }
}
