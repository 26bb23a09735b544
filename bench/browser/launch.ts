/** Serves the page from the working tree, opens it in one headless Chromium, and keeps what it showed. Runs in Node. */
import { fileURLToPath } from "node:url";
import { createServer, type ViteDevServer } from "vite";
import { mnistFiles } from "../../scripts/mnist-plugin.js";
import { launchChromium } from "../../test/support/chromium.js";
import { readArguments } from "../measure/options.js";
import { commitOf, factsOf } from "../report/facts.js";
import { keepResult } from "../report/keep.js";

const BENCH = fileURLToPath(new URL("..", import.meta.url));
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
/** With these two headers a page may share memory between threads, as the wasm backends want. */
const ISOLATION = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
/** Bundled before the page loads: a dependency that Vite meets later would reload it. */
const PACKAGES = [
  "@jax-js/jax",
  "@tensorflow/tfjs-backend-wasm",
  "@tensorflow/tfjs-backend-webgpu",
  "@tensorflow/tfjs-core",
  "@tensorflow/tfjs-layers",
];

/** @returns whether the device passed its self-check */
export async function runInChromium(words: readonly string[]): Promise<boolean> {
  const options = readArguments(words);
  const server = await serve();
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error(`page: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") console.error(`page: ${message.text()}`);
    });
    await page.exposeFunction("benchLog", (line: string) => console.log(line));
    await page.goto(`${server.resolvedUrls?.local[0]}browser/`);
    await page.waitForFunction(() => "runBenchmark" in window, undefined, { timeout: 120_000 });
    const result = await page.evaluate((given) => window.runBenchmark(given), options);
    keepResult(result, factsOf(`Chromium ${browser.version()}`, commitOf(PROJECT)), options.out, "chromium");
    return result.selfCheckPassed === true || !options.selfCheck;
  } finally {
    await browser.close();
    await server.close();
  }
}

async function serve(): Promise<ViteDevServer> {
  const server = await createServer({
    configFile: false,
    root: BENCH,
    logLevel: "warn",
    plugins: [mnistFiles()],
    server: { host: "127.0.0.1", port: 0, headers: ISOLATION, fs: { allow: [PROJECT] }, watch: null },
    optimizeDeps: { include: PACKAGES },
  });
  return server.listen();
}
