/** What goes along with a fit of batches: rows to validate on, the best weights that they saw, checkpoints. */
import { inTurns } from "../engine/in-turns.js";
import { Tensor } from "../engine/tensor.js";
import type { Workspace } from "../solvers/workspace.js";
import type { BatchCompany, BatchRequest } from "./batch-request.js";
import { BestWeights } from "./early-stopping.js";
import type { Fingerprint } from "./fingerprint.js";
import type { FitCheckpoint } from "./fit-checkpoint.js";
import type { EncodedLabels } from "./labels.js";
import { targetsFor } from "./loss-targets.js";
import { type CheckedRows, checkValidation } from "./training-data.js";
import { uploadRows } from "./uploaded-rows.js";
import { Validation } from "./validation.js";

/**
 * Once the number of features is known.
 * @param rows what can be told of the rows that are trained on
 * @param steps of the whole fit, where the learning rate depends on it
 */
export async function companyOf(
  workspace: Workspace,
  request: BatchRequest,
  columns: number,
  rows: Fingerprint,
  steps = 0,
): Promise<BatchCompany> {
  const { fit, loss, classes, throwIfStopped } = request;
  const judged = await checkedValidation(workspace, request, columns);
  const checkpoint = await openCheckpoint(workspace, request, rows, judged, steps);
  const uploaded = judged && (await uploadRows(workspace, judged, 0, throwIfStopped));
  return {
    validation: judged && uploaded && new Validation(workspace, loss, judged, uploaded, classes.length),
    bestWeights: fit.earlyStopping && new BestWeights(fit.earlyStopping, checkpoint?.resumed?.checks),
    checkpoint,
  };
}

async function checkedValidation(
  { engine }: Workspace,
  { fit: { validation }, options, classes, throwIfStopped }: BatchRequest,
  columns: number,
): Promise<CheckedRows | undefined> {
  if (!validation) return undefined;
  const labels: EncodedLabels = { kind: "labels", classes: [...classes], indices: new Int32Array(0) };
  const checked = await inTurns(checkValidation(validation, columns, labels, options), throwIfStopped);
  if (checked.x instanceof Tensor) engine.requireOwn("fit", checked.x);
  return { ...checked, y: targetsFor(options.loss, checked.y, "fit: validation") };
}

async function openCheckpoint(
  { engine }: Workspace,
  { fit, options, classes, throwIfStopped, stops }: BatchRequest,
  rows: Fingerprint,
  validation: CheckedRows | undefined,
  steps: number,
): Promise<FitCheckpoint | undefined> {
  if (!fit.checkpoint) return undefined;
  const { FitCheckpoint, fingerprintOfBatches } = await import("./checkpointing.js");
  const fingerprint = await fingerprintOfBatches(engine, rows, validation, classes, options, { ...fit, steps });
  return FitCheckpoint.open(fit.checkpoint, fingerprint, { throwIfStopped, stops });
}
