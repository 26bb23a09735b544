/**
 * `C = α · op(A) · op(B) + bias`, op the identity or the transpose. A may hold bytes; sums are kept in f32 at least.
 * With `ones`, Aᵀ has one more row, all ones, below its own: `[A, 1]ᵀ · G` is the gradient of weights and intercept at once.
 */
import code from "../../shaders/matmul.wgsl?raw";
import { ShapeError } from "../errors.js";
import { at } from "./host-matrix.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { f32, u32 } from "./op.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { describe, requireShape } from "./shape-rule.js";
import { sumPartials } from "./sum-partials.js";

export interface MatmulArguments<M extends Matrix = Matrix> {
  readonly a: M;
  readonly b: M;
  readonly out: M;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** 1 × columns of C, added to every row. */
  readonly bias: M | undefined;
  readonly alpha: number;
  /** Needs `transposeA`. */
  readonly ones: boolean;
}

/** Rows, columns of C and the length of the sum. Throws a ShapeError when A and B do not fit. */
export function matmulShape(args: Pick<MatmulArguments, "a" | "b" | "transposeA" | "transposeB" | "ones">): {
  rows: number;
  columns: number;
  depth: number;
} {
  const { a, b, transposeA, transposeB } = args;
  const depth = transposeA ? a.rows : a.columns;
  const depthOfB = transposeB ? b.columns : b.rows;
  if (depth !== depthOfB) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `matmul: inner dimensions differ: expected equal ones, got ${depth} of ${transposeA ? "Aᵀ" : "A"} (A is ${describe(a)}) ` +
        `and ${depthOfB} of ${transposeB ? "Bᵀ" : "B"} (B is ${describe(b)}). Check transposeA and transposeB.`,
    );
  }
  const rows = (transposeA ? a.columns : a.rows) + (args.ones ? 1 : 0);
  return { rows, columns: transposeB ? b.rows : b.columns, depth };
}

function reference(args: On<MatmulArguments, HostMatrix>): void {
  const { a, b, out, transposeA, transposeB, bias, alpha, ones } = args;
  const { rows, columns, depth } = matmulShape(args);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let l = 0; l < depth; l++) {
        const left = ones && i === rows - 1 ? 1 : transposeA ? at(a, l, i) : at(a, i, l);
        sum += left * (transposeB ? at(b, j, l) : at(b, l, j));
      }
      out.data[i * columns + j] = alpha * sum + (bias ? at(bias, 0, j) : 0);
    }
  }
}

const kernel: Kernel = { name: "matmul", code, bindings: ["read", "read", "read", "write"] };
/** Depth of the slice that the shader stages, in values. */
const SLICE = 32;
/** Workgroups that fill a large GPU; a long sum is split until there are about so many. */
const ENOUGH_WORKGROUPS = 1024;
/** A split shorter than this does not pay for its partial result. */
const SHORTEST_SPLIT = 256;
/** f32 values that the partial results of one product may take. */
const MOST_PARTIAL_VALUES = 16 * 1024 * 1024;

/** Narrow outputs (k classes) get narrow, tall tiles, so that no thread multiplies padding. */
function tileFor(columns: number): { threadsX: number; threadsY: number } {
  const threadsX = Math.min(8, Math.ceil(columns / 4));
  return { threadsX, threadsY: threadsX <= 4 ? 16 : 8 };
}

interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly a: { buffer: object; offset: number; stride: number };
  readonly b: { buffer: object; offset: number; stride: number };
  readonly out: { buffer: object; offset: number; stride: number; splitStride: number };
  readonly splits: number;
  readonly depthPerSplit: number;
  readonly withBias: boolean;
}

/** One launch: all tiles of one range of rows, or all splits of one range of the depth. */
function launch(args: On<MatmulArguments, DeviceMatrix>, p: Product, planner: Planner): void {
  const { threadsX, threadsY } = tileFor(p.columns);
  const threads = threadsX * threadsY;
  const tileColumns = Math.ceil(p.columns / (4 * threadsX));
  const tiles = tileColumns * Math.ceil(p.rows / (4 * threadsY));
  const bias = args.bias && wholeBlock("matmul", "bias", args.bias);
  planner.dispatch({
    kernel,
    constants: {
      THREADS_X: threadsX,
      THREADS_Y: threadsY,
      TRANSPOSE_A: Number(args.transposeA),
      TRANSPOSE_B: Number(args.transposeB),
      BYTES_A: Number(args.a.type === "u8"),
      LOADS_A: Math.ceil((threadsY * 32) / threads),
      LOADS_B: Math.ceil((threadsX * (args.transposeB ? 8 : 32)) / threads),
    },
    buffers: [p.a.buffer, p.b.buffer, bias?.buffer ?? p.b.buffer, p.out.buffer],
    parameters: [
      ...[p.rows, p.columns, p.depth, p.depthPerSplit, tiles, tileColumns].map(u32),
      ...[p.a.offset, p.a.stride, p.b.offset, p.b.stride, p.out.offset, p.out.stride, p.out.splitStride].map(u32),
      ...[tiles * p.splits, bias?.offset ?? 0, Number(bias !== undefined && p.withBias)].map(u32),
      u32(args.ones ? p.rows - 1 : 0xffffffff),
      ...[args.alpha, args.a.scale, args.a.offset].map(f32),
    ],
    workgroups: tiles * p.splits,
    work: 2 * p.rows * p.columns * p.depth,
  });
}

