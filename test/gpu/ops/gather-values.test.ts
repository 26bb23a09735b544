import { gatherValues } from "../../../src/ops/gather-values.js";
import { hostMatrix } from "../../../src/ops/host-matrix.js";
import { Random } from "../../../src/random.js";
import { expectEqualIntegers } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { FOLDED_GRID_WIDTH, folded, i32Vector, runOp } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";

const outputs = { out: "written" } as const;

/** `taken` of `length` values by the indices from `first` on. */
function gatherOf(length: number, taken: number, first: number, type: "f32" | "i32") {
  const random = new Random(length + taken);
  const vector = (size: number, seed: number) => {
    const values = randomValues(size, seed, -1e9, 1e9);
    return hostMatrix(type === "f32" ? values : Int32Array.from(values), 1, size);
  };
  const indices = Array.from({ length: first + taken }, (_, i) => (i === first ? length - 1 : random.integer(length)));
  return { source: vector(length, 1), indices: i32Vector(indices), first, out: vector(taken, 2) };
}

const SIZES: readonly (readonly [length: number, taken: number, first: number])[] = [
  [1, 1, 0],
  [1, 5, 3],
  [7, 2, 1],
  [64, 63, 2],
  [63, 64, 5],
  [65, 65, 64],
  [60_000, 256, 1021],
  [101, 4099, 7],
  [65_537, 65_537, 1],
];

test.for(SIZES)("of %d values %d by the indices from %d on", async ([length, taken, first], { engines }) => {
  for (const type of ["f32", "i32"] as const) {
    const { truth, webgpu, cpu } = await runOp(engines, gatherValues, gatherOf(length, taken, first, type), outputs);
    expectEqualIntegers(webgpu.out, truth.out, `webgpu ${type}`);
    expectEqualIntegers(cpu.out, truth.out, `cpu ${type}`);
  }
});

test("values past the first row of a folded grid", async ({ engines }) => {
  const args = gatherOf(999, FOLDED_GRID_WIDTH + 101, 3, "f32");
  const { truth, webgpu } = await runOp(engines, folded(gatherValues), args, outputs);
  expectEqualIntegers(webgpu.out, truth.out);
});
