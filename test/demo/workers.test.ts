/**
 * The built package's workers where nothing helps them: in a plain page without cross-origin isolation, under strict policies,
 * served from another origin, made by the caller, refused, killed; and in Node.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker as NodeWorker } from "node:worker_threads";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtLibrary } from "../support/built-library.js";
import { launchChromium, NO_WEBGPU_FLAGS } from "../support/chromium.js";
import { type PageServer, servePages } from "../support/page-server.js";

type Luce = typeof import("../../src/index.js");

const PAGE = '<!doctype html><meta charset="utf-8"><title>Luce</title><script type="module" src="/page.js"></script>';

let index: string;
let browser: Browser;
const servers: PageServer[] = [];

async function serve(headers: Readonly<Record<string, string>> = {}): Promise<PageServer> {
  const server = await servePages(dirname(index), { "index.html": PAGE }, headers);
  servers.push(server);
  return server;
}

beforeAll(async () => {
  index = await builtLibrary();
  browser = await launchChromium(NO_WEBGPU_FLAGS);
});

afterAll(async () => {
  await browser.close();
  for (const server of servers) await server.close();
});

/** A page that has the library, from `library`, as `luce`. */
async function openPage(server: PageServer, library = "/index.js"): Promise<Page> {
  const page = await browser.newPage();
  await page.route("**/page.js", (route) =>
    route.fulfill({
      contentType: "text/javascript",
      body: `import * as luce from ${JSON.stringify(library)}; globalThis.luce = luce;`,
    }),
  );
  await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
  await page.goto(server.url);
  await page.waitForFunction(() => "luce" in globalThis);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  return page;
}

interface Opened {
  readonly workers: number;
  readonly reason: string;
  /** Of a product that two workers share. */
  readonly sum: number;
}

/** Runs in the page and in Node alike. */
async function multiply(luce: Luce, options: Parameters<Luce["createEngine"]>[0]): Promise<Opened> {
  const engine = await luce.createEngine({ device: "cpu", ...options });
  const ones = engine.tensor({ data: new Float32Array(300 * 300).fill(1), shape: [300, 300] });
  const product = await engine.matmul(ones, ones).read();
  const { workers, reason } = engine;
  engine.dispose();
  return { workers, reason, sum: [...product].reduce((sum, value) => sum + value, 0) };
}

const SUM = 300 ** 3;

const multiplyIn = (page: Page, workers: number): Promise<Opened> =>
  page.evaluate(`(${multiply})(luce, { workers: ${workers} })`) as Promise<Opened>;

describe("in a plain page", () => {
  test("under a policy of the page's own scripts only", async () => {
    const policy = "default-src 'none'; script-src 'self'; connect-src 'self'";
    const page = await openPage(await serve({ "Content-Security-Policy": policy }));
    expect(await multiplyIn(page, 2)).toMatchObject({ workers: 2, sum: SUM });
    await page.close();
  });

  test("under a policy without workers, on the page's own thread, which is said", async () => {
    const policy = "default-src 'none'; script-src 'self'; worker-src 'none'";
    const page = await openPage(await serve({ "Content-Security-Policy": policy }));
    const opened = await multiplyIn(page, 2);
    expect(opened).toMatchObject({ workers: 0, sum: SUM });
    expect(opened.reason).toContain("on the page's own thread, without workers");
    await page.close();
  });

  test("from another origin", async () => {
    const elsewhere = await serve({ "Access-Control-Allow-Origin": "*" });
    const page = await openPage(await serve(), `${elsewhere.url}index.js`);
    expect(await multiplyIn(page, 3)).toMatchObject({ workers: 3, sum: SUM });
    await page.close();
  });

  test("from another origin under a policy that allows its scripts, but no blobs", async () => {
    const elsewhere = await serve({ "Access-Control-Allow-Origin": "*" });
    const policy = `default-src 'none'; script-src 'self' ${elsewhere.url}`;
    const page = await openPage(await serve({ "Content-Security-Policy": policy }), `${elsewhere.url}index.js`);
    expect(await multiplyIn(page, 2)).toMatchObject({ workers: 0, sum: SUM });
    const own = await page.evaluate(
      `(${multiply})(luce, { workers: 2, createWorker: () => new Worker("/worker.js", { type: "module" }) })`,
    );
    expect(own).toMatchObject({ workers: 2, sum: SUM });
    await page.close();
  });

  test("as many workers as the processor runs at once, unless told otherwise", async () => {
    const page = await openPage(await serve());
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    const opened = (await page.evaluate(`(${multiply})(luce, {})`)) as Opened;
    expect(opened).toMatchObject({ workers: Math.min(16, cores), sum: SUM });
    expect(opened.reason).toContain(opened.workers === 1 ? "1 worker" : `${opened.workers} workers`);
    await page.close();
  });
});

/** What is seen of a fit that is broken off. */
interface Course {
  readonly workers: number;
  /** How long the abort took to be answered. */
  readonly abortMs: number;
  readonly rejected: unknown;
}

const [ROWS, FEATURES, CLASSES] = [60_000, 784, 10];

interface Way {
  readonly solver: "lbfgs" | "sgd";
  /** Features of four bytes rather than one: 188 MB. */
  readonly floats: boolean;
  readonly workers?: number;
}

