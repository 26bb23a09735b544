/** Means and deviations of rows that come in batches, each brought onto the device for its own. Loaded where columns are to be scaled. */
import { isSparseMatrix } from "../data/sparse-matrix.js";
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { ColumnScaling, type Standardization } from "../losses/column-scaling.js";
import { MergedMoments, momentsByWeights } from "../losses/moments.js";
import { sparseMoments } from "../losses/sparse-moments.js";
import { Workspace } from "../solvers/workspace.js";
import { digestOf } from "../storage/digest.js";
import type { CheckedBatch } from "./batch-source.js";
import type { EncodedLabels } from "./labels.js";
import { evened } from "./training-data.js";
import { featuresOnDevice } from "./uploaded-rows.js";

/** Classes whose moments are on the device at a time. */
const AT_ONCE = 16;

export class BatchMoments {
  readonly #engine: TensorEngine;
  readonly #throwIfStopped: () => void;
  /** Undefined: the rows' weights are what they count; else each class's moments are kept apart. */
  readonly #classes: number | undefined;
  readonly #merged: (MergedMoments | undefined)[] = [];
  /** How much each class counts. */
  #ofClass: ArrayLike<number> = [1];

  /** @param classes k, where how much they count is known only when all rows have been seen, by `balanceBy` */
  constructor(engine: TensorEngine, throwIfStopped: () => void, classes: number | undefined) {
    this.#engine = engine;
    this.#throwIfStopped = throwIfStopped;
    this.#classes = classes;
  }

  async add({ x, y, weights }: CheckedBatch): Promise<void> {
    const classes = this.#classes ?? 1;
    const workspace = new Workspace(this.#engine);
    try {
      if (x instanceof Tensor) this.#engine.requireOwn("fit", x);
      const here = isSparseMatrix(x) ? undefined : await this.#onDevice(workspace, x);
      for (let first = 0; first < classes; first += AT_ONCE) {
        const parts: Part[] = [];
        for (let j = first; j < Math.min(classes, first + AT_ONCE); j++) {
          const part = this.#classes === undefined ? partOf(j, weights) : partOf(j, weightsOfClass(y, weights, j));
          if (part) parts.push(part);
        }
        if (parts.length === 0) continue;
        const moments = isSparseMatrix(x)
          ? parts.map(({ even }) => sparseMoments(x, even))
          : await momentsOfParts(workspace, here as Tensor, parts);
        parts.forEach(({ of, unit }, i) => {
          this.#merged[of] ??= new MergedMoments(x.columns);
          this.#merged[of].add(moments[i], unit);
        });
        this.#throwIfStopped();
      }
    } finally {
      workspace.dispose();
    }
  }

  async #onDevice(workspace: Workspace, x: CheckedBatch["x"]): Promise<Tensor> {
    // What is not sparse is one tensor.
    return (await featuresOnDevice(workspace, x, this.#throwIfStopped)) as Tensor;
  }

  balanceBy(ofClass: Float64Array): void {
    this.#ofClass = ofClass;
  }

  /** By all batches so far, one at least. */
  scaling(
    workspace: Workspace,
    how: Standardization,
    model: { readonly classes: number; readonly fitIntercept: boolean },
  ): ColumnScaling {
    return new ColumnScaling(workspace, this.#moments(), how, model);
  }

  /** Tells other rows, as far as their means or deviations are other ones. */
  get digest(): string {
    return digestOf(this.#moments());
  }

  #moments(): Float64Array {
    const [first] = this.#merged;
    if (this.#classes === undefined) return (first as MergedMoments).moments;
    let all: MergedMoments | undefined;
    this.#merged.forEach((each, j) => {
      if (!each) return;
      const { moments } = each;
      all ??= new MergedMoments(moments.length / 3);
      all.add(moments, this.#ofClass[j]);
    });
    return (all as MergedMoments | undefined)?.moments as Float64Array;
  }
}

/** Some of the rows: `even` are their weights, brought near 1 by a power of two, of which `unit` is the inverse. */
interface Part {
  readonly of: number;
  readonly even: Float32Array | undefined;
  readonly unit: number;
}

/** Undefined where no row counts. */
function partOf(of: number, weights: Float32Array | undefined): Part | undefined {
  if (!weights) return { of, even: undefined, unit: 1 };
  const first = weights.findIndex((w) => w > 0);
  if (first < 0) return undefined;
  const even = evened(weights);
  return { of, even, unit: weights[first] / even[first] };
}

async function momentsOfParts(workspace: Workspace, x: Tensor, parts: readonly Part[]): Promise<Float32Array[]> {
  const weights = parts.map(({ even }) => even && workspace.tensor(even));
  const moments = await momentsByWeights(workspace, x, weights);
  for (const each of weights) if (each) workspace.free(each);
  return moments;
}

/** `rᵢ qᵢⱼ`: how much each row counts in class j. */
function weightsOfClass(y: EncodedLabels, weights: Float32Array | undefined, j: number): Float32Array {
  const k = y.classes.length;
  const isSoft = y.kind === "soft";
  return Float32Array.from({ length: isSoft ? y.targets.length / k : y.indices.length }, (_, row) => {
    const share = isSoft ? y.targets[row * k + j] : Number(y.indices[row] === j);
    return share * (weights?.[row] ?? 1);
  });
}
