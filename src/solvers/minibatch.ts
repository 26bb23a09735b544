/**
 * Epochs of minibatch steps, recorded without waiting: about ten times a second the ring of batch losses and the weights are
 * copied out, and while the copy is on its way the steps go on. Only that copy tells whether training diverges.
 */

import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { Random } from "../random.js";
import type { SolverObserver, SolverResult, StopReason } from "./solver.js";
import type { SolverCheckpoints } from "./solver-checkpoints.js";
import type { UpdateRule } from "./update-rule.js";

/** What a batch's step left behind. */
export interface BatchLoss {
  /** Σ of its rows' losses, those that are not finite left out. */
  readonly sum: number;
  /** Σ of their weights, which divides. */
  readonly weight: number;
  /** Rows whose loss is not finite. */
  readonly faults: number;
}

/** A function of θ known a minibatch at a time. Calls record work; nothing waits. */
export interface BatchObjective {
  readonly parameters: Tensor;
  /** What `lossOf` is to be given, once it is read: the last `ringLength` batches. */
  readonly rings: readonly Tensor[];
  readonly ringLength: number;
  readonly batches: number;
  /** How many steps `advance` takes at most. */
  readonly stepsAtOnce: number;
  /** The order in which the next epoch takes the rows. */
  setOrder(order: Int32Array): void;
  /** How many of those may differ in their learning rates: the last of so many holds for all further ones. */
  readonly ratesAtOnce: number;
  /**
   * Steps `step …` of the fit, `count` of them, on batches `batch …` of the epoch: moves θ by the rule, each as far as its rate
   * says, and notes each batch's loss without penalty.
   */
  advance(batch: number, step: number, count: number, rule: UpdateRule, learningRates: readonly number[]): void;
  lossOf(rings: readonly Float32Array[], step: number): BatchLoss;
}

export interface MinibatchOptions {
  readonly rows: number;
  readonly epochs: number;
  /** The length of step 0, 1, …: known on the host before the first is taken. */
  readonly learningRate: (step: number) => number;
  /** Report at the end of each epoch too, waiting for it, so that a decision made there depends on no clock. */
  readonly reportEpochs: boolean;
  /** Take the rows of each epoch in a new random order. */
  readonly shuffle: boolean;
  readonly seed: number;
  /** The penalty of weights θ on the host: it belongs to J and is not in the batches' losses. */
  readonly penalty: (theta: Float32Array) => number;
  /** Told of the rule's result at each report, before the observer: the last finite one stays. */
  readonly keep: (theta: Float32Array) => void;
  readonly observe: SolverObserver;
  /** Throws when the caller wants no more steps; asked before each `advance`. */
  readonly throwIfStopped: () => void;
  readonly checkpoints?: SolverCheckpoints | undefined;
}

const REPORT_MS = 100;
/** Mean loss, in multiples of the first batch's, past which training is going nowhere. */
const DIVERGED = 1000;

