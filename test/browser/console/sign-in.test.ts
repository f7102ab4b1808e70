/** Who may come in, what they leave behind, and what becomes of a sign-in that ends. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { patient } from "../../support/fixture.ts";
import { useBrowser } from "../browser.ts";
import {
  ADMIN,
  expectSaid,
  notice,
  openConsole,
  passLogin,
  register,
  signInAs,
  VIEWER,
  visit,
} from "./people.ts";

const browser = useBrowser(patient);

describe("a sign-in", () => {
  it("keeps nothing in the browser: no token, no code, no cookie", async () => {
    const page = await openConsole(browser);
    await page.getByRole("link", { name: /viewer@flip\.example/ }).waitFor();
    const left = await page.evaluate(() => ({
      storage: { ...localStorage, ...sessionStorage },
      cookie: document.cookie,
      address: location.href,
    }));
    expect(left).toEqual({ storage: {}, cookie: "", address: new URL("/console/", browser.worker.url).href });
    expect(await page.context().cookies()).toEqual([]);
  });

  it("comes back to the screen that it was begun from", async () => {
    const page = await openConsole(browser, "#/audit?action=Registered+user");
    await page.getByRole("heading", { name: "Audit" }).waitFor();
    expect(await page.getByLabel("Did").inputValue()).toBe("Registered user");
  });

  it("is not completed with a code that nobody here has asked for", async () => {
    const page = await browser.open("/console/?code=stolen&state=forged");
    await page.getByRole("heading", { name: "You are signed in" }).waitFor();
    expect(await page.getByRole("button", { name: "Sign out" }).count()).toBe(0);
    await page.goto(new URL("/console/?error=access_denied", browser.worker.url).href);
    await notice(page, "You are not signed in").waitFor();
    // It tries to close itself, which a browser allows only a window that a page has opened.
    expectSaid(browser, /Scripts may close only the windows/);
  });

  it("ends everywhere with sign-out, and the login forgets the person", async () => {
    const page = await openConsole(browser);
    const other = await page.context().newPage();
    await other.goto(page.url());
    await signInAs(other, ADMIN);
    await other.getByRole("heading", { name: "Users" }).waitFor();
    const asked = page.waitForRequest(/\/logout\?/);
    await page.getByRole("button", { name: "Sign out" }).click();
    expect(new URL((await asked).url()).searchParams.get("logout_uri")).toBe(
      new URL("/console/", browser.worker.url).href,
    );
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await other.getByRole("button", { name: "Sign in" }).waitFor();
  });
});

describe("a viewer", () => {
  it("sees that they may not, and asks for nothing that would be denied", async () => {
    const page = await openConsole(browser, "#/users", {}, VIEWER);
    await page.getByRole("heading", { name: "You may not manage users" }).waitFor();
    await visit(page, "#/audit");
    expect(await page.getByRole("navigation").count()).toBe(0);
    expect(await browser.stack.query("select * from users_audit")).toEqual([]);
  });
});

/** Ends the token of a page that is open: what it sends next carries one that has expired. */
async function endToken(page: Page, path = "**/api/step/users"): Promise<void> {
  const ended = browser.stack.signToken({ exp: Math.floor(Date.now() / 1000) - 60 });
  await page.route(
    path,
    (route) =>
      route.continue({ headers: { ...route.request().headers(), authorization: `Bearer ${ended}` } }),
    { times: 1 },
  );
}

describe("a token that ends in the middle of a form", () => {
  it("leaves the form as it is: after another sign-in it is sent, once", async () => {
    const page = await openConsole(browser, "#/users/new");
    await page.getByLabel("E-mail address").fill("ada@flip.example");
    await page.getByLabel("Name (optional)").fill("Ada Lovelace");
    await endToken(page);
    await page.getByRole("button", { name: "Register", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Your sign-in has ended" });
    await dialog.waitFor();
    expect(await page.getByLabel("E-mail address").inputValue()).toBe("ada@flip.example");
    const opened = page.context().waitForEvent("page");
    await dialog.getByRole("button", { name: "Sign in again" }).click();
    await passLogin(await opened, ADMIN);
    await notice(page, /^Registered: ada@flip\.example/).waitFor();
    expect(await dialog.count()).toBe(0);
    const rows = await browser.stack.query(
      "select email from registrar.operation where state = 'completed' or state = 'registered'",
    );
    expect(rows).toEqual([{ email: "ada@flip.example" }]);
    expectSaid(browser, /status of 401/);
  });

  it("asks in front of a question that is being answered, which goes on afterwards", async () => {
    const page = await openConsole(browser, `#/users/${browser.stack.viewerSub}`);
    await page.getByRole("button", { name: "Disable" }).click();
    await endToken(page, "**/api/users/*");
    await page
      .getByRole("dialog", { name: /^Disable/ })
      .getByRole("button", { name: "Disable" })
      .click();
    const opened = page.context().waitForEvent("page");
    const dialog = page.getByRole("dialog", { name: "Your sign-in has ended" });
    await dialog.getByRole("button", { name: "Sign in again" }).click();
    await passLogin(await opened, ADMIN);
    await notice(page, "Done").getByText("The user is disabled.").waitFor();
    expectSaid(browser, /status of 401/);
  });

  it("begins anew where somebody else signs in: nothing of one person is finished by another", async () => {
    const page = await openConsole(browser, "#/users/new");
    await page.getByLabel("E-mail address").fill("ada@flip.example");
    await endToken(page);
    await page.getByRole("button", { name: "Register", exact: true }).click();
    const opened = page.context().waitForEvent("page");
    await page.getByRole("button", { name: "Sign in again" }).click();
    await passLogin(await opened, VIEWER);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(browser.stack.cognito.getUser("ada@flip.example")).toBeUndefined();
    expectSaid(browser, /status of 401/);
  });
});

describe("two tabs", () => {
  it("sign in each for themselves, and the second to change a user hears of the first", async () => {
    const page = await openConsole(browser);
    await register(page, "ada@flip.example");
    await notice(page, /^Registered/)
      .getByRole("link", { name: "Show the user" })
      .click();
    await page.getByRole("button", { name: "Disable" }).waitFor();
    const other = await page.context().newPage();
    await other.goto(page.url());
    await signInAs(other, ADMIN);
    await other.getByRole("button", { name: "Disable" }).click();
    await other.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
    await notice(other, "Done").waitFor();

    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByLabel(/Type their address/).fill("ada@flip.example");
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await notice(page, "Not done").getByText("Somebody has changed this user since you looked.").waitFor();
    expect(browser.stack.cognito.getUser("ada@flip.example")?.enabled).toBe(false);
    await page.getByRole("button", { name: "Enable" }).waitFor();
    expectSaid(browser, /status of 412/);
  });
});
