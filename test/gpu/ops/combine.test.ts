import type { CombineArguments } from "../../../src/ops/combine.js";
import { combine } from "../../../src/ops/combine.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import type { OpResults } from "../../support/op-cases.js";
import { expectRounded, f32Matrix, folded, runOp } from "../../support/op-cases.js";
import type { RowCase } from "../../support/row-cases.js";
import { nameOf, shapeOf } from "../../support/row-cases.js";
import { FOLDED_VALUES, VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<CombineArguments, HostMatrix>;

const f = Math.fround;
const outputs = { out: "written" } as const;

const combinationOf = (shape: RowCase, vectors: number): Arguments => ({
  stack: valuesFor({ rows: shape.rows * vectors, columns: shape.columns }, 1),
  coefficients: valuesFor({ rows: 1, columns: vectors }, 2),
  addend: valuesFor(shape, 3),
  addendScale: -0.7,
  out: f32Matrix(shape.rows, shape.columns),
});

/** r + 1 terms of at most 1, added in order: a product and a sum are rounded by ½ ULP of at most r + 1 each. */
const floorOf = ({ coefficients }: Arguments): number => (coefficients.columns + 1) ** 2 * ULP;

function expectParity({ truth, webgpu, cpu }: OpResults, args: Arguments, label: string): void {
  const { stack, coefficients, addend, addendScale, out } = args;
  const baseline32 = Float32Array.from(out.data, (_, e) => {
    let sum = f(f(addendScale) * (addend.data[e] as number));
    for (let r = 0; r < coefficients.columns; r++) {
      sum = f(sum + f((coefficients.data[r] as number) * (stack.data[r * out.data.length + e] as number)));
    }
    return sum;
  });
  expectClose(webgpu.out, truth.out, { baseline32, floor: floorOf(args), label: `webgpu ${label}` });
  expectRounded(cpu.out, truth.out, `cpu ${label}`);
}

test.for(VALUE_CASES.map(nameOf))("%s, one vector and three", async (name, { engines }) => {
  for (const vectors of [1, 3]) {
    const args = combinationOf(shapeOf(name), vectors);
    expectParity(await runOp(engines, combine, args, outputs), args, `${name}, ${vectors}`);
  }
});

test.for([2, 4, 5, 16, 17, 41])("%d vectors of 33×7", async (vectors, { engines }) => {
  const args = combinationOf({ rows: 33, columns: 7 }, vectors);
  expectParity(await runOp(engines, combine, args, outputs), args, `${vectors} vectors`);
});

test("quads past the first row of a folded grid", async ({ engines }) => {
  const args = combinationOf(FOLDED_VALUES, 2);
  expectParity(await runOp(engines, folded(combine), args, outputs), args, "folded");
});

test("engine.combine is this op, also on the first vectors of a longer stack", async ({ engines }) => {
  for (const device of ENGINE_DEVICES) {
    const engine = engines[device];
    const stack = engine.tensor([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
      [10, 11, 12],
    ]);
    const addend = engine.tensor({ data: Float32Array.of(1, 1, 1), shape: [1, 3] });
    const [two, all] = [engine.empty([1, 3]), engine.empty([1, 3])];
    engine.combine(two, stack.slice(1, 2), engine.tensor([10, 100]), addend, 0.5);
    engine.combine(all, stack, engine.tensor([1, 10, 100, 1000]), addend, 0);
    const [ofTwo, ofAll] = await engine.read(two, all);
    expectSameBits(ofTwo as Float32Array, Float32Array.of(740.5, 850.5, 960.5), device);
    expectSameBits(ofAll as Float32Array, Float32Array.of(10741, 11852, 12963), device);
  }
});
