/** What a fit is asked for, and how it is followed. Types only. */

import type { TensorEngine } from "../engine/tensor-engine.js";
import type { SolverCheckpoints } from "../solvers/solver-checkpoints.js";
import type { Course, CourseOptions } from "./course.js";
import type { FitCheckpoint } from "./fit-checkpoint.js";
import type { CheckedFitOptions, ModelOptions } from "./model-options.js";
import type { CheckedData } from "./training-data.js";
import type { Ending } from "./unless-stopped.js";

export interface TrainingRequest extends Ending {
  readonly data: CheckedData;
  readonly options: ModelOptions;
  readonly fit: Pick<CheckedFitOptions, "onProgress" | "signal"> & Partial<Pick<CheckedFitOptions, "earlyStopping">>;
  /** W then b to start from, with the intercept's row whether there is one or not. */
  readonly start: Float32Array | undefined;
  /** For a minibatch solver that does not begin anew; told where it ended, once the last weights are published. */
  readonly continuation?: Continuation & { readonly keep: (end: Continuation) => void };
  /** L-BFGS ends at no more than this share of the gradient that it began with. */
  readonly shareOfStart?: number;
  readonly publish: (theta: Float32Array) => void;
  readonly isDisposed: () => boolean;
  /** Undefined where none was asked for. */
  readonly checkpoint?: FitCheckpoint | undefined;
}

/** The same, whatever the data is. */
export type SolverRequest = Omit<TrainingRequest, "data" | "start">;

/** What training is asked for, before anything runs. */
export interface CheckedRequest
  extends Omit<TrainingRequest, "publish" | "isDisposed" | "throwIfStopped" | "stops" | "checkpoint"> {
  /** For a fit that keeps checkpoints. */
  readonly openCheckpoint?: (engine: TensorEngine, ending: Ending) => Promise<FitCheckpoint>;
}

/** Where a minibatch solver goes on, which saw other rows before. */
export interface Continuation {
  /** Steps done so far. */
  readonly steps: number;
  /** What the update rule remembers of them; nothing before the first. */
  readonly memory: Float32Array | undefined;
  /** θ of the last one, where the model has a mean of it instead. */
  readonly theta: Float32Array | undefined;
}

/** The course of a fit, of which a solver knows these parts. */
export type Follow = (part: Pick<CourseOptions, "maxIterations" | "stepsPerEpoch" | "theta">) => Followed;

export interface Followed {
  readonly course: Course;
  /** What the solver keeps and takes up, its course with it. */
  readonly checkpoints: SolverCheckpoints | undefined;
}
