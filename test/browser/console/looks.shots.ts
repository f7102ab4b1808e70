/** The pictures of the console: docs/img/console-<screen>-<theme>-<width>.webp (`npm run screenshots`). */
import { describe, it } from "vitest";
import { patient } from "../../support/fixture.ts";
import { keep, useBrowser, WIDTHS } from "../browser.ts";
import { expectSaid } from "./people.ts";
import { showAll } from "./screens.ts";

const browser = useBrowser(patient);

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  it.each(Object.entries(WIDTHS))(
    "on a %s",
    async (device, width) => {
      await showAll(browser, { theme, width }, (name, page) =>
        keep(page, `console-${name}-${theme}-${device}`),
      );
      expectSaid(browser, /ERR_CONNECTION_RESET|status of 404/);
    },
    180_000,
  );
});
