/**
 * A sparse product in plain TypeScript, some thousand stored values at a time, so that the page stays responsive. Each line is
 * summed in float64 in the order of its values, whatever the slices are, so the bits do not depend on timing.
 */
import { at } from "../../ops/host-matrix.js";
import type { HostMatrix } from "../../ops/op.js";
import type { SparseProductArguments } from "../../ops/sparse-product.js";
import type { Resolve, SlicedWork } from "./sliced-work.js";

/** Stored values that are taken together at least: whole lines. */
const UNIT_VALUES = 2048;

export function sparseWork(resolve: Resolve<SparseProductArguments>): SlicedWork {
  const { starts, b, first, count } = resolve();
  const bounds = unitBounds(starts, first, count);
  const units = bounds.length - 1;
  const stored = count > 0 ? starts.data[first + count] - starts.data[first] : 0;
  return {
    name: "sparseProduct",
    rows: units,
    rowCost: ((stored + count) * b.columns) / Math.max(1, units),
    grain: 1,
    run(unit, taken) {
      const args = resolve();
      if (unit === 0 && args.lines && !args.keep) args.out.data.fill(0);
      addLines(args, bounds[unit], bounds[unit + taken]);
    },
    finish() {},
  };
}

/** Where units begin, in lines, and where the last one ends. */
function unitBounds({ data: starts }: HostMatrix, first: number, count: number): number[] {
  const bounds = [first];
  const end = first + count;
  for (let line = first, last = first; line < end; line++) {
    if (line + 1 < end && starts[line + 1] - starts[last] < UNIT_VALUES && line + 1 - last < UNIT_VALUES) continue;
    bounds.push(line + 1);
    last = line + 1;
  }
  return bounds.length === 1 ? [first, first] : bounds;
}

type Arguments = ReturnType<Resolve<SparseProductArguments>>;

function addLines(args: Arguments, begin: number, end: number): void {
  const { lines, bias, out, alpha } = args;
  const { columns } = out;
  const sums = new Float64Array(columns);
  for (let i = begin; i < end; i++) {
    sumLine(args, i, sums);
    const to = (lines ? lines.data[i] : i) * columns;
    for (let j = 0; j < columns; j++) {
      const base = lines ? out.data[to + j] : bias ? at(bias, 0, j) : 0;
      out.data[to + j] = alpha * sums[j] + base;
    }
  }
}

/** Four columns at a time, which stay in registers along the line. */
function sumLine(
  { values: v, indices: r, starts: s, b: { data: b, columns } }: Arguments,
  line: number,
  to: Float64Array,
): void {
  const [values, rows] = [v.data, r.data];
  const [begin, end] = [s.data[line], s.data[line + 1]];
  let j = 0;
  for (; j + 3 < columns; j += 4) {
    let [first, second, third, fourth] = [0, 0, 0, 0];
    for (let p = begin; p < end; p++) {
      const value = values[p];
      const from = rows[p] * columns + j;
      first += value * b[from];
      second += value * b[from + 1];
      third += value * b[from + 2];
      fourth += value * b[from + 3];
    }
    to[j] = first;
    to[j + 1] = second;
    to[j + 2] = third;
    to[j + 3] = fourth;
  }
  for (; j < columns; j++) {
    let sum = 0;
    for (let p = begin; p < end; p++) sum += values[p] * b[rows[p] * columns + j];
    to[j] = sum;
  }
}
