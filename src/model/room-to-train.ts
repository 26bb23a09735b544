/** Whether there is memory for a fit of such sizes: a sparse matrix may declare more columns than any machine has room for weights of. */
import { requireRoom } from "../data/memory.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { pairsFor } from "./pairs.js";

/** What decides. */
export interface TrainingSizes {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  readonly solver: "auto" | "lbfgs" | "sgd" | "adam";
  /** Models whose weights are kept. Default 1. */
  readonly models?: number;
}

/** [p×k] in device memory beside the pairs of L-BFGS: θ, its direction, gradient and sums; the moments of steps. */
const VECTORS = { auto: 4, lbfgs: 4, sgd: 3, adam: 4 } as const;
/** Of L-BFGS, [n×k] each: Z, the direction's logits, dZ. */
const LOGITS = 3;

/**
 * Throws DeviceError OUT_OF_MEMORY when the least that the fit will take is more than there is. On a GPU with memory of its own only
 * what comes back is the page's: the device itself says what it has no room for.
 */
export function requireRoomToTrain(
  { traits }: TensorEngine,
  { rows, columns, classes, solver, models = 1 }: TrainingSizes,
  where: string,
): void {
  const weights = 4 * (columns + 1) * classes;
  // As they are read, and as the model keeps them.
  const onHost = (1 + models) * weights;
  const isLbfgs = solver === "auto" || solver === "lbfgs";
  const vectors = VECTORS[solver] + (isLbfgs ? 2 * pairsFor(columns + 1, classes) : 0);
  const onDevice = vectors * weights + (isLbfgs ? LOGITS * 4 * rows * classes : 0);
  requireRoom(
    onHost + (traits.software ? onDevice : 0),
    `training on ${rows} × ${columns} with ${classes} classes`,
    where,
  );
}
