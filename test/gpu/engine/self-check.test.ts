import { expect } from "vitest";
import { selfCheckOn } from "../../../src/engine/self-check.js";
import { TensorEngine } from "../../../src/engine/tensor-engine.js";
import { tensorOperations } from "../../../src/engine/tensor-operations.js";
import { WebGpuBackend } from "../../../src/engine/webgpu/webgpu-backend.js";
import type { Dispatch, Op } from "../../../src/ops/op.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";

/** A software GPU compiles the matrix kernels for seconds each, and longer where it shares the processor. */
const COMPILING = { timeout: 240_000 };

for (const device of ENGINE_DEVICES) {
  test(`every kernel on ${device} agrees with float64, and the memory comes back`, COMPILING, async ({ engines }) => {
    const engine = engines[device];
    const before = engine.stats();
    const report = await engine.selfCheck();
    expect(report.rows.filter((row) => !row.passed)).toEqual([]);
    expect(report).toMatchObject({ passed: true, device, reason: engine.reason });
    expect(report.text).toContain(navigator.userAgent);
    const { buffers, bytes } = engine.stats();
    expect({ buffers, bytes }).toEqual({ buffers: before.buffers, bytes: before.bytes });
  });
}

test("every shader takes part, in the variants for hardware too", COMPILING, async ({ gpuDevice }) => {
  const launched = new Set<string>();
  class Listening extends WebGpuBackend {
    override dispatch(dispatch: Dispatch): void {
      launched.add(dispatch.kernel.name);
      super.dispatch(dispatch);
    }
  }
  using engine = new TensorEngine(
    new Listening(gpuDevice, { owned: false, software: false }),
    "for the test",
    tensorOperations,
  );
  const { rows } = await selfCheckOn(engine);
  expect(rows.filter((row) => !row.passed)).toEqual([]);
  const shaders = Object.entries(
    import.meta.glob<string>("../../../shaders/*.wgsl", { query: "?raw", import: "default", eager: true }),
  );
  // This device is made without optional features: kernels that need one have tests of their own.
  const everywhere = shaders.filter(([, code]) => !/^enable /m.test(code));
  expect(shaders.length - everywhere.length).toBe(3);
  expect([...launched].sort()).toEqual(everywhere.map(([path]) => path.replace(/^.*\/|\.wgsl$/g, "")).sort());
});

test("a kernel compiled with a wrong constant is caught", async ({ gpuDevice }) => {
  class WrongConstant extends WebGpuBackend {
    override run<A extends object>(op: Op<A>, args: A): void {
      if (op.name !== "softmax") {
        super.run(op, args);
        return;
      }
      const plan: Op<A>["plan"] = (planned, planner) =>
        op.plan(planned, {
          workPerDispatch: planner.workPerDispatch,
          software: planner.software,
          scratch: (rows, columns) => planner.scratch(rows, columns),
          dispatch: (d) => planner.dispatch({ ...d, constants: { ...d.constants, LOG: 1 - d.constants.LOG } }),
        });
      super.run({ ...op, plan }, args);
    }
  }
  using engine = new TensorEngine(
    new WrongConstant(gpuDevice, { owned: false, software: true }),
    "for the test",
    tensorOperations,
  );
  const report = await selfCheckOn(engine);
  const wrong = report.rows.filter((row) => !row.passed);
  expect(wrong).toEqual(report.rows.filter((row) => row.kernel === "softmax"));
  expect(wrong.length).toBeGreaterThan(0);
});
