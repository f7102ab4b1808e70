/** The pictures of the static pages: docs/img/<page>-<theme>-<width>.webp (`npm run screenshots`). */
import { describe, it } from "vitest";
import { keep, useBrowser, WIDTHS } from "./browser.ts";

const browser = useBrowser();

const SHOWN = {
  landing: "/",
  problems: "/problems/",
  problem: "/problems/database-unavailable",
} as const;

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  it.each(Object.entries(WIDTHS))("on a %s", async (device, width) => {
    for (const [name, path] of Object.entries(SHOWN))
      await keep(await browser.open(path, { theme, width }), `${name}-${theme}-${device}`);
  });
});
