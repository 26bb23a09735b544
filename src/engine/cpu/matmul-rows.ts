/**
 * `op(A) · op(B)` in plain TypeScript, walked along the rows of A in slices so that the page stays responsive.
 * Sums are kept in float64; a zero of A, which most pixels and bags of words are, costs one test.
 * Each value of C is summed in the order of the depth whatever the slices are, so the bits do not depend on timing.
 */
import { at } from "../../ops/host-matrix.js";
import type { MatmulArguments } from "../../ops/matmul.js";
import { matmulShape } from "../../ops/matmul.js";
import type { HostMatrix, On } from "../../ops/op.js";

type Arguments = On<MatmulArguments, HostMatrix>;

/** A product whose rows of A can be taken a few at a time; `finish` writes what is only then known. */
export interface SlicedProduct {
  readonly rows: number;
  run(first: number, count: number): void;
  finish(): void;
}

/** `B` as [depth × columns] in float64, turned if need be, with the scale of bytes multiplied in. */
function rightOperand({ b, transposeB }: Arguments, depth: number, columns: number, factor: number): Float64Array {
  const packed = new Float64Array(depth * columns);
  for (let l = 0; l < depth; l++) {
    for (let j = 0; j < columns; j++) packed[l * columns + j] = factor * (transposeB ? at(b, j, l) : at(b, l, j));
  }
  return packed;
}

/** C[i] = Σ_l A[i,l] · B[l]: a row of C at a time, gathered from rows of B. */
function rowsTimes(args: Arguments): SlicedProduct {
  const { a, out, bias, alpha } = args;
  const { rows, columns, depth } = matmulShape(args);
  // Bytes without an offset keep their zeros: multiply by the scale once, in B.
  const plain = a.offset === 0;
  const right = rightOperand(args, depth, columns, alpha * (plain ? a.scale : 1));
  const start = Float64Array.from({ length: columns }, (_, j) => (bias ? at(bias, 0, j) : 0));
  const sums = new Float64Array(columns);
  return {
    rows,
    run(first, count) {
      for (let i = first; i < first + count; i++) {
        sums.set(start);
        for (let l = 0, from = i * depth; l < depth; l++) {
          const value = plain ? a.data[from + l] : a.data[from + l] * a.scale + a.offset;
          if (value === 0) continue;
          for (let j = 0, w = l * columns; j < columns; j++, w++) sums[j] += value * right[w];
        }
        out.data.set(sums, i * columns);
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
