/**
 * `op(A) · op(B)` in plain TypeScript, walked along the rows of A in slices so that the page stays responsive.
 * Sums are kept in float64; a zero of A, which most pixels and bags of words are, costs one test.
 * Each value of C is summed in the order of the depth whatever the slices are, so the bits do not depend on timing.
 */
import { halfValues } from "../../half-float.js";
import { at } from "../../ops/host-matrix.js";
import type { MatmulArguments } from "../../ops/matmul.js";
import { matmulShape } from "../../ops/matmul.js";
import type { HostArray, HostMatrix, On } from "../../ops/op.js";
import type { Resolve, SlicedWork } from "./sliced-work.js";

type Arguments = On<MatmulArguments, HostMatrix>;

/** B's values in float64, as the inner loops want them. B is f32 but in a reference, which may hand over bytes. */
const valuesOf = (b: HostMatrix): Float64Array => Float64Array.from(b.data, (v) => v * b.scale + b.offset);

/** Rows of A as numbers, before scale and offset. Halves are decoded for a few rows at a time, in memory that is used again. */
class ElementRows {
  readonly data: HostArray;
  readonly #halves: Uint16Array | undefined;
  readonly #columns: number;

  constructor({ data, columns }: HostMatrix, most: number) {
    this.#halves = data instanceof Uint16Array ? data : undefined;
    this.#columns = columns;
    this.data = this.#halves ? new Float32Array(most * columns) : data;
  }

  /** Where in `data` row `first` begins, with `count − 1` others behind it, until the next call. */
  load(first: number, count: number): number {
    const from = first * this.#columns;
    const halves = this.#halves;
    if (!halves) return from;
    const values = halfValues();
    const { data } = this;
    for (let i = 0; i < count * this.#columns; i++) data[i] = values[halves[from + i]];
    return 0;
  }
}

/** C[i] = Σ_l A[i,l] · B[l]: a row of C at a time, from the rows of B where A is not zero, or from the rows of a turned B. */
function rowsTimes(args: Arguments, resolve: Resolve<MatmulArguments>): SlicedWork {
  const { a, b, bias, alpha, transposeB } = args;
  const { rows, columns, depth } = matmulShape(args);
  // Bytes and halves without an offset keep their zeros: multiply by the scale once, at the end.
  const plain = a.offset === 0;
  const factor = plain ? alpha * a.scale : alpha;
  const right = valuesOf(b);
  const shift = Float64Array.from({ length: columns }, (_, j) => (bias ? at(bias, 0, j) : 0));
  /** A row's values that are not zero, and where their rows of B begin. */
  const left = new Float64Array(depth);
  const places = new Int32Array(depth);
  const step = transposeB ? 1 : columns;
  return {
    name: "matmul",
    rows,
    rowCost: depth * columns,
    grain: 1,
    run(first, count) {
      const { a, out } = resolve();
      const elements = new ElementRows(a, 1);
      const { data } = elements;
      for (let i = first; i < first + count; i++) {
        let found = 0;
        for (let l = 0, from = elements.load(i, 1); l < depth; l++, from++) {
          const value = plain ? data[from] : data[from] * a.scale + a.offset;
          if (value === 0) continue;
          left[found] = value;
          places[found++] = l * step;
        }
        const to = i * columns;
        let j = 0;
        // Four columns at a time: their sums stay in registers.
        for (; j + 3 < columns && !transposeB; j += 4) {
          let s0 = 0;
          let s1 = 0;
          let s2 = 0;
          let s3 = 0;
          for (let p = 0; p < found; p++) {
            const value = left[p];
            const w = places[p] + j;
            s0 += value * right[w];
            s1 += value * right[w + 1];
            s2 += value * right[w + 2];
            s3 += value * right[w + 3];
          }
          out.data[to + j] = factor * s0 + shift[j];
          out.data[to + j + 1] = factor * s1 + shift[j + 1];
          out.data[to + j + 2] = factor * s2 + shift[j + 2];
          out.data[to + j + 3] = factor * s3 + shift[j + 3];
        }
        for (; j < columns; j++) {
          const start = transposeB ? j * depth : j;
          let sum = 0;
          for (let p = 0; p < found; p++) sum += left[p] * right[start + places[p]];
          out.data[to + j] = factor * sum + shift[j];
        }
      }
    },
    finish() {},
  };
}

/** Rows of A that the gradient takes together, so that each sum is fetched and stored once for all of them. */
const TOGETHER = 4;

/** C[l] += A[i,l] · B[i] for each row i of A in turn: the gradient, without ever turning A. */
function transposedTimes(args: Arguments, resolve: Resolve<MatmulArguments>): SlicedWork {
  const { transposeB, alpha, ones } = args;
  const { rows, columns, depth } = matmulShape(args);
  let { a, b } = args;
  const features = a.columns;
  const plain = a.offset === 0;
  const sums = new Float64Array(rows * columns);
  const right = new Float64Array(TOGETHER * columns);
  let elements = new ElementRows(a, TOGETHER);
  let { data } = elements;
  const valueAt = (from: number): number => (plain ? data[from] : data[from] * a.scale + a.offset);
  /** Adds up to four rows; the order of the additions is that of the rows, however they are grouped. */
  const addRows = (i: number, count: number): void => {
    right.fill(0);
    for (let r = 0; r < count; r++) {
      for (let j = 0; j < columns; j++) right[r * columns + j] = transposeB ? at(b, j, i + r) : at(b, i + r, j);
    }
    for (let l = 0, from = elements.load(i, count); l < features; l++, from++) {
      const v0 = valueAt(from);
      const v1 = count > 1 ? valueAt(from + features) : 0;
      const v2 = count > 2 ? valueAt(from + 2 * features) : 0;
      const v3 = count > 3 ? valueAt(from + 3 * features) : 0;
      if (v0 === 0 && v1 === 0 && v2 === 0 && v3 === 0) continue;
      for (let j = 0, w = l * columns; j < columns; j++, w++) {
        let sum = sums[w];
        sum += v0 * right[j];
        sum += v1 * right[j + columns];
        sum += v2 * right[j + 2 * columns];
        sum += v3 * right[j + 3 * columns];
        sums[w] = sum;
      }
    }
    if (!ones) return;
    for (let r = 0; r < count; r++) {
      for (let j = 0, w = features * columns; j < columns; j++, w++) sums[w] += right[r * columns + j];
    }
  };
  return {
    name: "matmul",
    rows: depth,
    rowCost: rows * columns,
    grain: 1,
    run(first, count) {
      ({ a, b } = resolve());
      elements = new ElementRows(a, TOGETHER);
      data = elements.data;
      for (let i = first; i < first + count; i += TOGETHER) addRows(i, Math.min(TOGETHER, first + count - i));
    },
    finish() {
      const { out, bias } = resolve();
      const scaled = features * columns;
      for (let w = 0; w < sums.length; w++) {
        const factor = plain && w < scaled ? alpha * a.scale : alpha;
        out.data[w] = factor * sums[w] + (bias ? at(bias, 0, w % columns) : 0);
      }
    },
  };
}

export function plainProduct(resolve: Resolve<MatmulArguments>): SlicedWork {
  const args = resolve();
  return args.transposeA ? transposedTimes(args, resolve) : rowsTimes(args, resolve);
}
