/**
 * Whether a preconditioner of L-BFGS is worth what it costs: a Gram matrix of some rows and its factor in float64, against the passes over
 * X that it saves. A pure function of sizes and of what the device is: nothing is measured, so the same question always has the same answer.
 */
import type { DeviceTraits } from "./step-plan.js";

/** What is to be trained. */
export interface GramQuestion {
  /** n, d and k. */
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
}

/** Rows of the sample for each parameter of a class: by half of it the estimate costs passes, twice of it saves none. */
const SAMPLE_PER_PARAMETER = 8;
/** And values of it at most: 64 MB. */
const MOST_VALUES = 2 ** 24;
/** Parameters of a class at most: the factor takes their cube. */
export const MOST_GRAM_PARAMETERS = 2048;
/** Passes that are saved where the curvature is uneven: of MNIST's 149 to 1e-4 of the optimum 53, and 138 of 209 where columns go together. */
const PASSES_SAVED = 40;
/** Seconds that it takes however small it is: a file to load, reads to wait for. */
const LEAST_SECONDS = 0.01;
/** Operations a second: of the host in float64, and of devices in products. */
const HOST_RATE = 1e9;
const RATES = { cpu: 4e10, software: 4e9, hardware: 4e12 } as const;

/** Rows that the Gram matrix is made of. */
export function sampleRows(rows: number, parameters: number): number {
  return Math.min(rows, SAMPLE_PER_PARAMETER * parameters, Math.floor(MOST_VALUES / parameters));
}

/** Whether it takes less time than the passes that it saves, by twice. */
export function gramPays({ rows, columns, classes }: GramQuestion, { device, software }: DeviceTraits): boolean {
  const parameters = columns + 1;
  if (parameters > MOST_GRAM_PARAMETERS || rows < 2 * parameters || classes < 2) return false;
  const rate = device === "cpu" ? RATES.cpu : software ? RATES.software : RATES.hardware;
  const saved = (PASSES_SAVED * 2 * rows * columns * classes) / rate;
  const sampled = sampleRows(rows, parameters) * parameters;
  // The Gram matrix on the device; rows that are weighted, and the factor, on the host.
  const made = (2 * sampled * parameters) / rate + (8 * sampled + parameters ** 3 / 3) / HOST_RATE;
  return saved > 2 * (LEAST_SECONDS + made);
}
