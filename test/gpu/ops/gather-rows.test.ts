import type { GatherRowsArguments } from "../../../src/ops/gather-rows.js";
import { gatherRows } from "../../../src/ops/gather-rows.js";
import { hostMatrix } from "../../../src/ops/host-matrix.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { Random } from "../../../src/random.js";
import { expectEqualIntegers } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { cutUp, FOLDED_GRID_WIDTH, folded, i32Vector, runOp } from "../../support/op-cases.js";
import { randomBytes, randomValues } from "../../support/random-matrix.js";

type Arguments = On<GatherRowsArguments, HostMatrix>;
const outputs = { out: "written" } as const;

interface GatherCase {
  readonly rows: number;
  readonly columns: number;
  /** Rows taken. */
  readonly taken: number;
  /** Indices passed over. */
  readonly first: number;
}

const TYPES = ["f32", "f16", "u8", "i32"] as const;

const CASES: readonly GatherCase[] = [
  { rows: 1, columns: 1, taken: 1, first: 0 },
  { rows: 1, columns: 5, taken: 3, first: 0 },
  { rows: 7, columns: 2, taken: 1, first: 2 },
  { rows: 7, columns: 3, taken: 63, first: 1 },
  { rows: 64, columns: 4, taken: 64, first: 64 },
  { rows: 65, columns: 5, taken: 65, first: 3 },
  { rows: 300, columns: 784, taken: 256, first: 5 },
  { rows: 101, columns: 53, taken: 37, first: 7 },
  { rows: 3, columns: 5000, taken: 2, first: 0 },
  { rows: 65_537, columns: 3, taken: 65_537, first: 1 },
];

function gatherOf({ rows, columns, taken, first }: GatherCase, type: (typeof TYPES)[number]): Arguments {
  const random = new Random(rows + columns);
  const matrix = (height: number, seed: number): HostMatrix => {
    const length = height * columns;
    if (type === "u8") return hostMatrix(randomBytes(length, seed), height, columns, 1 / 255, -0.5);
    // All bit patterns, NaN among them: they are moved like any other.
    if (type === "f16")
      return hostMatrix(
        Uint16Array.from({ length }, (_, e) => e * 40_503 + seed),
        height,
        columns,
      );
    const values = randomValues(length, seed, -1e9, 1e9);
    return hostMatrix(type === "f32" ? values : Int32Array.from(values), height, columns);
  };
  // The last row and the first are among those taken.
  const indices = Array.from({ length: first + taken }, (_, i) =>
    i === first ? rows - 1 : i === first + 1 ? 0 : random.integer(rows),
  );
  return { source: matrix(rows, 1), indices: i32Vector(indices), first, out: matrix(taken, 2) };
}

/** The elements are moved, not computed: they arrive with all their bits. */
async function expectMoved(
  engines: Parameters<typeof runOp>[0],
  op: typeof gatherRows,
  args: Arguments,
  label: string,
): Promise<void> {
  const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
  expectEqualIntegers(webgpu.out, truth.out, `webgpu ${label}`);
  expectEqualIntegers(cpu.out, truth.out, `cpu ${label}`);
}

test.for(TYPES.flatMap((type) => CASES.map((each) => ({ type, ...each }))))(
  "$type: $taken of $rows rows of $columns, from index $first",
  async ({ type, ...each }, { engines }) => {
    await expectMoved(engines, gatherRows, gatherOf(each, type), type);
  },
);

test("words past the first row of a folded grid", async ({ engines }) => {
  for (const type of TYPES) {
    // 2 quads a row: 2 words of bytes, 4 of halves, 8 of the others.
    const taken = Math.ceil(FOLDED_GRID_WIDTH / 2) + 101;
    await expectMoved(engines, folded(gatherRows), gatherOf({ rows: 50, columns: 7, taken, first: 0 }, type), type);
  }
});

test("from a source in several blocks", async ({ engines }) => {
  for (const type of TYPES) {
    const args = gatherOf({ rows: 300, columns: 5, taken: 200, first: 3 }, type);
    await expectMoved(engines, cutUp(gatherRows, 128, 1, ["out", "indices"]), args, type);
  }
});
