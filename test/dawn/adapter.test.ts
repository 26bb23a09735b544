import { expect, inject, test } from "vitest";
import { isDebian } from "../../scripts/debian-packages.mjs";
import { requireAdapter } from "../support/adapter.js";

const { adapter: announced, environment } = inject("dawnAdapter");

test("the tests run on the adapter that was announced", async () => {
  const { info } = await requireAdapter();
  expect(announced.name).toBe(info.description || [info.vendor, info.architecture, info.device].join(" "));
  expect(announced.isSoftware).toBe(info.isFallbackAdapter);
});

test("which is llvmpipe 25 or newer on Debian with CI set, and wherever else the scripts looked for it", () => {
  const mustBe = isDebian() && (process.env.CI !== undefined || "VK_ICD_FILENAMES" in environment);
  expect(announced.name).toMatch(mustBe ? /^llvmpipe: Mesa (2[5-9]|[3-9]\d)\./ : /./);
});
