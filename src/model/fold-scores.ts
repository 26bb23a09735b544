/** What models that were trained without a fold make of its rows: one pass over X for all of them. */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import { crossEntropyLoss } from "../losses/cross-entropy.js";
import { ClassCounts } from "../metrics/class-counts.js";
import { copyColumns } from "../ops/copy-columns.js";
import { Workspace } from "../solvers/workspace.js";
import type { JoinedCourse } from "./joined-course.js";
import type { EncodedLabels } from "./labels.js";
import { likeliestClasses } from "./labels.js";
import { groupsOf } from "./train-joined.js";
import { uploadTargets } from "./uploaded-rows.js";

export interface Judged {
  /** W then b, row by row. */
  readonly theta: Float32Array;
  /** `[n]`: how much rows count in its scores; the same array for models of the same fold. */
  readonly weights: Float32Array;
}

export interface HeldOutScore {
  /** Mean cross-entropy in nats, of the labels as they are. */
  readonly logLoss: number;
  readonly accuracy: number;
}

/** In the order of the models; and how many passes it took. */
export async function scoreFolds(
  outer: Workspace,
  x: Tensor | SparseTensor,
  y: EncodedLabels,
  models: readonly Judged[],
  course: JoinedCourse,
): Promise<{ readonly scores: readonly HeldOutScore[]; readonly passes: number }> {
  const scores: HeldOutScore[] = [];
  const groups = groupsOf(x, y.classes.length, models);
  for (const group of groups) {
    const workspace = new Workspace(outer.engine);
    try {
      await scoreGroup(workspace, x, y, group, scores, course);
    } finally {
      workspace.dispose();
    }
  }
  return { scores, passes: groups.length };
}

async function scoreGroup(
  workspace: Workspace,
  x: Tensor | SparseTensor,
  y: EncodedLabels,
  models: readonly Judged[],
  scores: HeldOutScore[],
  course: JoinedCourse,
): Promise<void> {
  const { engine } = workspace;
  const [n, d, k] = [x.rows, x.columns, y.classes.length];
  const expected = likeliestClasses(y);
  const { weights, intercepts } = sideBySide(models, d, k);
  const w = workspace.tensor({ data: weights, shape: [d, models.length * k] });
  const b = workspace.tensor(intercepts);
  const stacked = workspace.empty([n, models.length * k]);
  const logits = workspace.empty([n, k]);
  const losses = workspace.empty([n]);
  const summary = workspace.empty([4]);
  const predicted = workspace.empty([n], "i32");
  // How well the labels are told is what counts, whatever the training was softened by.
  const targets = uploadTargets(workspace, { x, y, weights: undefined }, 0);
  const rowWeight = workspace.empty([n]);
  engine.matmul(x, w, { bias: b, out: stacked });
  for (const [i, { weights: held }] of models.entries()) {
    engine.run(copyColumns, { x: stacked, from: i * k, out: logits, to: 0, columns: k });
    engine.write(rowWeight, held);
    const parts = { losses, gradient: undefined, scale: 1, denominator: undefined };
    crossEntropyLoss.evaluate(engine, { logits, targets: { ...targets, rowWeight }, ...parts });
    engine.summarize(losses, { out: summary });
    engine.argmax(logits, { out: predicted });
    const [sums, classes] = await engine.read(summary, predicted);
    course.throwIfStopped();
    const counts = ClassCounts.of(k, expected, classes, held);
    // Losses that are not finite are counted, not summed: leaving them out would flatter the model.
    scores.push({ logLoss: sums[3] > 0 ? Number.NaN : sums[0] / counts.total, accuracy: counts.accuracy });
  }
}

/** [d × H·k] and [H·k] from W and b of each model. */
function sideBySide(
  models: readonly Judged[],
  d: number,
  k: number,
): { readonly weights: Float32Array; readonly intercepts: Float32Array } {
  const width = models.length * k;
  const weights = new Float32Array(d * width);
  const intercepts = new Float32Array(width);
  for (const [i, { theta }] of models.entries()) {
    for (let l = 0; l < d; l++) weights.set(theta.subarray(l * k, (l + 1) * k), l * width + i * k);
    intercepts.set(theta.subarray(d * k), i * k);
  }
  return { weights, intercepts };
}
