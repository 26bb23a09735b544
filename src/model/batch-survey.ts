/** The first pass over batches: how many rows there are, and what else is asked of all of them. One pass, whatever is asked; none where nothing is. */
import type { TensorEngine } from "../engine/tensor-engine.js";
import { DataError } from "../errors.js";
import { needsStepCount } from "../solvers/learning-rate.js";
import { digestOf } from "../storage/digest.js";
import type { BatchMoments } from "./batch-moments.js";
import type { BatchRequest } from "./batch-request.js";
import type { CheckedBatch } from "./batch-source.js";
import { type Fingerprint, featuresPrint, targetsPrint } from "./fingerprint.js";
import type { EncodedLabels } from "./labels.js";
import { balancing, classWeighted, withMass } from "./row-weights.js";
import { evened } from "./training-data.js";
import { warmStartFrom } from "./warm-start.js";

/** What L-BFGS knows of all rows after the first pass. */
export interface Survey {
  readonly rows: number;
  readonly columns: number;
  readonly y: EncodedLabels;
  readonly weights: Float32Array | undefined;
  /** Of a warm start. */
  readonly start: Float32Array | undefined;
  /** Where columns are to be scaled. */
  readonly moments: BatchMoments | undefined;
  /** Of all rows and of how they are cut, where a checkpoint is to tell them; else empty. */
  readonly print: Fingerprint;
}

/** What SGD and Adam know of them. */
export interface StepSurvey {
  readonly rows: number;
  /** Minibatches of an epoch. */
  readonly steps: number;
  /** Whether the length of a step depends on how many there are. */
  readonly counts: boolean;
  readonly moments: BatchMoments | undefined;
  readonly print: Fingerprint;
}

/** Moments of each batch of a pass, where columns are to be scaled. Loaded then. */
async function momentsFor(engine: TensorEngine, request: BatchRequest): Promise<BatchMoments | undefined> {
  const { options, classes, throwIfStopped } = request;
  if (options.standardize === false) return undefined;
  const { BatchMoments } = await import("./batch-moments.js");
  return new BatchMoments(engine, throwIfStopped, options.classWeight === "balanced" ? classes.length : undefined);
}

/** Undefined, without a pass, where no option asks for what only all rows tell. */
export async function surveyForSteps(engine: TensorEngine, request: BatchRequest): Promise<StepSurvey | undefined> {
  const { reader, options, classes } = request;
  const isBalanced = options.classWeight === "balanced";
  const counts = needsStepCount(options.learningRate);
  if (!isBalanced && !counts && options.standardize === false) return undefined;
  const moments = await momentsFor(engine, request);
  const mass = new Float64Array(classes.length);
  let [rows, steps] = [0, 0];
  for await (const batch of reader.pass()) {
    const { x, y, weights } = batch;
    rows += x.rows;
    steps += stepsOf(x.rows, options.batchSize);
    if (isBalanced) withMass(mass, y, weights);
    await moments?.add(batch);
  }
  const ofClass = isBalanced ? balancing(mass) : undefined;
  if (ofClass) {
    reader.balanceBy(ofClass);
    moments?.balanceBy(ofClass);
  }
  const print = {
    "the number of rows": `${rows}`,
    ...(counts && { "the number of steps": `${steps}` }),
    ...(ofClass && { "the rows of each class": digestOf(ofClass) }),
    ...(moments && { "means and deviations of X's columns": moments.digest }),
  };
  return { rows, steps, counts, moments, print };
}

/** Minibatches of a batch of so many rows. */
export const stepsOf = (rows: number, batchSize: number): number => Math.ceil(rows / batchSize);

/** A later pass is not what the first was. */
export function otherRows(expected: string, got: string): DataError {
  return new DataError(
    "EMPTY_INPUT",
    `fit: a pass over the batches gave other rows than the first: expected ${expected}, got ${got}. ` +
      "Give the same batches in the same order each time.",
  );
}

/** For L-BFGS. */
export async function survey(engine: TensorEngine, request: BatchRequest): Promise<Survey> {
  const { reader, classes, last, fit, options } = request;
  const moments = await momentsFor(engine, request);
  let [rows, columns, weighted] = [0, 0, false];
  let start: Float32Array | undefined;
  const seen: Pick<CheckedBatch, "y" | "weights">[] = [];
  const prints: string[] = [];
  for await (const batch of reader.pass()) {
    const { x, y, weights } = batch;
    if (rows === 0 && last) start = warmStartFrom(last, { x, y, weights, validation: undefined }, options);
    await moments?.add(batch);
    if (fit.checkpoint) prints.push(`${x.rows} of ${await featuresPrint(engine, x)}`);
    rows += x.rows;
    columns = x.columns;
    weighted ||= weights !== undefined;
    seen.push({ y, weights });
  }
  const { y, weights: counted } = joined(seen, rows, classes, weighted);
  let weights = counted;
  if (options.classWeight === "balanced") {
    const ofClass = balancing(withMass(new Float64Array(classes.length), y, counted));
    moments?.balanceBy(ofClass);
    weights = classWeighted(y, counted, ofClass, "fit");
  }
  weights &&= evened(weights);
  const digest = digestOf(new TextEncoder().encode(prints.join()));
  const print = fit.checkpoint && {
    X: `${rows}×${columns} in ${prints.length} batches of ${digest}`,
    ...(await targetsPrint({ y, weights })),
  };
  return { rows, columns, y, weights, start, moments, print: print ?? {} };
}

/** Labels and weights of all batches, one after the other. */
function joined(
  seen: readonly Pick<CheckedBatch, "y" | "weights">[],
  rows: number,
  classes: BatchRequest["classes"],
  weighted: boolean,
): Pick<Survey, "y" | "weights"> {
  const [{ y: first }] = seen;
  const k = classes.length;
  const values = first.kind === "soft" ? new Float32Array(rows * k) : new Int32Array(rows);
  const all = new Float32Array(weighted ? rows : 0);
  let row = 0;
  for (const { y, weights } of seen) {
    values.set(y.kind === "soft" ? y.targets : y.indices, first.kind === "soft" ? row * k : row);
    const count = y.kind === "soft" ? y.targets.length / k : y.indices.length;
    if (weighted) all.set(weights ?? new Float32Array(count).fill(1), row);
    row += count;
  }
  const y: EncodedLabels =
    values instanceof Float32Array
      ? { kind: "soft", classes: [...classes], targets: values }
      : { kind: "labels", classes: [...classes], indices: values };
  return { y, weights: weighted ? all : undefined };
}
