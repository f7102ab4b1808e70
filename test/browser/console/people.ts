/** What people do in the console, step by step. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { Browsing } from "../browser.ts";

export const ADMIN = "admin@flip.example";
export const VIEWER = "viewer@flip.example";

/** The faults that leave a user over: the database refuses the commit, and Cognito the deletion. */
export const COMMIT_REFUSED = {
  target: "database",
  match: "=ledger.commit",
  answer: "error",
  code: "23514",
} as const;
export const DELETE_LOST = { target: "cognito", match: "=AdminDeleteUser", answer: "500" } as const;

/** Signs in at the emulator's login, as anybody who is in the pool. */
export async function signInAs(page: Page, who: string): Promise<void> {
  await page.getByRole("button", { name: "Sign in" }).click();
  await passLogin(page, who);
}

/** What one does at the login itself. */
export async function passLogin(page: Page, who: string): Promise<void> {
  if (who === ADMIN) return page.getByRole("button", { name: "as the administrator" }).click();
  if (who === VIEWER) return page.getByRole("button", { name: "as the viewer" }).click();
  await page.getByLabel("Somebody else, by address").fill(who);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Opens the console as an administrator, at one of its screens. */
export async function openConsole(browser: Browsing, at = "", look = {}, who = ADMIN): Promise<Page> {
  const page = await browser.open(`/console/${at}`, look);
  await signInAs(page, who);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  return page;
}

/** Goes to another screen of a console that is open. */
export async function visit(page: Page, at: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, at);
}

/** Fills in the form of one user, and sends it. */
export async function register(page: Page, email: string, ...roles: ReadonlyArray<string>): Promise<void> {
  await visit(page, "#/users/new");
  await page.getByLabel("E-mail address").fill(email);
  for (const role of roles) await page.getByRole("checkbox", { name: new RegExp(`^${role}`) }).check();
  await page.getByRole("button", { name: "Register", exact: true }).click();
}

/** What a part of the page says that tells what became of something. */
export const notice = (page: Page, head: string | RegExp) => page.getByRole("region", { name: head });

/**
 * A browser writes a line for every answer of 400 and above, and for every lost connection. These were provoked: they are
 * taken out, and there has to be at least one.
 */
export function expectSaid({ said }: Browsing, what: RegExp): void {
  const others = said.filter((line) => !what.test(line));
  expect(said.length).toBeGreaterThan(others.length);
  said.splice(0, said.length, ...others);
}
