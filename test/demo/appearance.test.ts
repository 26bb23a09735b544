import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { demoPages, finished, text } from "./demo-pages.js";

const demo = demoPages();
const quickly = "?device=cpu&rows=1000&iterations=4";

describe("at 360 pixels wide", () => {
  test("nothing makes the page scroll sideways, and the pad is in reach", async () => {
    const page = await demo.open(quickly, { viewport: { width: 360, height: 740 }, hasTouch: true });
    expect(await overflow(page)).toEqual([]);
    await finished(page);
    await page.getByText("Settings").click();
    await page.locator("#run-self-check").click();
    await expect.poll(() => text(page, "#self-check-summary"), { timeout: 60_000 }).toMatch(/passed on the CPU/);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect(await overflow(page)).toEqual([]);
    const pad = (await page.locator("#pad").boundingBox())!;
    expect(pad.width).toBeGreaterThan(180);
    expect(pad.height).toBeCloseTo(pad.width, 0);
  });
});

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  test("text has a contrast of at least 4.5 to 1", async () => {
    const page = await demo.open(quickly, { colorScheme });
    await finished(page);
    const contrasts = await page.evaluate(measureContrasts);
    expect(contrasts.length).toBeGreaterThan(50);
    expect(contrasts.filter(({ ratio }) => !(ratio >= 4.5))).toEqual([]);
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [red] = background.match(/\d+/)!;
    expect(Number(red) < 128).toBe(colorScheme === "dark");
  });
});

test("a change from light to dark redraws what is drawn on canvases", async () => {
  const page = await demo.open(quickly, { colorScheme: "light" });
  await finished(page);
  const corner = (): Promise<string> =>
    page
      .locator("#weight-images canvas")
      .first()
      .evaluate((canvas: HTMLCanvasElement) => canvas.getContext("2d")!.getImageData(0, 0, 1, 1).data.join());
  const light = await corner();
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(corner).not.toBe(light);
});

test("nothing jumps while the page loads and trains", async () => {
  const page = await demo.open(quickly, {
    before: (opening) =>
      opening.addInitScript(() => {
        const shifts: number[] = [];
        Object.assign(window, { shifts });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
        }).observe({ type: "layout-shift", buffered: true });
      }),
  });
  await finished(page);
  const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts);
  expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.02);
});

test("every control has a name, and every picture a text", async () => {
  const page = await demo.open(quickly);
  await finished(page);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button, input, select, summary, canvas[role], progress")]
      .filter((element) => {
        const labels = "labels" in element ? [...((element.labels as NodeListOf<HTMLLabelElement> | null) ?? [])] : [];
        const own = element.getAttribute("aria-label") ?? element.textContent ?? "";
        return `${own}${labels.map((label) => label.textContent).join("")}`.trim() === "";
      })
      .map((element) => element.outerHTML),
  );
  expect(nameless).toEqual([]);
});

test("nothing is asked of any other host", async () => {
  const hosts = new Set<string>();
  const page = await demo.open(quickly, {
    before: async (opening) => {
      opening.on("request", (request) => {
        if (request.url().startsWith("http")) hosts.add(new URL(request.url()).host);
      });
    },
  });
  await finished(page);
  expect([...hosts]).toEqual([new URL(page.url()).host]);
});

/** What sticks out of the window to the right, tables that scroll by themselves left out. */
function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("body *:not(.visually-hidden)")]
      .filter((element) => element.closest(".table-frame") === null || element.matches(".table-frame"))
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
      .map((element) => element.outerHTML.slice(0, 80)),
  );
}

/** Runs in the page: the contrast (WCAG 2) of every piece of text to the nearest painted background behind it. */
function measureContrasts(): { text: string; ratio: number }[] {
  const channels = (colour: string): number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string): number => {
    const linear = channels(colour)
      .slice(0, 3)
      .map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
  };
  const background = (element: Element | null): string => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((channels(colour)[3] ?? 1) === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll<HTMLElement>("body *")]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim() !== ""))
    .filter((element) => element.checkVisibility() && element.closest("noscript, .visually-hidden, :disabled") === null)
    .map((element) => {
      const [ink, behind] = [luminance(getComputedStyle(element).color), luminance(background(element))];
      const ratio = (Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05);
      return { text: element.outerHTML.slice(0, 80), ratio };
    });
}
