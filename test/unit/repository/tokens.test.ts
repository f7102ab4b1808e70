/** The colours of the pages: who does not see well can read them, in both themes (WCAG 2.2, 1.4.3 and 1.4.11). */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";

const css = readFileSync("public/assets/tokens.css", "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
const [light = "", dark = ""] = css.split("@media (prefers-color-scheme: dark)");

const colours = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [name, value]),
  );

const themes = [
  ["light", colours(light)],
  ["dark", new Map([...colours(light), ...colours(dark.split("@media")[0] ?? "")])],
] as const;

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((from) => {
    const part = Number.parseInt(colour.slice(from, from + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

const contrast = (one: string, other: string): number => {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
};

const STATES = ["done", "tracked", "doubt", "failed", "neutral"] as const;
const PAPERS = ["paper", "surface", "sunk"] as const;

interface Pair {
  readonly front: string;
  readonly back: string;
  readonly least: number;
}

const pairs: ReadonlyArray<Pair> = [
  ...PAPERS.flatMap((back) => [
    ...["ink", "ink-soft", "accent", "accent-strong"].map((front) => ({ front, back, least: 4.5 })),
    ...STATES.map((state) => ({ front: `${state}-ink`, back, least: 4.5 })),
    ...["line-strong", "focus", ...STATES.map((state) => `${state}-line`)].map((front) => ({
      front,
      back,
      least: 3,
    })),
  ]),
  ...STATES.flatMap((state) => [
    { front: `${state}-ink`, back: `${state}-paper`, least: 4.5 },
    { front: "ink", back: `${state}-paper`, least: 4.5 },
    { front: "ink-soft", back: `${state}-paper`, least: 4.5 },
    { front: `${state}-line`, back: `${state}-paper`, least: 3 },
  ]),
  { front: "on-accent", back: "accent", least: 4.5 },
  { front: "on-accent", back: "accent-strong", least: 4.5 },
  { front: "accent", back: "accent-paper", least: 4.5 },
  { front: "ink", back: "accent-paper", least: 4.5 },
];

describe.each(themes)("the %s theme", (_, theme) => {
  it("has a contrast of 4.5 between text and its paper, and of 3 between a line that says something and its own", () => {
    const weak = pairs.flatMap(({ front, back, least }) => {
      const value = contrast(theme.get(front) ?? "#000000", theme.get(back) ?? "#000000");
      return value >= least ? [] : [`${front} on ${back}: ${value.toFixed(2)} < ${least}`];
    });
    assert.deepStrictEqual(weak, []);
  });
});

describe("a state", () => {
  it("is told by a glyph of its own and by its line, not by its colour alone", () => {
    const told = (what: string) =>
      STATES.map((state) => new RegExp(`--${state}-${what}: (.*);`).exec(light)?.[1]);
    assert.strictEqual(new Set(told("glyph")).size, STATES.length);
    const looks = STATES.map((state, index) => `${told("rule")[index]} ${told("glyph")[index]} ${state}`);
    assert.isFalse(looks.some((look) => look.includes("undefined")));
    assert.strictEqual(new Set(told("rule").slice(0, 4)).size, 4);
  });
});
