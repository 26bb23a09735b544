import { afterEach, describe, expect, test, vi } from "vitest";
import { CpuBackend } from "../../../../src/engine/cpu/cpu-backend.js";
import { KernelMemory, type Range } from "../../../../src/engine/cpu/wasm/kernel-memory.js";
import { runs } from "../../../../src/engine/cpu/wasm/kernels.js";
import { Engine } from "../../../../src/engine/engine.js";
import { operations } from "../../../../src/engine/operations.js";
import { Random } from "../../../../src/random.js";
import { expectClose, expectSameBits, FLOAT32_ROUNDING } from "../../../support/compare.js";
import { randomValues } from "../../../support/random-matrix.js";
import { probabilityError } from "../../../support/wgsl-accuracy.js";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const MEBIBYTE = 2 ** 20;

describe("the kernels' memory", () => {
  test("ranges never overlap, and freed ones are used again", () => {
    const memory = new KernelMemory("plain");
    const random = new Random(1);
    const held: { range: Range; bytes: number; mark: number }[] = [];
    for (let i = 0; i < 3000; i++) {
      if (held.length > 20 || (held.length > 0 && random.integer(2) === 0)) {
        const [{ range, bytes, mark }] = held.splice(random.integer(held.length), 1);
        const content = new Uint8Array(memory.buffer, range.address, bytes);
        expect(content.every((byte) => byte === mark)).toBe(true);
        memory.release(range);
      } else {
        const [bytes, mark] = [1 + random.integer(5000), i % 256];
        const range = memory.allocate(bytes) as Range;
        expect(range.address % 64).toBe(0);
        new Uint8Array(memory.buffer, range.address, bytes).fill(mark);
        held.push({ range, bytes, mark });
      }
    }
    // Never more than 21 ranges of 5 kB at a time.
    expect(memory.capacity).toBeLessThan(MEBIBYTE);
  });

  test("more than 32 bits can address is refused, and nothing is lost", () => {
    const memory = new KernelMemory("plain");
    expect(memory.allocate(2 ** 33)).toBeUndefined();
    expect(memory.allocate(100)).toBeDefined();
  });

  test("what little is left moves out of a large memory and stays what it is", () => {
    const memory = new KernelMemory("plain");
    const small = [1, 2, 3].map((seed) => {
      const large = memory.allocate(10 * MEBIBYTE) as Range;
      const range = memory.allocate(4000) as Range;
      memory.floats(range.address, 1000).set(randomValues(1000, seed));
      return { seed, range, large };
    });
    for (const { large } of small) memory.release(large);
    memory.shrink();
    expect(memory.capacity).toBeLessThan(MEBIBYTE);
    for (const { seed, range } of small) {
      expect(memory.floats(range.address, 1000)).toEqual(randomValues(1000, seed));
    }
  });

  test("scratch grows and stays where it is otherwise", () => {
    const memory = new KernelMemory("plain");
    const first = memory.scratch(1000);
    memory.allocate(MEBIBYTE);
    expect(memory.scratch(900)).toBe(first);
    const more = memory.scratch(2000) as number;
    expect(memory.scratch(2000)).toBe(more);
  });
});

describe("an engine on the CPU", () => {
  test("keeps what it still holds when its memory moves", async () => {
    const backend = new CpuBackend("plain");
    using engine = new Engine(backend, "for a test", operations);
    const kept = engine.tensor([1, 2, 3, 4, 5]);
    const large = engine.zeros([1000, 10_000]);
    const sum = engine.summarize(large);
    large.dispose();
    expect(Array.from(await sum.read())).toEqual([0, 0, 0, 0]);
    expect(Array.from(await engine.addScaled(kept, 1, engine.tensor([1, 1, 1, 1, 1])).read())).toEqual([2, 3, 4, 5, 6]);
  });

  test("memory that grows while work is under way changes nothing", async () => {
    using engine = new Engine(new CpuBackend("plain"), "for a test", operations);
    const x = engine.tensor({ data: randomValues(40_000 * 30, 1), shape: [40_000, 30] });
    const w = engine.tensor({ data: randomValues(30 * 40, 2), shape: [30, 40] });
    const alone = await engine.matmul(x, w).read();
    const reading = engine.matmul(x, w).read();
    for (let i = 1; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      engine.zeros([i * MEBIBYTE]);
    }
    expectSameBits((await reading) as Float32Array, alone as Float32Array);
  });

  test("what the kernels' memory cannot take lies in arrays of its own, and is as right", async () => {
    const run = async (): Promise<Float32Array[]> => {
      using engine = new Engine(new CpuBackend("plain"), "for a test", operations);
      const x = engine.tensor({ data: randomValues(3000 * 33, 1), shape: [3000, 33] });
      const w = engine.tensor({ data: randomValues(33 * 5, 2), shape: [33, 5] });
      const z = engine.matmul(x, w);
      const dW = engine.matmul(x, z, { transposeA: true, ones: true });
      const p = engine.softmax(z);
      return (await engine.read(z, dW, p)) as Float32Array[];
    };
    const [z, dW, p] = await run();
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
      throw new RangeError("the page may have no more");
    });
    const [ownZ, ownDW, ownP] = await run();
    expect(grow).toHaveBeenCalled();
    // Without memory even for scratch it is plain TypeScript's float64: off by the roundings of sums of 33, and of 3,000 of those.
    expectClose(z, ownZ, { floor: (33 + 8) * FLOAT32_ROUNDING * 33 });
    expectClose(dW, ownDW, { floor: (3000 + 33 + 16) * FLOAT32_ROUNDING * 3000 * 33 });
    expectClose(p, ownP, {
      floor: 2 ** -126,
      relativeFloor: probabilityError(5, 60) + 2 * (33 + 8) * FLOAT32_ROUNDING * 33,
    });
  });

  test("uploads stand where they were made between ops", async () => {
    using engine = new Engine(new CpuBackend("plain"), "for a test", operations);
    const [t, sum] = [engine.tensor([1, 2, 3, 4]), engine.zeros([4])];
    engine.addScaled(sum, 1, t);
    const values = Float32Array.of(10, 20, 30, 40);
    engine.write(t, values);
    values.fill(0);
    engine.addScaled(sum, 1, t);
    const reading = t.read();
    engine.write(t, Float32Array.of(5, 5, 5, 5));
    expect(Array.from(await reading)).toEqual([10, 20, 30, 40]);
    expect((await engine.read(sum, t)).map((values) => Array.from(values))).toEqual([
      [11, 22, 33, 44],
      [5, 5, 5, 5],
    ]);
  });
});

test("where WebAssembly is refused or missing there are no kernels", () => {
  expect(runs("plain")).toBe(true);
  for (const refused of [
    undefined,
    {
      Module: class {
        constructor() {
          throw new Error("refused by the page's policy");
        }
      },
    },
  ]) {
    vi.stubGlobal("WebAssembly", refused);
    expect([runs("plain"), runs("relaxed")]).toEqual([false, false]);
  }
});
