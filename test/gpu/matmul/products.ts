/**
 * Products for the tests: random operands in any order, what float32 honestly costs, and the op planned as for a software
 * adapter or as for hardware, or by a variant of one's choice, so that all kernels are proven on whatever adapter runs the tests.
 */

import { fromHalf } from "../../../src/half-float.js";
import type { Engine } from "../../../src/index.js";
import { at, hostMatrix } from "../../../src/ops/host-matrix.js";
import type { MatmulArguments } from "../../../src/ops/matmul.js";
import { matmul, matmulShape } from "../../../src/ops/matmul.js";
import type { MatmulVariant } from "../../../src/ops/matmul-variants.js";
import type { DeviceMatrix, HostMatrix, On, Op, Planner } from "../../../src/ops/op.js";
import { expectClose } from "../../support/compare.js";
import type { EngineDevice } from "../../support/device.js";
import { f32Matrix, f32Vector, outputsOn, referenceOf } from "../../support/op-cases.js";
import { randomBytes, randomHalves, randomValues } from "../../support/random-matrix.js";
import { ULP } from "../../support/wgsl-accuracy.js";

export type Product = On<MatmulArguments, HostMatrix>;

/** The two kinds of adapters that the op plans its launches for. */
export type Plan = "software" | "hardware";
export const PLANS: readonly Plan[] = ["software", "hardware"];

export interface Order {
  readonly name: string;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export const ORDERS: readonly Order[] = [
  { name: "A·B", transposeA: false, transposeB: false },
  { name: "Aᵀ·B", transposeA: true, transposeB: false },
  { name: "A·Bᵀ", transposeA: false, transposeB: true },
  { name: "Aᵀ·Bᵀ", transposeA: true, transposeB: true },
];

export interface Sizes {
  /** Rows of C, without the row of ones. */
  readonly m: number;
  /** Length of the sum. */
  readonly k: number;
  /** Columns of C. */
  readonly n: number;
}

export interface Extras {
  readonly bias?: boolean;
  readonly alpha?: number;
  readonly ones?: boolean;
  /** A holds bytes that stand for byte · scale + offset. */
  readonly bytes?: { readonly scale: number; readonly offset: number };
  /** A holds halves that stand for half · scale + offset. */
  readonly halves?: { readonly scale: number; readonly offset: number };
}

/** Random operands of the sizes given, stored as the order wants them. */
export function productOf({ m, k, n }: Sizes, { transposeA, transposeB }: Order, extras: Extras = {}): Product {
  const { bias = false, alpha = 1, ones = false, bytes, halves } = extras;
  const [aRows, aColumns] = transposeA ? [k, m] : [m, k];
  const [bRows, bColumns] = transposeB ? [n, k] : [k, n];
  const a = bytes
    ? hostMatrix(randomBytes(m * k, 1), aRows, aColumns, Math.fround(bytes.scale), Math.fround(bytes.offset))
    : halves
      ? hostMatrix(randomHalves(m * k, 1), aRows, aColumns, Math.fround(halves.scale), Math.fround(halves.offset))
      : f32Matrix(aRows, aColumns, randomValues(m * k, 1));
  return {
    a,
    b: f32Matrix(bRows, bColumns, randomValues(k * n, 2)),
    out: f32Matrix(m + Number(ones), n),
    transposeA,
    transposeB,
    bias: bias ? f32Vector(randomValues(n, 3)) : undefined,
    alpha: Math.fround(alpha),
    ones,
  };
}

const f = Math.fround;

/** The product summed from first to last with every operation rounded to float32, and the largest Σ |a·b| of a value of C. */
function product32(args: Product): { values: Float32Array; largestSum: number } {
  const { a, b, out, transposeA, transposeB, bias, alpha, ones } = args;
  const { rows, columns, depth } = matmulShape(args);
  const values = new Float32Array(out.data.length);
  let largestSum = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      let magnitude = 0;
      for (let l = 0; l < depth; l++) {
        const stored = a.data[transposeA ? l * a.columns + i : i * a.columns + l] as number;
        const element = a.data instanceof Uint16Array ? fromHalf(stored) : stored;
        const left = ones && i === rows - 1 ? 1 : f(f(element * a.scale) + a.offset);
        const right = transposeB ? at(b, j, l) : at(b, l, j);
        sum = f(sum + f(left * right));
        magnitude += Math.abs(left * right);
      }
      values[i * columns + j] = f(f(alpha * sum) + (bias ? at(bias, 0, j) : 0));
      largestSum = Math.max(largestSum, Math.abs(alpha) * magnitude);
    }
  }
  return { values, largestSum };
}

