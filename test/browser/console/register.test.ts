/** Registering: what is done, what is not, and what nobody knows yet look different, and nothing is sent twice. */
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

describe("a registration", () => {
  it("puts the user with their roles in both stores, and says so", async () => {
    const page = await openConsole(browser);
    await register(page, "ada@flip.example", "Researcher");
    await notice(page, "Registered: ada@flip.example").getByRole("link", { name: "Show the user" }).click();
    await page.getByRole("heading", { name: "ada@flip.example", level: 1 }).waitFor();
    await page
      .getByText(/^given by/)
      .getByRole("link", { name: ADMIN })
      .waitFor();
    expect(browser.stack.cognito.getUser("ada@flip.example")?.enabled).toBe(true);
  });

  it("of an address that has a user is refused: nothing was changed, and the form is kept", async () => {
    const page = await openConsole(browser);
    await register(page, "viewer@flip.example");
    await notice(page, "Not done").getByText("This address has a user already.").waitFor();
    await notice(page, "Not done").getByText("Nothing was changed.").waitFor();
    expect(await page.getByLabel("E-mail address").inputValue()).toBe("viewer@flip.example");
    expectSaid(browser, /status of 400/);
  });

  it("of what is no address is refused beside the field, which has the focus", async () => {
    const page = await openConsole(browser);
    await register(page, "ada@flip");
    const field = page.getByLabel("E-mail address");
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
    expect(await field.getAttribute("aria-describedby")).toContain("email-error");
    expectSaid(browser, /status of 422/);
  });

  it("that is rolled back leaves nothing, and says so", async () => {
    browser.stack.faults.set([COMMIT_REFUSED]);
    const page = await openConsole(browser);
    await register(page, "ada@flip.example");
    await notice(page, /^Not registered, and nothing is left/).waitFor();
    expect(browser.stack.cognito.getUser("ada@flip.example")).toBeUndefined();
    expectSaid(browser, /status of 500/);
  });

  it("that is tracked is shown as not decided until it is swept, and offers no second one", async () => {
    browser.stack.faults.set([COMMIT_REFUSED, DELETE_LOST]);
    const page = await openConsole(browser);
    await register(page, "ada@flip.example");
    const open = notice(page, /^Not decided yet, and looked after/);
    await open.waitFor();
    expect(await page.getByLabel("E-mail address").inputValue()).toBe("");
    await visit(page, "#/users");
    await open.waitFor();
    browser.stack.faults.clear();
    await browser.stack.age(3600);
    await browser.worker.sweep();
    await open.getByRole("button", { name: "Look again" }).click();
    await visit(page, "#/users/new");
    await notice(page, /^Not registered, and nothing is left/).waitFor();
    expect(browser.stack.cognito.getUser("ada@flip.example")).toBeUndefined();
    expectSaid(browser, /status of 500/);
  });
});

