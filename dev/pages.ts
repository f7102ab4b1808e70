/** `npm run pages`: writes the static pages of public/: the landing page, and a page for each problem. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { landing } from "./pages/landing.ts";
import { problemPages } from "./pages/problems.ts";
import { reference } from "./pages/reference.ts";

/** Where the pages are kept. */
const FOLDER = "public";

/** The folders that hold nothing but such pages. */
const OWN = ["problems"];

/** Every page as it has to be, by its file. */
export const pages = (): ReadonlyMap<string, string> =>
  new Map([["index.html", landing()], ["docs/index.html", reference()], ...problemPages()]);

/** The pages that are there, by their file. */
export const writtenPages = (): ReadonlyMap<string, string> => {
  const own = OWN.flatMap((folder) => list(folder));
  return new Map(
    ["index.html", "docs/index.html", ...own].map((file) => [file, readFileSync(join(FOLDER, file), "utf8")]),
  );
};

const list = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(join(FOLDER, folder)).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
};

if (import.meta.main) {
  for (const folder of OWN) rmSync(join(FOLDER, folder), { recursive: true, force: true });
  for (const [file, text] of pages()) {
    mkdirSync(dirname(join(FOLDER, file)), { recursive: true });
    writeFileSync(join(FOLDER, file), text);
  }
}
