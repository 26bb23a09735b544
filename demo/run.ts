/** What the page keeps of one training run. */
import type { TrainingSettings } from "./settings.js";

export type DeviceKind = "webgpu" | "cpu";

/** One point of the curves. */
export interface RunPoint {
  /** Iteration of L-BFGS, or epoch (with a fraction) of SGD and Adam. */
  readonly step: number;
  readonly loss: number;
  readonly testLoss: number | null;
  readonly accuracy: number | null;
}

export interface Run {
  readonly device: DeviceKind;
  readonly settings: TrainingSettings;
  readonly points: RunPoint[];
  elapsedMs: number;
  passes: number;
  /** What the model reads each of the 10,000 test digits as; absent until the run has ended. */
  readings?: Uint8Array;
}

/** How a device is called on this page. */
export function deviceName(device: DeviceKind): string {
  return device === "webgpu" ? "GPU" : "CPU";
}

/** How the steps of this run are counted. */
export function stepName(settings: TrainingSettings): "iteration" | "epoch" {
  return settings.solver === "lbfgs" ? "iteration" : "epoch";
}

/** Whole iterations as they are, epochs with one decimal. */
export function stepText(step: number, settings: TrainingSettings): string {
  return settings.solver === "lbfgs" ? String(Math.round(step)) : step.toFixed(1);
}

/** How many steps the run may take. */
export function largestStep(settings: TrainingSettings): number {
  return settings.solver === "lbfgs" ? settings.iterations : settings.epochs;
}
