/** The static pages, in both themes, on a phone and on a desk. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../../src/http/problems.ts";
import { expectAccessible, expectFits, findings, useBrowser, WIDTHS } from "./browser.ts";

const browser = useBrowser();

const PROBLEM_PAGES = Object.keys(PROBLEMS).map((code) => `/problems/${code.replaceAll("_", "-")}`);

/** Scalar takes its time on a busy machine, in milliseconds. */
const LONG = { timeout: 240_000 };

/** One of each kind of page is looked at in every way; the other problem pages have the same form. */
const EVERY_WAY = ["/", "/problems/", "/problems/database-unavailable", "/problems/last-manager"];

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  it.each(EVERY_WAY)(
    "%s has no finding of axe, keeps to its policy, and fits a phone and a desk",
    async (path) => {
      for (const width of Object.values(WIDTHS)) {
        const page = await browser.open(path, { theme, width });
        await expectAccessible(page);
        await expectFits(page);
      }
    },
  );
});

describe("every problem page", () => {
  it("has no finding of axe, keeps to its policy, and fits a phone", { timeout: 600_000 }, async () => {
    const page = await browser.open("/problems/", { width: WIDTHS.phone });
    for (const [index, path] of PROBLEM_PAGES.entries()) {
      await page.emulateMedia({ colorScheme: index % 2 === 0 ? "light" : "dark" });
      await page.goto(new URL(path, page.url()).href, { waitUntil: "load" });
      await expectAccessible(page);
      await expectFits(page);
    }
  });
});

describe("a keyboard", () => {
  it("comes to the content first", async () => {
    const page = await browser.open("/");
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    expect(await page.locator(":focus").getAttribute("id")).toBe("main");
  });
});

describe("/docs/", () => {
  const isBuilt = existsSync("public/docs/reference/standalone.esm.js");

  it.skipIf(isBuilt)("says the one command where it is not built", async () => {
    const page = await browser.open("/docs/");
    await page.getByRole("heading", { name: "The API reference is not built here" }).waitFor();
    expect(await page.locator("main pre").textContent()).toBe("npm run build:docs");
    // wrangler serves the files that were there when it started.
    await page.getByText(/the next start shows it/).waitFor({ timeout: 5000 });
    await expectAccessible(page);
    // The part that is not there was asked for: Chromium says so.
    expect(browser.said.splice(0).join()).toMatch(/status of 404/);
  });

  // Scalar tries whether it may compile what it checks with, and goes on without; its policy says that it may not.
  const PROBE = /policy: script-src eval \S+\/docs\/reference\/chunks\//;
  const withoutProbe = () => {
    for (const [index, line] of [...browser.said.entries()].toReversed())
      if (PROBE.test(line)) browser.said.splice(index, 1);
  };

  it.skipIf(!isBuilt)("shows the requests under its own policy, and asks nobody else", LONG, async () => {
    const page = await browser.open("/docs/#tag/users/GET/api/roles");
    await page.getByRole("heading", { name: "Lists all roles, by name" }).waitFor(LONG);
    // Scalar's own findings are listed, not failed.
    const rules = (await findings(page)).map((finding) => finding.split(":")[0] ?? "");
    const counted = Map.groupBy(rules, (rule) => rule);
    for (const [rule, all] of counted) console.log(`/docs/, Scalar's own: ${all.length} × ${rule}`);
    withoutProbe();
  });

  it.skipIf(!isBuilt)("sends a request with the token that somebody has typed", LONG, async () => {
    const page = await browser.open("/docs/#tag/users/GET/api/roles");
    await page.getByPlaceholder("Token").first().fill(browser.stack.adminToken, LONG);
    await page.getByRole("button", { name: /Test Request.*\/api\/roles/ }).click(LONG);
    const answered = page.waitForResponse((response) => response.url().endsWith("/api/roles"), LONG);
    await page.getByRole("dialog").getByRole("button", { name: /^Send/ }).first().click(LONG);
    expect((await answered).status()).toBe(200);
    withoutProbe();
  });
});
