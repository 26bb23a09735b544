/**
 * The built package's storage in a real page: a fit that a reload or a crash of the page breaks off, a write that is torn, a disk
 * that is full.
 */
import { dirname } from "node:path";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtLibrary } from "../support/built-library.js";
import { launchChromium } from "../support/chromium.js";
import { type PageServer, servePages } from "../support/page-server.js";

type Luce = typeof import("../../src/index.js");

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>Luce</title><link rel="icon" href="data:,">' +
  '<script type="module">import * as luce from "/index.js"; globalThis.luce = luce;</script>';

let browser: Browser;
let server: PageServer;

beforeAll(async () => {
  const index = await builtLibrary();
  server = await servePages(dirname(index), { "index.html": PAGE });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

async function openPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(server.url);
  await page.waitForFunction(() => "luce" in globalThis);
  return page;
}

interface Course {
  readonly device: "webgpu" | "cpu";
  readonly solver: "lbfgs" | "adam";
  readonly name: string;
  /** Another l2 than the usual one. */
  readonly l2?: number;
  /** Stands still once there is a checkpoint: a quick machine must not be done before the page goes away. */
  readonly hangs?: boolean;
}

interface Ended {
  readonly error?: { readonly name: string; readonly code: string; readonly message: string };
  readonly theta?: number[];
  /** Iterations that were told for the first time. */
  readonly told?: number;
  readonly iterations?: number;
  readonly names: string[];
}

/** Runs in the page: a fit of rows that are always the same. */
async function fit(luce: Luce, { device, solver, name, l2 = 1e-6, hangs = false }: Course): Promise<Ended> {
  const [rows, features, classes] = [400, 30, 4];
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  };
  const data = Float32Array.from({ length: rows * features }, next);
  const y = Int32Array.from({ length: rows }, (_, i) => (i < classes ? i : Math.floor((next() + 0.5) * classes)));
  const store = luce.indexedDbStore();
  const course = solver === "lbfgs" ? { maxIterations: 400, tolerance: 0 } : { epochs: 150, batchSize: 8 };
  const model = new luce.SoftmaxRegression({ device, solver, l2, seed: 3, ...course });
  let told = 0;
  try {
    const report = await model.fit({ data, shape: [rows, features] }, y, {
      checkpoint: { store, name, everyMs: 20 },
      onProgress: async () => {
        told++;
        if (hangs && (await store.names()).length > 0) await new Promise(() => undefined);
      },
    });
    const theta = [...model.coef.data, ...model.intercept];
    return { theta, told, iterations: report.iterations, names: await store.names() };
  } catch (cause) {
    const error = cause as Required<Ended>["error"];
    return { error: { name: error.name, code: error.code, message: error.message }, names: await store.names() };
  } finally {
    model.dispose();
  }
}

const fitIn = (page: Page, course: Course): Promise<Ended> =>
  page.evaluate(`(${fit})(luce, ${JSON.stringify(course)})`) as Promise<Ended>;

/** Waits until there is a checkpoint of this name. */
const checkpointIn = (page: Page, name: string): Promise<void> =>
  page.evaluate(
    `(async () => { for (;;) {
      if (await luce.indexedDbStore().get("checkpoints/${name}")) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    } })()`,
  ) as Promise<void>;

describe.for([
  { device: "webgpu", solver: "lbfgs" },
  { device: "cpu", solver: "lbfgs" },
  { device: "webgpu", solver: "adam" },
  { device: "cpu", solver: "adam" },
] as const)("a fit by $solver on $device", ({ device, solver }) => {
  test("goes on after a reload and after a crash, and ends with the same bits", async () => {
    const context = await browser.newContext();
    let page = await openPage(context);
    const whole = await fitIn(page, { device, solver, name: "whole" });
    expect(whole.error).toBeUndefined();
    expect(whole.names).toEqual([]);

    // Nobody waits for these: the page goes away under them.
    void fitIn(page, { device, solver, name: "broken", hangs: true }).catch(() => undefined);
    await checkpointIn(page, "broken");
    await page.reload();
    await page.waitForFunction(() => "luce" in globalThis);
    const other = await fitIn(page, { device, solver, name: "broken", l2: 0.5 });
    expect(other.error).toMatchObject({ name: "StorageError", code: "CHECKPOINT_MISMATCH" });
    expect(other.error?.message).toContain("another value of option `l2`");
    expect(other.names).toEqual(["checkpoints/broken"]);

    void fitIn(page, { device, solver, name: "broken", hangs: true }).catch(() => undefined);
    await checkpointIn(page, "broken");
    await crash(page);
    page = await openPage(context);
    const resumed = await fitIn(page, { device, solver, name: "broken" });
    expect(resumed).toMatchObject({ theta: whole.theta, iterations: whole.iterations, names: [] });
    await context.close();
  });
});

