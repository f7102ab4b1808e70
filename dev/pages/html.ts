/** HTML as text: what is put into a template is escaped, unless it is HTML already. */

/** Text that is HTML. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Html | undefined | ReadonlyArray<Part>;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const written = (part: Part): string => {
  if (part === undefined) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(written).join("");
  return String(part).replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
};

/** A template. A list is written one after the other, and what is undefined not at all. */
export const html = (strings: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Html =>
  new Html(strings.map((text, index) => text + written(parts[index])).join(""));

/** Words in which what stands between backticks is code. */
export const prose = (words: string): Html =>
  new Html(
    words
      .split("`")
      .map((part, index) => (index % 2 === 0 ? written(part) : `<code>${written(part)}</code>`))
      .join(""),
  );