/** Makes the digits and a model in the page, as `fit`, a function that is to be called. */
async function prepareFit(luce: Luce, way: Way, sizes: readonly number[]): Promise<void> {
  const [rows, features, classes] = sizes;
  const { solver, floats, workers: wanted } = way;
  const data = floats ? new Float32Array(rows * features) : new Uint8Array(rows * features);
  for (let i = 0, state = 1; i < data.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    data[i] = state >>> 24;
  }
  const y = Int32Array.from({ length: rows }, (_, i) => data[i * features] % classes);
  const device = { device: "cpu", ...(wanted === undefined ? {} : { workers: wanted }) } as const;
  const model = new luce.SoftmaxRegression({
    ...device,
    solver,
    ...(solver === "lbfgs" ? { tolerance: 0 } : { epochs: 1000 }),
    l2: 1e-4,
  });
  const { workers } = await model.engine;
  const fit = async (afterMs: number): Promise<Course> => {
    const abort = new AbortController();
    let abortedAt = 0;
    setTimeout(() => {
      abortedAt = performance.now();
      abort.abort("enough");
    }, afterMs);
    const { signal } = abort;
    const fitting = model.fit({ data, shape: [rows, features], scale: 1 / 255 }, y, { signal });
    const rejected = await fitting.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return { workers, abortMs: performance.now() - abortedAt, rejected };
  };
  Object.assign(globalThis, { fit, dispose: () => model.dispose() });
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Processor time of the thread, in microseconds. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/**
 * The longest task of a page's main thread while `work` goes on, in milliseconds of processor time: unlike the clock, it does not
 * run while other programs have the processor.
 */
async function longestTask(page: Page, work: () => Promise<unknown>): Promise<number> {
  await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline"] });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const mains = traceEvents
    .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
    .map(({ pid, tid }) => `${pid} ${tid}`);
  const tasks = traceEvents
    .filter(({ name, pid, tid }) => name === "RunTask" && mains.includes(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000);
  // A fit takes copying and many messages: less would say that nothing was seen.
  expect(tasks.length).toBeGreaterThan(20);
  const longest = Math.max(...tasks);
  expect(longest).toBeGreaterThan(1);
  return longest;
}

const LONGEST_TASK_MS = 50;
const LONGEST_ABORT_MS = 100;

const WAYS: readonly Way[] = [
  { solver: "lbfgs", floats: false },
  { solver: "sgd", floats: false },
  { solver: "lbfgs", floats: true },
  { solver: "sgd", floats: true, workers: 0 },
];

describe.for(WAYS)("a fit of sixty thousand digits, %o", (way) => {
  test("leaves the page its turns from the first on, and answers an abort at once", async () => {
    const page = await openPage(await serve());
    await page.evaluate(`(${prepareFit})(luce, ${JSON.stringify(way)}, [${[ROWS, FEATURES, CLASSES]}])`);
    let course: Course | undefined;
    const taskMs = await longestTask(page, async () => {
      course = (await page.evaluate("fit(2000)")) as Course;
    });
    expect(course).toMatchObject({ rejected: "enough" });
    if (way.workers === undefined) expect(course?.workers).toBeGreaterThan(0);
    else expect(course?.workers).toBe(way.workers);
    expect(taskMs).toBeLessThan(LONGEST_TASK_MS);
    // A busy machine takes the processor away now and then; what is slow by itself is slow every time.
    let abortMs = course?.abortMs ?? Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 5 && abortMs >= LONGEST_ABORT_MS; attempt++) {
      abortMs = Math.min(abortMs, ((await page.evaluate("fit(1000)")) as Course).abortMs);
    }
    expect(abortMs).toBeLessThan(LONGEST_ABORT_MS);
    await page.close();
  });
});

describe("in Node", () => {
  let luce: Luce;
  beforeAll(async () => {
    luce = (await import(/* @vite-ignore */ pathToFileURL(index).href)) as Luce;
  });

  test("the same, by worker threads", async () => {
    expect(await multiply(luce, { workers: 2 })).toMatchObject({ workers: 2, sum: SUM });
    expect(await multiply(luce, { workers: 0 })).toMatchObject({ workers: 0, sum: SUM });
  });

  test("a worker that dies fails what waits and every later read", async () => {
    const made: NodeWorker[] = [];
    const createWorker = (): Worker => {
      const worker = new NodeWorker(join(dirname(index), "worker.js"));
      made.push(worker);
      return worker as unknown as Worker;
    };
    const engine = await luce.createEngine({ device: "cpu", workers: 2, createWorker });
    const a = engine.tensor({ data: new Float32Array(900 * 900), shape: [900, 900] });
    const reading = engine.matmul(a, a).read();
    await made[1].terminate();
    await expect(reading).rejects.toMatchObject({ name: "DeviceError", code: "DEVICE_LOST" });
    await expect(a.read()).rejects.toMatchObject({ name: "DeviceError", code: "DEVICE_LOST" });
    engine.matmul(a, a);
    await engine.pace();
    await expect(engine.read(a)).rejects.toThrow(luce.DeviceError);
    engine.dispose();
  });

  test("a worker's script is a module by itself", async () => {
    expect(await readFile(join(dirname(index), "worker.js"), "utf8")).not.toMatch(/\bimport\b\s*[("'{]/);
  });
});
