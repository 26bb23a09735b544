/**
 * What `crossEntropy` and `scoreLoss` have in common: each row's loss ℓ(z[i], t[i]), and `dZ[i] = scale · r[i] · ∂ℓ/∂z[i] / denominator`.
 * Where the denominator is 0 no row counts, and the gradient is 0.
 */
import { at, rowsOf, valuesOf } from "./host-matrix.js";
import type { DeviceBlock, DeviceMatrix, HostMatrix, Matrix, On, Planner } from "./op.js";
import type { RowPart } from "./row-ranges.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";
import type { TargetArguments } from "./targets.js";
import { sliceTargets } from "./targets.js";

export interface RowLossArguments<M extends Matrix = Matrix> extends TargetArguments<M> {
  /** n × k, Z. */
  readonly logits: M;
  /** 1 × n, written: each row's loss. */
  readonly loss: M;
  /** n × k, written: the gradient with respect to the logits. */
  readonly gradient: M | undefined;
  /** Factor of the gradient; the losses are not scaled. */
  readonly scale: number;
  /** The first values of its rows add up to what divides the gradient. */
  readonly denominator: M | undefined;
}

export const ROW_LOSS_WRITES = ["loss", "gradient"] as const;

export function checkRowLoss(op: string, { logits, loss, gradient }: RowLossArguments): void {
  requireShape(op, "loss", loss, 1, logits.rows);
  if (gradient) requireShape(op, "gradient", gradient, logits.rows, logits.columns);
}

export function sliceRowLoss<T extends RowLossArguments<HostMatrix>>(args: T, first: number, rows: number): T {
  return {
    ...sliceTargets(args, first, rows),
    logits: rowsOf(args.logits, first, rows),
    loss: valuesOf(args.loss, first, rows),
    gradient: args.gradient && rowsOf(args.gradient, first, rows),
  };
}

/** What a sum left in parts divides by. */
export function divisorOf(denominator: HostMatrix): number {
  let divisor = 0;
  for (let i = 0; i < denominator.rows; i++) divisor += at(denominator, i, 0);
  return divisor;
}

/** What multiplies r[i] · ∂ℓ/∂z[i]. */
export function gradientFactor({ denominator, scale }: RowLossArguments<HostMatrix>): number {
  const divisor = denominator ? divisorOf(denominator) : 1;
  return divisor === 0 ? 0 : scale / divisor;
}

/** Where a launch leaves losses and gradient, and finds the denominator. */
export interface RowLossPlaces {
  readonly loss: DeviceBlock;
  readonly denominator: DeviceBlock | undefined;
  readonly constants: { readonly HAS_DENOMINATOR: number; readonly WRITE_GRADIENT: number };
  /** The buffer for the gradient of one range of rows, and for one that nobody wants. */
  gradientBuffer(part: RowPart | undefined): object;
}

export function rowLossPlaces(op: string, args: On<RowLossArguments, DeviceMatrix>, planner: Planner): RowLossPlaces {
  const loss = wholeBlock(op, "loss", args.loss);
  const denominator = args.denominator && wholeBlock(op, "denominator", args.denominator);
  // Two bindings may not write one buffer: a gradient that nobody wants still needs a place.
  const nowhere = args.gradient ? undefined : wholeBlock(op, "gradient", planner.scratch(1, 4));
  return {
    loss,
    denominator,
    constants: { HAS_DENOMINATOR: Number(denominator !== undefined), WRITE_GRADIENT: Number(nowhere === undefined) },
    gradientBuffer: (part) => (part ?? (nowhere as DeviceBlock)).buffer,
  };
}
