/**
 * Loss and gradient of a fused step in plain TypeScript, row by row in float64, where there are no kernels. A zero of X, which
 * most pixels are, costs one test; sums are added up in the order of the rows, so the bits do not depend on timing.
 */
import { halfValues } from "../../half-float.js";
import { crossEntropy } from "../../ops/cross-entropy.js";
import { at, hostMatrix } from "../../ops/host-matrix.js";
import type { LinearStepArguments } from "../../ops/linear-step.js";
import { hasBias } from "../../ops/linear-step.js";
import type { HostMatrix, On } from "../../ops/op.js";
import type { StepTotals } from "../../ops/step-totals.js";
import { rowWeightAt, sliceTargets } from "../../ops/targets.js";
import type { Resolve } from "./sliced-work.js";
import type { StepPass } from "./step-pass.js";

type Arguments = On<LinearStepArguments, HostMatrix>;

export class PlainPass implements StepPass {
  readonly grain = 1;
  readonly totals: StepTotals = { loss: 0, weight: 0, faults: 0 };
  readonly #resolve: Resolve<LinearStepArguments>;
  readonly #weights: Float64Array;
  readonly #sums: Float64Array;
  readonly #rows: number;
  readonly #logits: HostMatrix;
  readonly #dLogits: HostMatrix;
  readonly #loss: HostMatrix = hostMatrix(new Float64Array(1), 1, 1);
  /** A row's values that are not zero, and where their rows of W begin. */
  readonly #values: Float64Array;
  readonly #places: Int32Array;

  constructor(resolve: Resolve<LinearStepArguments>) {
    const args = resolve();
    const { x, theta } = args;
    const classes = theta.columns;
    this.#resolve = resolve;
    this.#rows = x.columns + Number(hasBias(args));
    this.#weights = Float64Array.from(theta.data);
    this.#sums = new Float64Array(this.#rows * classes);
    this.#logits = hostMatrix(new Float64Array(classes), 1, classes);
    this.#dLogits = hostMatrix(new Float64Array(classes), 1, classes);
    this.#values = new Float64Array(x.columns);
    this.#places = new Int32Array(x.columns);
  }

  run(first: number, count: number): void {
    const args = this.#resolve();
    for (let i = args.first + first; i < args.first + first + count; i++) {
      const row = args.order ? args.order.data[i] : i;
      // A row that does not exist is a fault.
      const exists = row >= 0 && row < args.x.rows;
      const targets = sliceTargets(args, exists ? row : 0, 1);
      const weight = exists ? rowWeightAt(targets, 0, args.theta.columns) : Number.NaN;
      if (weight !== 0) this.#addRow(args, targets, exists ? row : 0, weight);
    }
  }

  #addRow(args: Arguments, targets: Arguments, row: number, weight: number): void {
    const classes = args.theta.columns;
    const found = this.#findValues(args.x, row);
    const [values, places] = [this.#values, this.#places];
    const { data: logits } = this.#logits;
    const [weights, sums, last] = [this.#weights, this.#sums, args.x.columns * classes];
    for (let j = 0; j < classes; j++) {
      let sum = args.bias ? at(args.bias, 0, j) : this.#weights.length > last ? weights[last + j] : 0;
      for (let p = 0; p < found; p++) sum += values[p] * weights[places[p] + j];
      logits[j] = Number.isNaN(weight) ? Number.NaN : sum;
    }
    const results = { loss: this.#loss, gradient: this.#dLogits, scale: 1, denominator: undefined };
    crossEntropy.reference({ ...targets, logits: this.#logits, ...results });
    const { data: slopes } = this.#dLogits;
    for (let p = 0; p < found; p++) {
      for (let j = 0, to = places[p]; j < classes; j++, to++) sums[to] += values[p] * slopes[j];
    }
    if (sums.length > last) for (let j = 0; j < classes; j++) sums[last + j] += slopes[j];
    const [loss] = this.#loss.data;
    if (!Number.isFinite(loss)) {
      this.totals.faults++;
      // Zeros were left out, and a gradient that is wrong must show everywhere.
      sums.fill(Number.NaN);
      return;
    }
    const label = targets.labels?.data[0];
    this.totals.loss += loss;
    this.totals.weight += weight * (label !== undefined && targets.classWeight ? at(targets.classWeight, 0, label) : 1);
  }

  #findValues({ data, columns, scale, offset }: HostMatrix, row: number): number {
    const halves = data instanceof Uint16Array ? halfValues() : undefined;
    const classes = this.#logits.columns;
    let found = 0;
    for (let l = 0, from = row * columns; l < columns; l++, from++) {
      const value = (halves ? halves[data[from]] : data[from]) * scale + offset;
      if (value === 0) continue;
      this.#values[found] = value;
      this.#places[found++] = l * classes;
    }
    return found;
  }

  finish(factor: number): HostMatrix {
    const classes = this.#logits.columns;
    return hostMatrix(
      this.#sums.map((sum) => factor * sum),
      this.#rows,
      classes,
    );
  }
}