/** How a sum of this length is split so that enough workgroups share it; a multiple of the slice. */
function depthPerSplit(rows: number, columns: number, depth: number): number {
  const { threadsX, threadsY } = tileFor(columns);
  const tiles = Math.ceil(columns / (4 * threadsX)) * Math.ceil(rows / (4 * threadsY));
  const most = Math.max(1, Math.floor(MOST_PARTIAL_VALUES / (rows * (columns + 3))));
  const splits = Math.max(1, Math.min(Math.ceil(ENOUGH_WORKGROUPS / tiles), Math.floor(depth / SHORTEST_SPLIT), most));
  return Math.ceil(depth / splits / SLICE) * SLICE;
}

function plan(args: On<MatmulArguments, DeviceMatrix>, planner: Planner): void {
  const { a, b, out, transposeA, transposeB } = args;
  const { rows, columns, depth } = matmulShape(args);
  const perSplit = depthPerSplit(rows, columns, depth);
  const workPerRow = 2 * columns * (transposeA ? rows : depth);
  // A·B cuts the rows of A and C; Aᵀ·B cuts the depth, which is the rows of A and B.
  const cut = transposeA ? (transposeB ? [a] : [a, b]) : [a, out];
  const ranges = rowRanges(cut, planner.workPerDispatch / workPerRow);
  const split = transposeA ? ranges.length > 1 || perSplit < depth : perSplit < depth;

  if (transposeA) {
    const pieces = ranges.map((r) => Math.ceil(r.rows / perSplit));
    const total = pieces.reduce((sum, n) => sum + n, 0);
    const target = split ? planner.scratch(total * rows, columns) : out;
    const block = wholeBlock("matmul", "out", target);
    let slot = 0;
    ranges.forEach((range, r) => {
      const [partA, partB] = range.parts;
      // Bᵀ is short of rows to cut: its depth lies along its columns.
      const wholeB = transposeB ? wholeBlock("matmul", "B", b) : undefined;
      launch(
        args,
        {
          rows,
          columns,
          depth: range.rows,
          a: { ...partA, stride: a.stride },
          b: wholeB
            ? { buffer: wholeB.buffer, offset: wholeB.offset + range.firstRow / 4, stride: b.stride }
            : { ...partB, stride: b.stride },
          out: {
            buffer: block.buffer,
            offset: block.offset + slot * rows * target.stride,
            stride: target.stride,
            splitStride: rows * target.stride,
          },
          splits: pieces[r],
          depthPerSplit: perSplit,
          withBias: r === 0,
        },
        planner,
      );
      slot += pieces[r];
    });
    if (split) sumPartials(target, out, planner);
    return;
  }

  const wholeB = wholeBlock("matmul", "B", b);
  const splits = Math.ceil(depth / perSplit);
  for (const range of ranges) {
    const [partA, partC] = range.parts;
    const part: DeviceMatrix = { ...out, rows: range.rows, blocks: [{ firstRow: 0, rows: range.rows, ...partC }] };
    const target = split ? planner.scratch(splits * range.rows, columns) : part;
    const block = wholeBlock("matmul", "out", target);
    launch(
      args,
      {
        rows: range.rows,
        columns,
        depth,
        a: { ...partA, stride: a.stride },
        b: { buffer: wholeB.buffer, offset: wholeB.offset, stride: b.stride },
        out: {
          buffer: block.buffer,
          offset: block.offset,
          stride: target.stride,
          splitStride: range.rows * target.stride,
        },
        splits,
        depthPerSplit: perSplit,
        withBias: true,
      },
      planner,
    );
    if (split) sumPartials(target, part, planner);
  }
}

export const matmul: Op<MatmulArguments> = {
  name: "matmul",
  check(args) {
    const { rows, columns } = matmulShape(args);
    requireShape("matmul", "out", args.out, rows, columns);
    if (args.bias) requireShape("matmul", "bias", args.bias, 1, columns);
  },
  reference,
  plan,
};
