import { expect } from "vitest";
import type { SparseMatrix } from "../../../src/data/matrix.js";
import { rowBlocks, SparseTensor, WholeMatrix } from "../../../src/engine/sparse-tensor.js";
import type { Engine } from "../../../src/index.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { randomValues } from "../../support/random-matrix.js";
import { csrOf, denseOf, randomSparse } from "../../support/sparse-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

const [N, D, K] = [301, 90, 6];
const X = randomSparse(N, D, 0.1, 5);
const DENSE = denseOf(X);
/** Terms are below 1, at most so many that are not zero in a sum, and a rounding costs half a unit of what it rounds. */
const floorOf = (terms: number): number => terms * terms * ULP;

function product(rows: number, columns: number, term: (i: number, j: number) => number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, e) => term(Math.floor(e / columns), e % columns));
}

/** X cut into blocks of rows as on a device that binds so few bytes. */
function inBlocks(engine: Engine, x: SparseMatrix, bindingBytes: number): SparseTensor {
  const source = new WholeMatrix(
    {
      traits: { bindingBytes },
      empty: (shape, type) => engine.empty(shape, type),
      write: (t, data) => engine.write(t, data),
    },
    x,
  );
  return new SparseTensor(engine, source);
}

for (const device of ENGINE_DEVICES) {
  for (const [how, make] of [
    ["whole", async (engine: Engine) => engine.sparse(csrOf(X))],
    ["in blocks of few rows", async (engine: Engine) => inBlocks(engine, X, 4000)],
  ] as const) {
    test(`products of a sparse matrix ${how} on ${device}`, async ({ engines }) => {
      const engine = engines[device];
      const before = engine.stats();
      const x = await make(engine);
      expect(x.shape).toEqual([N, D]);
      expect(x.nonzeros).toBe(X.values.length);
      const w = randomValues(D * K, 1);
      const g = randomValues(N * K, 2);
      const bias = randomValues(K, 3);
      const held = [
        engine.tensor({ data: w, shape: [D, K] }),
        engine.tensor({ data: g, shape: [N, K] }),
        engine.tensor(bias),
      ];
      const [weights, gradient, shift] = held;
      const results = [
        engine.matmul(x, weights, { bias: shift, alpha: 0.5 }),
        engine.matmul(x, weights),
        engine.matmul(x, gradient, { transposeA: true, ones: true }),
        engine.matmul(x, gradient, { transposeA: true, alpha: -2 }),
      ];
      expect(results.map((t) => t.shape)).toEqual([
        [N, K],
        [N, K],
        [D + 1, K],
        [D, K],
      ]);
      const forward = product(N, K, (i, j) => {
        let sum = 0;
        for (let l = 0; l < D; l++) sum += DENSE[i * D + l] * w[l * K + j];
        return sum;
      });
      const backward = product(D + 1, K, (l, j) => {
        let sum = 0;
        for (let i = 0; i < N; i++) sum += (l === D ? 1 : DENSE[i * D + l]) * g[i * K + j];
        return sum;
      });
      const truths = [
        forward.map((value, e) => 0.5 * value + bias[e % K]),
        forward,
        backward,
        backward.slice(0, D * K).map((value) => -2 * value),
      ];
      const read = await engine.read(...results);
      const terms = [30, 30, N, 2 * N];
      read.forEach((values, r) => {
        expectClose(values, truths[r], { floor: floorOf(terms[r]), label: `${device} ${r}` });
      });
      for (const t of [...held, ...results]) t.dispose();
      x.dispose();
      const { buffers, bytes, dispatches } = engine.stats();
      // On the CPU an op is one dispatch: rows of a block, and its columns.
      if (device === "cpu")
        expect(dispatches - before.dispatches).toBe(4 * (how === "whole" ? 1 : rowBlocks(X, 1000).length));
      expect({ buffers, bytes }).toEqual({ buffers: before.buffers, bytes: before.bytes });
      expect(() => engine.matmul(x, weights)).toThrow("dispose()");
    });
  }

  test(`what a sparse product refuses on ${device}`, async ({ engines }) => {
    const engine = engines[device];
    const other = engines[device === "cpu" ? "webgpu" : "cpu"];
    const x = await engine.sparse(csrOf(X));
    const b = engine.zeros([D, K]);
    const wrong = engine.zeros([D + 1, K]);
    const bias = engine.zeros([K]);
    expect(() => engine.matmul(x, wrong)).toThrow("inner dimensions differ");
    expect(() => engine.matmul(x, b, { out: wrong })).toThrow("matmul: out has the wrong shape: expected 301 × 6");
    expect(() => engine.matmul(x, b, { transposeB: true })).toThrow("option `transposeB` does not go with a sparse A");
    expect(() => engine.matmul(x, engine.zeros([N, K]), { transposeA: true, bias })).toThrow("option `bias`");
    expect(() => engine.matmul(x, b, { ones: true })).toThrow("ones is a row more");
    expect(() => other.matmul(x, other.zeros([D, K]))).toThrow("another engine");
    expect(() => engine.tensor(csrOf(X))).toThrow("got a sparse matrix");
    await expect(engine.sparse({ ...csrOf(X), indptr: [0] })).rejects.toThrow("wrong length of indptr");
    for (const t of [x, b, wrong, bias]) t.dispose();
  });

  test(`a matrix of nothing but zeros on ${device}`, async ({ engines }) => {
    const engine = engines[device];
    using x = await engine.sparse({ data: [], indices: [], indptr: [0, 0, 0], shape: [2, 3] });
    using w = engine.tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    using bias = engine.tensor([7, 8]);
    using forward = engine.matmul(x, w, { bias });
    using backward = engine.matmul(x, forward, { transposeA: true, ones: true });
    const [logits, sums] = await engine.read(forward, backward);
    expect([...logits]).toEqual([7, 8, 7, 8]);
    expect([...sums]).toEqual([0, 0, 0, 0, 0, 0, 14, 16]);
  });
}
