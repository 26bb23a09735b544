/** What a fit takes is reckoned before it is taken, by the bytes that it does take. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { SoftmaxRegression } from "../../../src/index.js";

const COLUMNS = 5_000_000;
/** Two rows of a few numbers, and columns that are weights all the same. */
const wide = { data: [1, 2], indices: [0, COLUMNS - 1], indptr: [0, 1, 2], shape: [2, COLUMNS] };

afterEach(() => {
  vi.restoreAllMocks();
});

/** Values of W and b take 40 MB, which the host has five times: as they come, and as the model keeps them. */
describe.each([
  // θ, direction, gradient and its smooth part, and the least memory of steps: one pair.
  ["auto", 6],
  ["sgd", 3],
  ["adam", 4],
] as const)("%s", (solver, vectors) => {
  const bytes = (COLUMNS + 1) * (vectors + 5) * 8;

  test("more than there is: refused with numbers, at once", async () => {
    vi.spyOn(process, "availableMemory").mockReturnValue(0.98 * bytes);
    using model = new SoftmaxRegression({ device: "cpu", workers: 0, solver });
    await expect(model.fit(wide, [0, 1])).rejects.toMatchObject({
      name: "DeviceError",
      code: "OUT_OF_MEMORY",
      message: expect.stringMatching(
        `^fit: the page has no memory for training on 2 × ${COLUMNS} with 2 classes, ${vectors} values for each weight: ` +
          String.raw`expected at most [\d.]+ GiB, got [\d.]+ GiB\. Use fewer`,
      ),
    });
    expect((await model.engine).stats()).toMatchObject({ buffers: 0, bytes: 0 });
  });

  // L-BFGS goes over its vectors before it paces for the first time, which takes seconds.
  if (solver === "auto") return;
  test("as much as there is: taken, and no more", async () => {
    vi.spyOn(process, "availableMemory").mockReturnValue(1.02 * bytes);
    using model = new SoftmaxRegression({ device: "cpu", workers: 0, solver });
    const engine = await model.engine;
    let most = 0;
    vi.spyOn(engine, "pace").mockImplementation(async () => {
      most = engine.stats().bytes;
      throw new Error("seen");
    });
    await expect(model.fit(wide, [0, 1])).rejects.toThrow("seen");
    // X itself and what does not grow with the columns come on top.
    expect(most / ((COLUMNS + 1) * 8)).toBeCloseTo(vectors, 1);
  });
});
