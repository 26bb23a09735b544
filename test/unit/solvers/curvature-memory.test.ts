import { describe, expect, test } from "vitest";
import type { Tensor } from "../../../src/engine/tensor.js";
import { createEngine } from "../../../src/index.js";
import { CurvatureMemory } from "../../../src/solvers/curvature-memory.js";
import { Workspace } from "../../../src/solvers/workspace.js";
import { randomValues } from "../../support/random-matrix.js";

const [ROWS, COLUMNS] = [5, 3];
const LENGTH = ROWS * COLUMNS;

interface Pair {
  readonly s: Float32Array;
  readonly y: Float32Array;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((s, v, i) => s + v * b[i], 0);

/** −H·g by the two-loop recursion as it stands in Nocedal & Wright (2006), algorithm 7.4. `pairs` oldest first. */
function textbookDirection(pairs: readonly Pair[], gradient: Float32Array): Float64Array {
  const q = Float64Array.from(gradient);
  const alphas: number[] = [];
  for (const { s, y } of pairs.toReversed()) {
    const alpha = dot(s, q) / dot(y, s);
    alphas.unshift(alpha);
    for (let i = 0; i < LENGTH; i++) q[i] -= alpha * y[i];
  }
  const newest = pairs.at(-1) as Pair;
  const gamma = dot(newest.s, newest.y) / dot(newest.y, newest.y);
  const r = q.map((v) => gamma * v);
  pairs.forEach(({ s, y }, j) => {
    const beta = dot(y, r) / dot(y, s);
    for (let i = 0; i < LENGTH; i++) r[i] += s[i] * (alphas[j] - beta);
  });
  return r.map((v) => -v);
}

/** y = A·s for a fixed positive diagonal A, so that every pair curves upwards. */
function pairOf(seed: number): Pair {
  const s = randomValues(LENGTH, seed);
  return { s, y: s.map((v, i) => Math.fround(v * (0.5 + (i % 7)))) };
}

class Fixture {
  readonly workspace: Workspace;
  readonly memory: CurvatureMemory;

  static async create(size: number): Promise<Fixture> {
    return new Fixture(new Workspace(await createEngine({ device: "cpu" })), size);
  }

  private constructor(workspace: Workspace, size: number) {
    this.workspace = workspace;
    this.memory = new CurvatureMemory(workspace, size, ROWS, COLUMNS);
  }

  tensor(data: Float32Array): Tensor {
    return this.workspace.tensor({ data, shape: [ROWS, COLUMNS] });
  }

  /** Records s = step · direction and y = next − last as the solver does; the gradient afterwards is `gradient`. */
  async add({ s, y }: Pair, gradient: Float32Array, step = 1): Promise<Float32Array> {
    const { memory, workspace } = this;
    const direction = this.tensor(s.map((v) => v / step));
    const last = this.tensor(gradient.map((v, i) => v - y[i]));
    memory.record(step, direction, last, this.tensor(gradient));
    const [withS, withY, withG] = await workspace.engine.read(...memory.products);
    memory.accept(withS, withY);
    return withG as Float32Array;
  }

