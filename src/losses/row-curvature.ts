/**
 * How much each row bends the loss, as one number for all classes: w such that its Hessian with respect to the logits is about
 * `w·(I − 11ᵀ/k)`, or w·I.
 */
import type { Tensor } from "../engine/tensor.js";
import type { Workspace } from "../solvers/workspace.js";
import type { Loss } from "./loss.js";

/** w of each row of logits [r×k], ≥ 0. */
export async function rowCurvatures(workspace: Workspace, loss: Loss, logits: Tensor): Promise<Float64Array> {
  if (loss.curvature === "softmax") return ofSoftmax(workspace, loss, logits);
  return new Float64Array(logits.rows).fill(loss.curvature ?? 0);
}

/**
 * `w = (1 − Σⱼ p²) / (k − 1)`: the mean of what softmax's Hessian `diag(p) − p·pᵀ` is on the vectors whose sum is 0.
 * `Σⱼ p² = exp(lse(2z) − 2·lse(z))`, and lse(z) − z₀ is the cross-entropy of class 0, so that only a number a row is read.
 */
async function ofSoftmax(workspace: Workspace, loss: Loss, logits: Tensor): Promise<Float64Array> {
  const { engine } = workspace;
  const { rows, columns } = logits;
  const labels = workspace.tensor(new Int32Array(rows));
  const targets = { labels, soft: undefined, rowWeight: undefined, labelSmoothing: 0 };
  const doubled = workspace.empty([rows, columns]);
  engine.addScaled(doubled, 2, logits, { keep: 0 });
  const losses = [logits, doubled].map((z) => {
    const of = workspace.empty([rows]);
    loss.evaluate(engine, { logits: z, targets, losses: of, gradient: undefined, scale: 1, denominator: undefined });
    return of;
  });
  const [once, twice] = (await engine.read(...losses)) as Float32Array[];
  workspace.free(labels, doubled, ...losses);
  return Float64Array.from(once, (own, i) => {
    const weight = (1 - Math.exp(twice[i] - 2 * own)) / (columns - 1);
    // Rounding may make a row that is certain bend the other way, and what is beyond float32 tells nothing.
    return weight > 0 ? weight : 0;
  });
}
