import type { Page } from "playwright";
import { expect, test } from "vitest";
import { demoPages, figure, finished, says, text, underWay } from "./demo-pages.js";

const demo = demoPages();

/** How many different colours a canvas shows. */
function colours(page: Page, selector: string): Promise<number> {
  return page.locator(selector).evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
}

test("the page trains by itself to more than 90 % and shows how it went", async () => {
  const page = await demo.open("?device=cpu&rows=20000&iterations=15");
  await underWay(page);
  const firstLoss = await figure(page, "loss");
  expect(await page.locator("#stop").isEnabled()).toBe(true);

  expect(await finished(page)).toMatch(/^(Reached iteration 15|Converged)/);
  const accuracy = await figure(page, "accuracy");
  expect(accuracy).toBeGreaterThan(90);
  expect(await figure(page, "loss")).toBeLessThan(firstLoss);
  expect(await page.locator("#progress").evaluate((bar: HTMLProgressElement) => bar.value)).toBe(1);
  expect(await text(page, '[data-figure="rate"]')).toMatch(/^\d/);

  // What the curves show is also said in words.
  expect(await text(page, "#accuracy-curve .curve-reading")).toContain(`${accuracy.toFixed(2)} % at iteration`);
  expect(await text(page, "#loss-curve .curve-reading")).toMatch(
    /^0\.\d{4}, test 0\.\d{4} at iteration \d+ on the CPU$/,
  );
  for (let digit = 0; digit < 10; digit++) {
    expect(await colours(page, `#weight-images li:nth-child(${digit + 1}) canvas`)).toBeGreaterThan(50);
  }

  // The misread digits are those that the accuracy leaves.
  const misread = await text(page, "#misread-count");
  expect(Number.parseInt(misread.replace(",", ""), 10)).toBe(Math.round(10_000 - 100 * accuracy));
  const first = page.locator("#misread button").first();
  const [label, read] = (await first.textContent())!.split(" → ");
  expect(label).not.toBe(read);
  await first.click();
  await expect.poll(() => text(page, "#answer")).toBe(`This looks like a ${read}`);
});

test("Stop ends a run, keeps its weights, and Train starts again", async () => {
  const page = await demo.open("?device=cpu&rows=5000&iterations=1000");
  await underWay(page);
  await page.locator("#stop").focus();
  await page.keyboard.press("Enter");
  expect(await finished(page)).toMatch(/^Stopped at iteration \d+: the weights so far are in use\.$/);
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("train");
  expect(await page.locator("#stop").isDisabled()).toBe(true);
  // Accuracy and misread digits are those of the same weights.
  const misread = Number.parseInt((await text(page, "#misread-count")).replace(",", ""), 10);
  expect(misread).toBe(Math.round(10_000 - 100 * (await figure(page, "accuracy"))));

  const iterations = await figure(page, "step");
  await page.waitForTimeout(500);
  expect(await figure(page, "step")).toBe(iterations);
  await page.locator("#examples button").nth(0).click();
  await expect.poll(() => text(page, "#answer")).toBe("This looks like a 0");

  await page.locator("#train").click();
  await underWay(page);
  await page.locator("#stop").click();
  expect(await finished(page)).toMatch(/^Stopped/);
});

test("the solver switch trains again, in epochs, and a number waits for Train", async () => {
  const page = await demo.open("?device=cpu&rows=5000&iterations=5&epochs=2");
  await finished(page);
  await page.getByRole("radio", { name: "SGD" }).check();
  await says(page, "Reached epoch 2.0");
  expect(await text(page, "#figures")).toContain("Epoch");
  expect(await figure(page, "accuracy")).toBeGreaterThan(85);
  expect(new URL(page.url()).searchParams.get("solver")).toBe("sgd");

  await page.getByText("Settings").click();
  await page.getByLabel("Epochs").fill("1");
  await page.getByLabel("Epochs").press("Tab");
  expect(await page.evaluate(() => document.body.dataset.state)).toBe("ready");
  expect(new URL(page.url()).searchParams.get("epochs")).toBe("1");
  await page.getByLabel("Epochs").press("Enter");
  await says(page, "Reached epoch 1.0");
});

test("a run that diverges says so and what to change, and the page goes on", async () => {
  const page = await demo.open("?device=cpu&solver=sgd&rows=2000&rate=10&l2=1&epochs=3");
  expect(await finished(page)).toMatch(/^Diverged\. .*learningRate/);
  await page.getByText("Settings").click();
  // A number out of range is neither taken nor swapped for another in silence.
  await page.getByLabel("Learning rate").fill("11");
  await page.getByLabel("Learning rate").press("Enter");
  expect(await page.getByLabel("Learning rate").inputValue()).toBe("11");
  expect(await page.locator('input[name="rate"]:invalid').count()).toBe(1);
  expect(await page.evaluate(() => document.body.dataset.state)).toBe("ready");
  await page.getByLabel("Learning rate").fill("0.1");
  await page.getByLabel("Learning rate").press("Enter");
  await says(page, "Reached epoch 3.0");
});

test("?train=no opens the page without training, and nothing is read yet", async () => {
  const page = await demo.open("?train=no&device=cpu");
  await says(page, "Ready.");
  expect(await text(page, "#answer")).toBe("Not trained yet");
  expect(await text(page, '[data-figure="loss"]')).toBe("–");
});

test("a missing file is said, and Train tries again", async () => {
  let isMissing = true;
  const page = await demo.open("?device=cpu&rows=1000&iterations=2", {
    expectsErrors: /404|readIdx/,
    before: (opening) =>
      opening.route("**/t10k-labels-idx1-ubyte.gz", (route) =>
        isMissing ? route.fulfill({ status: 404, body: "not here" }) : route.continue(),
      ),
  });
  expect(await finished(page)).toMatch(/^readIdx: .*404/);
  isMissing = false;
  await page.locator("#train").click();
  await says(page, "Reached iteration 2");
});
