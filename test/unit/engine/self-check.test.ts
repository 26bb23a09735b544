import { describe, expect, test } from "vitest";
import { CpuBackend } from "../../../src/engine/cpu/cpu-backend.js";
import { createEngine } from "../../../src/engine/create-engine.js";
import { selfCheckOn } from "../../../src/engine/self-check.js";
import { selfCheckCases } from "../../../src/engine/self-check-cases.js";
import { TensorEngine } from "../../../src/engine/tensor-engine.js";
import { tensorOperations } from "../../../src/engine/tensor-operations.js";
import { LuceError } from "../../../src/errors.js";
import type { HostMatrix, On, Op } from "../../../src/ops/op.js";

/** A CPU on which one op is a little wrong: one value of its first output is off by a hundredth of the largest. */
class BrokenBackend extends CpuBackend {
  readonly #broken: string;

  constructor(broken: string) {
    super();
    this.#broken = broken;
  }

  override run<A extends object>(op: Op<A>, args: A): void {
    if (op.name !== this.#broken) {
      super.run(op, args);
      return;
    }
    const { name, writes = ["out" as keyof A], check, plan } = op;
    const reference = (host: On<A, HostMatrix>): void => {
      op.reference(host);
      const { data } = host[writes[0]] as HostMatrix;
      const largest = Math.max(...Array.from(data, Math.abs));
      data[data.length - 1] += Math.max(data instanceof Float32Array ? 0 : 1, largest / 100);
    };
    super.run({ name, check, plan, reference }, args);
  }
}

/** Every op that a file of src/ops exports: what has a name, a reference and a plan. */
function opNames(): string[] {
  const files = import.meta.glob<Record<string, unknown>>("../../../src/ops/*.ts", { eager: true });
  const exported = Object.values(files).flatMap((file) => Object.values(file));
  return exported.filter((value): value is Op<object> => isOp(value)).map((op) => op.name);
}

const isOp = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "reference" in value && "plan" in value;

describe("selfCheck on the CPU", () => {
  test("every op of src/ops is right, and in the table", async () => {
    using engine = await createEngine({ device: "cpu" });
    const before = engine.stats();
    const report = await engine.selfCheck();
    expect(report.rows.filter((row) => !row.passed)).toEqual([]);
    expect(report.passed).toBe(true);
    expect(report.device).toBe("cpu");
    expect(new Set(report.rows.map((row) => row.kernel))).toEqual(new Set(opNames()));
    for (const row of report.rows) expect(report.text).toContain(`| ${row.kernel} | ${row.shape} |`);
    expect(report.text).toContain(`${report.rows.length} of ${report.rows.length}`);
    expect(report.text).toContain(engine.reason);
    const { buffers, bytes } = engine.stats();
    expect({ buffers, bytes }).toEqual({ buffers: before.buffers, bytes: before.bytes });
  });

  test("the same cases every time", () => {
    const data = () => JSON.stringify(selfCheckCases().map((each) => each.args));
    expect(data()).toBe(data());
  });

  test.each(opNames())("a wrong %s is caught and named", async (name) => {
    using engine = new TensorEngine(new BrokenBackend(name), "broken for the test", tensorOperations);
    const report = await selfCheckOn(engine);
    expect(report.passed).toBe(false);
    const wrong = report.rows.filter((row) => !row.passed);
    expect(new Set(wrong.map((row) => row.kernel))).toEqual(new Set([name]));
    expect(wrong).toEqual(report.rows.filter((row) => row.kernel === name));
    for (const row of wrong) expect(row.error).toBeGreaterThan(row.tolerance);
    expect(report.text).toContain("**wrong**");
  });

  test("NaN is an error, and an op that throws is reported while the rest goes on", async () => {
    class Failing extends CpuBackend {
      override run<A extends object>(op: Op<A>, args: A): void {
        if (op.name === "argmax") throw new LuceError("GPU_VALIDATION", "argmax: refused for the test.");
        if (op.name === "softmax")
          super.run({ ...op, slice: () => args as On<A, HostMatrix>, reference: () => {} }, args);
        else super.run(op, args);
      }
    }
    using engine = new TensorEngine(new Failing(), "failing for the test", tensorOperations);
    const report = await selfCheckOn(engine);
    const byKernel = (kernel: string) => report.rows.filter((row) => row.kernel === kernel);
    // Outputs are poisoned, so what an op leaves unwritten is NaN.
    for (const row of byKernel("softmax")) expect(row).toMatchObject({ passed: false, error: Number.NaN });
    for (const row of byKernel("argmax")) {
      expect(row).toMatchObject({ passed: false, fault: "argmax: refused for the test." });
    }
    expect(report.text).toContain("refused for the test");
    expect(byKernel("matmul").every((row) => row.passed)).toBe(true);
    expect(engine.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  });
});
