/** Which ops have a SIMD path, and which path an op's arguments take. Ops that are not listed, or refused, run by their reference. */
import { adamStep } from "../../../ops/adam-step.js";
import { addScaled } from "../../../ops/add-scaled.js";
import { columnMoments } from "../../../ops/column-moments.js";
import { crossEntropy } from "../../../ops/cross-entropy.js";
import { crossEntropyStep } from "../../../ops/cross-entropy-step.js";
import { dots } from "../../../ops/dots.js";
import { gatherRows } from "../../../ops/gather-rows.js";
import { lineSearch } from "../../../ops/line-search.js";
import type { MatmulArguments } from "../../../ops/matmul.js";
import { matmul, matmulShape } from "../../../ops/matmul.js";
import { nextDirection } from "../../../ops/next-direction.js";
import type { Op } from "../../../ops/op.js";
import { scoreLoss } from "../../../ops/score-loss.js";
import { scoreLossLine } from "../../../ops/score-loss-line.js";
import { scoreLossStep } from "../../../ops/score-loss-step.js";
import { sgdStep } from "../../../ops/sgd-step.js";
import { softmax } from "../../../ops/softmax.js";
import { sparseProduct } from "../../../ops/sparse-product.js";
import { stackProducts } from "../../../ops/stack-products.js";
import { summarize } from "../../../ops/summarize.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import { nextDirectionWork } from "./direction-work.js";
import { takenStepWork, trialStepsWork } from "./line-work.js";
import { adamWork, gatherWork, sgdWork } from "./minibatch-work.js";
import { columnMomentsWork } from "./moments-work.js";
import { forwardProduct, gradientProduct } from "./narrow-product.js";
import { packedProduct } from "./packed-product.js";
import { rowLossWork, softmaxWork } from "./row-work.js";
import { sparseLinesWork } from "./sparse-lines-work.js";
import { featureTypeOf } from "./staging.js";
import { addScaledWork, dotsWork, stackProductsWork, summarizeWork } from "./vector-work.js";

/** Up to so many columns a product reads X where it lies; above, it pays to pack it. */
const NARROW_COLUMNS = 24;

function matmulWork(resolve: Resolve<MatmulArguments>, memory: KernelMemory): SlicedWork | undefined {
  const args = resolve();
  const types = [args.a, args.b].map(({ data }) => featureTypeOf(data));
  if (types.includes(undefined)) return undefined;
  if (types[1] === "f16" || matmulShape(args).columns > NARROW_COLUMNS) return packedProduct(resolve, memory);
  return args.transposeA ? gradientProduct(resolve, memory) : forwardProduct(resolve, memory);
}

type Work = (resolve: Resolve<never>, memory: KernelMemory) => SlicedWork | undefined;

const WORK: ReadonlyMap<object, Work> = new Map<object, Work>([
  [matmul, matmulWork],
  [sparseProduct, sparseLinesWork],
  [softmax, softmaxWork],
  [crossEntropy, rowLossWork],
  [scoreLoss, rowLossWork],
  [lineSearch, trialStepsWork],
  [scoreLossLine, trialStepsWork],
  [crossEntropyStep, takenStepWork],
  [scoreLossStep, takenStepWork],
  [dots, dotsWork],
  [addScaled, addScaledWork],
  [stackProducts, stackProductsWork],
  [nextDirection, nextDirectionWork],
  [summarize, summarizeWork],
  [columnMoments, columnMomentsWork],
  [gatherRows, gatherWork],
  [sgdStep, sgdWork],
  [adamStep, adamWork],
]);

/** The op's SIMD work on these arguments, or undefined when it has none. */
export function simdWork<A>(op: Op<A>, resolve: Resolve<A>, memory: KernelMemory): SlicedWork | undefined {
  return WORK.get(op)?.(resolve as Resolve<never>, memory);
}
