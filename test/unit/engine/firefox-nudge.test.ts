import { afterEach, expect, test, vi } from "vitest";
import { needsNudging, nudgeUntil } from "../../../src/engine/webgpu/firefox-nudge.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
const CHROMIUM =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

test.each([
  [FIREFOX, true],
  [CHROMIUM, false],
])("%s: %s", (userAgent, expected) => {
  vi.stubGlobal("navigator", { userAgent });
  expect(needsNudging()).toBe(expected);
});

test("without a navigator, as under Node, nothing is nudged", () => {
  vi.stubGlobal("navigator", undefined);
  expect(needsNudging()).toBe(false);
});

test.each(["resolves", "rejects"])("empty submits are made until the work %s, and none after", async (outcome) => {
  const queue = { submit: vi.fn() };
  const work = new Promise((resolve, reject) => setTimeout(outcome === "resolves" ? resolve : reject, 50));
  const nudging = nudgeUntil(work, queue);
  await work.catch(() => undefined);
  await nudging;
  const { calls } = queue.submit.mock;
  expect(calls.length).toBeGreaterThan(2);
  for (const call of calls) expect(call).toEqual([[]]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(queue.submit.mock.calls.length).toBe(calls.length);
});
