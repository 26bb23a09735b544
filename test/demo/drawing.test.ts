import type { Page } from "playwright";
import { expect, test } from "vitest";
import { demoPages, finished, says, text } from "./demo-pages.js";

const demo = demoPages();
const quickly = "?device=cpu&rows=5000&iterations=12";

async function opened(): Promise<Page> {
  const page = await demo.open(quickly);
  await finished(page);
  return page;
}

/** Draws lines by mouse between points given in shares of the pad. */
async function drawByMouse(page: Page, points: readonly [number, number][]): Promise<void> {
  const pad = (await page.locator("#pad").boundingBox())!;
  const at = ([x, y]: readonly [number, number]): [number, number] => [pad.x + x * pad.width, pad.y + y * pad.height];
  await page.mouse.move(...at(points[0]!));
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...at(point), { steps: 10 });
  await page.mouse.up();
}

/** The ten percentages beside the bars. */
async function probabilities(page: Page): Promise<number[]> {
  return (await page.locator(".bar-text").allTextContents()).map(Number.parseFloat);
}

test("a 1 drawn by mouse is read as a 1, and the bars say how surely", async () => {
  const page = await opened();
  await drawByMouse(page, [
    [0.52, 0.15],
    [0.5, 0.85],
  ]);
  await expect.poll(() => text(page, "#answer")).toBe("This looks like a 1");
  const bars = await probabilities(page);
  expect(bars[1]).toBeGreaterThan(50);
  expect(bars.reduce((sum, percent) => sum + percent)).toBeCloseTo(100, 0);
  const widths = await page.locator(".bar-fill").evaluateAll((fills) => fills.map((fill) => fill.style.transform));
  expect(Number.parseFloat(widths[1]!.slice("scaleX(".length))).toBeCloseTo(bars[1]! / 100, 2);

  await page.locator("#clear-pad").click();
  expect(await text(page, "#answer")).toBe("Nothing drawn yet");
  expect(await page.locator(".bar-text").allTextContents()).toEqual(Array(10).fill("–"));
});

test("a small 7 in a corner is centred and read as a 7", async () => {
  const page = await opened();
  await drawByMouse(page, [
    [0.1, 0.1],
    [0.3, 0.1],
    [0.18, 0.45],
  ]);
  await expect.poll(() => text(page, "#answer")).toBe("This looks like a 7");
});

test("by keyboard alone: from the skip link to the pad, a 1 by arrows, then clear", async () => {
  const page = await opened();
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.className)).toBe("skip-link");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("pad");
  expect(await page.locator("#pad").evaluate((pad) => getComputedStyle(pad).outlineStyle)).not.toBe("none");

  await page.keyboard.press("Space");
  expect(await text(page, "#pen-state")).toBe("Pen down");
  for (let step = 0; step < 14; step++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  expect(await text(page, "#pen-state")).toBe("Pen up");
  await expect.poll(() => text(page, "#answer")).toBe("This looks like a 1");

  await page.keyboard.press("Delete");
  expect(await text(page, "#answer")).toBe("Nothing drawn yet");
});

test("every control can be reached and worked by keys", async () => {
  const page = await demo.open("?device=cpu&train=no");
  await says(page, "Ready.");
  const reached = new Set<string>();
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => {
      const element = document.activeElement;
      if (element instanceof HTMLInputElement) return element.name;
      return element === null || element === document.body ? "" : element.id || element.className || element.tagName;
    });
    reached.add(name);
  }
  for (const name of ["train", "device", "solver", "SUMMARY", "pad", "clear-pad", "digit", "run-self-check"]) {
    expect(reached).toContain(name);
  }
});

test("a test digit that is pressed lies on the pad, and drawing replaces it", async () => {
  const page = await opened();
  await page.locator("#examples button").nth(6).click();
  await expect.poll(() => text(page, "#answer")).toBe("This looks like a 6");
  expect(await page.locator("#examples button").nth(6).getAttribute("aria-label")).toBe("Test digit: a 6");
  await drawByMouse(page, [
    [0.5, 0.2],
    [0.5, 0.8],
  ]);
  await expect.poll(() => text(page, "#answer")).toBe("This looks like a 1");
});
