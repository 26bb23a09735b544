/** Every op by its name: functions cannot be sent to a worker. */
import { adamStep } from "../../../ops/adam-step.js";
import { addScaled } from "../../../ops/add-scaled.js";
import { argmax } from "../../../ops/argmax.js";
import { chooseStep } from "../../../ops/choose-step.js";
import { clipGradient } from "../../../ops/clip-gradient.js";
import { columnMoments } from "../../../ops/column-moments.js";
import { copyColumns } from "../../../ops/copy-columns.js";
import { crossEntropy } from "../../../ops/cross-entropy.js";
import { crossEntropyStep } from "../../../ops/cross-entropy-step.js";
import { dots } from "../../../ops/dots.js";
import { finishGradient } from "../../../ops/finish-gradient.js";
import { gatherRows } from "../../../ops/gather-rows.js";
import { gatherValues } from "../../../ops/gather-values.js";
import { judgePoint } from "../../../ops/judge-point.js";
import { lineSearch } from "../../../ops/line-search.js";
import { linearAdamStep } from "../../../ops/linear-adam-step.js";
import { linearGradient } from "../../../ops/linear-gradient.js";
import { linearLoss } from "../../../ops/linear-loss.js";
import { linearSgdStep } from "../../../ops/linear-sgd-step.js";
import { matmul } from "../../../ops/matmul.js";
import { nextDirection } from "../../../ops/next-direction.js";
import type { Op } from "../../../ops/op.js";
import { reducedProducts } from "../../../ops/reduced-products.js";
import { scaleRows } from "../../../ops/scale-rows.js";
import { scoreLoss } from "../../../ops/score-loss.js";
import { scoreLossLine } from "../../../ops/score-loss-line.js";
import { scoreLossStep } from "../../../ops/score-loss-step.js";
import { sgdStep } from "../../../ops/sgd-step.js";
import { smallBatchSteps } from "../../../ops/small-batch-steps.js";
import { softThreshold } from "../../../ops/soft-threshold.js";
import { softmax } from "../../../ops/softmax.js";
import { sparseProduct } from "../../../ops/sparse-product.js";
import { stackProducts } from "../../../ops/stack-products.js";
import { summarize } from "../../../ops/summarize.js";
import { totalLoss } from "../../../ops/total-loss.js";
import { totalWeight } from "../../../ops/total-weight.js";
import { twoLoop } from "../../../ops/two-loop.js";

const ALL = [
  adamStep,
  addScaled,
  argmax,
  chooseStep,
  clipGradient,
  columnMoments,
  copyColumns,
  crossEntropy,
  crossEntropyStep,
  dots,
  finishGradient,
  gatherRows,
  gatherValues,
  judgePoint,
  lineSearch,
  linearAdamStep,
  linearGradient,
  linearLoss,
  linearSgdStep,
  smallBatchSteps,
  matmul,
  nextDirection,
  totalWeight,
  reducedProducts,
  scaleRows,
  scoreLoss,
  scoreLossLine,
  scoreLossStep,
  sgdStep,
  softThreshold,
  softmax,
  sparseProduct,
  stackProducts,
  summarize,
  totalLoss,
  twoLoop,
] as const;

export const OPS: ReadonlyMap<string, Op<object>> = new Map(ALL.map((op) => [op.name, op as unknown as Op<object>]));
