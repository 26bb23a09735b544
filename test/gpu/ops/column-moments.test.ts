import { describe, expect } from "vitest";
import { ShapeError } from "../../../src/errors.js";
import type { ColumnMomentsArguments } from "../../../src/ops/column-moments.js";
import { columnMoments, momentParts } from "../../../src/ops/column-moments.js";
import { at, hostMatrix } from "../../../src/ops/host-matrix.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { cutUp, f32Matrix, f32Vector, folded, outputsOn, referenceOf } from "../../support/op-cases.js";
import { randomBytes, randomHalves, randomValues, randomWeights } from "../../support/random-matrix.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<ColumnMomentsArguments, HostMatrix>;
const outputs = { out: "written" } as const;

/** Columns ever further from zero, by their own spread; the last is constant. */
function floats(rows: number, columns: number): HostMatrix {
  const data = randomValues(rows * columns, rows).map((v, e) =>
    e % columns === columns - 1 ? 0.1 : (v + 3 * (e % columns)) * 4 ** ((e % columns) - 3),
  );
  return f32Matrix(rows, columns, data);
}

const STORED: Readonly<Record<string, (rows: number, columns: number) => HostMatrix>> = {
  floats,
  bytes: (rows, columns) => hostMatrix(randomBytes(rows * columns, rows), rows, columns, 1 / 255, -0.25),
  halves: (rows, columns) => hostMatrix(randomHalves(rows * columns, rows), rows, columns, 0.5, 2),
};

/** By the definition, twice over the data, in float64. */
function twoPasses({ x, rowWeight }: Arguments): Float64Array {
  const { rows, columns } = x;
  const out = new Float64Array(3 * columns);
  const weight = (i: number): number => (rowWeight ? at(rowWeight, 0, i) : 1);
  let total = 0;
  for (let i = 0; i < rows; i++) total += weight(i);
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) out[j] += (weight(i) * at(x, i, j)) / total;
    for (let i = 0; i < rows; i++) out[columns + j] += weight(i) * (at(x, i, j) - out[j]) ** 2;
    out[2 * columns + j] = total;
  }
  return out;
}

/**
 * Some ULP of the largest value for each row that a thread goes through and each part that is merged; relative to the spread, that
 * is n·ULP·κ with κ² = 1 + μ²/σ², once for the mean and twice for the squares (Chan, Golub & LeVeque 1983).
 */
function expectMoments(actual: ArrayLike<number>, args: Arguments, steps: number, label: string): void {
  const { columns } = args.x;
  const truth = twoPasses(args);
  for (let j = 0; j < columns; j++) {
    const [mean, squares, total] = [0, 1, 2].map((row) => truth[row * columns + j]);
    const condition = Math.sqrt(1 + (mean * mean * total) / Math.max(squares, Number.MIN_VALUE));
    const deviation = Math.sqrt(squares / total);
    const close = (row: number, expected: number, floor: number): void =>
      expectClose([actual[row * columns + j]], [expected], { floor, label: `${label}, column ${j}, row ${row}` });
    close(0, mean, 4 * steps * ULP * (Math.abs(mean) + deviation));
    close(1, squares, squares === 0 ? 0 : 8 * steps * ULP * squares * condition);
    close(2, total, 2 * steps * ULP * total);
  }
}

test.for([
  [1, 1],
  [5, 3],
  [64, 4],
  [257, 9],
  [2003, 5],
  [70_001, 2],
])("%d rows × %d columns", async ([rows, columns], { engines }) => {
  for (const [name, make] of Object.entries(STORED)) {
    for (const rowWeight of [undefined, f32Vector(randomWeights(rows, 7))]) {
      if (rowWeight && !rowWeight.data.some((w) => w > 0)) continue;
      const x = make(rows, columns);
      // A constant column's sum of squares is 0 to the bit on a GPU; in blocks too.
      const args = { x, rowWeight, out: f32Matrix(3, columns) };
      const label = `${name}${rowWeight ? ", weighted" : ""}`;
      const parts = momentParts(rows, Math.ceil(columns / 4), true);
      const { out } = await outputsOn(engines.webgpu, columnMoments, args, outputs);
      expectMoments(out as Float32Array, args, Math.ceil(rows / parts) + parts + 4, `webgpu ${label}`);
      const cpu = await outputsOn(engines.cpu, columnMoments, args, outputs);
      expectMoments(cpu.out as Float32Array, args, 4, `cpu ${label}`);
      expectMoments(referenceOf(columnMoments, args, outputs).out, args, 1, `reference ${label}`);
    }
  }
});

test("rows in several bindings, and parts past the first row of a folded grid", async ({ engines }) => {
  const args = { x: floats(700, 5), rowWeight: f32Vector(randomWeights(700, 7)), out: f32Matrix(3, 5) };
  for (const op of [cutUp(columnMoments, 192, 1, ["rowWeight", "out"]), folded(columnMoments)]) {
    const { out } = await outputsOn(engines.webgpu, op, args, outputs);
    expectMoments(out as Float32Array, args, 700, "cut up");
  }
});

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("a row of weight 0 is absent, whatever it holds; without any row all is zero", async ({ engines }) => {
    const x = floats(6, 3);
    x.data.set([1e30, -1e30, Number.NaN]);
    const out = f32Matrix(3, 3);
    const rest = { x: { ...x, rows: 5, data: x.data.subarray(3) }, rowWeight: undefined, out };
    const seen = await outputsOn(
      engines[device],
      columnMoments,
      { x, rowWeight: f32Vector([0, 1, 1, 1, 1, 1]), out },
      outputs,
    );
    expectMoments(seen.out as Float32Array, rest, 9, "without the first");
    const none = await outputsOn(
      engines[device],
      columnMoments,
      { x, rowWeight: f32Vector(new Float32Array(6)), out },
      outputs,
    );
    expect(Array.from(none.out)).toEqual(new Array(9).fill(0));
  });

  test("weights of other rows are refused", async ({ engines }) => {
    const args = { x: floats(6, 3), rowWeight: f32Vector([1, 1]), out: f32Matrix(3, 3) };
    await expect(outputsOn(engines[device], columnMoments, args, outputs)).rejects.toThrow(ShapeError);
  });
});
