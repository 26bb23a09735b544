/**
 * How the tests start Chromium: which executable and with which flags. Runs in Node only.
 */
import { type Browser, chromium, type LaunchOptions, type Page } from "playwright";
import { locateChromium } from "../../scripts/find-chromium.mjs";

/**
 * Flags that give WebGPU to a headless Chromium without a GPU, through SwiftShader, on every machine alike.
 * QUIC is off because Chromium otherwise spends the start-up probing for it.
 */
export const SOFTWARE_WEBGPU_FLAGS: readonly string[] = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--disable-quic",
];

/** Flags of a Chromium that has `navigator.gpu` and no adapter behind it, even on a machine with a GPU. */
export const NO_WEBGPU_FLAGS: readonly string[] = ["--disable-gpu", "--disable-quic"];

/** Playwright's launch options for the browser found on this machine; without one, Playwright says what is missing. */
export function launchOptions(flags: readonly string[] = SOFTWARE_WEBGPU_FLAGS): LaunchOptions {
  const executablePath = locateChromium();
  return { args: [...flags], ...(executablePath === undefined ? {} : { executablePath }) };
}

/** Starts a headless Chromium for a test that drives it from Node. The caller closes it. */
export function launchChromium(flags: readonly string[] = SOFTWARE_WEBGPU_FLAGS): Promise<Browser> {
  return chromium.launch({ ...launchOptions(flags), headless: true });
}

/** Makes every later document of `page` one of a browser without WebGPU: no flag takes `navigator.gpu` away. */
export async function removeWebGpu(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Reflect.deleteProperty(Navigator.prototype, "gpu");
  });
}
