/** Rows sorted by the probability they were given: what reliability curves and calibration errors are made of. */
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";

/** Of many bins the count, in Guo et al. 2017 and here. */
export const BINS = 15;

/** @throws OptionError BAD_OPTION */
export function checkBins(where: string, bins: unknown): number {
  if (bins === undefined) return BINS;
  if (typeof bins === "number" && Number.isSafeInteger(bins) && bins >= 1 && bins <= 1e6) return bins;
  throw new OptionError(
    "BAD_OPTION",
    `${where}: option \`bins\` cannot be used: expected an integer from 1 to 1000000, got ${describeValue(bins)}.`,
  );
}

/** A row of a reliability curve. */
export interface ReliabilityBin {
  /** The bin holds probabilities p with from < p ≤ to; the first one also p = 0. */
  readonly from: number;
  /** Where the bin ends. */
  readonly to: number;
  /** Σ weight of its rows. */
  readonly weight: number;
  /** Their mean probability. */
  readonly confidence: number;
  /** The share of them that came true. */
  readonly accuracy: number;
}

export class CalibrationBins {
  readonly #weight: Float64Array;
  readonly #confidence: Float64Array;
  readonly #right: Float64Array;

  constructor(bins: number) {
    this.#weight = new Float64Array(bins);
    this.#confidence = new Float64Array(bins);
    this.#right = new Float64Array(bins);
  }

  /** Edge i, as NumPy's linspace rounds it. */
  #edge(i: number): number {
    const bins = this.#weight.length;
    return i === bins ? 1 : i * (1 / bins);
  }

  /** A row to which `probability` was given for what came true or not. */
  add(probability: number, cameTrue: boolean, weight: number): void {
    const bins = this.#weight.length;
    let bin = Math.min(bins - 1, Math.max(0, Math.ceil(probability * bins) - 1));
    // The product is rounded; the edges decide.
    while (bin > 0 && probability <= this.#edge(bin)) bin--;
    while (bin < bins - 1 && probability > this.#edge(bin + 1)) bin++;
    this.#weight[bin] += weight;
    this.#confidence[bin] += weight * probability;
    if (cameTrue) this.#right[bin] += weight;
  }

  /** `Σ_b w_b |accuracy_b − confidence_b| / Σ_b w_b` */
  get error(): number {
    let gap = 0;
    let total = 0;
    this.#weight.forEach((weight, bin) => {
      gap += Math.abs(this.#right[bin] - this.#confidence[bin]);
      total += weight;
    });
    return gap / total;
  }

  /** The bins that hold some weight. */
  get curve(): ReliabilityBin[] {
    return Array.from(this.#weight, (weight, bin) => ({
      from: this.#edge(bin),
      to: this.#edge(bin + 1),
      weight,
      confidence: this.#confidence[bin] / weight,
      accuracy: this.#right[bin] / weight,
    })).filter(({ weight }) => weight > 0);
  }
}
