/**
 * The built package as users get it: dist/index.js loaded by a module script of a plain page under a strict
 * Content-Security-Policy without cross-origin isolation, and imported by Node.
 */
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtLibrary } from "../support/built-library.js";
import { launchChromium, NO_WEBGPU_FLAGS, removeWebGpu } from "../support/chromium.js";
import { type PageServer, servePages } from "../support/page-server.js";

type Luce = typeof import("../../src/index.js");

/** What one fit on four corners says: they are two classes, told apart by the first feature. */
interface Outcome {
  readonly device: string;
  readonly labels: unknown;
  readonly loss: number;
}

/** Runs in the page and in Node alike: takes the package, gives what a user would look at. */
async function fitCorners({ SoftmaxRegression }: Luce, device: "auto" | "webgpu" | "cpu"): Promise<Outcome> {
  const x = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  const model = new SoftmaxRegression({ l2: 0.1, device });
  const report = await model.fit(x, ["left", "left", "right", "right"]);
  const labels = await model.predict(x);
  model.dispose();
  return { device: report.device, labels: [...labels], loss: report.loss };
}

/** Every op compared with its reference: a build that has lost one of them fails. */
async function checkOps({ createEngine }: Luce, device: "auto" | "webgpu" | "cpu", workers = 2): Promise<string> {
  const engine = await createEngine({ device, workers });
  const { passed, text } = await engine.selfCheck();
  engine.dispose();
  return passed ? "passed" : text;
}

const PAGE = '<!doctype html><meta charset="utf-8"><title>Luce</title><script type="module" src="/page.js"></script>';
const CORNERS = ["left", "left", "right", "right"];
let server: PageServer;
let libraryPath: string;

beforeAll(async () => {
  libraryPath = await builtLibrary();
  const policy = "default-src 'none'; script-src 'self'; connect-src 'self'";
  server = await servePages(dirname(libraryPath), { "index.html": PAGE }, { "Content-Security-Policy": policy });
});

afterAll(() => server.close());

/** Loads the package in a fresh page of `browser` and runs `task` there; fails on any fault that the page reports. */
async function inPage<T>(
  browser: Browser,
  task: (luce: Luce, device: "auto" | "webgpu" | "cpu") => Promise<T>,
  device: "auto" | "webgpu" | "cpu",
  prepare?: (page: Page) => Promise<void>,
): Promise<T> {
  const page = await browser.newPage();
  await prepare?.(page);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  // The page's own script loads the package, so the policy applies to it; what Playwright evaluates is exempt.
  await page.route("**/page.js", (route) =>
    route.fulfill({
      contentType: "text/javascript",
      body: `import * as luce from "/index.js"; globalThis.run = (device) => (${task})(luce, device);`,
    }),
  );
  await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
  await page.goto(server.url);
  await page.waitForFunction(() => "run" in globalThis);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  const outcome = await page.evaluate((chosen) => {
    return (globalThis as unknown as { run(device: string): Promise<unknown> }).run(chosen);
  }, device);
  expect(faults).toEqual([]);
  await page.close();
  return outcome as T;
}

const fitInPage = (browser: Browser, device: "auto" | "webgpu" | "cpu", prepare?: (page: Page) => Promise<void>) =>
  inPage(browser, fitCorners, device, prepare);

describe("the built package in a plain page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test("fits the same on WebGPU, with the shaders as they are shipped, and on the CPU", async () => {
    const webgpu = await fitInPage(browser, "webgpu");
    const cpu = await fitInPage(browser, "cpu");
    expect(webgpu).toMatchObject({ device: "webgpu", labels: CORNERS });
    expect(cpu).toMatchObject({ device: "cpu", labels: CORNERS });
    // Both stand at the same optimum to within float32's sight of a loss near one half.
    expect(Math.abs(webgpu.loss - cpu.loss)).toBeLessThanOrEqual(1e-5);
  });

  test("has every op in its workers", async () => {
    expect(await inPage(browser, checkOps, "cpu")).toBe("passed");
  });

  test("auto takes the CPU where the only adapter is a software one", async () => {
    expect(await fitInPage(browser, "auto")).toMatchObject({ device: "cpu", labels: CORNERS });
  });

  test("auto takes the CPU where navigator.gpu is missing", async () => {
    expect(await fitInPage(browser, "auto", removeWebGpu)).toMatchObject({ device: "cpu", labels: CORNERS });
  });
});

test("the built package takes the CPU where there is no adapter", async () => {
  const browser = await launchChromium(NO_WEBGPU_FLAGS);
  try {
    expect(await fitInPage(browser, "auto")).toMatchObject({ device: "cpu", labels: CORNERS });
  } finally {
    await browser.close();
  }
});

test("the built package works in Node", async () => {
  const luce = (await import(/* @vite-ignore */ pathToFileURL(libraryPath).href)) as Luce;
  expect(await fitCorners(luce, "auto")).toMatchObject({ device: "cpu", labels: CORNERS });
  expect(await checkOps(luce, "cpu", 0)).toBe("passed");
});
