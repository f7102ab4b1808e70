/** What is not finished, who did what, and how the service is. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { patient } from "../../support/fixture.ts";
import { useBrowser, WIDTHS } from "../browser.ts";
import {
  ADMIN,
  COMMIT_REFUSED,
  DELETE_LOST,
  expectSaid,
  notice,
  openConsole,
  register,
  visit,
} from "./people.ts";

const browser = useBrowser(patient);

/** A registration that has failed, and whose user may be left over. */
async function leaveOver() {
  browser.stack.faults.set([COMMIT_REFUSED, DELETE_LOST]);
  await browser.worker.register({ email: "ada@flip.example", roles: [] });
  browser.stack.faults.clear();
  const page = await openConsole(browser, "#/needs-you");
  await page.getByRole("article").waitFor();
  return page;
}

describe("what needs somebody", () => {
  it("is nothing where nothing is open", async () => {
    const page = await openConsole(browser, "#/needs-you");
    await page.getByRole("heading", { name: "Nothing needs you" }).waitFor();
  });

  it("says what either store has, and what happens next, and is resolved by one click", async () => {
    const page = await leaveOver();
    const card = page.getByRole("article");
    await card.getByText("A user may be left over").waitFor();
    await card.getByText(/The sweeper will look for the user/).waitFor();
    await card.getByRole("button", { name: /^Resolve now/ }).click();
    await notice(page, "Resolved")
      .getByText(/no user of this registration exists/)
      .waitFor();
    await page.waitForFunction(() => document.activeElement?.id.startsWith("result-"));
    await card.getByText("No user, no roles").waitFor();
    expect(browser.stack.cognito.getUser("ada@flip.example")).toBeUndefined();
    await page.getByRole("button", { name: "Look again" }).click();
    await page.getByRole("heading", { name: "Nothing needs you" }).waitFor();
  });

  it("keeps what cannot be resolved, and says why", async () => {
    const page = await leaveOver();
    browser.stack.faults.set([DELETE_LOST]);
    await page.getByRole("button", { name: /^Resolve now/ }).click();
    await page.waitForFunction(() => document.activeElement?.id.startsWith("result-"));
    await page.getByText("A user may be left over").waitFor();
    expect(browser.stack.cognito.getUser("ada@flip.example")).toBeDefined();
    expectSaid(browser, /status of 50[03]/);
  });

  it("is closed with a reason, which the history keeps", async () => {
    const page = await leaveOver();
    await browser.stack.age(3600);
    await page.getByRole("button", { name: /^Close …/ }).click();
    const dialog = page.getByRole("dialog", { name: "Close what can never be done?" });
    await dialog.getByText("Nobody tries it any more, Registrar neither.").waitFor();
    await dialog.getByLabel("Why").fill("The pool is gone.");
    await dialog.getByRole("button", { name: "Close it" }).click();
    await notice(page, "Resolved")
      .getByText(/It is closed/)
      .waitFor();
    await page.getByText(/^All steps/).click();
    await page.getByText(/The pool is gone\./).waitFor();
  });
});

