/**
 * Runs one op on both devices and by its float64 reference from the same arguments, so that a test states sizes and
 * tolerances only. Outputs are poisoned first, padding included; the padding that an op leaves must be zero.
 */

import { OPS } from "../../src/engine/cpu/workers/op-registry.js";
import type { Tensor } from "../../src/engine/tensor.js";
import type { Engine } from "../../src/index.js";
import { hostMatrix } from "../../src/ops/host-matrix.js";
import type { DeviceMatrix, HostArray, HostMatrix, On, Op } from "../../src/ops/op.js";
import { expectClose, FLOAT32_ROUNDING } from "./compare.js";
import type { EngineDevice } from "./device.js";
import { POISON, paddedCopy, poison } from "./poison.js";
import { LARGEST_GRID_DIMENSION } from "./shapes.js";

/** `written`: poisoned before the run. `updated`: the argument's own values are where the op starts. */
export type Outputs = Readonly<Record<string, "written" | "updated">>;

export interface OpResults {
  /** Every output by name, from the reference. */
  readonly truth: Readonly<Record<string, Float64Array>>;
  readonly webgpu: Readonly<Record<string, HostArray>>;
  readonly cpu: Readonly<Record<string, HostArray>>;
}

const isMatrix = (value: unknown): value is HostMatrix =>
  typeof value === "object" && value !== null && "data" in value;

/** A matrix of the values given, or of zeros. */
export function f32Matrix(
  rows: number,
  columns: number,
  data: Float32Array = new Float32Array(rows * columns),
): HostMatrix {
  return hostMatrix(data, rows, columns);
}

export const f32Vector = (data: ArrayLike<number>): HostMatrix => hostMatrix(Float32Array.from(data), 1, data.length);
export const i32Vector = (data: ArrayLike<number>): HostMatrix => hostMatrix(Int32Array.from(data), 1, data.length);

/** A tensor of the matrix's own element type; unlike `engine.tensor` it takes NaN and infinities too. */
export function tensorOf(engine: Engine, { data, rows, columns, scale, offset }: HostMatrix): Tensor {
  const type =
    data instanceof Uint8Array
      ? "u8"
      : data instanceof Uint16Array
        ? "f16"
        : data instanceof Int32Array
          ? "i32"
          : "f32";
  const t = engine.empty(rows === 1 ? [columns] : [rows, columns], type, scale, offset);
  engine.write(t, data);
  return t;
}

/** The reference's outputs; they begin poisoned, so that a value it leaves out is seen. */
export function referenceOf<A extends object>(
  op: Op<A>,
  args: On<A, HostMatrix>,
  outputs: Outputs,
): Record<string, Float64Array> {
  const truth: Record<string, Float64Array> = {};
  const entries = Object.entries(args).map(([name, value]) => {
    const use = outputs[name];
    if (use === undefined || !isMatrix(value)) return [name, value];
    const data = use === "updated" ? Float64Array.from(value.data) : new Float64Array(value.data.length).fill(POISON);
    truth[name] = data;
    return [name, { ...value, data }];
  });
  op.reference(Object.fromEntries(entries) as On<A, HostMatrix>);
  return truth;
}

const ARRAYS = { f32: Float32Array, f16: Uint16Array, u8: Uint8Array, i32: Int32Array } as const;

/** A worker knows no op but Luce's own, and a CPU's matrix has no padding to spoil. */
function spoil(engine: Engine, t: Tensor): void {
  if (engine.device === "webgpu") engine.run(poison, { out: t });
  else engine.write(t, new ARRAYS[t.type](t.rows * t.columns).fill(t.type === "f32" ? POISON : 0x5a));
}

/** The outputs of one device. Throws when the padding of an f32 output is not zero. */
export async function outputsOn<A extends object>(
  engine: Engine,
  op: Op<A>,
  args: On<A, HostMatrix>,
  outputs: Outputs,
): Promise<Record<string, HostArray>> {
  const made: Tensor[] = [];
  const entries = Object.entries(args).map(([name, value]) => {
    if (!isMatrix(value)) return [name, value];
    const t = tensorOf(engine, value);
    made.push(t);
    if (outputs[name] === "written") spoil(engine, t);
    return [name, t];
  });
  const onDevice = Object.fromEntries(entries) as Record<string, Tensor>;
  // A test's own plan is for a GPU: workers know an op by its name.
  const known = engine.device === "cpu" ? (OPS.get(op.name) as unknown as Op<A> | undefined) : undefined;
  engine.run(known ?? op, onDevice as unknown as A);
  const names = Object.keys(outputs).filter((name) => onDevice[name] !== undefined);
  const results = names.map((name) => onDevice[name] as Tensor);
  const padded = results
    .filter((t) => t.type === "f32" && engine.device === "webgpu")
    .map((t) => {
      const copy = engine.empty([t.rows, Math.ceil(t.columns / 4) * 4]);
      engine.run(paddedCopy, { x: t, out: copy });
      return { t, copy };
    });
  made.push(...padded.map(({ copy }) => copy));
  const read = await engine.read(...results, ...padded.map(({ copy }) => copy));
  padded.forEach(({ t, copy }, p) => {
    const all = read[results.length + p] as Float32Array;
    for (let e = 0; e < all.length; e++) {
      if (e % copy.columns < t.columns || all[e] === 0) continue;
      throw new Error(`${op.name}: the padding of ${names[results.indexOf(t)]} is not zero: got ${all[e]} at ${e}.`);
    }
  });
  for (const t of made) t.dispose();
  return Object.fromEntries(names.map((name, i) => [name, read[i] as HostArray]));
}