/** Roundings that an element passes besides the sum's: decoding 2, product 1, alpha 1, bias 1, partial result 1; ½ ULP each. */
const OTHER_ROUNDINGS = 6;

/** The result is right within what float32 costs. */
export function expectProduct(args: Product, truth: Float64Array, actual: ArrayLike<number>, label: string): void {
  const { values, largestSum } = product32(args);
  // Another order of the sum: its first additions, in a block of four and across lanes, have no counterpart.
  const floor = (OTHER_ROUNDINGS + 2) * 0.5 * ULP * largestSum;
  expectClose(actual, truth, { baseline32: values, floor, label });
}

export type PlannedAs = Partial<Pick<Planner, "software" | "adapter" | "workPerDispatch" | "dispatch" | "preferred">>;

/** The matrix in blocks of `rows` rows, as a large one has them, though its one buffer holds them all. */
export function inBlocks(m: DeviceMatrix, rows: number): DeviceMatrix {
  const [block] = m.blocks;
  const blocks = Array.from({ length: Math.ceil(m.rows / rows) }, (_, i) => ({
    buffer: block.buffer,
    firstRow: i * rows,
    rows: Math.min(rows, m.rows - i * rows),
    offset: block.offset + i * rows * m.stride,
  }));
  return { ...m, blocks };
}

/** matmul, planned as if the device were another one, or its matrices larger than one binding. */
export function plannedAs(
  as: (planner: Planner) => PlannedAs,
  change: (args: On<MatmulArguments, DeviceMatrix>) => On<MatmulArguments, DeviceMatrix> = (args) => args,
): Op<MatmulArguments> {
  return {
    ...matmul,
    plan(args, planner) {
      matmul.plan(change(args), {
        workPerDispatch: planner.workPerDispatch,
        software: planner.software,
        scratch: (rows, columns) => planner.scratch(rows, columns),
        dispatch: (d) => planner.dispatch(d),
        ...as(planner),
      });
    },
  };
}

/** matmul as one of the two plans has it. */
export const planned = (plan: Plan): Op<MatmulArguments> => plannedAs(() => ({ software: plan === "software" }));

/** matmul as hardware has it, by one variant wherever that can compute the product. */
export const plannedBy = (variant: MatmulVariant): Op<MatmulArguments> =>
  plannedAs(({ adapter }) => ({ software: false, adapter, preferred: () => variant }));

const outputs = { out: "written" } as const;

/** The result of an op on an engine; `out` is poisoned before, and the padding of what comes back is known to be zero. */
export async function resultOn(engine: Engine, op: Op<MatmulArguments>, args: Product): Promise<Float32Array> {
  return (await outputsOn(engine, op, args, outputs)).out as Float32Array;
}

/** Both plans on the GPU, and the CPU, against the truth. */
export async function expectParity(
  engines: Readonly<Record<EngineDevice, Engine>>,
  args: Product,
  label: string,
): Promise<void> {
  const truth = referenceOf(matmul, args, outputs).out as Float64Array;
  for (const plan of PLANS) {
    expectProduct(args, truth, await resultOn(engines.webgpu, planned(plan), args), `${plan}, ${label}`);
  }
  expectProduct(args, truth, await resultOn(engines.cpu, matmul, args), `cpu, ${label}`);
}
