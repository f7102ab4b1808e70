/** A pasted list of users, a line each. */
import type { NewUser } from "../api/attempts.ts";

/** At most as many as one person looks through. */
const MOST = 50;

/** The cells of a line: parted by tabs, or semicolons where there is no tab, or commas. What is quoted is one. */
function cellsOf(line: string): ReadonlyArray<string> {
  const bare = line.replace(/"[^"]*"/g, "");
  const part = ["\t", ";"].find((one) => bare.includes(one)) ?? ",";
  const outsideQuotes = new RegExp(`${part}(?=(?:[^"]*"[^"]*")*[^"]*$)`);
  return line.split(outsideQuotes).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

/** Lines as a spreadsheet or a list has them: address, name, organisation; or `Name <address>`. */
export function parseLines(text: string): ReadonlyArray<Omit<NewUser, "roles">> {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [, called, within] = /^"?([^"<]*?)"?\s*<([^<>]+)>$/.exec(line) ?? [];
      const [email = "", name = "", ...more] = within === undefined ? cellsOf(line) : [within, called];
      const organisation = more.filter(Boolean).join(", ");
      return { email, ...(name && { name }), ...(organisation && { organisation }) };
    });
}

const looksLikeAddress = (email: string) => /^\S+@\S+\.\S+$/.test(email);

/** What is wrong with a pasted list, or undefined. */
export function wrongIn(users: ReadonlyArray<{ readonly email: string }>): string | undefined {
  if (users.length === 0) return "Paste at least one line.";
  if (users.length > MOST) return `At most ${MOST} lines at once.`;
  const odd = users.find(({ email }) => !looksLikeAddress(email));
  if (odd !== undefined) return `“${odd.email}” is no e-mail address.`;
  const addresses = users.map(({ email }) => email.toLowerCase());
  const twice = addresses.find((email, index) => addresses.indexOf(email) !== index);
  return twice === undefined ? undefined : `${twice} stands there twice.`;
}

/** One of them as a line again. */
export const asLine = ({ email, name = "", organisation = "" }: Omit<NewUser, "roles">) =>
  [email, name, organisation]
    .map((cell) => (/[,;]/.test(cell) ? `"${cell}"` : cell))
    .join(", ")
    .replace(/[, ]+$/, "");
