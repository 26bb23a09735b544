/**
 * Whether minibatch steps go many to a dispatch, by one workgroup, or by two dispatches each: one workgroup computes with a small
 * part of a GPU, but pays for no launch. A pure function of sizes and of what the device is.
 */
import { fitsWorkgroup, smallBatchLayout, smallBatchWork } from "./small-batch-layout.js";

export interface SmallBatchQuestion {
  readonly rows: number;
  readonly features: number;
  readonly classes: number;
  readonly batchSize: number;
  /** The adapter is a CPU in disguise. */
  readonly software: boolean;
  /** Storage bindings that X takes. */
  readonly bindings: number;
}

export interface SmallBatchPlan {
  /** Steps that one dispatch carries out, an epoch's at the most; undefined where every step takes dispatches of its own. */
  readonly stepsPerDispatch: number | undefined;
  /** Why, in a sentence for people. */
  readonly stepReason: string;
}

/**
 * Operations of a step, and what takes as long, that one workgroup does in two thirds of the time of two launches, or less. On an
 * H100 two launches take 70–90 µs; one workgroup 4–6 µs for a row of MNIST, 16–20 for 32, 28 for 64, 54 for 128 and 124 for 256.
 * On SwiftShader the two are even at some 24 rows.
 */
export const MOST_SMALL_BATCH_WORK = { software: 8e5, hardware: 4e6 };
/**
 * Operations of one dispatch, at a speed of 1 GFLOP/s, which one core of a slow phone has, 20 ms: short beside the 100 ms in
 * which progress is told. And steps: past so many a launch costs nothing beside them.
 */
const WORK_PER_DISPATCH = 2e7;
const MOST_STEPS = 256;

export function smallBatchPlan(question: SmallBatchQuestion): SmallBatchPlan {
  const { rows, features, classes, software, bindings } = question;
  const batchSize = Math.min(question.batchSize, rows);
  const work = smallBatchWork(batchSize, features + 1, classes);
  const most = MOST_SMALL_BATCH_WORK[software ? "software" : "hardware"];
  const no = (stepReason: string): SmallBatchPlan => ({ stepsPerDispatch: undefined, stepReason });
  if (bindings > 1) return no("X is larger than one storage binding, where a workgroup finds all rows");
  if (!fitsWorkgroup(smallBatchLayout({ batchSize, features: features + 1, classes, software }))) {
    return no(`the logits of ${batchSize} rows do not fit the memory of one workgroup`);
  }
  const operations = `${(work / 1e6).toPrecision(3)} million operations`;
  if (work > most) return no(`a step is ${operations}, more than ${most / 1e6}: the whole GPU is worth its launches`);
  const steps = Math.max(1, Math.min(MOST_STEPS, Math.floor(WORK_PER_DISPATCH / work), Math.ceil(rows / batchSize)));
  return {
    stepsPerDispatch: steps,
    stepReason: `a step is ${operations}, ${most / 1e6} or less: one workgroup is done before two launches are`,
  };
}
