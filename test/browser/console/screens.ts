/** Every screen of the console, with what shows that it is there. */
import type { Page } from "playwright-core";
import type { Browsing, Look } from "../browser.ts";
import { notice, openConsole, register, visit } from "./people.ts";
import { setStage } from "./stage.ts";

interface Screen {
  readonly name: string;
  readonly show: (page: Page, someone: string) => Promise<void>;
}

const at = (address: string, shown: (page: Page) => Promise<void>) => async (page: Page) => {
  await visit(page, address);
  await shown(page);
};

/** In the order in which they are looked at: the later ones change what the earlier ones show. */
export const SCREENS: ReadonlyArray<Screen> = [
  {
    name: "users",
    show: at("#/users", async (page) => {
      await page.getByRole("link", { name: /Amara Okafor/ }).waitFor();
    }),
  },
  {
    name: "one-user",
    show: async (page, someone) => {
      await visit(page, `#/users/${someone}`);
      await page.getByRole("region", { name: "What happened" }).getByText("Registered user").waitFor();
      await page.getByRole("heading", { name: "Amara Okafor", level: 1 }).waitFor();
    },
  },
  {
    name: "needs-you",
    show: at("#/needs-you", async (page) => {
      await page.getByRole("article").nth(2).waitFor();
    }),
  },
  {
    name: "audit",
    show: at("#/audit", async (page) => {
      await page.getByRole("row").nth(3).waitFor();
      await page.getByRole("cell", { name: "dev.patel@stmarks.nhs.example" }).first().waitFor();
    }),
  },
  {
    name: "health",
    show: at("#/health", async (page) => {
      await page.getByRole("img", { name: /still open/ }).waitFor();
      await page.getByText("Overdue").waitFor();
    }),
  },
  {
    name: "register",
    show: async (page) => {
      await page.route("**/api/step/users", (route) => route.abort("connectionreset"), { times: 1 });
      await register(page, "jonas.weber@northside.nhs.example", "Researcher");
      await notice(page, /^In doubt/).waitFor();
    },
  },
];

/** Opens a console on the stage, and shows each screen in its turn. */
export async function showAll(
  browser: Browsing,
  look: Look,
  onShown: (name: string, page: Page) => Promise<void>,
  shown: ReadonlyArray<string> = SCREENS.map(({ name }) => name),
): Promise<void> {
  const someone = await setStage(browser);
  const front = await browser.open("/console/", look);
  await front.getByRole("button", { name: "Sign in" }).waitFor();
  await onShown("sign-in", front);
  const page = await openConsole(browser, "#/users", look);
  for (const { name, show } of SCREENS.filter((screen) => shown.includes(screen.name))) {
    await show(page, someone);
    await onShown(name, page);
  }
}
