/**
 * `ℓ(z, y) = Σ_{j≠y} max(0, Δ − z_y + z_j)^power`: a score must win by Δ (Weston & Watkins 1999, PyTorch's MultiMarginLoss times k); or
 * the largest of the terms alone (Crammer & Singer 2001). Convex; only the sum of squares has no corners.
 */
import type { Loss } from "./loss.js";
import { scoreLossOf } from "./score-loss.js";

export interface MarginOptions {
  readonly delta: number;
  readonly power: 1 | 2;
  readonly form: "sum" | "max";
}

export function marginLoss({ delta, power, form }: MarginOptions): Loss {
  const largest = form === "max";
  const smoothConvex = power === 2 && !largest;
  return scoreLossOf({ name: "margin", kind: "margin", smoothConvex, margin: { delta, power, largest } });
}
