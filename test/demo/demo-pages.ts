/**
 * Opens the built demo in Chromium for the tests of this folder. Builds it first where a source is newer, serves it as a
 * static host would, and fails a test whose page wrote an error to the console or threw one.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright";
import { build, type PreviewServer, preview } from "vite";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { launchChromium, SOFTWARE_WEBGPU_FLAGS } from "../support/chromium.js";
import { ROOT } from "../support/source-tree.js";

const CONFIG = join(ROOT, "demo/vite.config.ts");
const SOURCES = ["src", "shaders", "demo", "scripts"];
const BUILT = join(ROOT, "demo/dist");

export interface OpenOptions extends BrowserContextOptions {
  /** Prepares the page before it loads, for example to make a file fail. */
  readonly before?: (page: Page) => Promise<unknown>;
  /** Errors on the console that the test is about. */
  readonly expectsErrors?: RegExp;
}

export interface DemoPages {
  /** Opens the demo with this query, such as "?device=cpu". The page is closed when the test ends. */
  open(query: string, options?: OpenOptions): Promise<Page>;
}

/** Call it once at the top of a test file: one browser and one server for all its tests. */
export function demoPages(flags: readonly string[] = SOFTWARE_WEBGPU_FLAGS): DemoPages {
  let server: PreviewServer;
  let browser: Browser;
  const opened: { page: Page; errors: string[]; expected: RegExp | undefined }[] = [];

  beforeAll(async () => {
    if (newest(...SOURCES.map((folder) => join(ROOT, folder))) > newest(join(BUILT, "index.html"))) {
      await build({ configFile: CONFIG, logLevel: "warn" });
    }
    server = await preview({
      configFile: CONFIG,
      logLevel: "warn",
      preview: { port: 0, host: "127.0.0.1", open: false },
    });
    browser = await launchChromium(flags);
  });

  afterEach(async () => {
    for (const { page, errors, expected } of opened.splice(0)) {
      await page.context().close();
      expect(errors.filter((error) => expected?.test(error) !== true)).toEqual([]);
    }
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  return {
    async open(query, { before, expectsErrors, ...contextOptions } = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...contextOptions });
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      page.on("pageerror", (error) => errors.push(error.message));
      opened.push({ page, errors, expected: expectsErrors });
      await before?.(page);
      await page.goto(`${server.resolvedUrls?.local[0]}${query}`);
      return page;
    },
  };
}

/** Waits until the page shows a sentence that begins like this. */
export async function says(page: Page, beginning: string, timeout = 200_000): Promise<void> {
  await page.waitForFunction(
    (expected) => document.querySelector("#status")?.textContent?.startsWith(expected),
    beginning,
    { timeout },
  );
}

/** Waits until the run that began when the page was opened is over, and gives the sentence that the page then shows. */
export async function finished(page: Page, timeout = 200_000): Promise<string> {
  await page.waitForFunction(
    () =>
      document.body.dataset.state === "failed" ||
      (document.body.dataset.state === "ready" && document.querySelector("#status")?.textContent !== "Ready."),
    null,
    { timeout },
  );
  return text(page, "#status");
}

/** Waits until a training has begun and its first numbers are there. */
export async function underWay(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.body.dataset.state === "training" &&
      Number(document.querySelector('[data-figure="step"]')?.textContent) > 0,
    null,
    { timeout: 60_000 },
  );
}

/** The text of the one element that fits the selector. */
export async function text(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? "";
}

/** The number in a figure of the page: "92.63 %" → 92.63. */
export async function figure(page: Page, name: string): Promise<number> {
  return Number.parseFloat(await text(page, `[data-figure="${name}"]`));
}

/** When the newest file at or under these paths was written, built ones left out; minus infinity where there is none. */
function newest(...paths: readonly string[]): number {
  return paths.reduce((latest, path) => {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) return latest;
    if (!status.isDirectory()) return Math.max(latest, status.mtimeMs);
    if (path === BUILT) return latest;
    return Math.max(latest, newest(...readdirSync(path).map((name) => join(path, name))));
  }, Number.NEGATIVE_INFINITY);
}
