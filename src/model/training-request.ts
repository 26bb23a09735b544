/** What a fit is asked for, and how it is followed. Types only. */
import type { SolverCheckpoints } from "../solvers/solver-checkpoints.js";
import type { Course, CourseOptions } from "./course.js";
import type { FitCheckpoint } from "./fit-checkpoint.js";
import type { CheckedFitOptions, ModelOptions } from "./model-options.js";
import type { CheckedData } from "./training-data.js";

export interface TrainingRequest {
  readonly data: CheckedData;
  readonly options: ModelOptions;
  readonly fit: Pick<CheckedFitOptions, "onProgress" | "signal"> & Partial<Pick<CheckedFitOptions, "earlyStopping">>;
  /** W then b to start from, with the intercept's row whether there is one or not. */
  readonly start: Float32Array | undefined;
  readonly publish: (theta: Float32Array) => void;
  readonly isDisposed: () => boolean;
  /** Throws what ends the fit from outside: its signal's reason, or a DisposedError. */
  readonly throwIfStopped: () => void;
  /** Undefined where none was asked for. */
  readonly checkpoint?: FitCheckpoint | undefined;
}

/** The same, whatever the data is. */
export type SolverRequest = Omit<TrainingRequest, "data" | "start">;

/** The course of a fit, of which a solver knows these parts. */
export type Follow = (part: Pick<CourseOptions, "maxIterations" | "stepsPerEpoch" | "theta">) => Followed;

export interface Followed {
  readonly course: Course;
  /** What the solver keeps and takes up, its course with it. */
  readonly checkpoints: SolverCheckpoints | undefined;
}
