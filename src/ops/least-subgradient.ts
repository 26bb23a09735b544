/** The element of least size of `g + l1·∂|w|`: what is left of a gradient where the penalty has a corner; 0 in all places at the optimum. */
export function leastSubgradient(gradient: number, weight: number, l1: number): number {
  if (weight !== 0) return gradient + l1 * Math.sign(weight);
  return Math.sign(gradient) * Math.max(0, Math.abs(gradient) - l1);
}
