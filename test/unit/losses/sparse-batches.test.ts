import { expect, test } from "vitest";
import { createEngine } from "../../../src/index.js";
import { SparseBatches } from "../../../src/losses/sparse-batches.js";
import { Random } from "../../../src/random.js";
import { Workspace } from "../../../src/solvers/workspace.js";
import { denseOf, randomSparse } from "../../support/sparse-cases.js";

const [N, D, K, BATCH] = [760, 900, 2, 96];
// More values than are picked at once, and multiples of 2⁻¹⁰: float32 adds up a few hundred of them exactly.
const RANDOM = randomSparse(N, D, 0.6, 3);
const MATRIX = { ...RANDOM, values: RANDOM.values.map((value) => Math.round(1024 * value) / 1024) };
const DENSE = denseOf(MATRIX);

test("each batch has its rows, and its columns, in whatever order the rows come", async () => {
  expect(MATRIX.values.length).toBeGreaterThan(2 ** 18);
  using engine = await createEngine({ device: "cpu", workers: 0 });
  const workspace = new Workspace(engine);
  const batches = new SparseBatches(workspace, MATRIX, BATCH);
  const order = Uint32Array.from({ length: N }, (_, i) => i);
  const indices = engine.empty([N], "i32");
  const w = engine.tensor({ data: Float32Array.from({ length: D * K }, (_, e) => (e % 7) - 3), shape: [D, K] });
  new Random(5).shuffle(order);
  const held = engine.stats().buffers;
  for (const epoch of [0, 1]) {
    batches.setOrder(new Int32Array(order.buffer));
    for (let first = 0; first < N; first += BATCH) {
      const rows = Math.min(BATCH, N - first);
      const x = batches.rowsAt(indices, first);
      expect(x.shape).toEqual([rows, D]);
      using g = engine.tensor({
        data: Float32Array.from({ length: rows * K }, (_, e) => (e % 5) - 2),
        shape: [rows, K],
      });
      using product = engine.matmul(x, w);
      using gradient = engine.matmul(x, g, { transposeA: true, ones: true });
      const [logits, sums] = await engine.read(product, gradient);
      const truth = { logits: new Float64Array(rows * K), sums: new Float64Array((D + 1) * K) };
      for (let i = 0; i < rows; i++) {
        for (let l = 0; l <= D; l++) {
          const value = l === D ? 1 : DENSE[order[first + i] * D + l];
          for (let j = 0; j < K; j++) {
            if (l < D) truth.logits[i * K + j] += value * (((l * K + j) % 7) - 3);
            truth.sums[l * K + j] += value * (((i * K + j) % 5) - 2);
          }
        }
      }
      expect(logits).toEqual(Float32Array.from(truth.logits));
      expect(sums).toEqual(Float32Array.from(truth.sums));
    }
    new Random(epoch).shuffle(order);
  }
  expect(engine.stats().buffers).toBe(held);
  workspace.dispose();
});

test("a matrix of zeros, and a batch as large as all of it", async () => {
  using engine = await createEngine({ device: "cpu", workers: 0 });
  const workspace = new Workspace(engine);
  const zeros = {
    values: new Float32Array(0),
    indices: new Int32Array(0),
    starts: new Int32Array(4),
    rows: 3,
    columns: 2,
  };
  const batches = new SparseBatches(workspace, zeros, 3);
  batches.setOrder(Int32Array.of(2, 0, 1));
  const x = batches.rowsAt(workspace.empty([3], "i32"), 0);
  const g = workspace.tensor({ data: [1, 2, 3], shape: [3, 1] });
  const [sums] = await engine.read(workspace.keep(engine.matmul(x, g, { transposeA: true, ones: true })));
  expect([...sums]).toEqual([0, 0, 6]);
  workspace.dispose();
});
