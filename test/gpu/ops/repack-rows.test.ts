import { hostMatrix } from "../../../src/ops/host-matrix.js";
import type { HostMatrix } from "../../../src/ops/op.js";
import { repackRows } from "../../../src/ops/repack-rows.js";
import { expectEqualIntegers } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { cutUp, FOLDED_GRID_WIDTH, folded, runOp } from "../../support/op-cases.js";
import { randomBytes, randomValues } from "../../support/random-matrix.js";

const TYPES = ["f32", "f16", "u8", "i32"] as const;
const SHAPES = [
  [1, 1],
  [1, 5],
  [7, 2],
  [63, 3],
  [64, 4],
  [65, 5],
  [301, 53],
  [3, 5001],
  [65_537, 3],
] as const;

function vectorOf(type: (typeof TYPES)[number], length: number): HostMatrix {
  if (type === "u8") return hostMatrix(randomBytes(length, 1), 1, length);
  // All bit patterns, NaN among them: they are moved like any other.
  if (type === "f16")
    return hostMatrix(
      Uint16Array.from({ length }, (_, e) => e * 40_503 + 1),
      1,
      length,
    );
  const values = randomValues(length, 1, -1e9, 1e9);
  return hostMatrix(type === "f32" ? values : Int32Array.from(values), 1, length);
}

async function expectMoved(
  engines: Parameters<typeof runOp>[0],
  op: typeof repackRows,
  type: (typeof TYPES)[number],
  [rows, columns]: readonly [number, number],
): Promise<void> {
  const source = vectorOf(type, rows * columns);
  const out = hostMatrix(source.data.slice().fill(0), rows, columns);
  const { truth, webgpu, cpu } = await runOp(engines, op, { source, out }, { out: "written" });
  expectEqualIntegers(webgpu.out, truth.out, `webgpu ${type}`);
  expectEqualIntegers(cpu.out, truth.out, `cpu ${type}`);
  expectEqualIntegers(truth.out, Float64Array.from(source.data), "reference");
}

test.for(TYPES.flatMap((type) => SHAPES.map((shape) => [type, shape] as const)))(
  "%s: rows and columns %j",
  async ([type, shape], { engines }) => {
    await expectMoved(engines, repackRows, type, shape);
  },
);

test("words past the first row of a folded grid", async ({ engines }) => {
  for (const type of TYPES) {
    // 2 quads a row: 2 words of bytes, 4 of halves, 8 of the others.
    await expectMoved(engines, folded(repackRows), type, [Math.ceil(FOLDED_GRID_WIDTH / 2) + 101, 7]);
  }
});

test("into a matrix in several blocks", async ({ engines }) => {
  for (const type of TYPES) await expectMoved(engines, cutUp(repackRows, 128, 1, ["source"]), type, [300, 5]);
});