export async function minimiseByMinibatches(
  engine: TensorEngine,
  objective: BatchObjective,
  rule: UpdateRule,
  options: MinibatchOptions,
): Promise<SolverResult> {
  const ring = objective.ringLength;
  const random = new Random(options.seed);
  const order = Uint32Array.from({ length: options.rows }, (_, i) => i);
  const signed = new Int32Array(order.buffer);
  let step = 0;
  let firstLoss: number | undefined;
  let loss = Number.NaN;
  let reported = 0;
  let lastReport = performance.now();
  let report: Promise<boolean> | undefined;
  let settled = false;
  let over = false;

  const result = (stopReason: StopReason): SolverResult => ({
    iteration: step,
    loss,
    gradientNorm: undefined,
    passes: (2 * step) / objective.batches,
    stopReason,
  });

  /** Copies out what the steps since the last report have left. False when training has diverged. */
  const lookAt = async (from: number, to: number): Promise<boolean> => {
    const { parameters, rings: ringTensors } = objective;
    const { result: given } = rule;
    const others = given === parameters ? [] : [given];
    const [theta, ...rest] = (await engine.read(parameters, ...others, ...ringTensors)) as Float32Array[];
    const rings = rest.slice(others.length);
    // The fit has ended with an error while this was on its way: nobody wants to hear of it any more.
    if (over) return false;
    let sum = 0;
    let total = 0;
    let faults = 0;
    for (let t = Math.max(from, to - ring); t < to; t++) {
      const batch = objective.lossOf(rings, t);
      if (batch.weight > 0) firstLoss ??= batch.sum / batch.weight;
      sum += batch.sum;
      total += batch.weight;
      faults += batch.faults;
    }
    const mean = (total > 0 ? sum / total : 0) + options.penalty(theta);
    const finite = faults === 0 && Number.isFinite(mean) && theta.every(Number.isFinite);
    loss = mean;
    if (!finite || mean > DIVERGED * Math.max(1, firstLoss ?? 1)) return false;
    options.keep(others.length > 0 ? rest[0] : theta);
    await options.observe({ iteration: to, loss: mean, gradientNorm: undefined, passes: (2 * to) / objective.batches });
    return true;
  };

  const startReport = (): Promise<boolean> => {
    lastReport = performance.now();
    const from = reported;
    reported = step;
    settled = false;
    const started = lookAt(from, step);
    // Awaited below; a failure must not count as unhandled before that.
    started
      .catch(() => undefined)
      .finally(() => {
        settled = true;
      });
    return started;
  };

  const { checkpoints } = options;
  const kept = { theta: objective.parameters, ...rule.memory };
  /** Keeps what the next steps depend on, once all before are known to be sound. False when training has diverged. */
  const save = async (to: SolverCheckpoints): Promise<boolean> => {
    if (report && !(await report)) return false;
    report = undefined;
    if (reported < step && !(await startReport())) return false;
    const values = (await engine.read(...Object.values(kept))) as Float32Array[];
    await to.save({
      numbers: { step, loss, ...(firstLoss !== undefined && { firstLoss }) },
      arrays: Object.fromEntries(Object.keys(kept).map((name, i) => [name, values[i]])),
    });
    return true;
  };

  const resumed = checkpoints?.resumed;
  if (resumed) {
    for (const [name, tensor] of Object.entries(kept)) engine.write(tensor, resumed.arrays[name]);
    step = resumed.numbers.step;
    rule.goOnFrom(step);
    reported = step;
    loss = resumed.numbers.loss;
    firstLoss = resumed.numbers.firstLoss as number | undefined;
  }
  const firstEpoch = Math.floor(step / objective.batches);
  // The seed tells the order of the rows: those of the epochs before are drawn again.
  if (options.shuffle) for (let epoch = 0; epoch < firstEpoch; epoch++) random.shuffle(order);

  try {
    for (let epoch = firstEpoch; epoch < options.epochs; epoch++) {
      if (options.shuffle) random.shuffle(order);
      if (options.shuffle || epoch === firstEpoch) objective.setOrder(signed);
      for (let batch = step - epoch * objective.batches; batch < objective.batches; ) {
        options.throwIfStopped();
        // Before a step rather than after: what is due at the end of an epoch has been done by then.
        if (checkpoints?.isDue() && step > (resumed?.numbers.step ?? 0) && !(await save(checkpoints))) {
          return result("diverged");
        }
        const most = Math.min(objective.stepsAtOnce, objective.batches - batch);
        const rates = [options.learningRate(step)];
        let count = 1;
        for (; count < most; count++) {
          const rate = options.learningRate(step + count);
          if (rates.length < objective.ratesAtOnce) rates.push(rate);
          else if (rate !== rates.at(-1)) break;
        }
        objective.advance(batch, step, count, rule, rates);
        batch += count;
        step += count;
        await engine.pace();
        // The ring must be read before it comes round.
        if (report && (settled || step - reported >= ring / 2)) {
          if (!(await report)) return result("diverged");
          report = undefined;
        }
        if (!report && performance.now() - lastReport >= REPORT_MS) report = startReport();
      }
      if (!options.reportEpochs) continue;
      if (report && !(await report)) return result("diverged");
      report = undefined;
      if (reported < step && !(await startReport())) return result("diverged");
    }
    if (report && !(await report)) return result("diverged");
    if (reported < step && !(await startReport())) return result("diverged");
    return result("max-iterations");
  } finally {
    over = true;
  }
}