  async direction(withG: Float32Array, gradient: Float32Array): Promise<{ values: Float32Array; slope: number }> {
    const out = this.workspace.empty([ROWS, COLUMNS]);
    const slope = this.memory.direction(withG, dot(gradient, gradient), this.tensor(gradient), out);
    const [values] = await this.workspace.engine.read(out);
    return { values: values as Float32Array, slope };
  }
}

/** Inner products and sums of 15 numbers of order 1 in float32, magnified by at most max A / min A = 13. */
const TOLERANCE = 15 * 13 * 2 ** -22;

async function expectTextbook(fixture: Fixture, pairs: readonly Pair[], withG: Float32Array, gradient: Float32Array) {
  const expected = textbookDirection(pairs, gradient);
  const { values, slope } = await fixture.direction(withG, gradient);
  const scale = Math.max(...expected.map(Math.abs));
  expect(values).toHaveLength(LENGTH);
  expected.forEach((v, i) => {
    expect(Math.abs(values[i] - v)).toBeLessThanOrEqual(TOLERANCE * scale);
  });
  const trueSlope = dot(expected, gradient);
  expect(trueSlope).toBeLessThan(0);
  expect(Math.abs(slope - trueSlope)).toBeLessThanOrEqual(TOLERANCE * scale * LENGTH);
}

describe("the direction", () => {
  test.each([1, 2, 3, 6])("of %i pairs is the textbook's", async (count) => {
    const fixture = await Fixture.create(6);
    const gradient = randomValues(LENGTH, 99);
    const pairs = Array.from({ length: count }, (_, i) => pairOf(i));
    let withG: Float32Array = new Float32Array();
    for (const pair of pairs) withG = await fixture.add(pair, gradient);
    expect(fixture.memory.pairs).toBe(count);
    await expectTextbook(fixture, pairs, withG, gradient);
  });

  test("depends on the step only through s", async () => {
    const fixture = await Fixture.create(4);
    const gradient = randomValues(LENGTH, 5);
    const withG = await fixture.add(pairOf(1), gradient, 0.25);
    await expectTextbook(fixture, [pairOf(1)], withG, gradient);
  });
});

describe("the ring", () => {
  test("holds the last m pairs, however many there were", async () => {
    const fixture = await Fixture.create(4);
    const pairs = Array.from({ length: 11 }, (_, i) => pairOf(i));
    for (let i = 0; i < pairs.length; i++) {
      const gradient = randomValues(LENGTH, 100 + i);
      const withG = await fixture.add(pairs[i], gradient);
      expect(fixture.memory.pairs).toBe(Math.min(4, i + 1));
      await expectTextbook(fixture, pairs.slice(Math.max(0, i - 3), i + 1), withG, gradient);
    }
  });

  test("cleared, it forgets all and begins anew", async () => {
    const fixture = await Fixture.create(3);
    const gradient = randomValues(LENGTH, 8);
    for (let i = 0; i < 5; i++) await fixture.add(pairOf(i), gradient);
    fixture.memory.clear();
    expect(fixture.memory.pairs).toBe(0);
    const fresh = [pairOf(20), pairOf(21)];
    await fixture.add(fresh[0], gradient);
    await expectTextbook(fixture, fresh, await fixture.add(fresh[1], gradient), gradient);
  });
});

describe("pairs without curvature", () => {
  const s = randomValues(LENGTH, 31);
  test.each([
    ["negative curvature", { s, y: s.map((v) => -v) }],
    ["no change of the gradient", { s, y: new Float32Array(LENGTH) }],
    ["no step", { s: new Float32Array(LENGTH), y: s }],
    [
      "a gradient at right angles",
      { s: s.map((v, i) => (i === 0 ? 1 : v * 0)), y: s.map((v, i) => (i === 0 ? 0 : v)) },
    ],
  ])("%s: dropped, and the others go on", async (_, flat) => {
    const fixture = await Fixture.create(4);
    const gradient = randomValues(LENGTH, 41);
    await fixture.add(flat, gradient);
    expect(fixture.memory.pairs).toBe(0);
    await fixture.add(pairOf(1), gradient);
    await fixture.add(flat, gradient);
    expect(fixture.memory.pairs).toBe(1);
    const withG = await fixture.add(pairOf(2), gradient);
    await expectTextbook(fixture, [pairOf(1), pairOf(2)], withG, gradient);
  });

  test("in a full ring it costs the oldest pair only", async () => {
    const fixture = await Fixture.create(2);
    const gradient = randomValues(LENGTH, 51);
    for (let i = 0; i < 3; i++) await fixture.add(pairOf(i), gradient);
    const withG = await fixture.add({ s, y: s.map((v) => -v) }, gradient);
    expect(fixture.memory.pairs).toBe(1);
    await expectTextbook(fixture, [pairOf(2)], withG, gradient);
  });
});
