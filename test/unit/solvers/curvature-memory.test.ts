import { describe, expect, test } from "vitest";
import { createEngine, type Engine, type Tensor } from "../../../src/index.js";
import { nextDirection } from "../../../src/ops/next-direction.js";
import { STATE, STATE_LENGTH } from "../../../src/ops/solver-state.js";
import { stackProducts } from "../../../src/ops/stack-products.js";
import { twoLoop } from "../../../src/ops/two-loop.js";
import { randomValues } from "../../support/random-matrix.js";
import { stateWith } from "../../support/target-cases.js";

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

/** The memory as the solver keeps it: the stack, its products, the two-loop recursion and the direction. */
class Fixture {
  readonly engine: Engine;
  readonly #size: number;
  readonly #stack: Tensor;
  readonly #gram: Tensor;
  readonly #state: Tensor;
  readonly #coefficients: Tensor;
  readonly #products: Tensor;
  readonly #direction: Tensor;
  readonly #norms: Tensor;
  #slot = 0;

  static async create(size: number): Promise<Fixture> {
    return new Fixture(await createEngine({ device: "cpu" }), size);
  }

  private constructor(engine: Engine, size: number) {
    this.engine = engine;
    this.#size = size;
    this.#stack = engine.zeros([(2 * size + 1) * ROWS, COLUMNS]);
    this.#gram = engine.zeros([2 * size, size]);
    this.#state = engine.zeros([1, STATE_LENGTH]);
    this.#coefficients = engine.zeros([1, 2 * size + 1]);
    this.#products = engine.zeros([1, 4 * (2 * size + 1)]);
    this.#direction = engine.zeros([ROWS, COLUMNS]);
    this.#norms = engine.zeros([1, 4]);
  }

