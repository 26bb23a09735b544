import type { CopyColumnsArguments } from "../../../src/ops/copy-columns.js";
import { copyColumns } from "../../../src/ops/copy-columns.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectEqualIntegers } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { cutUp, FOLDED_GRID_WIDTH, f32Matrix, folded, runOp } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";

type Arguments = On<CopyColumnsArguments, HostMatrix>;

interface CopyCase {
  readonly rows: number;
  readonly columns: number;
  /** Columns of x and where the copy begins; the same of the result. */
  readonly wide: number;
  readonly from: number;
  readonly outWide: number;
  readonly to: number;
}

const CASES: readonly CopyCase[] = [
  { rows: 1, columns: 1, wide: 1, from: 0, outWide: 1, to: 0 },
  { rows: 1, columns: 3, wide: 3, from: 0, outWide: 9, to: 6 },
  { rows: 7, columns: 10, wide: 250, from: 130, outWide: 10, to: 0 },
  { rows: 7, columns: 10, wide: 10, from: 0, outWide: 250, to: 240 },
  { rows: 64, columns: 4, wide: 12, from: 4, outWide: 8, to: 4 },
  { rows: 65, columns: 5, wide: 13, from: 7, outWide: 11, to: 3 },
  { rows: 101, columns: 53, wide: 53, from: 0, outWide: 53, to: 0 },
  { rows: 3, columns: 5000, wide: 5003, from: 1, outWide: 5001, to: 1 },
  { rows: 65_537, columns: 3, wide: 6, from: 3, outWide: 3, to: 0 },
];

function copyOf({ rows, columns, wide, from, outWide, to }: CopyCase): Arguments {
  const x = f32Matrix(rows, wide, randomValues(rows * wide, 1, -1e9, 1e9));
  const out = f32Matrix(rows, outWide, randomValues(rows * outWide, 2, -1e9, 1e9));
  return { x, from, out, to, columns };
}

/** Values are moved, not computed, and what lies beside them stays: all bits are the reference's. */
async function expectMoved(
  engines: Parameters<typeof runOp>[0],
  op: typeof copyColumns,
  args: Arguments,
): Promise<void> {
  const { truth, webgpu, cpu } = await runOp(engines, op, args, { out: "updated" });
  expectEqualIntegers(webgpu.out, truth.out, "webgpu");
  expectEqualIntegers(cpu.out, truth.out, "cpu");
}

test.for(CASES)("$columns of $rows×$wide, from $from, to $to of $outWide", async (each, { engines }) => {
  await expectMoved(engines, copyColumns, copyOf(each));
});

test("values past the first row of a folded grid", async ({ engines }) => {
  const rows = Math.ceil(FOLDED_GRID_WIDTH / 4) + 101;
  await expectMoved(engines, folded(copyColumns), copyOf({ rows, columns: 5, wide: 9, from: 2, outWide: 6, to: 1 }));
});

test("matrices in several blocks, each in several launches", async ({ engines }) => {
  const args = copyOf({ rows: 300, columns: 5, wide: 9, from: 2, outWide: 11, to: 6 });
  await expectMoved(engines, cutUp(copyColumns, 128), args);
});
