/**
 * `P = (Σᵢ rᵢwᵢ·x̃ᵢx̃ᵢᵀ / Σ rᵢ + l2·M)⁻¹` for L-BFGS: x̃ the rows as θ's coordinates have them, with a 1 for the intercept, wᵢ how much
 * the row bends the loss, M the identity but for 0 at the intercept. The Hessian of all classes is about this matrix for each of them
 * (after Böhning 1992, whose bound has w = 1/2), and so the spread of the columns, and what they share, no longer counts in iterations.
 *
 * Some rows are enough to estimate it by (Erdogdu & Montanari 2015), but not in columns of which few rows tell, as of a value that is
 * seldom: what these vary by more among all rows is added to the diagonal. The sample is brought to the host once, where its rows are
 * centred and weighted; the device makes their Gram matrix, the host its factor in float64.
 */
import type { DenseMatrix } from "../data/matrix.js";
import type { InPieces } from "../data/pieces.js";
import { inTurns } from "../engine/in-turns.js";
import type { Tensor } from "../engine/tensor.js";
import { halfValues } from "../half-float.js";
import { gatherRows } from "../ops/gather-rows.js";
import { sampleRows } from "../ops/gram-plan.js";
import type { Preconditioner } from "../solvers/objective.js";
import type { Workspace } from "../solvers/workspace.js";
import type { Coordinates } from "./coordinates.js";
import { inverseFactor } from "./inverse-factor.js";
import type { LinearProblem } from "./linear-problem.js";
import { momentsByWeights } from "./moments.js";
import { rowCurvatures } from "./row-curvature.js";

/** A penalty evens curvature out: below this ratio of the largest to the least there is no passes to be saved. */
const LEAST_UNEVENNESS = 1000;
/** Nor is below this ratio of the mean curvature to the harmonic mean, 1 where all are alike: up to 1.6 cost passes, from 4 on saved them. */
const LEAST_SPREAD = 2.5;
/** Share of the whole curvature that none is taken to be below: float32 has P to this. */
const DAMPING = 1e-6;
/** A column that varies by this many times more among all rows than among the sample's is one that these do not tell of. */
const LEAST_RATIO = 2;
/** Share of the whole curvature that may be in such columns: on more, it would be a guess. */
const MOST_UNSEEN = 0.02;

/** What it is made of. */
export interface GramProblem extends Pick<LinearProblem, "loss" | "l2" | "rowWeight"> {
  /** [n×d], dense. */
  readonly x: Tensor;
  readonly coordinates: Coordinates;
  /** [n×k], the objective's own: where it is. */
  readonly logits: Tensor;
  /** [n], as `rowWeight` is. */
  readonly weightsOnDevice: Tensor | undefined;
  /** Make it whether it pays or not. */
  readonly always: boolean;
}

export class GramPreconditioner implements Preconditioner {
  readonly matrix: Tensor;
  readonly #workspace: Workspace;
  readonly #problem: GramProblem;

  constructor(workspace: Workspace, problem: GramProblem) {
    this.#workspace = workspace;
    this.#problem = problem;
    const { rows } = problem.coordinates;
    this.matrix = workspace.zeros([rows, rows]);
  }

  async make(throwIfStopped: () => void): Promise<boolean> {
    const { coordinates, l2, always } = this.#problem;
    const workspace = this.#workspace;
    const { engine } = workspace;
    const p = coordinates.rows;
    const seen = await this.#sample(throwIfStopped);
    const { rows, total, curvature } = seen;
    if (!(curvature > 0 && Number.isFinite(curvature))) return false;
    if (!always && curvature < LEAST_UNEVENNESS * l2) return false;
    const unseen = await this.#unseen(seen);
    if (!always && unseen.reduce((sum, value) => sum + value, 0) > MOST_UNSEEN * curvature) return false;
    const sample = workspace.fromDense(denseOf(rows, p));
    const gram = engine.matmul(sample, sample, { transposeA: true, out: workspace.empty([p, p]) });
    const [products] = (await engine.read(gram)) as [Float32Array];
    workspace.free(sample, gram);
    const a = new Float64Array(products);
    for (let e = 0; e < a.length; e++) a[e] /= total;
    const d = this.#problem.x.columns;
    let trace = 0;
    for (let l = 0; l < p; l++) trace += a[l * p + l] += DAMPING * curvature + (l < d ? l2 + unseen[l] : 0);
    const columns = await inTurns(inverseFactor(a, p), throwIfStopped);
    if (!columns) return false;
    const inverseTrace = columns.reduce((sum, value) => sum + value * value, 0);
    if (!always && trace * inverseTrace < LEAST_SPREAD * p * p) return false;
    // Uᵀ lies there: P = Uᵀ·U is symmetric whatever the rounding.
    const factor = workspace.fromDense(denseOf(new Float32Array(columns), p));
    engine.matmul(factor, factor, { transposeB: true, out: this.matrix });
    workspace.free(factor);
    return true;
  }

