/** The first pass over batches for L-BFGS: how many rows there are, their labels and weights, and what else is asked of all of them. */
import type { TensorEngine } from "../engine/tensor-engine.js";
import { digestOf } from "../storage/digest.js";
import type { BatchMoments } from "./batch-moments.js";
import type { BatchRequest } from "./batch-request.js";
import type { CheckedBatch } from "./batch-source.js";
import { type Fingerprint, featuresPrint, targetsPrint } from "./fingerprint.js";
import type { EncodedLabels } from "./labels.js";
import { evened } from "./training-data.js";
import { warmStartFrom } from "./warm-start.js";

/** What is known of all rows after the first pass. */
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

/** Moments of each batch of a pass, where columns are to be scaled. Loaded then. */
export async function momentsFor(engine: TensorEngine, request: BatchRequest): Promise<BatchMoments | undefined> {
  if (request.options.standardize === false) return undefined;
  const { BatchMoments } = await import("./batch-moments.js");
  return new BatchMoments(engine, request.throwIfStopped);
}

export async function survey(engine: TensorEngine, request: BatchRequest): Promise<Survey> {
  const { reader, classes, last, fit } = request;
  const moments = await momentsFor(engine, request);
  let [rows, columns, weighted] = [0, 0, false];
  let start: Float32Array | undefined;
  const seen: Pick<CheckedBatch, "y" | "weights">[] = [];
  const prints: string[] = [];
  for await (const batch of reader.pass()) {
    const { x, y, weights } = batch;
    if (rows === 0 && last) start = warmStartFrom(last, { x, y, weights, validation: undefined }, request.options);
    await moments?.add(batch);
    if (fit.checkpoint) prints.push(`${x.rows} of ${await featuresPrint(engine, x)}`);
    rows += x.rows;
    columns = x.columns;
    weighted ||= weights !== undefined;
    seen.push({ y, weights });
  }
  const { y, weights } = joined(seen, rows, classes, weighted);
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
  return { y, weights: weighted ? evened(all) : undefined };
}