  /** Takes a pair in as the solver does, at a point with that gradient. */
  async add({ s, y }: Pair, gradient: Float32Array, failed = false): Promise<Found> {
    const engine = this.engine;
    const pairs = this.#size;
    const [slot, stack, state] = [this.#slot, this.#stack, this.#state];
    const put = (vector: number, data: Float32Array) => engine.write(stack.slice(vector * ROWS, ROWS), data);
    put(slot, s);
    put(pairs + slot, y);
    put(2 * pairs, gradient);
    engine.write(state, stateWith({ fresh: 1, failed: Number(failed), slot }).data);
    engine.run(stackProducts, { stack, pairs, state, out: this.#products });
    const coefficients = this.#coefficients;
    engine.run(twoLoop, { products: this.#products, trials: 2, gram: this.#gram, state, coefficients });
    const theta = engine.zeros([ROWS, COLUMNS]);
    const direction = this.#direction;
    engine.run(nextDirection, { state, stack, coefficients, theta, direction, penalisedRows: 0, out: this.#norms });
    const [values, norms, numbers] = await engine.read(direction, this.#norms, state);
    this.#slot = (numbers as Float32Array)[STATE.slot];
    return { values: values as Float32Array, slope: norms[2], state: numbers as Float32Array };
  }
}

interface Found {
  readonly values: Float32Array;
  readonly slope: number;
  readonly state: Float32Array;
}

/** Inner products and sums of 15 numbers of order 1 in float32, magnified by at most max A / min A = 13. */
const TOLERANCE = 15 * 13 * 2 ** -22;

function expectTextbook({ values, slope, state }: Found, pairs: readonly Pair[], gradient: Float32Array): void {
  const expected = textbookDirection(pairs, gradient);
  const scale = Math.max(...expected.map(Math.abs));
  expect(state[STATE.pairs]).toBe(pairs.length);
  expect(values).toHaveLength(LENGTH);
  expected.forEach((v, i) => {
    expect(Math.abs(values[i] - v)).toBeLessThanOrEqual(TOLERANCE * scale);
  });
  const trueSlope = dot(expected, gradient);
  expect(trueSlope).toBeLessThan(0);
  expect(Math.abs(slope - trueSlope)).toBeLessThanOrEqual(TOLERANCE * scale * LENGTH);
  // With a memory, the first trial steps lie round 1.
  expect(Array.from(state.subarray(STATE.steps, STATE.steps + 2))).toEqual([1, 2]);
  expect(state[STATE.trials]).toBe(2);
}

/** The plain gradient, whose first trial step only asks for the curvature at 0. */
function expectSteepest({ values, slope, state }: Found, gradient: Float32Array): void {
  expect(state[STATE.pairs]).toBe(0);
  const length = values[0] / gradient[0];
  expect(Number.isInteger(Math.log2(-length))).toBe(true);
  expect(values).toEqual(gradient.map((v) => length * v));
  expect(slope).toBeLessThan(0);
  expect([state[STATE.trials], state[STATE.steps]]).toEqual([1, 0]);
}

describe("the direction", () => {
  test.each([1, 2, 3, 6])("of %i pairs is the textbook's", async (count) => {
    const fixture = await Fixture.create(6);
    const gradient = randomValues(LENGTH, 99);
    const pairs = Array.from({ length: count }, (_, i) => pairOf(i));
    let found: Found | undefined;
    for (const pair of pairs) found = await fixture.add(pair, gradient);
    expectTextbook(found as Found, pairs, gradient);
  });

  test("without a pair is the gradient's, shortened where that is long", async () => {
    const flat = { s: new Float32Array(LENGTH), y: randomValues(LENGTH, 3) };
    for (const size of [1e-3, 1, 1e3, 1e12]) {
      const fixture = await Fixture.create(3);
      const gradient = randomValues(LENGTH, 99).map((v) => v * size);
      const found = await fixture.add(flat, gradient);
      expectSteepest(found, gradient);
      const longest = Math.max(...found.values.map(Math.abs));
      expect(longest).toBeLessThanOrEqual(4);
      expect(longest * size).toBeLessThanOrEqual(4);
    }
  });
});

describe("the ring", () => {
  test("holds the last m pairs, however many there were", async () => {
    const fixture = await Fixture.create(4);
    const pairs = Array.from({ length: 11 }, (_, i) => pairOf(i));
    for (let i = 0; i < pairs.length; i++) {
      const gradient = randomValues(LENGTH, 100 + i);
      expectTextbook(await fixture.add(pairs[i], gradient), pairs.slice(Math.max(0, i - 3), i + 1), gradient);
    }
  });

  test("after a line search that failed, it forgets all and begins anew", async () => {
    const fixture = await Fixture.create(3);
    const gradient = randomValues(LENGTH, 8);
    for (let i = 0; i < 5; i++) await fixture.add(pairOf(i), gradient);
    const nothing = { s: new Float32Array(LENGTH), y: new Float32Array(LENGTH) };
    expectSteepest(await fixture.add(nothing, gradient, true), gradient);
    const fresh = [pairOf(20), pairOf(21)];
    await fixture.add(fresh[0], gradient);
    expectTextbook(await fixture.add(fresh[1], gradient), fresh, gradient);
  });
});

describe("pairs without curvature", () => {
  const s = randomValues(LENGTH, 31);
  const FLAT: readonly [string, Pair][] = [
    ["negative curvature", { s, y: s.map((v) => -v) }],
    ["no change of the gradient", { s, y: new Float32Array(LENGTH) }],
    ["no step", { s: new Float32Array(LENGTH), y: s }],
    [
      "a gradient at right angles",
      { s: s.map((v, i) => (i === 0 ? 1 : v * 0)), y: s.map((v, i) => (i === 0 ? 0 : v)) },
    ],
    ["a gradient that is no number", { s, y: s.map(() => Number.NaN) }],
    ["a step beyond float32", { s: s.map(() => Number.POSITIVE_INFINITY), y: s }],
  ];

  test.each(FLAT)("%s: dropped, and the others go on", async (_, flat) => {
    const fixture = await Fixture.create(4);
    const gradient = randomValues(LENGTH, 41);
    expectSteepest(await fixture.add(flat, gradient), gradient);
    await fixture.add(pairOf(1), gradient);
    expectTextbook(await fixture.add(flat, gradient), [pairOf(1)], gradient);
    expectTextbook(await fixture.add(pairOf(2), gradient), [pairOf(1), pairOf(2)], gradient);
  });

  test("in a full ring it costs the oldest pair only", async () => {
    const fixture = await Fixture.create(2);
    const gradient = randomValues(LENGTH, 51);
    for (let i = 0; i < 3; i++) await fixture.add(pairOf(i), gradient);
    expectTextbook(await fixture.add({ s, y: s.map((v) => -v) }, gradient), [pairOf(2)], gradient);
  });
});