  async #sample(throwIfStopped: () => void): Promise<Sample> {
    const { x, logits, loss, rowWeight, coordinates } = this.#problem;
    const workspace = this.#workspace;
    const { engine } = workspace;
    const count = sampleRows(x.rows, coordinates.rows);
    const chosen = Int32Array.from({ length: count }, (_, i) => Math.floor((i * x.rows) / count));
    const indices = workspace.tensor(chosen);
    const features = workspace.empty([count, x.columns], x.type, x.scale, x.offset);
    const scores = workspace.empty([count, logits.columns]);
    engine.run(gatherRows, { source: x, indices, first: 0, out: features });
    engine.run(gatherRows, { source: logits, indices, first: 0, out: scores });
    const weights = await rowCurvatures(workspace, loss, scores);
    const counts = Float64Array.from(chosen, (row) => (rowWeight ? rowWeight[row] : 1));
    const [elements] = await engine.read(features);
    workspace.free(indices, features, scores);
    return inTurns(this.#weighted(elements as Elements, weights, counts), throwIfStopped);
  }

  /** √(rᵢwᵢ)·x̃ᵢ, in float32 whatever becomes of it there: the factor is of what is finite only. */
  *#weighted(elements: Elements, curvatures: Float64Array, counts: Float64Array): InPieces<Sample> {
    const { x, coordinates } = this.#problem;
    const [d, p] = [x.columns, coordinates.rows];
    const { shift, unit } = coordinates.standing;
    const scales = Float64Array.from({ length: d }, (_, l) => x.scale / (unit ? unit[l] : 1));
    const shifts = scales.map((_, l) => (x.offset - (shift ? shift[l] : 0)) / (unit ? unit[l] : 1));
    const values = elements instanceof Uint16Array ? valuesOf(elements) : elements;
    const rows = new Float32Array(counts.length * p);
    const spread = new Float64Array(d);
    let [squares, total, bent] = [0, 0, 0];
    for (const [i, count] of counts.entries()) {
      const factor = Math.sqrt(count * curvatures[i]);
      for (let l = 0; l < d; l++) {
        const plain = values[i * d + l] * scales[l] + shifts[l];
        const value = factor * plain;
        spread[l] += count * plain * plain;
        squares += value * value;
        rows[i * p + l] = value;
      }
      if (p > d) rows[i * p + d] = factor;
      total += count;
      bent += factor * factor;
      yield;
    }
    return { rows, total, curvature: squares / total, spread, bent };
  }

  /** [d]: what is missing of the curvature in columns that the sample does not tell of. Goes through all of X. */
  async #unseen({ spread, bent, total }: Sample): Promise<Float64Array> {
    const { x, weightsOnDevice, coordinates } = this.#problem;
    const { shift, unit } = coordinates.standing;
    const d = x.columns;
    const [moments] = await momentsByWeights(this.#workspace, x, [weightsOnDevice]);
    return spread.map((sum, l) => {
      const apart = moments[l] - (shift ? shift[l] : 0);
      const square = (moments[d + l] / moments[2 * d + l] + apart * apart) / (unit ? unit[l] * unit[l] : 1);
      return square > LEAST_RATIO * (sum / total) ? (bent / total) * (square - sum / total) : 0;
    });
  }
}

const denseOf = (data: Float32Array, columns: number): DenseMatrix => ({
  ...{ data, rows: data.length / columns, columns },
  ...{ scale: 1, offset: 0 },
});

function valuesOf(bits: Uint16Array): Float32Array {
  const halves = halfValues();
  return Float32Array.from(bits, (half) => halves[half]);
}

type Elements = Float32Array | Uint8Array | Uint16Array;

interface Sample {
  /** [r×p] */
  readonly rows: Float32Array;
  /** Σ rᵢ over them. */
  readonly total: number;
  /** Of all columns together. */
  readonly curvature: number;
  /** [d]: Σ rᵢ·x̃ᵢ² of each column. */
  readonly spread: Float64Array;
  /** Σ rᵢwᵢ */
  readonly bent: number;
}
