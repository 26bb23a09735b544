/** Loss and accuracy on rows that are not trained on, measured on the device; only the two numbers' makings come back. */
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { Loss } from "../losses/loss.js";
import { ClassCounts } from "../metrics/class-counts.js";
import type { Workspace } from "../solvers/workspace.js";
import { likeliestClasses } from "./labels.js";
import type { CheckedRows } from "./training-data.js";
import type { UploadedRows } from "./uploaded-rows.js";

export class Validation {
  readonly #engine: TensorEngine;
  readonly #loss: Loss;
  readonly #rows: UploadedRows;
  readonly #expected: Int32Array;
  readonly #rowWeights: Float32Array | undefined;
  readonly #totalWeight: number;
  readonly #weights: Tensor;
  readonly #intercept: Tensor;
  readonly #logits: Tensor;
  readonly #losses: Tensor;
  readonly #summary: Tensor;
  readonly #predicted: Tensor;

  /** `uploaded`: the same rows on the device. */
  constructor(workspace: Workspace, loss: Loss, rows: CheckedRows, uploaded: UploadedRows, classes: number) {
    this.#engine = workspace.engine;
    this.#loss = loss;
    this.#rows = uploaded;
    this.#rowWeights = rows.weights;
    this.#totalWeight = rows.weights?.reduce((sum, w) => sum + w, 0) ?? rows.x.rows;
    this.#expected = likeliestClasses(rows.y);
    const [n, d] = [this.#rows.x.rows, this.#rows.x.columns];
    this.#weights = workspace.empty([d, classes]);
    this.#intercept = workspace.empty([classes]);
    this.#logits = workspace.empty([n, classes]);
    this.#losses = workspace.empty([n]);
    this.#summary = workspace.empty([4]);
    this.#predicted = workspace.empty([n], "i32");
  }

  /** @param theta W then b, row by row */
  async measure(theta: Float32Array): Promise<{ validationLoss: number; validationAccuracy: number }> {
    const engine = this.#engine;
    const { x, targets } = this.#rows;
    const split = this.#weights.rows * this.#weights.columns;
    engine.write(this.#weights, theta.subarray(0, split));
    engine.write(this.#intercept, theta.subarray(split));
    engine.matmul(x, this.#weights, { bias: this.#intercept, out: this.#logits });
    const logits = this.#logits;
    this.#loss.evaluate(engine, {
      logits,
      targets,
      losses: this.#losses,
      gradient: undefined,
      scale: 1,
      denominator: undefined,
    });
    engine.summarize(this.#losses, { out: this.#summary });
    engine.argmax(logits, { out: this.#predicted });
    const [summary, predicted] = await engine.read(this.#summary, this.#predicted);
    // Losses that are not finite are counted, not summed: leaving them out would flatter the weights.
    const validationLoss = summary[3] > 0 ? Number.NaN : summary[0] / this.#totalWeight;
    return {
      validationLoss,
      validationAccuracy: ClassCounts.of(logits.columns, this.#expected, predicted, this.#rowWeights).accuracy,
    };
  }
}
