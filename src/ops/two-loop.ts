/**
 * The two-loop recursion of L-BFGS on inner products alone (Liu & Nocedal 1989; Chen, Wang & Zhou 2014 for the vector-free form):
 * the direction −H·g as coefficients of the stacked vectors, H₀ = γI with γ = sᵀy / yᵀy of the newest pair. Takes the newest
 * pair into the memory when it has curvature, forgets all pairs when no descent is left, and sets up the line search.
 */
import { at } from "./host-matrix.js";
import type { HostMatrix, Kernel, Matrix, On, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { FINITE, SOLVER_SPREAD, SOLVER_STATE } from "./shader-parts.js";
import { requireShape } from "./shape-rule.js";
import { HIGHEST } from "./softmax.js";
import { SPREAD, STATE, STATE_LENGTH, STATE_QUADS } from "./solver-state.js";

export interface TwoLoopArguments<M extends Matrix = Matrix> {
  /** c × 4(2m + 1), as `stackProducts` writes it. */
  readonly products: M;
  /** Trial steps in a launch, at most. */
  readonly trials: number;
  /** 2m × m, updated: sᵢᵀyⱼ, then yᵢᵀyⱼ. A pair counts when its own sᵢᵀyᵢ is positive. */
  readonly gram: M;
  /** 1 × 28, updated; its `slot` has the newest pair. Nothing is done unless a fresh direction is wanted. */
  readonly state: M;
  /** 1 × (2m + 1), updated: factors of all s, all y and g in the direction. */
  readonly coefficients: M;
}

/** A pair is kept when sᵀy > this · ‖s‖ · ‖y‖: below it the curvature is rounding noise. */
const LEAST_CURVATURE = 1e-12;
const THREADS = 64;
/** Pairs that the kernel's workgroup memory has room for. */
export const MOST_PAIRS = 40;

/**
 * How much of the gradient to take as a direction: a power of two, which changes no bit, such that the direction's logits stay
 * small where features, and so the gradient, are large; squares of theirs would leave float32.
 */
function steepestLength(squares: number): number {
  const exponent = Math.floor(Math.log2(Math.sqrt(squares)));
  return 2 ** Math.max(-126, Math.min(0, -2 * exponent));
}

function reference({ products, trials, gram, state, coefficients }: On<TwoLoopArguments, HostMatrix>): void {
  const { data } = state;
  if (data[STATE.fresh] !== 1) return;
  const m = gram.columns;
  const slot = data[STATE.slot];
  const sums = Float64Array.from({ length: products.columns }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < products.rows; i++) sum += at(products, i, j);
    return sum;
  });
  const withS = (r: number): number => sums[4 * r] as number;
  const withY = (r: number): number => sums[4 * r + 1] as number;
  const withG = (r: number): number => sums[4 * r + 2] as number;
  const sy = gram.data.subarray(0, m * m);
  const yy = gram.data.subarray(m * m);
  const forget = (): void => {
    for (let i = 0; i < m; i++) sy[i * m + i] = 0;
  };

  const curvature = withY(slot);
  const sound = curvature > LEAST_CURVATURE * Math.sqrt(withS(slot)) * Math.sqrt(withY(m + slot));
  for (let i = 0; i < m; i++) {
    sy[i * m + slot] = withY(i);
    sy[slot * m + i] = withS(m + i);
    yy[i * m + slot] = withY(m + i);
    yy[slot * m + i] = withY(m + i);
  }
  sy[slot * m + slot] = sound && curvature <= HIGHEST ? curvature : 0;
  if (data[STATE.failed] === 1) forget();

  const newestFirst = Array.from({ length: m }, (_, age) => (slot + m - age) % m).filter((i) => sy[i * m + i] > 0);
  const alpha = new Float64Array(m);
  const factor = new Float64Array(m);
  for (const i of newestFirst) {
    let projection = withG(i);
    for (const j of newestFirst) projection -= alpha[j] * sy[i * m + j];
    alpha[i] = projection / sy[i * m + i];
  }
  const [newest] = newestFirst;
  const gamma = newest === undefined ? 0 : sy[newest * m + newest] / yy[newest * m + newest];
  let slope = -gamma * withG(2 * m);
  for (const i of newestFirst.toReversed()) {
    let projection = gamma * withG(m + i);
    for (const j of newestFirst) projection += factor[j] * sy[j * m + i] - gamma * alpha[j] * yy[i * m + j];
    factor[i] = alpha[i] - projection / sy[i * m + i];
    slope += gamma * alpha[i] * withG(m + i) - factor[i] * withG(i);
  }
  const descends = slope < 0 && slope >= -HIGHEST;
  if (!descends) forget();
  for (let i = 0; i < m; i++) {
    coefficients.data[i] = descends ? -(factor[i] as number) : 0;
    coefficients.data[m + i] = descends ? gamma * (alpha[i] as number) : 0;
  }
  coefficients.data[2 * m] = descends ? -gamma : -steepestLength(withG(2 * m));

  data[STATE.pairs] = descends ? newestFirst.length : 0;
  // A pair that does not count is written over.
  if (sy[slot * m + slot] > 0) data[STATE.slot] = (slot + 1) % m;
  data[STATE.failed] = 0;
  data[STATE.low] = 0;
  data[STATE.high] = HIGHEST;
  data[STATE.bestStep] = 0;
  data[STATE.bestSlope] = HIGHEST;
  data[STATE.launches] = 0;
  // Of the plain gradient's length nothing is known: the curvature at 0 tells the first step.
  data[STATE.trials] = descends ? trials : 1;
  for (let trial = 0; trial < trials; trial++) {
    data[STATE.steps + trial] = descends ? (SPREAD[trial] as number) : 0;
  }
}

const kernel: Kernel = {
  name: "two_loop",
  files: ["two_loop", SOLVER_STATE, SOLVER_SPREAD, FINITE],
  bindings: ["read", "write", "write", "write"],
};

export const twoLoop: Op<TwoLoopArguments> = {
  name: "twoLoop",
  writes: ["gram", "state", "coefficients"],
  check({ products, gram, state, coefficients }) {
    const m = gram.columns;
    requireShape("twoLoop", "gram", gram, 2 * m, m);
    requireShape("twoLoop", "products", products, products.rows, 4 * (2 * m + 1));
    requireShape("twoLoop", "state", state, 1, STATE_LENGTH);
    requireShape("twoLoop", "coefficients", coefficients, 1, 2 * m + 1);
  },
  reference,
  plan({ products, trials, gram, state, coefficients }, planner) {
    const [p, g] = [wholeBlock("twoLoop", "products", products), wholeBlock("twoLoop", "gram", gram)];
    const [now, to] = [wholeBlock("twoLoop", "state", state), wholeBlock("twoLoop", "coefficients", coefficients)];
    planner.dispatch({
      kernel,
      constants: { THREADS, PAIRS: gram.columns, LEAST_CURVATURE },
      buffers: [p.buffer, g.buffer, now.buffer, to.buffer],
      parameters: [
        ...[gram.columns, products.rows, trials, 4 * gram.stride].map(u32),
        ...[p.offset, 4 * g.offset, now.offset / STATE_QUADS, 4 * to.offset, 4 * coefficients.stride].map(u32),
        f32(HIGHEST),
      ],
      workgroups: 1,
      work: 8 * gram.columns * (gram.columns + products.rows),
    });
  },
};
