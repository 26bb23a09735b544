/** A fit of a model: everything is checked before anything changes, then the solver is loaded and runs. */
import { readable } from "../data/readable.js";
import { inTurns } from "../engine/in-turns.js";
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { DisposedError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { checkFitOptions } from "./check-options.js";
import type { FitCheckpoint } from "./fit-checkpoint.js";
import type { LabelsLike } from "./labels.js";
import type {
  Batches,
  BatchFitOptions,
  CheckedCheckpoint,
  CheckedFitOptions,
  Features,
  FitOptions,
  PartialFitOptions,
} from "./model-options.js";
import type { ModelState } from "./model-state.js";
import type { FitReport } from "./report.js";
import { type CheckedData, checkData } from "./training-data.js";
import type { CheckedRequest } from "./training-request.js";
import type { Ending } from "./unless-stopped.js";
import { warmStartFrom } from "./warm-start.js";

/** As `SoftmaxRegression.fit`. */
export async function fitModel(
  state: ModelState,
  x: Features | Batches,
  y: LabelsLike | BatchFitOptions | undefined,
  options: FitOptions,
): Promise<FitReport> {
  state.requireAlive("fit");
  state.requireIdle("fit");
  state.requireTrainable("fit");
  if (isBatches(x)) {
    return state.exclusively("fit", async () => {
      const { fitBatches } = await import("./fit-batches.js");
      return fitBatches(state, x, y as BatchFitOptions | undefined, options);
    });
  }
  return fitRows(state, x, y as LabelsLike, options);
}

const isBatches = (x: unknown): x is Batches =>
  typeof x === "function" ||
  (typeof x === "object" && x !== null && readable({ where: "fit", name: "X" }, () => Symbol.asyncIterator in x));

async function fitRows(state: ModelState, x: Features, y: LabelsLike, options: FitOptions): Promise<FitReport> {
  const fit = checkFitOptions(options);
  return trainModel(state, "fit", fit.signal, async (throwIfStopped) => {
    const data = await inTurns(checkData(x, y, fit, state.options), throwIfStopped);
    const start =
      state.options.warmStart && state.fitted ? warmStartFrom(state.fitted, data, state.options) : undefined;
    const { checkpoint } = fit;
    const open =
      checkpoint &&
      ((engine: TensorEngine, ending: Ending) => openCheckpoint(engine, data, state, { fit, checkpoint, ending }));
    return { data, options: state.options, fit, start, ...(open && { openCheckpoint: open }) };
  });
}

/** As `SoftmaxRegression.partialFit`. Rows are copied here; what becomes of them is loaded. */
export async function fitMore(
  state: ModelState,
  x: Features,
  y: LabelsLike,
  options: PartialFitOptions,
): Promise<FitReport> {
  const where = "partialFit";
  state.requireAlive(where);
  state.requireIdle(where);
  state.requireTrainable(where);
  requireKnownOptions(options, ["classes", "sampleWeight", "onProgress", "signal"], where);
  const given = { ...options };
  return trainModel(state, where, given.signal, async (throwIfStopped) => {
    const { sampleWeight } = given;
    const model = { ...state.options, classes: given.classes ?? state.fitted?.classes ?? state.options.classes };
    const data = await inTurns(checkData(x, y, sampleWeight ? { sampleWeight } : {}, model, where), throwIfStopped);
    const { continuedRequest } = await import("./partial-fit.js");
    return continuedRequest(state, data, given);
  });
}

/** Trains on what `prepare` has checked, and gives the model what comes of it. `where` is the call named in messages. */
export async function trainModel(
  state: ModelState,
  where: string,
  signal: AbortSignal | undefined,
  prepare: (throwIfStopped: () => void) => Promise<CheckedRequest>,
): Promise<FitReport> {
  const throwIfStopped = (): void => {
    state.requireAlive(where);
    if (signal?.aborted) throw signal.reason;
  };
  const stops = signal ? [signal, state.disposal] : [state.disposal];
  return state.exclusively(where, async () => {
    try {
      const { openCheckpoint, ...request } = await prepare(throwIfStopped);
      const { data } = request;
      if (signal?.aborted) throw signal.reason;
      // Loaded here, beside the engine: a page that only predicts needs no solver.
      const [engine, { train }] = await Promise.all([state.openEngine(), import("./training.js")]);
      throwIfStopped();
      // Before the first weights are published: a tensor that cannot be used changes nothing.
      for (const each of [data.x, data.validation?.x]) if (each instanceof Tensor) engine.requireOwn(where, each);
      const { classes } = data.y;
      const features = data.x.columns;
      const checkpoint = await openCheckpoint?.(engine, { throwIfStopped, stops });
      throwIfStopped();
      return await train(engine, {
        ...request,
        checkpoint,
        publish: (theta) => {
          state.fitted = { classes, features, theta };
        },
        isDisposed: () => state.isDisposed,
        throwIfStopped,
        stops,
      });
    } catch (error) {
      // The engine may have failed first; what ended the fit is that the model was given up.
      if (state.isDisposed)
        throw new DisposedError("DISPOSED", `${where}: the model was disposed of while it was being fitted.`, error);
      throw error;
    }
  });
}

/** Loaded by fits that keep checkpoints; before the data goes to the device, which may take the memory along. */
async function openCheckpoint(
  engine: TensorEngine,
  data: CheckedData,
  { options }: ModelState,
  {
    fit,
    checkpoint,
    ending,
  }: { readonly fit: CheckedFitOptions; readonly checkpoint: CheckedCheckpoint; readonly ending: Ending },
): Promise<FitCheckpoint> {
  const { FitCheckpoint, fingerprintOf } = await import("./checkpointing.js");
  return FitCheckpoint.open(checkpoint, await fingerprintOf(engine, data, options, fit), ending);
}
