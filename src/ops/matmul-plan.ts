/**
 * Cuts a matrix product into pieces whose operands lie in one binding each, splits long sums over workgroups, and adds the
 * pieces up in a fixed order.
 */
import { DeviceError } from "../errors.js";
import { forwardParts, partDepth } from "./forward-parts.js";
import { launch, matmulVariant } from "./matmul-launch.js";
import type { Operand, Product, Variant } from "./matmul-product.js";
import type { MatmulArguments } from "./matmul-shape.js";
import { matmulShape } from "./matmul-shape.js";
import type { DeviceMatrix, On, Planner } from "./op.js";
import type { RowRange } from "./row-ranges.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { sumPartials } from "./sum-partials.js";

/** f32 values that the partial results of one product may take: half of the smallest binding that WebGPU allows. */
const MOST_PARTIAL_VALUES = 16 * 1024 * 1024;

/** How a sum of this length is split so that enough workgroups share each dispatch. */
function depthPerSplit(variant: Variant, rows: number, columns: number, depth: number, planner: Planner): number {
  const dispatches = Math.ceil((2 * rows * columns * depth) / planner.workPerDispatch);
  const wanted = Math.ceil((variant.enoughWorkgroups * dispatches) / variant.groups);
  const most = Math.floor(MOST_PARTIAL_VALUES / (rows * Math.ceil(columns / 4) * 4));
  const splits = Math.max(1, Math.min(wanted, Math.floor(depth / variant.shortestSplit), most));
  return Math.ceil(depth / splits / variant.depthGrain) * variant.depthGrain;
}

/** A part of the rows, columns or depth of a product that lies in one binding of every matrix it runs along. */
interface Cut {
  readonly first: number;
  readonly count: number;
  readonly parts: RowRange["parts"];
}

function cutsAlong(matrices: readonly DeviceMatrix[], length: number): Cut[] {
  if (matrices.length === 0) return [{ first: 0, count: length, parts: [] }];
  return rowRanges(matrices).map(({ firstRow, rows, parts }) => ({ first: firstRow, count: rows, parts }));
}

/** Quads to column `first` of a matrix, which a cut may not begin within. */
function quadAt(first: number): number {
  if (first % 4 === 0) return first / 4;
  throw new DeviceError(
    "LIMIT_EXCEEDED",
    "matmul: a slice of a matrix too large for one storage binding begins at a row that does not suit its transpose: expected a " +
      `multiple of 4, got one with remainder ${4 - (first % 4)}. Slice it at a multiple of 4.`,
  );
}

/** Where a matrix begins for a piece: at its rows' part when the piece runs along its rows, else in its one block. */
function operand(name: string, m: DeviceMatrix, part: RowRange["parts"][number] | undefined, quads: number): Operand {
  const { buffer, offset } = part ?? wholeBlock("matmul", name, m);
  return { buffer, offset: offset + quads, stride: m.stride };
}

export function planMatmul(args: On<MatmulArguments, DeviceMatrix>, planner: Planner): void {
  const { a, b, out, bias, transposeA, transposeB } = args;
  const shape = matmulShape(args);
  // Blocks are runs of rows: those of C and A, of the summands, or of Bᵀ's columns, as the operands are turned.
  const rowCuts = cutsAlong(transposeA ? [out] : [out, a], shape.rows);
  const columnCuts = cutsAlong(transposeB ? [b] : [], shape.columns);
  const depthCuts = cutsAlong([...(transposeA ? [a] : []), ...(transposeB ? [] : [b])], shape.depth);
  const biasBlock = bias && wholeBlock("matmul", "bias", bias);
  for (const row of rowCuts) {
    for (const column of columnCuts) {
      depthCuts.forEach((depth, d) => {
        // Where the depth lies along columns it can only begin with a quad: the sum leaves out what comes before.
        const skipped = !transposeA || transposeB ? depth.first % 4 : 0;
        const quads = (depth.first - skipped) / 4;
        const [ofDepth, ofDepthToo] = depth.parts;
        const partOfA = transposeA ? ofDepth : row.parts[1];
        const partOfB = transposeB ? column.parts[0] : transposeA ? ofDepthToo : ofDepth;
        const left = operand("A", a, partOfA, transposeA ? quadAt(row.first) - skipped * a.stride : quads);
        const right = operand("B", b, partOfB, transposeB ? quads : -skipped * b.stride);
        const product = {
          rows: row.count,
          columns: column.count,
          depthBegin: skipped,
          depthEnd: skipped + depth.count,
          a: { ...left, type: a.type, scale: a.scale, zero: a.offset },
          b: right,
          bias: d === 0 && biasBlock ? { ...biasBlock, offset: biasBlock.offset + quadAt(column.first) } : undefined,
          alpha: args.alpha,
          halves: args.halves === true,
          transposeA,
          transposeB,
          ones: args.ones && row.first + row.count === shape.rows,
        };
        const part = { ...(row.parts[0] as RowRange["parts"][number]), stride: out.stride };
        const columns = column.count === shape.columns ? undefined : quadAt(column.first);
        runPiece(product, { out, part, columns, accumulate: d > 0 }, planner);
      });
    }
  }
}

