/** A fit of batches: what can be checked is checked before anything changes, the rest as it comes. */
import { inTurns } from "../engine/in-turns.js";
import { Tensor } from "../engine/tensor.js";
import { DisposedError, OptionError } from "../errors.js";
import { lossOf } from "../losses/loss-of.js";
import { Workspace } from "../solvers/workspace.js";
import type { BatchRequest } from "./batch-request.js";
import { BatchReader, isRepeatable } from "./batch-source.js";
import { checkBatchFitOptions } from "./check-options.js";
import type { EncodedLabels, Label } from "./labels.js";
import { targetsFor } from "./loss-targets.js";
import type { Batches, BatchFitOptions, ModelOptions } from "./model-options.js";
import type { ModelState } from "./model-state.js";
import type { FitReport } from "./report.js";
import { trainLbfgsOnBatches } from "./train-lbfgs-on-batches.js";
import { trainStepsOnBatches } from "./train-steps-on-batches.js";
import { checkValidation } from "./training-data.js";
import { uploadRows } from "./uploaded-rows.js";
import { Validation } from "./validation.js";

/** As `SoftmaxRegression.fit`; the model is busy. */
export async function fitBatches(
  state: ModelState,
  batches: Batches,
  given: BatchFitOptions | undefined,
): Promise<FitReport> {
  const fit = checkBatchFitOptions(given === undefined ? {} : given);
  const { signal, validation } = fit;
  const { options } = state;
  const last = options.warmStart ? state.fitted : undefined;
  const classes = options.classes ?? last?.classes;
  refuse(options, batches, classes);
  if (signal?.aborted) throw signal.reason;
  const throwIfStopped = (): void => {
    if (state.isDisposed) throw disposed();
    if (signal?.aborted) throw signal.reason;
  };
  const stops = signal ? [signal, state.disposal] : [state.disposal];
  const reader = new BatchReader(batches, { ...options, classes, throwIfStopped, stops });
  try {
    const engine = await state.openEngine();
    throwIfStopped();
    const loss = await lossOf(options.loss);
    const request: BatchRequest = {
      ...{ options, fit, reader, classes, loss, last, checkpoint: undefined },
      publish: (theta) => {
        state.fitted = { classes, features: theta.length / classes.length - 1, theta };
      },
      isDisposed: () => state.isDisposed,
      stops,
      throwIfStopped,
      validationOn: async (workspace, columns) => {
        if (!validation) return undefined;
        const labels: EncodedLabels = { kind: "labels", classes: [...classes], indices: NONE };
        const checked = await inTurns(checkValidation(validation, columns, labels, options), throwIfStopped);
        const rows = { ...checked, y: targetsFor(options.loss, checked.y, "fit: validation") };
        if (rows.x instanceof Tensor) engine.requireOwn("fit", rows.x);
        const uploaded = await inTurns(uploadRows(workspace, rows, 0), throwIfStopped);
        return new Validation(workspace, loss, rows, uploaded, classes.length);
      },
    };
    const workspace = new Workspace(engine);
    try {
      const { solver } = options;
      return solver === "sgd" || solver === "adam"
        ? await trainStepsOnBatches(workspace, request, solver)
        : await trainLbfgsOnBatches(workspace, request);
    } finally {
      workspace.dispose();
    }
  } catch (error) {
    // The engine may have failed first; what ended the fit is that the model was given up.
    if (state.isDisposed) throw disposed(error);
    throw error;
  }
}

const NONE = new Int32Array(0);

const disposed = (cause?: unknown): DisposedError =>
  new DisposedError("DISPOSED", "fit: the model was disposed of while it was being fitted.", cause);

/** What batches cannot be fitted with. */
function refuse(
  { solver, epochs, classWeight, learningRate, standardize }: ModelOptions,
  batches: Batches,
  classes: readonly Label[] | undefined,
): asserts classes is readonly Label[] {
  const bad = (option: string, expected: string, remedy: string): OptionError =>
    new OptionError(
      "BAD_OPTION",
      `fit: of batches, option \`${option}\` cannot be used: expected ${expected}. ${remedy}`,
    );
  if (!classes)
    throw bad(
      "classes",
      "all labels there are, got none",
      "A batch may lack some: say new SoftmaxRegression({ classes }).",
    );
  if (classWeight === "balanced")
    throw bad(
      "classWeight",
      "a Map or an object",
      "What balances the classes is known only of rows that are all there.",
    );
  if (standardize !== false)
    throw bad(
      "standardize",
      "false",
      "The means of all rows are known only of rows that are all there: scale them as they come.",
    );
  const takesSteps = solver === "sgd" || solver === "adam";
  const kind = typeof learningRate === "object" ? learningRate.schedule : typeof learningRate;
  if (takesSteps && (kind === "cosine" || kind === "function")) {
    const expected = 'a number, or the schedule "step" or "inverse-time"';
    throw bad("learningRate", expected, "Other schedules need the number of steps, which is not known before the end.");
  }
  if (isRepeatable(batches)) return;
  const remedy = "X is gone through once: pass a function that makes such an iterable for each pass.";
  if (!takesSteps) throw bad("solver", '"sgd" or "adam" with epochs: 1', remedy);
  if (epochs > 1) throw bad("epochs", "1", remedy);
}
