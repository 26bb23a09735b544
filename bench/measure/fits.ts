/** Luce's L-BFGS on MNIST: when it comes within a gap of the optimum, in seconds and in passes over X. */
import { type FitPoint, SoftmaxRegression } from "../../src/index.js";
import { nameOf } from "../contestants/contestant.js";
import type { LuceContestant } from "../contestants/luce.js";
import { GAPS } from "../tasks/list.js";
import type { Digits, FitTask, Mnist } from "../tasks/task.js";
import { median } from "./median.js";
import { messageOf } from "./race.js";

export interface FitOptions {
  readonly repetitions: number;
  /** A fit that takes longer is ended. */
  readonly limitMs: number;
  readonly deadline: number;
  readonly log: (line: string) => void;
}

/** Where a fit came within a gap, medians of the repetitions; undefined where it did not. */
export interface GapResult {
  readonly gap: number;
  readonly seconds?: number;
  readonly passes?: number;
}

export interface FitResult {
  readonly contestant: string;
  readonly l2: number;
  readonly gaps: readonly GapResult[];
  readonly repetitions: number;
  /** To its own end, at the tolerance of the task; undefined where it was ended before. */
  readonly seconds?: number;
  readonly iterations?: number;
  readonly objective?: number;
  readonly testAccuracy?: number;
  readonly note?: string;
}

interface Course {
  readonly points: readonly FitPoint[];
  readonly seconds: number | undefined;
}

const features = ({ pixels, shape }: Digits): { data: Uint8Array; shape: number[]; scale: number } => ({
  data: pixels,
  shape: [...shape],
  scale: 1 / 255,
});

export async function fits(
  contestants: readonly LuceContestant[],
  task: FitTask,
  { train, test }: Mnist,
  options: FitOptions,
): Promise<FitResult[]> {
  const results: FitResult[] = [];
  for (const [index, { engine, ...contestant }] of contestants.entries()) {
    const deadline = performance.now() + (options.deadline - performance.now()) / (contestants.length - index);
    const model = new SoftmaxRegression({ l2: task.l2, tolerance: task.tolerance, engine });
    const x = engine.tensor(features(train));
    const courses: Course[] = [];
    let failure = "";
    // The first fit compiles; on a slow device it is also the only one.
    for (let turn = 0; turn <= options.repetitions && failure === ""; turn++) {
      const left = Math.min(options.limitMs, deadline - performance.now());
      if (left <= 0 || courses.some(({ seconds }) => seconds === undefined || 2000 * seconds > left)) break;
      try {
        const course = await followed(model, x, train.labels, left);
        if (turn === 1) courses.length = 0;
        courses.push(course);
      } catch (error) {
        failure = `failed: ${messageOf(error)}`;
      }
    }
    x.dispose();
    const ended = failure === "" && courses.at(-1)?.seconds !== undefined;
    const score = ended ? { testAccuracy: await model.score(features(test), test.labels) } : {};
    const result = { contestant: nameOf(contestant), ...summary(task, courses, options, failure), ...score };
    results.push(result);
    for (const { gap, seconds, passes } of result.gaps) {
      options.log(`  ${result.contestant}, gap ${gap}: ${seconds?.toPrecision(3) ?? "–"} s, ${passes ?? "–"} passes`);
    }
  }
  return results;
}

/** One fit from zero, its points kept even when the clock ends it. */
async function followed(
  model: SoftmaxRegression,
  x: Parameters<SoftmaxRegression["fit"]>[0],
  labels: Uint8Array,
  limitMs: number,
): Promise<Course> {
  const points: FitPoint[] = [];
  const signal = AbortSignal.timeout(Math.ceil(limitMs));
  try {
    const report = await model.fit(x, labels, { signal, onProgress: (point) => points.push(point) });
    return { points: report.history, seconds: report.elapsedMs / 1000 };
  } catch (error) {
    if (!signal.aborted) throw error;
    return { points, seconds: undefined };
  }
}

function summary(
  task: FitTask,
  courses: readonly Course[],
  options: FitOptions,
  failure: string,
): Omit<FitResult, "contestant" | "testAccuracy"> {
  const gaps = GAPS.map((gap): GapResult => {
    const reached = courses.map(({ points }) => points.find(({ loss }) => loss <= task.optimum * (1 + gap)));
    const found = reached.filter((point) => point !== undefined);
    if (found.length === 0) return { gap };
    return {
      gap,
      seconds: median(found.map((point) => point.elapsedMs)) / 1000,
      passes: median(found.map((point) => point.passes)),
    };
  });
  const last = courses.at(-1)?.points.at(-1);
  const ended = courses.map((course) => course.seconds).filter((seconds) => seconds !== undefined);
  const notes = [
    failure,
    courses.length === 0 && failure === "" ? "no time was left" : "",
    ended.length < courses.length ? "ended by the clock" : "",
    courses.length < options.repetitions ? `${courses.length} of ${options.repetitions} repetitions` : "",
  ].filter((note) => note !== "");
  return {
    l2: task.l2,
    gaps,
    repetitions: courses.length,
    ...(ended.length > 0 && { seconds: median(ended) }),
    ...(last && { iterations: last.iteration, objective: last.loss }),
    ...(notes.length > 0 && { note: notes.join(", ") }),
  };
}
