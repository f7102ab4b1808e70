/** Finding users, and changing them: what follows is said first, and what became of it afterwards. */
import { describe, expect, it } from "vitest";
import { patient } from "../../support/fixture.ts";
import { useBrowser } from "../browser.ts";
import {
  ADMIN,
  COMMIT_REFUSED,
  DELETE_LOST,
  expectSaid,
  notice,
  openConsole,
  register,
  signInAs,
  visit,
} from "./people.ts";

const browser = useBrowser(patient);

/** Somebody who is registered, and shown. */
async function showAda(...roles: ReadonlyArray<string>) {
  const page = await openConsole(browser);
  await register(page, "ada@flip.example", ...roles);
  await notice(page, /^Registered/)
    .getByRole("link", { name: "Show the user" })
    .click();
  await page.getByRole("button", { name: "Disable" }).waitFor();
  return page;
}

describe("the users", () => {
  it("are found by a part of the address, and by their state, and the search is a link", async () => {
    const page = await openConsole(browser);
    await register(page, "ada@flip.example");
    await notice(page, /^Registered/).waitFor();
    await visit(page, "#/users");
    await page.getByRole("searchbox").fill("VIEW");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("1 user", { exact: true }).waitFor();
    await page.getByRole("searchbox").fill("");
    await page.getByLabel("State").selectOption("Invited");
    await page.getByText("1 shown").waitFor();
    expect(await page.getByRole("list", { name: "Users" }).getByRole("link").allInnerTexts()).toEqual([
      expect.stringContaining("ada@flip.example"),
    ]);
    expect(page.url()).toMatch(/#\/users\?state=invited$/);
    for (const odd of ["#/users?search=nobody", "#/users?page=99"]) {
      await visit(page, odd);
      await page.getByRole("heading", { name: "Nobody is like that" }).waitFor();
    }
  });

  it("whose registration is half done are shown as not finished, and not as invited", async () => {
    browser.stack.faults.set([COMMIT_REFUSED, DELETE_LOST]);
    await browser.worker.register({ email: "ada@flip.example", roles: [] });
    browser.stack.faults.clear();
    const page = await openConsole(browser);
    const row = page.getByRole("link", { name: /ada@flip\.example/ });
    await row.getByText("Not finished").waitFor();
    expect(await row.textContent()).not.toContain("Invited");
    await row.click();
    await page.getByRole("button", { name: "Delete" }).waitFor();
    expect(await page.getByRole("button", { name: "Invite again" }).count()).toBe(0);
    await notice(page, "Registration: being undone")
      .getByRole("link", { name: "Show the operation" })
      .click();
    await page.getByRole("article").getByText("A user may be left over").waitFor();
  });

  it("whose invitation has ended look different from those who are invited", async () => {
    const page = await openConsole(browser);
    await register(page, "ada@flip.example");
    await notice(page, /^Registered/).waitFor();
    const badge = page.getByRole("link", { name: /ada@flip\.example/ }).locator(".badge");
    await visit(page, "#/users");
    await expect.poll(() => badge.textContent(), { timeout: 20_000 }).toBe("Invited");
    const look = await badge.getAttribute("class");
    await browser.stack.age(8 * 86_400);
    await page.reload();
    await signInAs(page, ADMIN);
    await expect.poll(() => badge.textContent(), { timeout: 20_000 }).toBe("Invitation ended");
    expect(await badge.getAttribute("class")).not.toBe(look);
  });
});

describe("a change", () => {
  it("says what follows from it, is done in both stores, and is in the timeline", async () => {
    const page = await showAda();
    await page.getByRole("button", { name: "Disable" }).click();
    const dialog = page.getByRole("dialog", { name: "Disable ada@flip.example?" });
    await dialog.getByText("They hold no permission from now on, even where they are signed in.").waitFor();
    await dialog.getByRole("button", { name: "Disable" }).click();
    await notice(page, "Done").getByText("The user is disabled.").waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "result");
    await page.getByText("Disabled: cannot sign in").waitFor();
    await page.getByText("Disabling: done").waitFor();
    expect(browser.stack.cognito.getUser("ada@flip.example")?.enabled).toBe(false);
  });

  it("can be left by the Escape key, and the focus is back where it was", async () => {
    const page = await showAda();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement?.id === "action-remove");
    expect(browser.stack.cognito.getUser("ada@flip.example")).toBeDefined();
  });

  it("that Cognito does not answer is shown as looked after, and not as failed", async () => {
    const page = await showAda();
    browser.stack.faults.set([{ target: "cognito", match: "=AdminDisableUser", answer: "500" }]);
    await page.getByRole("button", { name: "Disable" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
    await notice(page, "Not finished, and looked after")
      .getByText(/Registrar goes on with it by itself/)
      .waitFor();
    expectSaid(browser, /status of 500/);
  });

  it("whose answer is lost is in doubt, and is not sent again", async () => {
    const page = await showAda();
    let sent = 0;
    await page.route("**/api/users/*", async (route) => {
      if (route.request().method() !== "PUT") return route.continue();
      sent++;
      await route.fetch();
      return route.abort("connectionreset");
    });
    await page.getByRole("button", { name: "Disable" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
    await notice(page, "In doubt: no answer came").waitFor();
    await page.getByText("Disabled: cannot sign in").waitFor();
    expect(sent).toBe(1);
    expectSaid(browser, /ERR_CONNECTION_RESET/);
  });

  it("after which nothing can be read does not show what was read before as if it were news", async () => {
    const page = await showAda();
    await page.route("**/api/**", (route) => route.abort("connectionreset"));
    await page.getByRole("button", { name: "Disable" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
    await notice(page, "In doubt: no answer came").waitFor();
    await page.getByRole("alert").first().getByText("What is shown was read before.").waitFor();
    await page.unroute("**/api/**");
    await page.getByRole("alert").first().getByRole("button", { name: "Read again" }).click();
    await page.getByRole("heading", { name: "Could not be read: the user" }).waitFor({ state: "detached" });
    expectSaid(browser, /ERR_CONNECTION_RESET/);
  });

  it("that would leave nobody to manage users is refused, and nothing is changed", async () => {
    const page = await openConsole(browser, `#/users/${browser.stack.adminSub}`);
    await page.getByRole("button", { name: "Change roles" }).click();
    await page
      .getByRole("dialog")
      .getByRole("checkbox", { name: /^Admin/ })
      .uncheck();
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await notice(page, "Not done")
      .getByText(/Nobody who can sign in would be left to manage users/)
      .waitFor();
    await page.getByRole("listitem").filter({ hasText: "Admin" }).first().waitFor();
    expect(await page.getByRole("button", { name: "Delete" }).count()).toBe(0);
    expectSaid(browser, /status of 409/);
  });

  it("of roles is told with who gave them", async () => {
    const page = await showAda("Researcher");
    await page.getByRole("button", { name: "Change roles" }).click();
    await page
      .getByRole("dialog")
      .getByRole("checkbox", { name: /^Observer/ })
      .check();
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await notice(page, "Done").waitFor();
    const held = page.getByRole("region", { name: "Roles" });
    await held.getByText("Observer", { exact: true }).waitFor();
    expect(await held.getByRole("link", { name: ADMIN }).count()).toBe(2);
  });

  it("of name and organisation is written, and what is left empty stays", async () => {
    const page = await showAda();
    await page.getByRole("button", { name: "Change name" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Ada Lovelace");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Ada Lovelace", level: 1 }).waitFor();
    await page.getByRole("button", { name: "Change name" }).click();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Ada Lovelace");
    await page.getByLabel("Name", { exact: true }).fill("");
    await page.getByLabel("Organisation", { exact: true }).fill("Analytical Engines");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("region", { name: "In the database" }).getByText("Analytical Engines").waitFor();
    await page.getByRole("heading", { name: "Ada Lovelace", level: 1 }).waitFor();
    await page.getByText("Updated user profile").first().waitFor();
  });

  it("deletes only whose address was typed", async () => {
    const page = await showAda();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByLabel(/Type their address/).fill("viewer@flip.example");
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("That is not their address.").waitFor();
    await page.getByLabel(/Type their address/).fill("ada@flip.example");
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("heading", { name: "A user who is gone" }).waitFor();
    await page.getByText("Deletion: done").waitFor();
    expect(browser.stack.cognito.getUser("ada@flip.example")).toBeUndefined();
    expectSaid(browser, /status of 404/);
  });
});
