/**
 * `op(A) · op(B)` in plain TypeScript, walked along the rows of A in slices so that the page stays responsive.
 * Sums are kept in float64; a zero of A, which most pixels and bags of words are, costs one test.
 * Each value of C is summed in the order of the depth whatever the slices are, so the bits do not depend on timing.
 */
import { at } from "../../ops/host-matrix.js";
import type { MatmulArguments } from "../../ops/matmul.js";
import { matmulShape } from "../../ops/matmul.js";
import type { HostArray, HostMatrix, On } from "../../ops/op.js";

type Arguments = On<MatmulArguments, HostMatrix>;

/** A product whose rows of A can be taken a few at a time; `finish` writes what is only then known. */
export interface SlicedProduct {
  readonly rows: number;
  /** Multiplications for a row of A. */
  readonly rowCost: number;
  run(first: number, count: number): void;
  finish(): void;
}

/** B's values as they are used: B itself is f32, so scale and offset are 1 and 0 unless it is a reference's bytes. */
const valuesOf = (b: HostMatrix): HostArray =>
  b.scale === 1 && b.offset === 0 ? b.data : Float64Array.from(b.data, (v) => v * b.scale + b.offset);

/** C[i] = Σ_l A[i,l] · B[l]: a row of C at a time, gathered from rows of B, or from its columns when B is turned. */
function rowsTimes(args: Arguments): SlicedProduct {
  const { a, b, out, bias, alpha, transposeB } = args;
  const { rows, columns, depth } = matmulShape(args);
  // Bytes without an offset keep their zeros: multiply by the scale once, at the end.
  const plain = a.offset === 0;
  const factor = plain ? alpha * a.scale : alpha;
  const right = valuesOf(b);
  const left = new Float64Array(depth);
  const sums = new Float64Array(columns);
  const gather = (): void => {
    sums.fill(0);
    for (let l = 0; l < depth; l++) {
      const value = left[l];
      if (value === 0) continue;
      for (let j = 0, w = l * columns; j < columns; j++, w++) sums[j] += value * right[w];
    }
  };
  const gatherTurned = (): void => {
    for (let j = 0, w = 0; j < columns; j++) {
      let sum = 0;
      for (let l = 0; l < depth; l++, w++) sum += left[l] * right[w];
      sums[j] = sum;
    }
  };
  return {
    rows,
    rowCost: depth * columns,
    run(first, count) {
      for (let i = first; i < first + count; i++) {
        for (let l = 0, from = i * depth; l < depth; l++, from++) {
          left[l] = plain ? a.data[from] : a.data[from] * a.scale + a.offset;
        }
        if (transposeB) gatherTurned();
        else gather();
        for (let j = 0, to = i * columns; j < columns; j++, to++) {
          out.data[to] = factor * sums[j] + (bias ? at(bias, 0, j) : 0);
        }
      }
    },
    finish() {},
  };
}

/** C[l] += A[i,l] · B[i] for each row i of A in turn: the gradient, without ever turning A. */
function transposedTimes(args: Arguments): SlicedProduct {
  const { a, b, out, transposeB, bias, alpha, ones } = args;
  const { rows, columns, depth } = matmulShape(args);
  const features = a.columns;
  const plain = a.offset === 0;
  const sums = new Float64Array(rows * columns);
  const right = new Float64Array(columns);
  return {
    rows: depth,
    rowCost: rows * columns,
    run(first, count) {
      for (let i = first; i < first + count; i++) {
        for (let j = 0; j < columns; j++) right[j] = transposeB ? at(b, j, i) : at(b, i, j);
        for (let l = 0, from = i * features; l < features; l++) {
          const value = plain ? a.data[from + l] : a.data[from + l] * a.scale + a.offset;
          if (value === 0) continue;
          for (let j = 0, w = l * columns; j < columns; j++, w++) sums[w] += value * right[j];
        }
        if (ones) for (let j = 0, w = features * columns; j < columns; j++, w++) sums[w] += right[j];
      }
    },
    finish() {
      const scaled = features * columns;
      for (let w = 0; w < sums.length; w++) {
        const factor = plain && w < scaled ? alpha * a.scale : alpha;
        out.data[w] = factor * sums[w] + (bias ? at(bias, 0, w % columns) : 0);
      }
    },
  };
}

export function slicedProduct(args: Arguments): SlicedProduct {
  return args.transposeA ? transposedTimes(args) : rowsTimes(args);
}
