/**
 * `ℓ(z, q) = Σ_j |p_j − q_j|`, p = softmax(z): the distance of the probabilities, `2(1 − p_y)` for a label y. Bounded by 2 and not
 * convex; for a label its gradient has the factor p_y, and dies where the row is confidently wrong: nothing calls it back.
 */
import type { Loss } from "./loss.js";
import { scoreLossOf } from "./score-loss.js";

export const absoluteLoss: Loss = scoreLossOf({ name: "absolute", kind: "absolute", smoothConvex: false });