describe("an answer that is lost", () => {
  it("leaves the registration in doubt, also after a reload, until the same key is asked about", async () => {
    const page = await openConsole(browser);
    await page.route(
      "**/api/step/users",
      async (route) => {
        await route.fetch();
        await route.abort("connectionreset");
      },
      { times: 1 },
    );
    await register(page, "ada@flip.example");
    await notice(page, /^In doubt: no answer came/).waitFor();
    expect(await page.getByLabel("E-mail address").inputValue()).toBe("");

    await page.reload();
    await signInAs(page, ADMIN);
    await notice(page, /^In doubt: no answer came/)
      .getByRole("button", { name: "Find out" })
      .click();
    await notice(page, /^Registered: ada@flip\.example/).waitFor();
    const [{ count }] = (await browser.stack.query("select count(*)::int from registrar.operation")) as [
      { count: number },
    ];
    expect(count).toBe(1);
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    expectSaid(browser, /ERR_CONNECTION_RESET/);
  });

  it("asked about, is registered now where the request never came", async () => {
    const page = await openConsole(browser);
    await page.route("**/api/step/users", (route) => route.abort("internetdisconnected"), { times: 1 });
    await register(page, "ada@flip.example");
    expect(browser.stack.cognito.getUser("ada@flip.example")).toBeUndefined();
    await notice(page, /^In doubt/)
      .getByRole("button", { name: "Find out" })
      .press("Enter");
    const found = notice(page, /^Registered: ada@flip\.example/);
    await found.waitFor();
    await page.waitForFunction(() => document.activeElement?.id.startsWith("attempt-"));
    await found.getByRole("button", { name: "Put away" }).press("Enter");
    await page.waitForFunction(() => document.activeElement?.id === "heading");
    expectSaid(browser, /ERR_INTERNET_DISCONNECTED/);
  });

  it("offers no second registration of the same user, one or among several, until it is known", async () => {
    const page = await openConsole(browser);
    await page.route("**/api/step/users", (route) => route.abort("connectionreset"), { times: 1 });
    await register(page, "ada@flip.example");
    await notice(page, /^In doubt/).waitFor();
    const sent: string[] = [];
    page.on("request", (request) => void (request.method() === "POST" && sent.push(request.url())));
    await page.getByLabel("E-mail address").fill("Ada@flip.example");
    await page.getByRole("button", { name: "Register", exact: true }).click();
    const refused = page.getByText("Ada@flip.example was sent already. Find out first what became of that.");
    await refused.waitFor();
    await page.getByRole("button", { name: "Several, from a list" }).click();
    await page.getByLabel("One user a line").fill("Ada@flip.example");
    await page.getByRole("button", { name: "Register them" }).click();
    await refused.waitFor();
    expect(sent).toEqual([]);
    expectSaid(browser, /ERR_CONNECTION_RESET/);
  });

  it("is told of before a sign-out, which forgets it", async () => {
    const page = await openConsole(browser);
    await page.route("**/api/step/users", (route) => route.abort("connectionreset"), { times: 1 });
    await register(page, "ada@flip.example");
    await notice(page, /^In doubt/).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    const dialog = page.getByRole("dialog", { name: /registration in doubt/ });
    await dialog.getByRole("button", { name: "Stay" }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await dialog.getByRole("button", { name: "Sign out all the same" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    expectSaid(browser, /ERR_CONNECTION_RESET/);
  });
});

describe("a pasted few", () => {
  it("are registered one after the other, and each has its result", async () => {
    const page = await openConsole(browser, "#/users/new");
    await page.getByRole("button", { name: "Several, from a list" }).click();
    await page
      .getByLabel("One user a line")
      .fill("ada@flip.example, Ada Lovelace\nviewer@flip.example\nGrace Hopper <grace@flip.example>");
    await page.getByRole("button", { name: "Register them" }).click();
    const results = page.getByRole("region", { name: "Results" }).getByRole("listitem");
    await results
      .nth(2)
      .getByText(/^Registered/)
      .waitFor();
    expect(await results.allInnerTexts()).toEqual([
      expect.stringMatching(/^ada@flip\.example\s+Registered\./),
      expect.stringMatching(/^viewer@flip\.example\s+Not registered\. This address has a user already\./),
      expect.stringMatching(/^grace@flip\.example\s+Registered\./),
    ]);
    expect(await page.getByLabel("One user a line").inputValue()).toBe("");
    expect(browser.stack.cognito.getUser("grace@flip.example")?.attributes.name).toBe("Grace Hopper");
    expectSaid(browser, /status of 400/);
  });

  it("stop where the connection is lost: who comes after stays in the list", async () => {
    const page = await openConsole(browser, "#/users/new");
    await page.getByRole("button", { name: "Several, from a list" }).click();
    await page
      .getByLabel("One user a line")
      .fill('ada@flip.example\ngrace@flip.example; "Hopper; Grace"\nkay@flip.example, Kay');
    await page.route("**/api/step/users", (route) => route.abort("internetdisconnected"));
    await page.getByRole("button", { name: "Register them" }).click();
    await page.getByText("No answer came, so these were not sent.").waitFor();
    expect(await page.getByLabel("One user a line").inputValue()).toBe(
      'grace@flip.example, "Hopper; Grace"\nkay@flip.example, Kay',
    );
    const results = page.getByRole("region", { name: "Results" }).getByRole("listitem");
    expect(await results.allInnerTexts()).toEqual([
      expect.stringMatching(/^ada@flip\.example\s+In doubt: no answer came\./),
    ]);
    await page.unroute("**/api/step/users");
    await results.getByRole("button", { name: "Find out" }).press("Enter");
    await results.getByText(/^Registered/).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === "LI");
    expectSaid(browser, /ERR_INTERNET_DISCONNECTED/);
  });

  it("are told apart from one user by a button that says that it is pressed", async () => {
    const page = await openConsole(browser, "#/users/new");
    await page.getByRole("button", { name: "One user", pressed: true }).waitFor();
    await page.getByRole("button", { name: "Several, from a list", pressed: false }).click();
    await page.getByRole("button", { name: "Several, from a list", pressed: true }).waitFor();
  });

  it("are not begun where one line is no address", async () => {
    const page = await openConsole(browser, "#/users/new");
    await page.getByRole("button", { name: "Several, from a list" }).click();
    await page.getByLabel("One user a line").fill("ada@flip.example\nGrace");
    await page.getByRole("button", { name: "Register them" }).click();
    await page.getByText("“Grace” is no e-mail address.").waitFor();
    expect(browser.stack.cognito.getUser("ada@flip.example")).toBeUndefined();
  });
});
