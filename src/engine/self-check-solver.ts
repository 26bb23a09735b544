/** The self-check's cases for the ops that L-BFGS is made of. */
import { chooseStep } from "../ops/choose-step.js";
import { finishGradient } from "../ops/finish-gradient.js";
import { hostMatrix } from "../ops/host-matrix.js";
import { judgePoint } from "../ops/judge-point.js";
import { nextDirection } from "../ops/next-direction.js";
import type { HostMatrix, On, Op } from "../ops/op.js";
import { reducedProducts } from "../ops/reduced-products.js";
import { softThreshold } from "../ops/soft-threshold.js";
import { STATE, STATE_LENGTH } from "../ops/solver-state.js";
import { stackProducts } from "../ops/stack-products.js";
import { twoLoop } from "../ops/two-loop.js";

/** Takes a case into the list. */
export type AddCase = <A extends object>(
  op: Op<A>,
  shape: string,
  args: On<A, HostMatrix>,
  roundings: number,
  sum?: boolean,
) => void;

/** A running solver's scalars, all moderate: a result is judged by the largest of them. */
export function stateOf(values: Partial<Record<keyof typeof STATE, number>>): HostMatrix {
  const state = new Float32Array(STATE_LENGTH);
  const usual = { running: 1, high: 64, bestSlope: 64, leastLoss: 64, leastGradient: 64 };
  for (const [name, value] of Object.entries({ ...usual, ...values })) state[STATE[name as keyof typeof STATE]] = value;
  return hostMatrix(state, 1, STATE_LENGTH);
}

/** Sums of 117 products, and what is built on them; a quotient of such sums is good to some times as many roundings. */
const ROUNDINGS = 64;
/** A root, a quotient and a difference, value by value. */
const FEW_ROUNDINGS = 8;

export function solverCases(
  add: AddCase,
  floats: (rows: number, columns: number, low?: number, high?: number) => HostMatrix,
  blank: (rows: number, columns: number) => HostMatrix,
): void {
  const [rows, columns, pairs, slot] = [13, 9, 3, 1];
  const shape = `${pairs} pairs of ${rows}×${columns}`;
  const vector = (): HostMatrix => floats(rows, columns);
  const stack = floats((2 * pairs + 1) * rows, columns);
  const raw = { raw: vector(), theta: vector(), direction: vector(), means: floats(1, rows - 1), l2: 0.5 };
  const moved = { ...raw, state: stateOf({ step: 0.5, slot }), pairs, stack, out: blank(1, 4) };
  add(finishGradient, shape, moved, ROUNDINGS);
  add(
    stackProducts,
    shape,
    { stack, pairs, state: stateOf({ slot }), out: blank(1, 4 * (2 * pairs + 1)) },
    ROUNDINGS,
    true,
  );
  const apart = { newest: floats(3 * rows, columns), pairs, state: stateOf({ slot }) };
  add(
    stackProducts,
    `${shape}, preconditioned`,
    { stack, ...apart, out: blank(1, 4 * (2 * pairs + 1)) },
    ROUNDINGS,
    true,
  );
  const coefficients = floats(1, 2 * pairs + 1);
  const following = { theta: vector(), direction: vector(), penalisedRows: rows - 1, out: blank(1, 4) };
  const state = stateOf({ taken: 1, fresh: 1, step: 0.5 });
  add(nextDirection, shape, { state, stack, coefficients, ...following }, ROUNDINGS);

  // With l1: a third of the weights are 0, and a third of the values may not move.
  const sparse = (m: HostMatrix, from = 0): HostMatrix => {
    for (let e = from; e < m.data.length; e += 3) m.data[e] = 0;
    return m;
  };
  const l1 = 0.25;
  const held = sparse(floats((2 * pairs + 1) * rows, columns), 2 * pairs * rows * columns);
  const corners = { ...moved, l1, theta: sparse(vector()), state: stateOf({ slot }) };
  add(
    finishGradient,
    `${shape}, l1`,
    { ...corners, stack: floats((2 * pairs + 2) * rows, columns), out: blank(1, 4) },
    ROUNDINGS,
  );
  add(
    reducedProducts,
    shape,
    {
      ...{ stack: held, pairs, state: stateOf({ slot }) },
      ...{ gram: floats(2 * pairs, pairs, 1, 2), out: blank(1, 4 * (2 * pairs + 1)) },
    },
    ROUNDINGS,
    true,
  );
  const thresholds = { threshold: 0.25, correction: 1.5, epsilon: 1e-6, penalisedRows: 9 };
  for (const variance of [undefined, floats(10, 7, 0.25, 1)]) {
    const by = variance ? "10×7, scaled" : "10×7";
    add(softThreshold, by, { ...thresholds, variance, weights: floats(10, 7) }, FEW_ROUNDINGS);
  }
  const leaving = { ...following, l1, l2: 0.5, theta: sparse(vector()), out: blank(1, 4) };
  add(
    nextDirection,
    `${shape}, l1`,
    { ...{ state: stateOf({ fresh: 1 }), stack: held, coefficients }, ...leaving },
    ROUNDINGS,
  );

  // Products of vectors with themselves and with others nearly at right angles to them.
  const products = floats(2, 4 * (2 * pairs + 1), -0.1, 0.1);
  for (const r of [4 * slot, 4 * slot + 1, 4 * (pairs + slot) + 1, 8 * pairs + 2]) products.data[r] = 4;
  const gram = floats(2 * pairs, pairs, -0.1, 0.1);
  for (let i = 0; i < pairs; i++) {
    for (const row of [i, pairs + i]) gram.data[row * pairs + i] = 2;
  }
  const loop = { products, trials: 2, gram, state: stateOf({ fresh: 1, slot }), coefficients: blank(1, 2 * pairs + 1) };
  add(twoLoop, `${pairs} pairs`, loop, ROUNDINGS);

  const sums = { losses: floats(5, 4, 0, 1), gradient: floats(3, 4, 0, 1) };
  for (const { data } of Object.values(sums)) for (let e = 3; e < data.length; e += 4) data[e] = 0;
  const rules = { scale: 0.5, l2: 0.25, tolerance: 0.1, maxIterations: 9, attempt: 3 };
  add(
    judgePoint,
    "5 + 3 parts",
    { ...sums, state: stateOf({ iteration: 2 }), ring: floats(4, 4), ...rules },
    ROUNDINGS,
  );

  // φ′ = −2 and 3, φ″ = 4 and 5 at steps of 1 and 2; φ′(0) = −4.
  const line = hostMatrix(Float32Array.of(3, -2, 4, 0, 4, 3, 5, 0), 1, 8);
  const norms = hostMatrix(Float32Array.of(0, 0, -1, 0, 0, 0, -3, 0), 2, 4);
  const trials = stateOf({ trials: 2, steps: 1 });
  trials.data[STATE.steps + 1] = 2;
  add(chooseStep, "2 steps", { line, norms, state: trials, scale: 1, l2: 0, byValue: false }, ROUNDINGS);
  // Weights go towards 0, so the line ends at 1, and φ falls all the way.
  const ending = hostMatrix(Float32Array.of(0.5, 0.25, -4, 2), 1, 4);
  const last = stateOf({ trials: 2, steps: 1 });
  last.data[STATE.steps + 1] = 1;
  add(
    chooseStep,
    "2 steps, l1",
    { line, norms: ending, state: last, scale: 1, l2: 0.5, l1, byValue: false },
    ROUNDINGS,
  );
}
