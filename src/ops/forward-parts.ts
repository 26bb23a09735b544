/**
 * In how many parts the sum over features is left when cross-entropy reads X·W: a pure function of the product's sizes and of
 * how its kernel is set up. A part more gives every core work, costs a write and a read of n × k values, and no launch.
 */
import type { Variant } from "./matmul-product.js";

/** Terms that a part sums at least: half as many gained nothing on an H100. */
const SHORTEST_PART = 384;
/** Values of all parts together, 8 MB: with more, moving them cost what the cores gained (1024 × 2048 → 1000 on an H100). */
const MOST_VALUES = 2 ** 21;

export interface ForwardSizes {
  readonly rows: number;
  /** Classes. */
  readonly columns: number;
  /** Features. */
  readonly depth: number;
}

/** Terms of each part but the last. */
export const partDepth = (depth: number, parts: number, grain: number): number =>
  Math.ceil(depth / parts / grain) * grain;

export function forwardParts(
  { rows, columns, depth }: ForwardSizes,
  variant: Pick<Variant, "groups" | "enoughWorkgroups" | "shortestSplit" | "depthGrain">,
): number {
  const { groups, enoughWorkgroups, shortestSplit, depthGrain } = variant;
  const wanted = Math.ceil(enoughWorkgroups / groups);
  const fit = Math.floor(MOST_VALUES / (rows * Math.ceil(columns / 4) * 4));
  const parts = Math.max(1, Math.min(wanted, fit, Math.floor(depth / Math.min(SHORTEST_PART, shortestSplit))));
  // Parts end at whole slices, which may leave the last ones without a term.
  return Math.ceil(depth / partDepth(depth, parts, depthGrain));
}
