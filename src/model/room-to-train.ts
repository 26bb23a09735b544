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
/** Copies of the weights from the device to a model: as they are read, as users know them, those told before. */
const ON_THEIR_WAY = 4;
/** Of L-BFGS, [n×k] each: Z, the direction's logits, dZ. */
const LOGITS = 3;

/**
 * Throws DeviceError OUT_OF_MEMORY when the least that the fit will take is more than there is. On a GPU with memory of its own only
 * what comes back is the page's: the device itself says what it has no room for.
 */
export function requireRoomToTrain(
  { traits, device }: TensorEngine,
  { rows, columns, classes, solver, models = 1 }: TrainingSizes,
  where: string,
): void {
  const onHost = (ON_THEIR_WAY + models) * 4 * (columns + 1) * classes;
  // Rows of matrices on a GPU are whole quads: of two classes half is padding.
  const row = device === "webgpu" ? 16 * Math.ceil(classes / 4) : 4 * classes;
  const isLbfgs = solver === "auto" || solver === "lbfgs";
  const vectors = VECTORS[solver] + (isLbfgs ? 2 * pairsFor(columns + 1, classes) : 0);
  const onDevice = (vectors * (columns + 1) + (isLbfgs ? LOGITS * rows : 0)) * row;
  requireRoom(
    onHost + (traits.software ? onDevice : 0),
    `training on ${rows} × ${columns} with ${classes} classes, ${vectors} values for each weight`,
    where,
  );
}
