/** L-BFGS on batches: labels and logits of all rows stay on the device, X comes in anew for each product. */

import { inTurns } from "../engine/in-turns.js";
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { DataError } from "../errors.js";
import { LinearObjective } from "../losses/linear-objective.js";
import { type RowsFrom, StreamedRows } from "../losses/streamed-rows.js";
import { Workspace } from "../solvers/workspace.js";
import type { BatchRequest } from "./batch-request.js";
import type { CheckedBatch } from "./batch-source.js";
import { Course } from "./course.js";
import type { EncodedLabels } from "./labels.js";
import { targetsFor } from "./loss-targets.js";
import type { FitReport } from "./report.js";
import { EACH_ITERATION, runLbfgs } from "./train-lbfgs.js";
import { evened } from "./training-data.js";
import { featuresOnDevice } from "./uploaded-rows.js";
import { warmStartFrom } from "./warm-start.js";

/** What is known of all rows after the first pass. */
interface Survey {
  readonly rows: number;
  readonly columns: number;
  readonly y: EncodedLabels;
  readonly weights: Float32Array | undefined;
  readonly start: Float32Array | undefined;
}

export async function trainLbfgsOnBatches(workspace: Workspace, request: BatchRequest): Promise<FitReport> {
  const { engine } = workspace;
  const { options, fit, classes, loss, publish, isDisposed, stops } = request;
  const { rows, columns, y: given, weights, start } = await survey(request);
  const y = targetsFor(options.loss, given, "fit");
  const k = classes.length;
  const validation = await request.validationOn(workspace, columns);
  const targets = {
    labels: y.kind === "labels" ? workspace.tensor(y.indices) : undefined,
    soft: y.kind === "soft" ? workspace.tensor({ data: y.targets, shape: [rows, k] }) : undefined,
    rowWeight: weights && workspace.tensor(weights),
    labelSmoothing: options.labelSmoothing,
  };
  const products = new StreamedRows(engine, rows, columns, () => uploaded(engine, request, { rows, columns }));
  const objective = await LinearObjective.over(workspace, products, {
    ...{ targets, rowWeight: weights, classes: k, loss, l1: options.l1, l2: options.l2 },
    totalWeight: weights ? weights.reduce((sum, w) => sum + w, 0) : rows,
    fitIntercept: options.fitIntercept,
    start: start?.subarray(0, (columns + Number(options.fitIntercept)) * k),
  });
  return runLbfgs(
    workspace,
    objective,
    columns,
    request,
    (part) => ({
      course: new Course({ ...fit, ...part, validation, rows, publish, isDisposed, stops, bestWeights: undefined }),
      checkpoints: undefined,
    }),
    // What is recorded in vain costs passes over the batches.
    EACH_ITERATION,
  );
}

/** One pass on the host alone: how many rows there are, their labels and weights. */
async function survey({ reader, classes, last }: BatchRequest): Promise<Survey> {
  let [rows, columns, weighted] = [0, 0, false];
  let start: Float32Array | undefined;
  const seen: Pick<CheckedBatch, "y" | "weights">[] = [];
  for await (const { x, y, weights } of reader.pass()) {
    if (rows === 0 && last) start = warmStartFrom(last, { x, y, weights, validation: undefined });
    rows += x.rows;
    columns = x.columns;
    weighted ||= weights !== undefined;
    seen.push({ y, weights });
  }
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
  return { rows, columns, y, weights: weighted ? evened(all) : undefined, start };
}

/** The batches on the device, each until the next one is asked for: no more than one at a time. */
async function* uploaded(
  engine: TensorEngine,
  { reader, throwIfStopped }: BatchRequest,
  expected: { readonly rows: number; readonly columns: number },
): AsyncGenerator<RowsFrom, void, undefined> {
  let first = 0;
  const refuse = (): never => {
    throw new DataError(
      "EMPTY_INPUT",
      `fit: a pass over the batches gave other rows than the first: expected ${expected.rows} × ${expected.columns}, ` +
        `got ${first} rows so far. Give the same batches in the same order each time.`,
    );
  };
  for await (const { x } of reader.pass()) {
    if (first + x.rows > expected.rows) refuse();
    const workspace = new Workspace(engine);
    try {
      if (x instanceof Tensor) engine.requireOwn("fit", x);
      const here = await inTurns(featuresOnDevice(workspace, x), throwIfStopped);
      yield { x: here, first };
    } finally {
      workspace.dispose();
    }
    first += x.rows;
    // What was recorded of this one is done before memory is taken for the next.
    await engine.pace();
  }
  if (first !== expected.rows) refuse();
}
