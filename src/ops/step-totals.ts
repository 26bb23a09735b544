/** What a fused step adds up besides its gradient, and what loss and mean are made of it. */

export interface StepTotals {
  /** Σ ℓ over the rows whose loss is finite. */
  loss: number;
  /** Σ of what these rows add to a mean's denominator. */
  weight: number;
  /** Rows that count and whose loss is not finite. */
  faults: number;
}

/** What makes the sum's gradient the mean's: 0 where no row counts. */
export const meanFactor = ({ weight, faults }: StepTotals): number => (weight === 0 && faults === 0 ? 0 : 1 / weight);

/** The loss as a single value, NaN when a row is faulty. */
export function lossValue({ loss, weight, faults }: StepTotals, mean: boolean): number {
  if (faults > 0) return Number.NaN;
  return mean && weight === 0 ? 0 : loss / (mean ? weight : 1);
}
