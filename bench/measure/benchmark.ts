/** All rows and all contestants, one after the other, within the time that there is. */
import type { Contestant } from "../contestants/contestant.js";
import type { LuceContestant } from "../contestants/luce.js";
import { checkFor } from "../tasks/checks.js";
import { FITS, tasksFor } from "../tasks/list.js";
import type { FitTask, Mnist, Task } from "../tasks/task.js";
import { workFor } from "../tasks/work.js";
import { type Roof, roofOf } from "./copy-bandwidth.js";
import { type FitResult, fits } from "./fits.js";
import type { GpuClock } from "./gpu-clock.js";
import type { BenchOptions } from "./options.js";
import { type LaneResult, messageOf, race } from "./race.js";

export interface RowResult {
  readonly task: Task;
  readonly lanes: readonly LaneResult[];
}

/** Filled as the run goes on, so that what is there can be shown whenever it ends. */
export interface BenchResult {
  roof: Roof | undefined;
  /** What the self-check of the device said. */
  selfCheck: string;
  selfCheckPassed: boolean | undefined;
  /** Libraries or backends that would not start, and rows left out. */
  readonly notes: string[];
  readonly rows: RowResult[];
  readonly fits: { readonly task: FitTask; readonly results: readonly FitResult[] }[];
}

export const emptyResult = (): BenchResult => ({
  roof: undefined,
  selfCheck: "",
  selfCheckPassed: undefined,
  notes: [],
  rows: [],
  fits: [],
});

/** A row that would get less than this is left out. */
const LEAST_ROW_MS = 500;
/** What a contestant's repetitions of one row may take together. */
const LANE_LIMIT_MS = 60_000;
const QUICK_LANE_LIMIT_MS = 15_000;
const FIT_LIMIT_MS = 90_000;
/** Hundreds of steps in a repetition, in two ways for some contestants; whole fits. */
const SGD_WEIGHT = 4;
const FIT_WEIGHT = 2;

export interface Field {
  readonly gpu: GPU;
  readonly gpuClock: GpuClock;
  /** Contestants yet to be opened, with the names to tell which one failed. */
  readonly luce: readonly (readonly [name: string, open: () => Promise<LuceContestant>])[];
  readonly peers: readonly (readonly [name: string, open: () => Promise<Contestant>])[];
  readonly mnist: () => Promise<Mnist>;
  readonly log: (line: string) => void;
}

const onGpu = (contestant: Contestant): boolean => contestant.device === "webgpu";

export async function benchmark(field: Field, options: BenchOptions, result: BenchResult): Promise<void> {
  const { log } = field;
  const end = performance.now() + options.budget * 1000;
  const roof = await roofOf(field.gpu, options.peak === undefined ? undefined : options.peak * 1e12);
  result.roof = roof;
  log(`adapter: ${roof.adapter}; copies ${(roof.copyBytesPerSecond / 1e9).toFixed(1)} GB/s`);
  const takesPart = ([name]: readonly [name: string, open: unknown]): boolean =>
    name.endsWith("webgpu") ? !options.cpuOnly : !options.gpuOnly && (options.cpuOnly || !name.endsWith("1 worker"));
  const own = await opened(field.luce.filter(takesPart), result, log);
  const peers = await opened(field.peers.filter(takesPart), result, log);
  if (options.selfCheck) await checkDevice(own, result, log);
  const mnist = await field.mnist();
  const steps = stepsOf(roof, own, [...own, ...peers], mnist, field, options, result);
  let weightLeft = steps.reduce((sum, { weight }) => sum + weight, 0);
  for (const { title, weight, run } of steps) {
    const share = ((end - performance.now()) * weight) / weightLeft;
    weightLeft -= weight;
    if (share < LEAST_ROW_MS) {
      result.notes.push(`left out, no time: ${title}`);
      continue;
    }
    log(title);
    try {
      await run(share);
    } catch (error) {
      result.notes.push(`${title} failed: ${messageOf(error)}`);
    }
  }
}

interface Step {
  readonly title: string;
  /** How much of the time it should get, beside the others. */
  readonly weight: number;
  readonly run: (shareMs: number) => Promise<void>;
}

/** The chosen rows and fits, the most telling first: a run that is cut short has them. */
function stepsOf(
  roof: Roof,
  own: readonly LuceContestant[],
  all: readonly Contestant[],
  mnist: Mnist,
  { log, gpuClock }: Field,
  options: BenchOptions,
  result: BenchResult,
): Step[] {
  const isChosen = ({ id }: { id: string }): boolean => options.chosen.length === 0 || options.chosen.includes(id);
  const laneLimitMs = options.quick ? QUICK_LANE_LIMIT_MS : LANE_LIMIT_MS;
  const hardware = !roof.software && !options.cpuOnly;
  const rows = tasksFor(hardware, hardware || options.cpuOnly).map((task) => ({
    id: task.id,
    title: task.title,
    weight: task.kind === "sgd" ? SGD_WEIGHT : 1,
    run: async (shareMs: number) => {
      const shareEnd = performance.now() + shareMs;
      const work = workFor(task, mnist.train);
      const check = checkFor(work);
      // The float64 reference of a large task takes seconds: what it takes beyond half of the share is not the contestants' loss.
      const deadline = Math.max(shareEnd, performance.now() + shareMs / 2);
      const repetitions = options.quick ? 3 : 5;
      const racing = task.large ? all.filter(onGpu) : all;
      const lanes = await race(racing, work, check, { repetitions, laneLimitMs, deadline, log, gpuClock });
      result.rows.push({ task, lanes });
    },
  }));
  const solved = FITS.map((task) => ({
    id: task.id,
    title: `MNIST by L-BFGS, l2 ${task.l2}`,
    weight: FIT_WEIGHT,
    run: async (shareMs: number) => {
      const deadline = performance.now() + shareMs;
      const repetitions = options.quick ? 1 : 5;
      const results = await fits(own, task, mnist, { repetitions, limitMs: FIT_LIMIT_MS, deadline, log });
      result.fits.push({ task, results });
    },
  }));
  return [...rows.slice(0, 1), ...solved, ...rows.slice(1)].filter(isChosen);
}

/** Those that start; a library that does not is noted. */
async function opened<C>(
  entries: readonly (readonly [name: string, open: () => Promise<C>])[],
  result: BenchResult,
  log: (line: string) => void,
): Promise<C[]> {
  const started: C[] = [];
  for (const [name, open] of entries) {
    try {
      started.push(await open());
    } catch (error) {
      const note = `${name} would not start: ${messageOf(error)}`;
      result.notes.push(note);
      log(note);
    }
  }
  return started;
}

async function checkDevice(
  own: readonly LuceContestant[],
  result: BenchResult,
  log: (line: string) => void,
): Promise<void> {
  const engine = (own.find(onGpu) ?? own[0])?.engine;
  if (!engine) return;
  const check = await engine.selfCheck();
  result.selfCheckPassed = check.passed;
  result.selfCheck = check.text;
  log(
    `${engine.reason}; self-check of ${check.rows.length} cases ${check.passed ? "passed" : `FAILED\n${check.text}`}`,
  );
}
