/** Every screen, in both themes, on a phone and on a desk: without a finding of axe, and no wider than its window. */
import { describe, expect, it } from "vitest";
import { patient } from "../../support/fixture.ts";
import { expectAccessible, expectFits, useBrowser, WIDTHS } from "../browser.ts";
import { expectSaid, notice, openConsole } from "./people.ts";
import { showAll } from "./screens.ts";

const browser = useBrowser(patient);

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  it.each(Object.entries(WIDTHS))(
    "every screen on a %s has no finding of axe, and fits",
    async (_, width) => {
      await showAll(browser, { theme, width }, async (_, page) => {
        await expectAccessible(page);
        await expectFits(page);
      });
      // The lost registration; and the trail names users who are gone.
      expectSaid(browser, /ERR_CONNECTION_RESET|status of 404/);
    },
    180_000,
  );
});

describe("a screen", () => {
  it("that cannot be read says so, and reads again", async () => {
    const page = await browser.open("/console/#/audit");
    await page.route("**/api/audit*", (route) => route.abort("connectionreset"), { times: 1 });
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "as the administrator" }).click();
    await page.getByRole("alert").getByText("No answer came.").waitFor();
    await expectAccessible(page);
    await page.getByRole("button", { name: "Read again" }).click();
    await page.getByRole("heading", { name: "No line is like that" }).waitFor();
    await expectAccessible(page);
    expectSaid(browser, /ERR_CONNECTION_RESET/);
  });

  it("that cannot be read anew says so, and keeps what it has", async () => {
    const page = await openConsole(browser, "#/health");
    await page.getByRole("heading", { name: /^Ready/ }).waitFor();
    await page.route("**/api/ready", (route) => route.abort("connectionreset"), { times: 1 });
    await page.getByRole("button", { name: "Look again" }).click();
    const alert = page.getByRole("alert");
    await alert.getByText("What is shown was read before.").waitFor();
    await page.getByRole("heading", { name: /^Ready/ }).waitFor();
    await expectAccessible(page);
    await alert.getByRole("button", { name: "Read again" }).click();
    await alert.waitFor({ state: "detached" });
    expectSaid(browser, /ERR_CONNECTION_RESET/);
  });

  it("is opened by an address that nobody can decode", async () => {
    const page = await openConsole(browser, "#/%E0%A4%A");
    await page.getByRole("list", { name: "Users" }).waitFor();
  });

  it("takes the focus to its heading, and names itself in the title", async () => {
    const page = await openConsole(browser);
    await page.getByRole("navigation").getByRole("link", { name: "Health" }).click();
    await page.waitForFunction(() => document.activeElement?.textContent === "Health");
    expect(await page.title()).toBe("Health · Registrar");
  });

  it("is used by keyboard alone: a user is registered without a mouse", async () => {
    const page = await openConsole(browser, "#/users/new");
    // Nobody is so fast that the heading would take the focus from the field again.
    await page.waitForFunction(() => document.activeElement?.id === "heading");
    await page.getByLabel("E-mail address").focus();
    await page.keyboard.type("ada@flip.example");
    await page.keyboard.press("Enter");
    await notice(page, /^Registered/).waitFor();
    await page.waitForFunction(() => document.activeElement?.id.startsWith("attempt-"));
    expect(await page.getByRole("status").allInnerTexts()).toContainEqual(
      expect.stringContaining("ada@flip.example: Registered"),
    );
  });

  it("shows its times in the zone of the viewer, and by one button in UTC", async () => {
    const page = await openConsole(browser, "#/needs-you");
    await page.getByRole("button", { name: "Times in UTC" }).click();
    await browser.worker.register({ email: "ada@flip.example", roles: [] });
    await page.getByRole("navigation").getByRole("link", { name: "Audit" }).click();
    expect(await page.getByRole("row").nth(1).locator("time").textContent()).toMatch(/ UTC$/);
  });
});
