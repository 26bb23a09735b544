import type { Op } from "../../../src/ops/op.js";
import type { SparseProductArguments } from "../../../src/ops/sparse-product.js";
import { sparseProduct } from "../../../src/ops/sparse-product.js";
import { expectClose } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { asOnHardware, cutUp, FOLDED_GRID_WIDTH, folded, runOp } from "../../support/op-cases.js";
import type { Arguments, Sizes } from "../../support/sparse-product-cases.js";
import { CASES, FORMS, forward, lines32 } from "../../support/sparse-product-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

async function expectRight(
  engines: Parameters<typeof runOp>[0],
  op: Op<SparseProductArguments>,
  args: Arguments,
  label: string,
): Promise<void> {
  const { truth, webgpu, cpu } = await runOp(engines, op, args, { out: args.keep ? "updated" : "written" });
  const { values, largest } = lines32(args);
  // Lanes and blocks are added up once more, and alpha and what was there before: six roundings that the baseline may not have.
  for (const [device, { out }] of Object.entries({ webgpu, cpu })) {
    expectClose(out, truth.out, { baseline32: values, floor: 3 * ULP * largest, label: `${device} ${label}` });
  }
}

test.for(CASES)("$n×$d, $density of it, times $k columns", async (sizes, { engines }) => {
  for (const [label, argumentsOf] of FORMS) await expectRight(engines, sparseProduct, argumentsOf(sizes), label);
});

test("with the lanes that hardware gets", async ({ engines }) => {
  for (const sizes of [CASES[1], CASES[4], CASES[5], { n: 3000, d: 40, k: 1, density: 0.02 }] as Sizes[]) {
    for (const [label, argumentsOf] of [FORMS[0], FORMS[2]] as (typeof FORMS)[number][]) {
      await expectRight(engines, asOnHardware(sparseProduct), argumentsOf(sizes), `${label} ${sizes.n}×${sizes.d}`);
    }
  }
});

test("by B and out in several blocks, and in short dispatches", async ({ engines }) => {
  const vectors = ["values", "indices", "starts", "lines", "bias"];
  for (const [label, argumentsOf] of FORMS) {
    const args = argumentsOf({ n: 301, d: 200, k: 6, density: 0.1 });
    await expectRight(engines, cutUp(sparseProduct, 64, 1000, vectors), args, label);
  }
});

test("items past the first row of a folded grid", async ({ engines }) => {
  const n = FOLDED_GRID_WIDTH + 101;
  await expectRight(engines, folded(sparseProduct), forward({ n, d: 3, k: 4, density: 0.3 }), "X·W + b");
});
