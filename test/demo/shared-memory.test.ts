/**
 * The built package's workers where they may share memory: in a page that is isolated from others by its headers, and in Node. Sums
 * go through that memory then, and no bit of a result may differ from those that messages bring, or one thread by itself.
 */
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtLibrary } from "../support/built-library.js";
import { launchChromium, NO_WEBGPU_FLAGS } from "../support/chromium.js";
import { type PageServer, servePages } from "../support/page-server.js";

type Luce = typeof import("../../src/index.js");

const PAGE =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">' +
  'import * as luce from "/index.js"; globalThis.luce = luce;</script>';
const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

let index: string;
let browser: Browser;

beforeAll(async () => {
  index = await builtLibrary();
  browser = await launchChromium(NO_WEBGPU_FLAGS);
});

afterAll(() => browser.close());

interface Outcome {
  readonly isolated: boolean;
  readonly workers: number;
  readonly reason: string;
  /** A number for all bits of each result. */
  readonly bits: readonly number[];
}

/** Runs in the page and in Node alike. */
async function outcomeOf(luce: Luce, workers: number): Promise<Outcome> {
  const { crossOriginIsolated: isolated = true } = globalThis as { crossOriginIsolated?: boolean };
  const engine = await luce.createEngine({ device: "cpu", workers });
  const bits: number[] = [];
  const note = (values: Float32Array | Float64Array): void => {
    let hash = 0;
    for (const word of new Uint32Array(values.buffer, values.byteOffset, values.byteLength / 4)) {
      hash = (Math.imul(hash, 16_777_619) ^ word) | 0;
    }
    bits.push(hash);
  };
  let state = 1;
  const random = (length: number): Float32Array =>
    Float32Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      return state / 2 ** 31;
    });
  // Sums that fit the shared memory; some that do not; and some that fit for the one worker and not for the other.
  for (const [rows, features, classes] of [
    [9000, 300, 7],
    [5000, 900, 90],
    [3072, 500, 75],
  ]) {
    const x = engine.tensor({ data: random(rows * features), shape: [rows, features] });
    const g = engine.tensor({ data: random(rows * classes), shape: [rows, classes] });
    for (let again = 0; again < 4; again++) {
      note((await engine.matmul(x, g, { transposeA: true }).read()) as Float32Array);
    }
  }
  const [rows, features, classes] = [9000, 300, 7];
  const x = { data: random(rows * features), shape: [rows, features] };
  const y = Int32Array.from({ length: rows }, (_, i) => Math.floor(Math.abs(x.data[i * features]) * classes));
  const model = new luce.SoftmaxRegression({ engine, maxIterations: 12, tolerance: 0 });
  const { history } = await model.fit(x, y);
  note(model.coef.data);
  note(Float64Array.from(history, ({ loss }) => loss));
  const { workers: opened, reason } = engine;
  engine.dispose();
  return { isolated, workers: opened, reason, bits };
}

async function outcomesIn(headers: Readonly<Record<string, string>>, counts: readonly number[]): Promise<Outcome[]> {
  const server: PageServer = await servePages(dirname(index), { "index.html": PAGE }, headers);
  const page = await browser.newPage();
  try {
    await page.goto(server.url);
    await page.waitForFunction(() => "luce" in globalThis);
    const outcomes: Outcome[] = [];
    for (const count of counts) outcomes.push((await page.evaluate(`(${outcomeOf})(luce, ${count})`)) as Outcome);
    return outcomes;
  } finally {
    await page.close();
    await server.close();
  }
}

test("an isolated page's workers share memory, which changes no bit", async () => {
  const plain = await outcomesIn({}, [0, 2]);
  expect(plain.map(({ isolated }) => isolated)).toEqual([false, false]);
  expect(plain[1].reason).toContain("2 workers");
  expect(plain[1].reason).not.toContain("shared memory");
  const expected = plain[0].bits;
  expect(new Set(expected).size).toBe(5);
  expect(plain[1].bits).toEqual(expected);
  for (const outcome of await outcomesIn(ISOLATED, [1, 2, 3, 5])) {
    expect(outcome.isolated).toBe(true);
    if (outcome.workers > 1) expect(outcome.reason).toContain(`${outcome.workers} workers with shared memory`);
    expect(outcome.bits, `${outcome.workers} workers`).toEqual(expected);
  }
});

test("so do worker threads in Node", async () => {
  const luce = (await import(/* @vite-ignore */ pathToFileURL(index).href)) as Luce;
  const alone = await outcomeOf(luce, 0);
  for (const count of [2, 3]) {
    const { reason, bits } = await outcomeOf(luce, count);
    expect(reason).toContain(`${count} workers with shared memory`);
    expect(bits).toEqual(alone.bits);
  }
});
