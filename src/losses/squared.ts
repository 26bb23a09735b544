/**
 * `ℓ(z, q) = Σ_j (z_j − q_j)²`, gradient `2(z − q)`: least squares on the one-hot target, as regression has it. On probabilities
 * `Σ_j (p_j − q_j)²`, p = softmax(z): Brier's score, bounded by 2, not convex; its gradient dies where a row is confidently wrong.
 */
import type { Loss } from "./loss.js";
import { scoreLossOf } from "./score-loss.js";

export function squaredLoss(on: "scores" | "probabilities"): Loss {
  return on === "scores"
    ? scoreLossOf({ name: "squared", kind: "squared", smoothConvex: true, curvature: 2 })
    : scoreLossOf({ name: "squared on probabilities", kind: "brier", smoothConvex: false });
}
