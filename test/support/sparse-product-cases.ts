/** Arguments of sparse products as engines record them, and the same products with every operation rounded to float32. */
import { ColumnCompressor } from "../../src/engine/sparse-columns.js";
import { columnArrays } from "../../src/engine/sparse-tensor.js";
import { at } from "../../src/ops/host-matrix.js";
import type { HostMatrix, On } from "../../src/ops/op.js";
import type { SparseProductArguments } from "../../src/ops/sparse-product.js";
import { f32Matrix, f32Vector, i32Vector } from "./op-cases.js";
import { randomValues } from "./random-matrix.js";
import { randomSparse } from "./sparse-cases.js";

export type Arguments = On<SparseProductArguments, HostMatrix>;

export interface Sizes {
  /** Rows and columns of X. */
  readonly n: number;
  readonly d: number;
  /** Columns of the result. */
  readonly k: number;
  readonly density: number;
}

/** X·W + bias. */
export function forward({ n, d, k, density }: Sizes, bias = true): Arguments {
  const { values, indices, starts } = randomSparse(n, d, density, n + d);
  return {
    ...{ values: f32Vector(values), indices: i32Vector(indices), starts: i32Vector(starts), lines: undefined },
    ...{ b: f32Matrix(d, k, randomValues(d * k, 1)), bias: bias ? f32Vector(randomValues(k, 2)) : undefined },
    ...{ out: f32Matrix(n, k), alpha: 0.75, keep: false, first: 0, count: n },
    ...{ long: 0, middling: 0, nonzeros: values.length },
  };
}

/** [X, 1]ᵀ·G, or Xᵀ·G when `first` is 1. */
export function backward({ n, d, k, density }: Sizes, first = 0, keep = false): Arguments {
  const x = randomSparse(n, d, density, n + d);
  const into = columnArrays(x.values.length + n, d + 1);
  const { value: counts } = new ColumnCompressor(x).compress((i) => i, n, into, { value: 0, line: 0 }).next();
  if (!counts) throw new Error("the columns of so small a matrix are made in one go");
  const { count, ...lengths } = counts;
  return {
    ...{ values: f32Vector(into.values), indices: i32Vector(into.indices) },
    ...{ starts: i32Vector(into.starts.subarray(0, count + 1)), lines: i32Vector(into.lines.subarray(0, count)) },
    ...{ b: f32Matrix(n, k, randomValues(n * k, 1)), bias: undefined },
    ...{ out: f32Matrix(d + 1 - first, k, randomValues((d + 1 - first) * k, 3)), alpha: -1.5, keep, first },
    ...{ count: count - first, ...lengths },
  };
}

const f = Math.fround;

/** Each line summed from first to last with every operation rounded, and the largest Σ |value · b| of any of them. */
export function lines32(args: Arguments): { values: Float32Array; largest: number } {
  const { values, indices, starts, lines, b, bias, out, alpha, keep, first, count } = args;
  const { columns } = out;
  const rounded = lines && !keep ? new Float32Array(out.data.length) : Float32Array.from(out.data);
  let largest = 0;
  for (let i = first; i < first + count; i++) {
    const row = lines ? lines.data[i] : i;
    for (let j = 0; j < columns; j++) {
      let [sum, magnitude] = [0, 0];
      for (let p = starts.data[i]; p < starts.data[i + 1]; p++) {
        const term = values.data[p] * at(b, indices.data[p], j);
        sum = f(sum + f(term));
        magnitude += Math.abs(term);
      }
      const base = lines ? rounded[row * columns + j] : bias ? at(bias, 0, j) : 0;
      rounded[row * columns + j] = f(f(alpha * sum) + base);
      largest = Math.max(largest, Math.abs(alpha) * magnitude + Math.abs(base));
    }
  }
  return { values: rounded, largest };
}

export const CASES: readonly Sizes[] = [
  { n: 1, d: 1, k: 1, density: 1 },
  { n: 1, d: 700, k: 10, density: 0.5 },
  { n: 63, d: 5, k: 2, density: 0.5 },
  { n: 65, d: 129, k: 4, density: 0.1 },
  { n: 101, d: 53, k: 67, density: 0.3 },
  { n: 1500, d: 31, k: 5, density: 0.05 },
  // Longer than the list of columns: none is stored but the second.
  { n: 40, d: 3000, k: 3, density: 0 },
];

export const FORMS: readonly (readonly [string, (sizes: Sizes) => Arguments])[] = [
  ["X·W + b", (sizes) => forward(sizes)],
  ["X·W", (sizes) => forward(sizes, false)],
  ["[X, 1]ᵀ·G", (sizes) => backward(sizes)],
  ["Xᵀ·G", (sizes) => backward(sizes, 1)],
  ["out + Xᵀ·G", (sizes) => backward(sizes, 1, true)],
];