describe("the audit trail", () => {
  it("is narrowed down by who, whom and what, and the address keeps that", async () => {
    const page = await openConsole(browser);
    await register(page, "ada@flip.example");
    await notice(page, /^Registered/).waitFor();
    await visit(page, "#/audit");
    await page.getByLabel(/^Who/).fill(ADMIN);
    await page.getByLabel("Did").selectOption("Registered user");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await expect.poll(() => page.getByRole("row").count(), { timeout: 20_000 }).toBe(2);
    // What was typed is an address, and stays one; the link has the id.
    expect(await page.getByLabel(/^Who/).inputValue()).toBe(ADMIN);
    const link = new URL(page.url()).hash;
    expect(link).toBe(`#/audit?actor=${browser.stack.adminSub}&action=Registered+user`);
    await visit(page, "#/audit?action=Deleted+user");
    await page.getByRole("heading", { name: "No line is like that" }).waitFor();
    await visit(page, link);
    await expect.poll(() => page.getByRole("row").count(), { timeout: 20_000 }).toBe(2);
  });

  it("is read by a link whose days are none", async () => {
    const page = await openConsole(browser);
    await register(page, "ada@flip.example");
    await notice(page, /^Registered/).waitFor();
    await visit(page, "#/audit?from=yesterday&until=");
    await page.getByRole("cell", { name: "Registered user" }).waitFor();
  });

  it("says to whom on a phone as well, and breaks no address on a desk", async () => {
    const email = "ada.lovelace@northside.flip.example";
    await browser.worker.register({ email, roles: [] });
    for (const width of Object.values(WIDTHS)) {
      const page = await openConsole(browser, "#/audit", { width });
      const whom = page.getByRole("link", { name: email }).first();
      await whom.waitFor();
      const { x = 0, width: wide = 0, height = 0 } = (await whom.boundingBox()) ?? {};
      expect(x + wide).toBeLessThanOrEqual(width);
      const who = await page.getByRole("link", { name: ADMIN }).last().boundingBox();
      expect(who?.height).toBe(height);
      await page.context().close();
    }
  });

  it("says what kept it from finding somebody", async () => {
    const page = await openConsole(browser, "#/audit");
    const unable = { status: 503, contentType: "application/problem+json" };
    const problem = { code: "x", detail: "The pool is closed.", outcome: "nothing_created", requestId: "1" };
    await page.route("**/api/users?email=*", (route) =>
      route.fulfill({ ...unable, body: JSON.stringify(problem) }),
    );
    await page.getByLabel(/^Who/).fill(ADMIN);
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByText("The pool is closed.").waitFor();
    expectSaid(browser, /status of 503/);
  });

  it("is exported whole, as a file for a spreadsheet", async () => {
    const page = await openConsole(browser);
    await register(page, "ada@flip.example");
    await notice(page, /^Registered/).waitFor();
    await visit(page, "#/audit");
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export for a spreadsheet" }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toMatch(/^audit-\d{4}-\d\d-\d\d\.csv$/);
    const text = await readFile(await file.path(), "utf8");
    expect(text).toMatch(/^at \(UTC\),actor,/);
    expect(text).toContain('"Registered user"');
  });

  it("hands out no file that broke off", async () => {
    const page = await openConsole(browser, "#/audit");
    await page.route("**/api/audit?*format=csv*", (route) => route.abort("connectionreset"));
    await page.getByRole("button", { name: "Export for a spreadsheet" }).click();
    await notice(page, "No file was saved").waitFor();
    expectSaid(browser, /ERR_CONNECTION_RESET/);
  });
});

describe("health", () => {
  it("says that the service is ready, what is open, and what there was each day", async () => {
    const page = await leaveOver();
    await visit(page, "#/health");
    await page.getByRole("heading", { name: "Ready: everything is as it should be" }).waitFor();
    await page.getByRole("img", { name: /1 still open/ }).waitFor();
    expect(await page.locator("dt:text-is('Open') + dd strong").textContent()).toBe("1");
  });

  it("has a chart on a phone whose letters can be read, and are not cut off", async () => {
    const page = await openConsole(browser, "#/health", { width: WIDTHS.phone });
    const chart = page.locator(".chart svg");
    await chart.waitFor();
    const frame = await chart.boundingBox();
    const boxes = await Promise.all((await chart.locator("text").all()).map((one) => one.boundingBox()));
    for (const box of boxes) {
      expect(box?.height).toBeGreaterThan(11);
      expect(box?.y).toBeGreaterThanOrEqual(frame?.y ?? 0);
      expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual((frame?.y ?? 0) + (frame?.height ?? 0));
    }
  });

  it("says which check is failing", async () => {
    const page = await openConsole(browser, "#/health");
    await page.getByRole("heading", { name: /^Ready/ }).waitFor();
    await page.route("**/api/ready", async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as { checks: object };
      await route.fulfill({
        status: 503,
        json: { ready: false, checks: { ...body.checks, operations: "failing" } },
      });
    });
    await page.getByRole("button", { name: "Look again" }).click();
    await page.getByRole("heading", { name: /^Not ready/ }).waitFor();
    await page.getByText("Failing: the log says why").waitFor();
    expectSaid(browser, /status of 503/);
  });
});
