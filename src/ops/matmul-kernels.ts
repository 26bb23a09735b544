/** The two kernels of a matrix product, when each is taken, and how one product becomes launches. */

import tiledCode from "../../shaders/matmul.wgsl?raw";
import directCode from "../../shaders/matmul_direct.wgsl?raw";
import type { ElementType, Kernel, Planner } from "./op.js";
import { f32, u32 } from "./op.js";

/** A matrix within one binding: quads to where its row 0 begins, and from row to row. */
export interface Operand {
  readonly buffer: object;
  readonly offset: number;
  readonly stride: number;
}

/** A product whose operands lie in one binding each: all of a matmul, or a piece of a large one. */
export interface Product {
  readonly rows: number;
  readonly columns: number;
  /** The sum runs over `depthBegin … depthEnd − 1`, 0 ≤ depthBegin < 4. */
  readonly depthBegin: number;
  readonly depthEnd: number;
  readonly a: Operand & { readonly type: ElementType; readonly scale: number; readonly zero: number };
  readonly b: Operand;
  readonly out: Operand & { readonly splitStride: number };
  readonly bias: Omit<Operand, "stride"> | undefined;
  readonly alpha: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The last row of op(A) is all ones. */
  readonly ones: boolean;
  /** Add to what `out` holds. */
  readonly accumulate: boolean;
  readonly splits: number;
  readonly depthPerSplit: number;
}

/** A kernel set up for products of one shape. */
export interface Variant {
  readonly kernel: Kernel;
  /** Those that depend on the shape. */
  readonly constants: Readonly<Record<string, number>>;
  /** Workgroups that make up C. */
  readonly groups: number;
  /** Depth is split at multiples of this. */
  readonly depthGrain: number;
  /** A split shorter than this does not pay for its partial result. */
  readonly shortestSplit: number;
  /** Workgroups that keep the adapter busy. */
  readonly enoughWorkgroups: number;
}

const bindings = ["read", "read", "read", "read", "write"] as const;
const tiled: Kernel = { name: "matmul", code: tiledCode, bindings };
const direct: Kernel = { name: "matmul_direct", code: directCode, bindings };

/** Values in a quad, and the tile's share of one thread in the tiled kernel, in both directions. */
const QUAD = 4;
/** Wider outputs than this are worth staging in workgroup memory, where that is fast. */
const DIRECT_COLUMNS = 16;
const SLICE = 32;

/** For wide outputs on hardware. */
function tiledVariant(rows: number, columns: number, transposeB: boolean): Variant {
  const [threadsX, threadsY] = [8, 8];
  const threads = threadsX * threadsY;
  return {
    kernel: tiled,
    constants: {
      THREADS_X: threadsX,
      THREADS_Y: threadsY,
      LOADS_A: Math.ceil((threadsY * SLICE) / threads),
      LOADS_B: Math.ceil((threadsX * (transposeB ? SLICE / QUAD : SLICE)) / threads),
    },
    groups: Math.ceil(columns / (QUAD * threadsX)) * Math.ceil(rows / (QUAD * threadsY)),
    depthGrain: SLICE,
    shortestSplit: 256,
    enoughWorkgroups: 1024,
  };
}

/** Threads that share an item on hardware: enough that neighbours read whole cache lines, and that small batches fill a GPU. */
const HARDWARE_LANES = 16;

/**
 * For narrow outputs, and for all on software adapters, where a load costs as much as thirty multiplications and a barrier
 * more: there a thread takes eight rows alone, and small workgroups occupy every core.
 */
function directVariant(rows: number, columns: number, software: boolean): Variant {
  const quads = Math.ceil(columns / QUAD);
  const columnQuads = Math.ceil(quads / Math.ceil(quads / 4));
  const rowQuads = software ? 2 : 1;
  const threads = software ? 16 : 64;
  const lanes = software ? 1 : HARDWARE_LANES;
  const items = Math.ceil(quads / columnQuads) * Math.ceil(rows / (QUAD * rowQuads));
  return {
    kernel: direct,
    constants: {
      THREADS: threads,
      LANES: lanes,
      ROW_QUADS: rowQuads,
      COLUMN_QUADS: columnQuads,
      SHARED: lanes > 1 ? QUAD * threads : 1,
    },
    groups: Math.ceil((items * lanes) / threads),
    depthGrain: QUAD,
    shortestSplit: 64 * lanes,
    enoughWorkgroups: software ? 8 : 1024,
  };
}

/** The kernel for an output of this shape on this device. */
export function matmulVariant(rows: number, columns: number, transposeB: boolean, { software }: Planner): Variant {
  if (software || columns <= DIRECT_COLUMNS) return directVariant(rows, columns, software);
  return tiledVariant(rows, columns, transposeB);
}

/** Launches a product, in several dispatches when one would hold more work than the device allows. */
export function launch(variant: Variant, p: Product, planner: Planner): void {
  const total = variant.groups * p.splits;
  const work = 2 * p.rows * p.columns * (p.depthEnd - p.depthBegin);
  const most = Math.max(1, Math.floor((total * planner.workPerDispatch) / work));
  const count = Math.ceil(total / Math.ceil(total / most));
  for (let first = 0; first < total; first += count) {
    const workgroups = Math.min(count, total - first);
    planner.dispatch({
      kernel: variant.kernel,
      constants: {
        ...variant.constants,
        TRANSPOSE_A: Number(p.transposeA),
        TRANSPOSE_B: Number(p.transposeB),
        FORMAT_A: p.a.type === "u8" ? 1 : p.a.type === "f16" ? 2 : 0,
        ONES: Number(p.ones),
      },
      buffers: [p.a.buffer, p.a.buffer, p.b.buffer, p.bias?.buffer ?? p.b.buffer, p.out.buffer],
      parameters: [
        ...[p.rows, p.columns, p.depthBegin, p.depthEnd, p.depthPerSplit].map(u32),
        ...[variant.groups, first, first + workgroups].map(u32),
        ...[p.a.offset, p.a.stride, p.b.offset, p.b.stride, p.out.offset, p.out.stride, p.out.splitStride].map(u32),
        ...[p.bias?.offset ?? 0, Number(p.bias !== undefined), Number(p.accumulate)].map(u32),
        ...[p.alpha, p.a.zero].map(f32),
        // A byte that stands k bits up is 2ᵏ times too large: powers of two change no rounding.
        ...[1, 2 ** -8, 2 ** -16, 2 ** -16].map((up) => f32(p.a.scale * up)),
      ],
      workgroups,
      work: (work * workgroups) / total,
    });
  }
}
