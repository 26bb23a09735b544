/** What a minibatch needs besides products: its rows gathered, and the steps of SGD and Adam. */
import type { AdamStepArguments } from "../../../ops/adam-step.js";
import type { GatherRowsArguments } from "../../../ops/gather-rows.js";
import type { SgdStepArguments } from "../../../ops/sgd-step.js";
import { adamCorrections, keptShare } from "../../../ops/update.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";

export function gatherWork(resolve: Resolve<GatherRowsArguments>, memory: KernelMemory): SlicedWork | undefined {
  const { source, indices, first: begin, out } = resolve();
  const matrices = [source, indices, out];
  if (!matrices.every(({ data }) => memory.holds(data)) || source.data.constructor !== out.data.constructor)
    return undefined;
  // What a wrong index reads is the reference's to say.
  const wanted = indices.data.subarray(begin, begin + out.rows);
  if (wanted.length < out.rows || !wanted.every((row) => row >= 0 && row < source.rows)) return undefined;
  const rowBytes = out.columns * out.data.BYTES_PER_ELEMENT;
  return {
    name: "gather",
    rows: out.rows,
    rowCost: out.columns,
    grain: 1,
    run(first, count) {
      const args = resolve();
      const [from, list, to] = [args.source, args.indices, args.out].map(({ data }) => data.byteOffset);
      memory.kernels.gather()(from, rowBytes, list + 4 * (begin + first), to + first * rowBytes, count);
    },
    finish() {},
  };
}

export function sgdWork(resolve: Resolve<SgdStepArguments>, memory: KernelMemory): SlicedWork | undefined {
  const given = resolve();
  const { gradient, velocity, weights, learningRate, momentum, nesterov, l2, penalisedRows } = given;
  if ([gradient, velocity, weights].some((m) => memory.addressOf(m) === undefined)) return undefined;
  const { columns } = weights;
  return {
    name: "sgd",
    rows: weights.rows,
    rowCost: columns,
    grain: 1,
    run(first, count) {
      const args = resolve();
      const starts = [args.gradient, args.velocity, args.weights].map((m) => memory.addressOf(m) as number);
      const penalised = Math.min(count, Math.max(0, penalisedRows - first));
      const step = (from: number, rows: number, isPenalised: boolean): void => {
        if (rows <= 0) return;
        const [g, v, w] = starts.map((start) => start + 4 * from * columns);
        memory.kernels.sgdStep(nesterov, isPenalised)(
          g,
          v,
          w,
          rows * columns,
          learningRate,
          momentum,
          l2,
          keptShare(given),
        );
      };
      step(first, penalised, true);
      step(first + penalised, count - penalised, false);
    },
    finish() {},
  };
}

export function adamWork(resolve: Resolve<AdamStepArguments>, memory: KernelMemory): SlicedWork | undefined {
  const given = resolve();
  const { gradient, mean, variance, weights, learningRate, beta1, beta2, epsilon, l2, penalisedRows } = given;
  if ([gradient, mean, variance, weights].some((m) => memory.addressOf(m) === undefined)) return undefined;
  const { columns } = weights;
  const [correction1, correction2] = adamCorrections(given);
  const rates = [learningRate * correction1, beta1, 1 - beta1, beta2, 1 - beta2, correction2, epsilon] as const;
  return {
    name: "adam",
    rows: weights.rows,
    rowCost: 4 * columns,
    grain: 1,
    run(first, count) {
      const args = resolve();
      const places = [args.gradient, args.mean, args.variance, args.weights] as const;
      const penalised = Math.min(count, Math.max(0, penalisedRows - first));
      const step = (from: number, rows: number, factor: number, kept: number): void => {
        if (rows <= 0) return;
        const [g, m, v, w] = places.map((each) => (memory.addressOf(each) as number) + 4 * from * columns);
        memory.kernels.adamStep()(g, m, v, w, rows * columns, ...rates, factor, kept);
      };
      step(first, penalised, l2, keptShare(given));
      step(first + penalised, count - penalised, 0, 1);
    },
    finish() {},
  };
}
