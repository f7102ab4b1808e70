/**
 * A browser for a test file, before the built Worker and its assets. Each test has a context of its own: no cookie, no
 * storage and no cache of another. After each test no page may have said anything on the console, broken a rule of its
 * content security policy, or asked another host.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type Page, chromium as playwright } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type Fixture, useWorker } from "../support/fixture.ts";
import { chromium } from "./chromium.ts";

/** How a page is looked at. */
export interface Look {
  readonly theme?: "light" | "dark";
  /** In CSS pixels: a phone is 390 wide, a 27-inch screen 2560. */
  readonly width?: number;
  readonly height?: number;
}

/** The two widths that everything is looked at with: a phone, and a desk. */
export const WIDTHS = { phone: 390, desk: 1440 } as const;

/** The rules that count: WCAG 2.2, levels A and AA. https://www.deque.com/axe/core-documentation/api-documentation/ */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What a test file works with. */
export interface Browsing extends Fixture {
  /** Opens an address of the service in a page of its own. */
  open(path: string, look?: Look): Promise<Page>;
  /** What a page has said that it must not say; a test that expects one of them takes it out. */
  readonly said: Array<string>;
}

/** Starts a stack, a Worker and a browser for the file that calls it. */
export function useBrowser(...worker: Parameters<typeof useWorker>): Browsing {
  const fixture = useWorker(...worker);
  const started: { browser?: Browser } = {};
  const said: Array<string> = [];
  beforeAll(async () => {
    // Chromium's own sandbox needs a user who is not root.
    const isRoot = process.getuid?.() === 0;
    started.browser = await playwright.launch({
      executablePath: chromium() ?? "chromium",
      args: ["--force-color-profile=srgb", ...(isRoot ? ["--no-sandbox"] : [])],
    });
  });
  afterAll(() => started.browser?.close());
  afterEach(async () => {
    for (const context of started.browser?.contexts() ?? []) await context.close();
    expect(said.splice(0)).toEqual([]);
  });

  const open = async (path: string, { theme = "light", width = WIDTHS.desk, height = 900 }: Look = {}) => {
    if (started.browser === undefined) throw new Error("the browser has not started");
    const context = await started.browser.newContext({
      colorScheme: theme,
      viewport: { width, height },
      reducedMotion: "reduce",
      locale: "en-GB",
      timezoneId: "Europe/London",
    });
    const page = await context.newPage();
    listen(page, fixture, said);
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile }) =>
        console.error(`policy: ${effectiveDirective} ${blockedURI} ${sourceFile ?? ""}`),
      );
    });
    await page.goto(new URL(path, fixture.worker.url).href, { waitUntil: "load" });
    return page;
  };

  return {
    get stack() {
      return fixture.stack;
    },
    get worker() {
      return fixture.worker;
    },
    open,
    said,
  };
}

/** The hosts that belong to the stack: the Worker's, and the emulated Cognito's, where somebody signs in. */
const isOurs = (address: string, { stack, worker }: Fixture): boolean =>
  [worker.url, stack.cognitoEndpoint].some((own) => new URL(own).origin === new URL(address).origin);

function listen(page: Page, fixture: Fixture, said: Array<string>): void {
  const where = () => new URL(page.url()).pathname;
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      said.push(`${where()}: ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => said.push(`${where()}: ${error.message}`));
  page.on("request", (request) => {
    const address = request.url();
    if (/^https?:/.test(address) && !isOurs(address, fixture)) said.push(`${where()}: asks ${address}`);
  });
}

/** What axe finds on a page, a line each: the rule, and where. */
export async function findings(page: Page): Promise<ReadonlyArray<string>> {
  // Without the mode for frames, of which we have none: it opens a page more for each look.
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).setLegacyMode().analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
}

/** Fails where axe finds anything. */
export async function expectAccessible(page: Page): Promise<void> {
  expect([new URL(page.url()).pathname, await findings(page)]).toEqual([new URL(page.url()).pathname, []]);
}

/** Fails where a page is wider than its window, so that a reader has to scroll sideways (WCAG 2.2, 1.4.10). */
export async function expectFits(page: Page): Promise<void> {
  const [content, shown] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth] as const;
  });
  expect(content).toBeLessThanOrEqual(shown);
}

/** Where pictures are kept. */
const PICTURES = "docs/img";

/** How much of a long page is kept, in CSS pixels. */
const HEIGHT_MAX = 1300;

/**
 * Takes a page's picture, as docs/img/<name>.webp: a format that Playwright does not write and Chromium does, half as large as
 * the same as JPEG.
 */
export async function keep(page: Page, name: string): Promise<void> {
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
  mkdirSync(PICTURES, { recursive: true });
  writeFileSync(`${PICTURES}/${name}.webp`, Buffer.from(data, "base64"));
}