/** `A·B + bias` as matrices that add up to it, one below the other. */
export interface ProductParts {
  /** The first of them. */
  readonly first: DeviceMatrix;
  readonly count: number;
  /** Quads from one to the next. */
  readonly stride: number;
}

/** A·B + bias in scratch memory, left in parts for who reads it to add up, unless a matrix takes several bindings. */
export function planProductParts(
  { a, b, bias }: Pick<On<MatmulArguments, DeviceMatrix>, "a" | "b" | "bias">,
  planner: Planner,
): ProductParts {
  const { rows, columns, depth } = { rows: a.rows, columns: b.columns, depth: a.columns };
  const turned = { transposeA: false, transposeB: false };
  const variant = matmulVariant({ rows, columns, depth, type: a.type, ...turned }, planner);
  const count = forwardParts({ rows, columns, depth }, variant);
  const perSplit = partDepth(depth, count, variant.depthGrain);
  const out = planner.scratch(count * rows, columns);
  if ([a, b, out].some(({ blocks }) => blocks.length > 1)) {
    const first = count === 1 ? out : planner.scratch(rows, columns);
    planMatmul({ a, b, bias, out: first, alpha: 1, ones: false, ...turned }, planner);
    return { first, count: 1, stride: 0 };
  }
  const stride = rows * out.stride;
  const { buffer, offset } = out.blocks[0];
  const product: Product = {
    ...{ rows, columns, depthBegin: 0, depthEnd: depth, splits: count, depthPerSplit: perSplit },
    a: { ...operand("A", a, undefined, 0), type: a.type, scale: a.scale, zero: a.offset },
    b: operand("B", b, undefined, 0),
    out: { buffer, offset, stride: out.stride, splitStride: stride },
    bias: bias && wholeBlock("matmul", "bias", bias),
    ...{ alpha: 1, ...turned, ones: false, halves: false, accumulate: false },
  };
  launch(variant, product, planner);
  return { first: { ...out, rows, blocks: [{ firstRow: 0, rows, buffer, offset }] }, count, stride };
}

interface Target {
  readonly out: DeviceMatrix;
  /** Where the piece's rows begin. */
  readonly part: Operand;
  /** Quads to its first column; undefined when it has all columns. */
  readonly columns: number | undefined;
  readonly accumulate: boolean;
}

/** Straight into `out`, or by way of partial results when the sum is split. */
function runPiece(
  piece: Omit<Product, "out" | "accumulate" | "splits" | "depthPerSplit">,
  { out, part, columns, accumulate }: Target,
  planner: Planner,
): void {
  const { rows } = piece;
  const depth = piece.depthEnd;
  const variant = matmulVariant({ ...piece, depth, type: piece.a.type }, planner);
  // Partial results are added up as whole rows of C.
  const perSplit =
    columns === undefined
      ? depthPerSplit(variant, rows, piece.columns, depth, planner)
      : Math.ceil(depth / variant.depthGrain) * variant.depthGrain;
  const splits = Math.ceil(depth / perSplit);
  const splitting = { splits, depthPerSplit: perSplit };
  if (splits === 1) {
    const to = { ...part, offset: part.offset + (columns ?? 0), splitStride: 0 };
    launch(variant, { ...piece, ...splitting, out: to, accumulate }, planner);
    return;
  }
  const partials = planner.scratch(splits * rows, piece.columns);
  const { buffer, offset } = wholeBlock("matmul", "partial results", partials);
  const to = { buffer, offset, stride: partials.stride, splitStride: rows * partials.stride };
  launch(variant, { ...piece, ...splitting, out: to, accumulate: false }, planner);
  const sum: DeviceMatrix = { ...out, rows, blocks: [{ firstRow: 0, rows, buffer: part.buffer, offset: part.offset }] };
  sumPartials(partials, sum, planner, accumulate);
}