/** Kills the page's process, as the system does when memory is short. */
async function crash(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const gone = page.waitForEvent("crash");
  void session.send("Page.crash").catch(() => undefined);
  await gone;
  await page.close();
}

test("a write that is torn leaves the value before, whole", async () => {
  const context = await browser.newContext();
  const SIZE = 8_000_000;
  let page = await openPage(context);
  const put = (value: number): string =>
    `luce.indexedDbStore("torn").put("value", new Uint8Array(${SIZE}).fill(${value}))`;
  const kinds = (): Promise<{ length: number; values: number[] }> =>
    page.evaluate(
      `luce.indexedDbStore("torn").get("value").then((b) => ({ length: b.length, values: [...new Set(b)] }))`,
    ) as Promise<{ length: number; values: number[] }>;
  await page.evaluate(put(0));
  let last = 0;
  // The page dies at once, and somewhat later.
  for (const [i, afterMs] of [0, 2, 5, 10, 20].entries()) {
    void page.evaluate(put(i + 1)).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await crash(page);
    page = await openPage(context);
    const { length, values } = await kinds();
    expect(length).toBe(SIZE);
    expect(values).toHaveLength(1);
    expect([last, i + 1]).toContain(values[0]);
    last = values[0];
  }
  await context.close();
});

describe("when the disk is full", () => {
  const quota = async (page: Page, sizeBytes?: number): Promise<CDPSession> => {
    const session = await page.context().newCDPSession(page);
    const origin = new URL(server.url).origin;
    await session.send("Storage.overrideQuotaForOrigin", {
      origin,
      ...(sizeBytes !== undefined && { quotaSize: sizeBytes }),
    });
    return session;
  };
  const failed = (page: Page, code: string): Promise<Record<string, unknown>> =>
    page.evaluate(
      `(async () => { ${code} })().then((value) => ({ value }), ({ name, code, message, cause }) => ({ name, code, message, cause: cause?.name }))`,
    ) as Promise<Record<string, unknown>>;

  test("QUOTA_EXCEEDED; what was saved before stays, and saving works again when there is room", async () => {
    const context = await browser.newContext();
    const page = await openPage(context);
    const model = (features: number) =>
      `luce.fromSklearn({ coef: [Array(${features}).fill(1), Array(${features}).fill(2), Array(${features}).fill(3)], intercept: [0, 0, 0], classes: ["a", "b", "c"] })`;
    // Before anything is written: Chromium remembers for a while how much room there was.
    await quota(page, 1_000_000);
    expect(await failed(page, `await luce.saveModel("m", ${model(5)})`)).toEqual({});
    expect(await failed(page, `await luce.saveModel("m", ${model(400_000)})`)).toMatchObject({
      name: "StorageError",
      code: "QUOTA_EXCEEDED",
      cause: "QuotaExceededError",
    });
    expect(await failed(page, 'return (await luce.loadModel("m")).coef.shape')).toEqual({ value: [5, 3] });
    await quota(page);
    expect(await failed(page, `await luce.saveModel("m", ${model(7)})`)).toEqual({});
    expect(await failed(page, 'return (await luce.loadModel("m")).coef.shape')).toEqual({ value: [7, 3] });
    expect(await failed(page, 'await luce.deleteModel("m"); return (await luce.loadModel("m")) === undefined')).toEqual(
      {
        value: true,
      },
    );
    await context.close();
  });

  test("a fit ends with QUOTA_EXCEEDED and goes on when there is room", async () => {
    const context = await browser.newContext();
    const course: Course = { device: "cpu", solver: "lbfgs", name: "full" };
    const elsewhere = await browser.newContext();
    const whole = await fitIn(await openPage(elsewhere), course);
    await elsewhere.close();
    const page = await openPage(context);
    await quota(page, 1);
    const full = await fitIn(page, course);
    expect(full.error).toMatchObject({ name: "StorageError", code: "QUOTA_EXCEEDED" });
    await quota(page);
    expect(await fitIn(page, course)).toMatchObject({ theta: whole.theta, names: [] });
    await context.close();
  });

  test("without IndexedDB: STORAGE_UNAVAILABLE", async () => {
    const context = await browser.newContext();
    const page = await openPage(context);
    await page.evaluate("Object.defineProperty(globalThis, 'indexedDB', { value: undefined })");
    expect(await failed(page, 'await luce.loadModel("m")')).toMatchObject({
      name: "StorageError",
      code: "STORAGE_UNAVAILABLE",
    });
    await context.close();
  });
});
