/** A fit of batches: what can be checked is checked before anything changes, the rest as it comes. */
import { declaredClasses } from "../data/classes.js";
import { DisposedError, OptionError } from "../errors.js";
import { lossOf } from "../losses/loss-of.js";
import { Workspace } from "../solvers/workspace.js";
import { refuseForBatches } from "./batch-refusals.js";
import type { BatchRequest } from "./batch-request.js";
import { BatchReader } from "./batch-source.js";
import { checkBatchFitOptions } from "./check-options.js";
import type { Batches, BatchFitOptions } from "./model-options.js";
import type { ModelState } from "./model-state.js";
import type { FitReport } from "./report.js";
import { trainLbfgsOnBatches } from "./train-lbfgs-on-batches.js";
import { trainStepsOnBatches } from "./train-steps-on-batches.js";

/** As `SoftmaxRegression.fit`; the model is busy. */
export async function fitBatches(
  state: ModelState,
  batches: Batches,
  given: BatchFitOptions | undefined,
  third: object | undefined,
): Promise<FitReport> {
  if (Object.keys(third ?? {}).length > 0) {
    throw new OptionError(
      "BAD_OPTION",
      "fit: options stand in the wrong place: expected fit(batches, options), since batches bring their own y, got a third argument.",
    );
  }
  const fit = checkBatchFitOptions(given === undefined ? {} : given);
  const { signal } = fit;
  const { options } = state;
  const last = options.warmStart ? state.fitted : undefined;
  const declared = options.classes ?? last?.classes;
  refuseForBatches(options, fit, batches, declared);
  // Sorted, as batches' labels are encoded; those in a matrix need the order that was declared.
  const classes = declaredClasses(declared, "fit");
  if (signal?.aborted) throw signal.reason;
  const throwIfStopped = (): void => {
    if (state.isDisposed) throw disposed();
    if (signal?.aborted) throw signal.reason;
  };
  const stops = signal ? [signal, state.disposal] : [state.disposal];
  const reader = new BatchReader(batches, { ...options, classes: declared, throwIfStopped, stops });
  try {
    const engine = await state.openEngine();
    throwIfStopped();
    const loss = await lossOf(options.loss);
    const request: BatchRequest = {
      ...{ options, fit, reader, classes, loss, last },
      publish: (theta) => {
        state.fitted = { classes, features: theta.length / classes.length - 1, theta };
      },
      isDisposed: () => state.isDisposed,
      stops,
      throwIfStopped,
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

const disposed = (cause?: unknown): DisposedError =>
  new DisposedError("DISPOSED", "fit: the model was disposed of while it was being fitted.", cause);
