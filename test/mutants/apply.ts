/** Makes one edit of a mutation in a text. */
import type { Edit } from "./mutations.ts";

/** The text with the edit made, once. Throws where the text does not have it any more. */
export function apply({ file, after = "", find, replace }: Edit, text: string, name: string): string {
  const from = text.indexOf(after);
  const at = text.indexOf(find, from);
  if (from === -1 || at === -1) throw new Error(`"${name}": ${file} does not have it any more: ${find}`);
  return text.slice(0, at) + replace + text.slice(at + find.length);
}
