import { expect, test } from "vitest";
import { createEngine } from "../../../src/index.js";

test("starts", async () => {
  for (const workers of [0, 1, 2, 3]) {
    const t0 = performance.now();
    const engine = await createEngine({ device: "cpu", workers });
    console.log(engine.reason, engine.workers, performance.now() - t0);
    const a = engine.tensor({ data: Float32Array.from({ length: 1024 * 512 }, (_, i) => Math.sin(i)), shape: [1024, 512] });
    const b = engine.tensor({ data: Float32Array.from({ length: 512 * 256 }, (_, i) => Math.cos(i)), shape: [512, 256] });
    for (let r = 0; r < 3; r++) {
      const t1 = performance.now();
      const c = engine.matmul(a, b);
      const data = await c.read();
      console.log(workers, data.length, data[12345], data[200000], performance.now() - t1);
      c.dispose();
    }
    expect(engine.workers).toBe(workers);
    engine.dispose();
  }
});
