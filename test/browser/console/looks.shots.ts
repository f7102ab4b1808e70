/** The pictures of the console: docs/img/console-<screen>-<theme>-<width>.webp (`npm run screenshots`). */
import { mkdirSync, writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, it } from "vitest";
import { patient } from "../../support/fixture.ts";
import { useBrowser, WIDTHS } from "../browser.ts";
import { expectSaid } from "./people.ts";
import { showAll } from "./screens.ts";

const browser = useBrowser(patient);

const FOLDER = "docs/img";

/** How much of a long page is kept, in CSS pixels. */
const HEIGHT_MAX = 1300;

/** The page as WebP, which Playwright does not write and Chromium does: half as large as the same picture as JPEG. */
async function keep(page: Page, name: string): Promise<void> {
  const [width, height] = await page.evaluate(() => {
    const { clientWidth, scrollHeight } = document.documentElement;
    return [clientWidth, scrollHeight] as const;
  });
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", {
    format: "webp",
    quality: 50,
    captureBeyondViewport: true,
    clip: { x: 0, y: 0, width, height: Math.min(height, HEIGHT_MAX), scale: 1 },
  });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/${name}.webp`, Buffer.from(data, "base64"));
}

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
