/**
 * Finds a step t along a line where the slope has fallen to a tenth: Newton's method on φ′ inside a bracket.
 * φ is convex, so the sign of φ′ tells on which side of the minimum a step lies.
 */
import type { LinePoint } from "./objective.js";

export interface LineSearchResult {
  readonly step: number;
  readonly point: LinePoint;
  readonly evaluations: number;
}

/** A step is good enough when |φ′(t)| ≤ this · |φ′(0)|. */
const SLOPE_SHARE = 0.1;
/** Where that is not to be had, a step will do at which the slope is below this share: less of a change is rounding. */
const LEAST_GAIN = 0.9;
const MOST_EVALUATIONS = 12;
/** How much further a step may go at once while no upper bound is known. */
const STRETCH = 10;

/**
 * @param at φ, φ′ and φ″ at a step
 * @param slope φ′(0) < 0
 * @returns undefined when no step was found that lowers the slope: float32 sees no descent here
 */
export async function searchLine(
  at: (step: number) => Promise<LinePoint>,
  slope: number,
  firstStep: number,
): Promise<LineSearchResult | undefined> {
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let step = firstStep;
  let best: LineSearchResult | undefined;
  for (let evaluations = 1; evaluations <= MOST_EVALUATIONS; evaluations++) {
    const point = await at(step);
    const usable = Number.isFinite(point.loss) && Number.isFinite(point.slope);
    if (usable && (!best || Math.abs(point.slope) < Math.abs(best.point.slope))) best = { step, point, evaluations };
    if (usable && Math.abs(point.slope) <= SLOPE_SHARE * Math.abs(slope)) break;
    if (!usable || point.slope > 0) high = step;
    else low = step;
    const newton = usable && point.curvature > 0 ? step - point.slope / point.curvature : Number.NaN;
    const limit = high === Number.POSITIVE_INFINITY ? STRETCH * step : high;
    if (newton > low && newton < limit) step = newton;
    else step = high === Number.POSITIVE_INFINITY ? limit : (low + high) / 2;
    if (!(step > low && step < high)) break;
  }
  return best && Math.abs(best.point.slope) <= LEAST_GAIN * Math.abs(slope) ? best : undefined;
}
