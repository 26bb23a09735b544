/**
 * What a page loads in all, by its network, once a bundler has built it: from its own script to the last file that a fit and a
 * prediction ask for.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtLibrary } from "../support/built-library.js";
import { launchChromium } from "../support/chromium.js";
import { type PageServer, servePages } from "../support/page-server.js";

/** Gzip bytes of all scripts of a page that fits and predicts by cross-entropy, on dense rows. */
const GPU_PAGE_BYTES = { lbfgs: 83_200, sgd: 86_500 };
/** The same on the CPU, in the page and in a worker. */
const CPU_PAGE_BYTES = 91_000;

const PAGE = '<!doctype html><meta charset="utf-8"><title>Luce</title><script type="module" src="/page.js"></script>';
const CODE = (library: string) => `
  import { SoftmaxRegression } from ${JSON.stringify(library)};
  globalThis.fitAndPredict = async (device, solver) => {
    const shape = [1200, 64];
    const x = { data: Uint8Array.from({ length: 1200 * 64 }, (_, i) => (i * i) % 251), shape, scale: 1 / 255 };
    const y = Int32Array.from({ length: 1200 }, (_, i) => i % 10);
    const model = new SoftmaxRegression({ device, solver, l2: 0.1, ...(solver === "sgd" ? { epochs: 2 } : {}) });
    const report = await model.fit(x, y);
    const labels = await model.predict(x);
    const { data } = await model.predictProba(x);
    model.dispose();
    return { device: report.device, labels: labels.length, sum: data.reduce((sum, p) => sum + p, 0), loss: report.loss };
  };`;

let folder: string;
let server: PageServer;
let browser: Browser;

beforeAll(async () => {
  const index = await builtLibrary();
  folder = await mkdtemp(join(tmpdir(), "luce-page-"));
  const source = join(folder, "source.js");
  await writeFile(source, CODE(index));
  await build({
    configFile: false,
    logLevel: "silent",
    root: folder,
    build: {
      outDir: join(folder, "built"),
      modulePreload: false,
      rolldownOptions: { input: source, output: { entryFileNames: "page.js" } },
    },
  });
  server = await servePages(join(folder, "built"), { "index.html": PAGE });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true });
});

interface Outcome {
  readonly device: string;
  readonly labels: number;
  readonly sum: number;
  readonly loss: number;
}

/** Fits and predicts in a fresh page, and adds up what it has loaded. `blocked` files never arrive. */
async function loadedBy(
  device: string,
  solver: string,
  blocked?: RegExp,
): Promise<{ readonly outcome: Outcome; readonly sizes: ReadonlyMap<string, number> }> {
  const page = await browser.newPage();
  const scripts = new Map<string, Promise<Buffer>>();
  page.context().on("response", (response) => {
    if (response.url().endsWith(".js")) scripts.set(response.url(), response.body());
  });
  if (blocked) await page.route(blocked, (route) => route.abort());
  await page.goto(server.url);
  await page.waitForFunction(() => "fitAndPredict" in globalThis);
  try {
    const outcome = (await page.evaluate(`fitAndPredict("${device}", "${solver}")`)) as Outcome;
    const sizes = new Map<string, number>();
    for (const [url, body] of scripts) {
      sizes.set(url.replace(server.url, ""), gzipSync(await body, { level: 9 }).byteLength);
    }
    return { outcome, sizes };
  } finally {
    await page.close();
  }
}

const sumOf = (sizes: ReadonlyMap<string, number>): number => [...sizes.values()].reduce((sum, size) => sum + size, 0);

for (const [solver, mostBytes] of Object.entries(GPU_PAGE_BYTES)) {
  test(`a page that fits by ${solver} and predicts on a GPU loads at most ${mostBytes} bytes of gzip in all`, async () => {
    const { outcome, sizes } = await loadedBy("webgpu", solver);
    expect(outcome).toMatchObject({ device: "webgpu", labels: 1200 });
    expect(Math.abs(outcome.sum - 1200)).toBeLessThan(0.01);
    expect([...sizes.keys()].join()).toMatch(/webgpu-backend/);
    expect(sumOf(sizes), [...sizes].join("\n")).toBeLessThanOrEqual(mostBytes);
  });
}

test(`a page that fits and predicts on the CPU loads at most ${CPU_PAGE_BYTES} bytes of gzip in all, its worker included`, async () => {
  const { outcome, sizes } = await loadedBy("cpu", "lbfgs");
  expect(outcome).toMatchObject({ device: "cpu", labels: 1200 });
  expect([...sizes.keys()].join()).toMatch(/worker/);
  expect(sumOf(sizes), [...sizes].join("\n")).toBeLessThanOrEqual(CPU_PAGE_BYTES);
});

test("a file of shaders that does not arrive is told of", async () => {
  await expect(loadedBy("webgpu", "lbfgs", /lbfgs-shaders/)).rejects.toThrow(
    /a file with shaders could not be loaded: expected it beside the library's other files/,
  );
});
