import { describe, expect } from "vitest";
import type { Engine, Tensor } from "../../../src/index.js";
import { crossEntropy } from "../../../src/ops/cross-entropy.js";
import { sgdStep } from "../../../src/ops/sgd-step.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";

const sharing = { name: "ShapeError", message: expect.stringMatching(/share memory/) };

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  /** Runs `body` with tensors that are given back, and asserts that nothing was recorded and nothing is left. */
  const refuses = (engine: Engine, body: (t: (...shape: number[]) => Tensor) => void, fault: object): void => {
    const before = engine.stats();
    const tensors: Tensor[] = [];
    const make = (...shape: number[]): Tensor => {
      const t = engine.empty(shape);
      tensors.push(t);
      return t;
    };
    expect(() => body(make)).toThrow(expect.objectContaining(fault));
    for (const t of tensors) t.dispose();
    const { dispatches, buffers, bytes } = engine.stats();
    expect({ dispatches, buffers, bytes }).toEqual({
      dispatches: before.dispatches,
      buffers: before.buffers,
      bytes: before.bytes,
    });
  };

  test("an output that is an operand, or in the same memory, is refused", ({ engines }) => {
    const engine = engines[device];
    refuses(
      engine,
      (t) => {
        const z = t(4, 4);
        engine.softmax(z, { out: z });
      },
      sharing,
    );
    refuses(
      engine,
      (t) => {
        const m = t(4, 4);
        engine.addScaled(m.row(1), 1, m.row(0));
      },
      sharing,
    );
    refuses(
      engine,
      (t) => {
        const m = t(8, 4);
        engine.matmul(m.slice(0, 4), t(4, 4), { out: m.slice(4, 4) });
      },
      sharing,
    );
    refuses(
      engine,
      (t) => {
        const b = t(4);
        engine.matmul(t(1, 3), t(3, 4), { bias: b, out: b });
      },
      sharing,
    );
    refuses(
      engine,
      (t) => {
        const w = t(4, 4);
        engine.summarize(w, { out: w.row(0) });
      },
      sharing,
    );
    const step = { learningRate: 1, momentum: 0, nesterov: false, l2: 0, weightDecay: 0, penalisedRows: 0 };
    refuses(
      engine,
      (t) => {
        const weights = t(4, 4);
        engine.run(sgdStep, { ...step, weights, velocity: weights, gradient: t(4, 4) });
      },
      sharing,
    );
    refuses(
      engine,
      (t) => {
        const logits = t(4, 4);
        engine.run(crossEntropy, {
          ...{ logits, gradient: logits, loss: t(4), scale: 1, denominator: undefined },
          ...{ labels: undefined, soft: t(4, 4), classWeight: undefined, rowWeight: undefined },
          ...{ labelSmoothing: 0, ignoreIndex: -100 },
        });
      },
      sharing,
    );
  });

  test("operands may share memory, and what is updated in place needs no second tensor", async ({ engines }) => {
    const engine = engines[device];
    using m = engine.tensor({ data: [1, 2, 3, 4], shape: [2, 2] });
    using rows = engine.dots(m, m.row(1));
    using sum = engine.tensor([1, 1]);
    engine.addScaled(sum, 1, m.row(0), { beta: 10, y: m.row(0), keep: 2 });
    const [products, total] = await engine.read(rows, sum);
    expect([...products]).toEqual([11, 25]);
    expect([...total]).toEqual([13, 24]);
  });

  test("a wrong shape or element type is refused and leaves no tensor behind", ({ engines }) => {
    const engine = engines[device];
    const shape = { name: "ShapeError", code: "SHAPE_MISMATCH" };
    refuses(engine, (t) => engine.matmul(t(2, 3), t(2, 3)), shape);
    refuses(engine, (t) => engine.matmul(t(2, 3), t(3, 4), { bias: t(3) }), shape);
    refuses(engine, (t) => engine.dots(t(5, 3), t(2, 3)), shape);
    refuses(engine, (t) => engine.softmax(t(2, 3), { out: t(3, 2) }), shape);
    const type = { name: "DataError", code: "UNSUPPORTED_TYPE" };
    using bytes = engine.tensor({ data: Uint8Array.of(1, 2), shape: [1, 2] });
    using integers = engine.tensor(Int32Array.of(1, 2));
    refuses(engine, () => engine.softmax(bytes), type);
    refuses(engine, () => engine.summarize(integers), type);
    refuses(engine, (t) => engine.matmul(t(1, 1), bytes), type);
    refuses(engine, (t) => engine.argmax(t(2, 3), { out: t(2) }), type);
    refuses(engine, () => engine.zeros([0]), shape);
    refuses(engine, () => engine.zeros([1, 2, 3]), shape);
    refuses(engine, (t) => engine.write(t(3), new Float32Array(4)), shape);
  });

  test("what is no tensor, no shape or no array of elements is refused before it is recorded", async ({ engines }) => {
    const engine = engines[device];
    // A caller without types has no compiler to tell.
    const any = (value: unknown): never => value as never;
    const type = { name: "DataError", code: "UNSUPPORTED_TYPE" };
    const shape = { name: "ShapeError", code: "SHAPE_MISMATCH" };
    for (const odd of [null, [[1, 2]], { rows: 2, columns: 2, shape: [2, 2] }, 1n]) {
      refuses(engine, (t) => engine.matmul(any(odd), t(2, 2)), type);
      refuses(engine, (t) => engine.matmul(t(2, 2), t(2, 2), { bias: any(odd) }), type);
      refuses(engine, () => engine.softmax(any(odd)), type);
      refuses(engine, () => engine.summarize(any(odd)), type);
      refuses(engine, () => engine.crossEntropy(any(odd), [0]), type);
      refuses(engine, (t) => engine.write(t(4), any(odd)), type);
      await expect(engine.read(any(odd))).rejects.toMatchObject(type);
    }
    refuses(engine, (t) => engine.matmul(t(2, 2), t(2, 2), { alpha: any("2") }), type);
    const option = { name: "OptionError", code: "BAD_OPTION" };
    refuses(engine, (t) => engine.softmax(t(2, 2), any(null)), option);
    refuses(engine, (t) => engine.linearCrossEntropy(t(2, 2), t(2, 2), undefined, [0, 1], any(null)), option);
    refuses(engine, (t) => engine.dots(t(4, 2), t(2, 2), any(null)), option);
    refuses(engine, (t) => engine.summarize(t(2, 2), any(null)), option);
    refuses(engine, (t) => engine.addScaled(t(2, 2), 1, t(2, 2), any(null)), option);
    for (const sizes of [4, "12", [Symbol("n")], new Array(2), Uint32Array.of(2, 2)]) {
      refuses(engine, () => engine.zeros(any(sizes)), shape);
    }
    for (const element of ["f64", "constructor", null]) refuses(engine, () => engine.zeros([2], any(element)), type);
    using bytes = engine.zeros([3], "u8");
    refuses(engine, () => engine.write(bytes, Float32Array.of(0, 300, 1.5)), {
      ...type,
      message: expect.stringMatching(/Uint8Array.*u8/),
    });
  });

  test("elements in memory that may change its size", async ({ engines }) => {
    const engine = engines[device];
    const resizable = new Int32Array(
      new (ArrayBuffer as new (length: number, options: object) => ArrayBuffer)(16, { maxByteLength: 32 }),
    );
    resizable.set([1, 2, 3, 4]);
    using t = engine.tensor(resizable);
    expect([...(await t.read())]).toEqual([1, 2, 3, 4]);
  });

  test("more rows than there is memory for anywhere are refused at once", ({ engines }) => {
    refuses(engines[device], () => engines[device].empty([2 ** 53 - 1, 1]), { name: "DeviceError" });
  });
});