/** The op's outputs from the reference and from both devices. */
export async function runOp<A extends object>(
  engines: Readonly<Record<EngineDevice, Engine>>,
  op: Op<A>,
  args: On<A, HostMatrix>,
  outputs: Outputs,
): Promise<OpResults> {
  return {
    truth: referenceOf(op, args, outputs),
    webgpu: await outputsOn(engines.webgpu, op, args, outputs),
    cpu: await outputsOn(engines.cpu, op, args, outputs),
  };
}

/** The CPU device computes in float64 and rounds once, on storing. */
export function expectRounded(actual: ArrayLike<number>, truth: ArrayLike<number>, label: string): void {
  expectClose(actual, truth, { floor: 2 ** -149, relativeFloor: FLOAT32_ROUNDING, label });
}

/**
 * The op planned as on a device that allows little work in a dispatch and few rows in a binding: large matrices, cheaply.
 * Matrices of more than `blockRows` rows are seen as several blocks; those named in `whole` are left alone.
 */
export function cutUp<A extends object>(
  op: Op<A>,
  blockRows: number,
  workPerDispatch = 1,
  whole: string[] = [],
): Op<A> {
  const cut = (m: DeviceMatrix): DeviceMatrix => {
    const [block] = m.blocks;
    const blocks = Array.from({ length: Math.ceil(m.rows / blockRows) }, (_, i) => ({
      buffer: block.buffer,
      firstRow: i * blockRows,
      rows: Math.min(blockRows, m.rows - i * blockRows),
      offset: block.offset + i * blockRows * m.stride,
    }));
    return { ...m, blocks };
  };
  const isDeviceMatrix = (value: unknown): value is DeviceMatrix =>
    typeof value === "object" && value !== null && "blocks" in value;
  return {
    ...op,
    plan(args, planner) {
      const entries = Object.entries(args).map(([name, value]) => [
        name,
        isDeviceMatrix(value) && !whole.includes(name) ? cut(value) : value,
      ]);
      op.plan(Object.fromEntries(entries) as On<A, DeviceMatrix>, {
        workPerDispatch,
        software: planner.software,
        scratch: (rows, columns) => planner.scratch(rows, columns),
        dispatch: (dispatch) => planner.dispatch(dispatch),
      });
    },
  };
}

/** Workgroups in each row of a grid that {@link folded} makes: half of one more than a dimension allows. */
export const FOLDED_GRID_WIDTH: number = (LARGEST_GRID_DIMENSION + 1) / 2;

/**
 * The op in a grid of two rows at least, some of its workgroups without work. Workgroups shrink to one thread or one row, so
 * that little more than `FOLDED_GRID_WIDTH` quads or rows reach into the grid's second row.
 */
export function folded<A extends object>(op: Op<A>): Op<A> {
  return {
    ...op,
    plan(args, planner) {
      op.plan(args, {
        workPerDispatch: Number.POSITIVE_INFINITY,
        software: planner.software,
        scratch: (rows, columns) => planner.scratch(rows, columns),
        dispatch: (d) => {
          const size = "THREADS" in d.constants ? "THREADS" : "ROWS_PER_GROUP";
          const workgroups = Math.max(d.workgroups * (d.constants[size] as number), 2 * FOLDED_GRID_WIDTH);
          planner.dispatch({ ...d, constants: { ...d.constants, [size]: 1 }, workgroups });
        },
      });
    },
  };
}

/** The op planned as on a GPU, with the sizes of workgroups that software adapters do not get. */
export function asOnHardware<A extends object>(op: Op<A>): Op<A> {
  return {
    ...op,
    plan(args, planner) {
      op.plan(args, {
        workPerDispatch: planner.workPerDispatch,
        software: false,
        scratch: (rows, columns) => planner.scratch(rows, columns),
        dispatch: (dispatch) => planner.dispatch(dispatch),
      });
    },
  };
}

/** What the rows of a matrix with so many columns add up to: a sum that an op left in parts. */
export function columnSums(values: ArrayLike<number>, { columns }: { readonly columns: number }): Float64Array {
  const sums = new Float64Array(columns);
  for (let e = 0; e < values.length; e++) sums[e % columns] += values[e] as number;
  return sums;
}
