/**
 * What the self-check runs: every op, small but awkward. Sizes that are no multiple of a quad or a tile, rows shared by one and
 * by many threads, rows too wide for registers, bytes, sums split over workgroups.
 */

import { toHalf } from "../half-float.js";
import { addScaled } from "../ops/add-scaled.js";
import { argmax } from "../ops/argmax.js";
import { copyColumns } from "../ops/copy-columns.js";
import { crossEntropy } from "../ops/cross-entropy.js";
import { crossEntropyStep } from "../ops/cross-entropy-step.js";
import { dots } from "../ops/dots.js";
import { gatherRows } from "../ops/gather-rows.js";
import { gatherValues } from "../ops/gather-values.js";
import { hostMatrix } from "../ops/host-matrix.js";
import { lineSearch } from "../ops/line-search.js";
import { linearGradient } from "../ops/linear-gradient.js";
import { linearLoss } from "../ops/linear-loss.js";
import { matmul } from "../ops/matmul.js";
import type { HostMatrix, Op } from "../ops/op.js";
import { softmax } from "../ops/softmax.js";
import { summarize } from "../ops/summarize.js";
import { totalLoss } from "../ops/total-loss.js";
import { totalWeight } from "../ops/total-weight.js";
import { Random } from "../random.js";
import { columnCases } from "./self-check-columns.js";
import { scoreLossCases } from "./self-check-losses.js";
import type { AddCase } from "./self-check-solver.js";
import { solverCases, stateOf } from "./self-check-solver.js";
import { sparseCases } from "./self-check-sparse.js";
import type { UpdateMakers } from "./self-check-updates.js";
import { updateCases } from "./self-check-updates.js";

export interface SelfCheckCase {
  readonly op: Op<Record<string, unknown>>;
  readonly shape: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Float32 roundings, of 2⁻²⁴ each, that a result may be away from the truth. */
  readonly roundings: number;
  /** Of what a rounding is a share: of the sum of the terms' magnitudes, or else of the output's largest value. */
  readonly sum: boolean;
}

/** Both operands rounded to 11 bits, to one of the two neighbours: 2 · 2⁻¹⁰ of a product. */
const ROUNDED_TO_HALVES = 2 ** 15;

/** The operation is a copy or a comparison. */
const EXACT = 0;
/** A few products, quotients and roots, the worst of them good to 3 units in the last place. */
const ELEMENTWISE = 16;
/**
 * exp is good to 3 + 2|x| units in the last place (WGSL's table), twice as many roundings; logits here are at most 8 apart:
 * 38 for the numerator and 38 for the sum below it; a logarithm of the sum is good to 2⁻²¹ or 3 units, at most 48 more.
 */
const EXPONENTIAL = 128;
/** Sums of n terms: 4·√n holds but for odds of 1 in 1,000 (Higham & Mary 2019), and some for the terms themselves. */
const sumOf = (terms: number): number => 4 * Math.sqrt(terms) + 8;

const NO_WEIGHTS = { classWeight: undefined, rowWeight: undefined, labelSmoothing: 0, ignoreIndex: -100 };

