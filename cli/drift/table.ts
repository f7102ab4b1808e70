/** Differences, for people and for programs. */
import { styleText } from "node:util";
import { DIFFERENCES, type Difference } from "../../src/programs/drift.ts";

const bold = (text: string) => styleText("bold", text, { stream: process.stdout });

/** What can be done about a difference, each as the command that does it. */
const commandsFor = ({ userId, offers, others }: Difference): ReadonlyArray<string> =>
  offers.map((offer) => {
    if (offer !== "link") return `--${offer} ${userId}`;
    return `--link ${userId} --to ${others[0]}`;
  });

/** One difference, in lines. */
export const lines = (difference: Difference): ReadonlyArray<string> => {
  const { userId, email, grants, others } = difference;
  const facts = [
    ...(email === null ? [] : [email]),
    ...(grants === 0 ? [] : [`${grants} ${grants === 1 ? "grant" : "grants"}`]),
    ...(others.length === 0 ? [] : [`also ${others.join(", ")}`]),
  ];
  const commands = commandsFor(difference);
  return [`  ${[userId, ...facts].join("  ")}`, ...commands.map((command) => `      ${command}`)];
};

/** All differences by their kind, and how many there are. */
export const table = (differences: ReadonlyArray<Difference>): string => {
  if (differences.length === 0) return "Pool and database agree.";
  const parts = Object.entries(DIFFERENCES).flatMap(([kind, meaning]) => {
    const own = differences.filter((difference) => difference.kind === kind);
    if (own.length === 0) return [];
    return [bold(`${kind} (${own.length}): ${meaning}`), ...own.flatMap(lines), ""];
  });
  return [...parts, `${differences.length} ${differences.length === 1 ? "difference" : "differences"}`].join(
    "\n",
  );
};

/** One JSON object a line. */
export const ndjson = (differences: ReadonlyArray<Difference>): string =>
  differences.map((difference) => `${JSON.stringify(difference)}\n`).join("");
