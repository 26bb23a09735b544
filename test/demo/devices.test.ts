import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { NO_WEBGPU_FLAGS, removeWebGpu } from "../support/chromium.js";
import { demoPages, figure, finished, says, text, underWay } from "./demo-pages.js";

/** The numbers of one row of the table of runs. */
async function runOf(page: Page, device: "GPU" | "CPU"): Promise<{ steps: number; loss: number; accuracy: number }> {
  const cells = await page.locator("#runs tbody tr", { hasText: device }).locator("td").allTextContents();
  const [, steps, loss, , accuracy] = cells.map(Number.parseFloat);
  return { steps: steps!, loss: loss!, accuracy: accuracy! };
}

describe("with a software GPU", () => {
  const demo = demoPages();

  test("Auto takes the CPU and says why; GPU and CPU give the same numbers", async () => {
    // To the optimum: on the way there each device tries as many steps at once as suit it.
    const page = await demo.open("?rows=2000&l2=0.1&iterations=300");
    expect(await finished(page)).toMatch(/^Converged/);
    expect(await text(page, "#device-reason strong")).toBe("CPU");
    expect(await text(page, "#device-reason")).toMatch(/software/i);

    await page.getByRole("radio", { name: "GPU" }).check();
    await says(page, "Training on the GPU…");
    expect(await text(page, "#device-reason strong")).toBe("GPU");
    await says(page, "Converged");

    const gpu = await runOf(page, "GPU");
    const cpu = await runOf(page, "CPU");
    expect(gpu.steps).toBeGreaterThan(5);
    expect(cpu.steps).toBeGreaterThan(5);
    expect(Math.abs(gpu.loss - cpu.loss)).toBeLessThan(1e-4);
    expect(Math.abs(gpu.accuracy - cpu.accuracy)).toBeLessThanOrEqual(0.05);
    const [, same] = /^Both read (?:all )?([\d,]+) /.exec(await text(page, "#agreement"))!;
    expect(Number(same!.replace(",", ""))).toBeGreaterThanOrEqual(9990);

    // The CPU's curve stays under the GPU's.
    expect(await text(page, "#loss-curve .curve-key")).toBe("CPUGPU");
  });

  test("the self-check compares every kernel of the GPU and passes", async () => {
    const page = await demo.open("?train=no&device=webgpu");
    await says(page, "Ready.");
    await page.locator("#run-self-check").click();
    await expect
      .poll(() => text(page, "#self-check-summary"), { timeout: 120_000 })
      .toMatch(/checks passed on the GPU/);
    const results = await page.locator("#self-check tbody tr td:last-child").allTextContents();
    expect(results.length).toBeGreaterThan(5);
    expect(new Set(results)).toEqual(new Set(["passed"]));
    expect(await page.locator("#copy-self-check").isVisible()).toBe(true);
  });

  test("switching in mid-run stops the run and trains on the other device", async () => {
    const page = await demo.open("?device=cpu&rows=2000&iterations=1000");
    await underWay(page);
    await page.getByRole("radio", { name: "GPU" }).check();
    await says(page, "Training on the GPU…");
    await underWay(page);
    await page.locator("#stop").click();
    await says(page, "Stopped at iteration");
    expect((await runOf(page, "CPU")).steps).toBeGreaterThan(0);
    expect((await runOf(page, "GPU")).steps).toBeGreaterThan(0);
  });
});

describe("with WebGPU off", () => {
  const demo = demoPages(NO_WEBGPU_FLAGS);

  test.each([
    { without: "an adapter", before: async () => {} },
    { without: "navigator.gpu", before: removeWebGpu },
  ])("without $without the page trains on the CPU and says why", async ({ before }) => {
    const page = await demo.open("?rows=2000&iterations=6", { before });
    expect(await page.evaluate(() => navigator.gpu?.requestAdapter() ?? null)).toBeNull();
    expect(await finished(page)).toMatch(/^Reached iteration 6/);
    expect(await text(page, "#device-reason strong")).toBe("CPU");
    expect(await text(page, "#device-reason")).toMatch(/WebGPU|GPU|navigator\.gpu/);
    expect(await figure(page, "accuracy")).toBeGreaterThan(75);
  });

  test("asking for the GPU is refused in words, and the CPU goes on", async () => {
    const page = await demo.open("?device=cpu&rows=2000&iterations=3", {
      expectsErrors: /createEngine|GPU_UNAVAILABLE/,
    });
    await finished(page);
    await page.getByRole("radio", { name: "GPU" }).check();
    await page.waitForFunction(() => document.body.dataset.state === "failed");
    expect(await text(page, "#status")).toMatch(/^createEngine: .*GPU/);
    await page.locator("#examples button").nth(1).click();
    await expect.poll(() => text(page, "#answer")).toBe("This looks like a 1");
    await page.getByRole("radio", { name: "CPU" }).check();
    await says(page, "Reached iteration 3");
  });
});