export function selfCheckCases(): SelfCheckCase[] {
  const cases: SelfCheckCase[] = [];
  const random = new Random(20);
  const floats = (rows: number, columns: number, low = -1, high = 1): HostMatrix =>
    hostMatrix(
      Float32Array.from({ length: rows * columns }, () => low + (high - low) * random.next()),
      rows,
      columns,
    );
  const logitsOf = (rows: number, columns: number): HostMatrix => floats(rows, columns, -4, 4);
  const bytes = (rows: number, columns: number): HostMatrix =>
    hostMatrix(
      Uint8Array.from({ length: rows * columns }, () => random.integer(256)),
      rows,
      columns,
      1 / 255,
      -0.5,
    );
  const halves = (rows: number, columns: number): HostMatrix =>
    hostMatrix(
      Uint16Array.from({ length: rows * columns }, () => toHalf(2 * random.next() - 1)),
      rows,
      columns,
      0.5,
      0.25,
    );
  const integers = (count: number, below: number): HostMatrix =>
    hostMatrix(
      Int32Array.from({ length: count }, () => random.integer(below)),
      1,
      count,
    );
  // What an op leaves unwritten must not look right.
  const blank = (rows: number, columns: number): HostMatrix =>
    hostMatrix(new Float32Array(rows * columns).fill(Number.NaN), rows, columns);
  const add: AddCase = (op, shape, args, roundings, sum = false) => {
    cases.push({
      op: op as unknown as SelfCheckCase["op"],
      shape,
      args: args as SelfCheckCase["args"],
      roundings,
      sum,
    });
  };

  const product = (
    m: number,
    depth: number,
    n: number,
    given: { tA?: true; tB?: true; stored?: "bytes" | "halves"; bias?: true; rounded?: true },
  ): void => {
    const { tA: transposeA = false, tB: transposeB = false } = given;
    const [rows, columns] = transposeA ? [depth, m] : [m, depth];
    const a = { bytes, halves, floats }[given.stored ?? "floats"](rows, columns);
    const b = transposeB ? floats(n, depth) : floats(depth, n);
    const bias = given.bias && floats(1, n);
    const args = {
      a,
      b,
      transposeA,
      transposeB,
      bias,
      alpha: 0.75,
      ones: transposeA,
      out: blank(m + Number(transposeA), n),
      halves: given.rounded === true,
    };
    const orders = `${transposeA ? "Aᵀ" : "A"}·${transposeB ? "Bᵀ" : "B"}`;
    const shape = `${orders} ${m}×${depth}×${n}${given.stored ? `, ${given.stored}` : ""}${given.bias ? ", bias" : ""}`;
    if (given.rounded) add(matmul, `${shape}, precision f16`, args, sumOf(depth) + ROUNDED_TO_HALVES, true);
    else add(matmul, shape, args, sumOf(depth), true);
  };
  product(37, 53, 19, { bias: true });
  // As tall, and as deep, as it takes for the kernels that stream A.
  product(1031, 70, 10, {});
  product(1031, 37, 11, { stored: "bytes", bias: true });
  product(33, 2051, 10, { tA: true });
  product(21, 2051, 7, { tA: true, stored: "bytes" });
  product(65, 33, 10, { stored: "bytes", bias: true });
  product(5, 1100, 11, { stored: "bytes" });
  product(37, 53, 19, { stored: "halves" });
  product(65, 33, 10, { stored: "halves", bias: true });
  product(33, 97, 10, { tA: true, stored: "bytes" });
  product(33, 98, 10, { tA: true, stored: "halves" });
  product(7, 1100, 67, { tA: true });
  product(67, 10, 35, { tB: true });
  product(3, 101, 9, { tA: true, tB: true });
  product(131, 100, 70, { rounded: true });
  product(67, 53, 35, { tA: true, tB: true, rounded: true });

  for (const [rows, columns] of [
    [67, 2],
    [67, 10],
    [13, 37],
    [3, 1030],
    [2, 4099],
  ]) {
    const shape = `${rows}×${columns}`;
    const logits = logitsOf(rows, columns);
    const targets = { ...NO_WEIGHTS, labels: integers(rows, columns), soft: undefined };
    const weights = { classWeight: floats(1, columns, 0, 2), rowWeight: floats(1, rows, 0, 2), labelSmoothing: 0.1 };
    const soft = { ...NO_WEIGHTS, ...weights, labels: undefined, soft: floats(rows, columns, 0, 2 / columns) };
    add(softmax, shape, { logits, out: blank(rows, columns), log: false }, EXPONENTIAL);
    add(softmax, `${shape}, log`, { logits, out: blank(rows, columns), log: true }, EXPONENTIAL);
    // Few values, hence ties.
    const scores = hostMatrix(logits.data.map(Math.trunc), rows, columns);
    add(argmax, shape, { scores, out: integers(rows, columns) }, EXACT);
    const outputs = { loss: blank(1, rows), gradient: blank(rows, columns) };
    const plain = { logits, scale: 1, denominator: undefined };
    add(crossEntropy, `${shape}, labels`, { ...plain, ...targets, ...outputs, ignoreIndex: 2 }, EXPONENTIAL);
    const mean = { logits, scale: 0.5, denominator: floats(1, 4, 1, 2) };
    const total = sumOf(columns);
    add(crossEntropy, `${shape}, soft`, { ...mean, ...soft, ...outputs }, EXPONENTIAL + total);
    const line = {
      ...{ logits, direction: floats(rows, columns, -0.5, 0.5), out: blank(1, 8) },
      state: stateOf({ trials: 2, steps: 0.5 }),
    };
    add(lineSearch, `${shape}, labels`, { ...line, ...targets }, EXPONENTIAL + total);
    add(lineSearch, `${shape}, soft`, { ...line, ...soft }, EXPONENTIAL + total);
    const step = {
      ...line,
      state: stateOf({ step: 0.5 }),
      gradient: blank(rows, columns),
      scale: 0.5,
      out: blank(1, 4),
    };
    add(crossEntropyStep, `${shape}, labels`, { ...step, ...targets }, EXPONENTIAL + sumOf(rows));
  }

  scoreLossCases(add, { floats, integers, blank }, 4 * EXPONENTIAL + sumOf(67));

  const [x, y, out] = [floats(13, 9), floats(13, 9), floats(13, 9)];
  add(addScaled, "13×9", { x, alpha: -2, y, beta: 0.5, out, keep: 1 }, sumOf(3), true);
  add(addScaled, "13×9, new", { x, alpha: 3, y: undefined, beta: 0, out: blank(13, 9), keep: 0 }, sumOf(1), true);
  for (const [count, rows, columns] of [
    [3, 13, 9],
    [5, 1031, 5],
  ]) {
    const shape = `${count}·${rows}×${columns}`;
    const stack = floats(count * rows, columns);
    const vector = floats(rows, columns);
    add(dots, shape, { stack, vector, out: blank(1, count) }, sumOf(rows * columns), true);
  }
  for (const [rows, columns] of [
    [13, 9],
    [5003, 5],
  ]) {
    const shape = `${rows}×${columns}`;
    add(summarize, shape, { x: floats(rows, columns), out: blank(1, 4) }, sumOf(rows * columns), true);
  }

  columnCases(add, { floats, bytes, blank, sumOf, elementwise: ELEMENTWISE });
  solverCases(add, floats, blank);
  sparseCases(add, floats, blank, sumOf);

  const indices = integers(40, 67);
  add(copyColumns, "5 of 9 into 13", { x, from: 3, out: floats(13, 13), to: 7, columns: 5 }, EXACT);
  add(gatherRows, "35 of 67×9", { source: floats(67, 9), indices, first: 5, out: blank(35, 9) }, EXACT);
  const pixels = bytes(67, 9);
  const taken = { ...pixels, rows: 35, data: new Uint8Array(35 * 9) };
  add(gatherRows, "35 of 67×9, bytes", { source: pixels, indices, first: 5, out: taken }, EXACT);
  const embeddings = halves(67, 9);
  const some = { ...embeddings, rows: 35, data: new Uint16Array(35 * 9) };
  add(gatherRows, "35 of 67×9, halves", { source: embeddings, indices, first: 5, out: some }, EXACT);
  add(gatherValues, "35 of 67", { source: floats(1, 67), indices, first: 5, out: blank(1, 35) }, EXACT);

  const labels = integers(67, 7);
  const each = { classWeight: floats(1, 7, 0, 2), rowWeight: floats(1, 67, 0, 2), ignoreIndex: 3 };
  add(totalWeight, "67", { labels, classes: 7, ...each, out: blank(1, 4) }, sumOf(67));
  for (const rows of [67, 70_001]) {
    const losses = { losses: floats(1, rows, 0, 2), scale: 0.5, denominator: floats(3, 4, 1, 2) };
    add(totalLoss, `${rows}`, { ...losses, out: blank(1, 1) }, sumOf(rows));
  }

  const makers = { floats, bytes, integers, blank };
  addFusedSteps(add, makers);
  updateCases(add, { ...makers, elementwise: ELEMENTWISE, sumOf, fused: FUSED, targets: NO_WEIGHTS });
  return cases;
}

/** Logits are off by a sum of nine products, each up to 1, and stand in an exponential. */
const FUSED = EXPONENTIAL + 9 * sumOf(9) + sumOf(67);

function addFusedSteps(add: AddCase, { floats, bytes, integers, blank }: UpdateMakers): void {
  const targets = { ...NO_WEIGHTS, labels: integers(67, 7), soft: undefined };
  const losses = { loss: blank(1, 67), gradient: blank(67, 7), scale: 1, denominator: undefined };
  const product = { x: floats(67, 9), w: floats(9, 7), bias: floats(1, 7) };
  add(linearLoss, "67×9×7", { ...targets, ...losses, ...product }, FUSED);
  const all = { ...targets, order: undefined, first: 0, rows: 67 };
  const weights = { theta: floats(9, 7), bias: floats(1, 7), gradient: blank(9, 7), dBias: blank(1, 7) };
  const mean = { mean: true, l2: 0.01, penalisedRows: 9, loss: blank(1, 1) };
  add(linearGradient, "67×9×7", { ...all, ...weights, ...mean, x: floats(67, 9) }, FUSED);
  add(linearGradient, "67×9×7, bytes", { ...all, ...weights, ...mean, x: bytes(67, 9) }, FUSED);
}
