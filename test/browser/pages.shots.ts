/** `npm run screenshots`: the pages as they look, for docs/img/: both themes, a phone and a desk. */
import { it } from "vitest";
import { shoot, useBrowser } from "./browser.ts";

const browser = useBrowser();

const SHOWN = {
  landing: "/",
  problems: "/problems/",
  problem: "/problems/database-unavailable",
} as const;

it.each(Object.entries(SHOWN))("%s", async (name, path) => {
  await shoot(name, (look) => browser.open(path, look));
});
