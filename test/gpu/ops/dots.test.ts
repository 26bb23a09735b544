import type { DotsArguments } from "../../../src/ops/dots.js";
import { dots } from "../../../src/ops/dots.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import type { OpResults } from "../../support/op-cases.js";
import { expectRounded, f32Vector, outputsOn, runOp } from "../../support/op-cases.js";
import type { RowCase } from "../../support/row-cases.js";
import { nameOf, shapeOf } from "../../support/row-cases.js";
import { VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<DotsArguments, HostMatrix>;

const f = Math.fround;
const outputs = { out: "written" } as const;

const productsOf = (shape: RowCase, vectors: number): Arguments => ({
  stack: valuesFor({ rows: shape.rows * vectors, columns: shape.columns }, 1),
  vector: valuesFor(shape, 2),
  out: f32Vector(new Float32Array(vectors)),
});

/**
 * A value passes a product, 3 sums in its quad, one for each quad of its thread (8, or a 8192nd of a vector longer than
 * 64 chunks of 1,024), 7 levels of 128 threads and up to 64 chunks: so many times ½ ULP of Σ |s·v|.
 */
function floorOf({ stack, vector }: Arguments): number {
  const quads = vector.rows * Math.ceil(vector.columns / 4);
  const additions = 4 + Math.max(8, quads / 8192) + 7 + Math.min(64, quads / 1024);
  let largest = 0;
  const { length } = vector.data;
  for (let begin = 0; begin < stack.data.length; begin += length) {
    let sum = 0;
    for (let e = 0; e < length; e++) sum += Math.abs((stack.data[begin + e] as number) * (vector.data[e] as number));
    largest = Math.max(largest, sum);
  }
  return additions * 0.5 * ULP * largest;
}

function expectParity({ truth, webgpu, cpu }: OpResults, args: Arguments, label: string): void {
  const { stack, vector, out } = args;
  const baseline32 = Float32Array.from(out.data, (_, r) => {
    let sum = 0;
    for (let e = 0; e < vector.data.length; e++) {
      sum = f(sum + f((stack.data[r * vector.data.length + e] as number) * (vector.data[e] as number)));
    }
    return sum;
  });
  expectClose(webgpu.out, truth.out, { baseline32, floor: floorOf(args), label: `webgpu ${label}` });
  expectRounded(cpu.out, truth.out, `cpu ${label}`);
}

/** Quads round the chunk of 1,024, several chunks, more than 64 of them. */
const LONG: readonly RowCase[] = [
  { rows: 1023, columns: 4 },
  { rows: 1024, columns: 4 },
  { rows: 1025, columns: 4 },
  { rows: 784, columns: 10 },
  { rows: 67_001, columns: 3 },
];

test.for([...VALUE_CASES, ...LONG].map(nameOf))("%s, one vector and three", async (name, { engines }) => {
  for (const vectors of [1, 3]) {
    const args = productsOf(shapeOf(name), vectors);
    expectParity(await runOp(engines, dots, args, outputs), args, `${name}, ${vectors}`);
  }
});

test.for([2, 4, 5, 16, 17, 41])("%d vectors of 785×10", async (vectors, { engines }) => {
  const args = productsOf({ rows: 785, columns: 10 }, vectors);
  expectParity(await runOp(engines, dots, args, outputs), args, `${vectors} vectors`);
});

test("the same arguments give the same bits", async ({ engines }) => {
  const args = productsOf({ rows: 785, columns: 10 }, 9);
  const first = await outputsOn(engines.webgpu, dots, args, outputs);
  const second = await outputsOn(engines.webgpu, dots, args, outputs);
  expectSameBits(second.out as Float32Array, first.out as Float32Array);
});

test("engine.dots is this op, also on the last vectors of a longer stack", async ({ engines }) => {
  for (const device of ENGINE_DEVICES) {
    const engine = engines[device];
    const stack = engine.tensor([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
      [10, 11, 12],
    ]);
    const [pairs, rows] = [
      engine.dots(
        stack,
        engine.tensor([
          [1, 0, 2],
          [0, 3, 0],
        ]),
      ),
      engine.dots(stack.slice(2, 2), engine.tensor({ data: Float32Array.of(1, -1, 1), shape: [1, 3] })),
    ];
    const [ofPairs, ofRows] = await engine.read(pairs, rows);
    expectSameBits(ofPairs as Float32Array, Float32Array.of(22, 58), device);
    expectSameBits(ofRows as Float32Array, Float32Array.of(8, 11), device);
  }
});
