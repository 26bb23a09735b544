/**
 * Epochs of minibatch steps, recorded without waiting: about ten times a second the ring of batch losses and the weights are
 * copied out, and while the copy is on its way the steps go on. The clock decides when, and nothing else: what is told of a step
 * depends on the steps before it, and so do the step at which training has diverged and the weights that are kept then.
 */

import type { TensorEngine } from "../engine/tensor-engine.js";
import { BatchLosses } from "./batch-losses.js";
import type { BatchObjective, MinibatchOptions } from "./batch-objective.js";
import { MinibatchSteps } from "./minibatch-steps.js";
import type { SolverResult, StopReason } from "./solver.js";
import type { SolverCheckpoints } from "./solver-checkpoints.js";
import type { UpdateRule } from "./update-rule.js";

const REPORT_MS = 100;

/** Where training was seen to have gone astray. */
type Lost = Pick<SolverResult, "iteration" | "loss">;

export async function minimiseByMinibatches(
  engine: TensorEngine,
  objective: BatchObjective,
  rule: UpdateRule,
  options: MinibatchOptions,
): Promise<SolverResult> {
  const { batches, parameters, rings: ringTensors } = objective;
  const { checkpoints } = options;
  const last = options.epochs * batches;
  const steps = new MinibatchSteps(objective, rule, options);
  const losses = new BatchLosses(objective);
  let loss = Number.NaN;
  let reported = 0;
  let lastReport = performance.now();
  let report: Promise<Lost | undefined> | undefined;
  let settled = false;
  let over = false;
  /** Weights that are no numbers, though no loss has shown it, are judged where no clock decides: at the end of the epoch. */
  let suspicious = false;

  const passesOf = (iteration: number): number => (2 * iteration) / batches;
  const result = (stopReason: StopReason, { iteration, loss: lossThere }: Lost): SolverResult => ({
    ...{ iteration, loss: lossThere, gradientNorm: undefined, passes: passesOf(iteration), stopReason },
  });

  /** What the steps past `from` and up to `to` have left, and where they were lost if they were. */
  const judge = async (
    from: number,
    to: number,
    isEnd: boolean,
  ): Promise<{
    readonly given: Float32Array;
    readonly loss: number;
    readonly finite: boolean;
    readonly lost?: Lost;
  }> => {
    const { result: resulting } = rule;
    const others = resulting === parameters ? [] : [resulting];
    const [theta, ...rest] = (await engine.read(parameters, ...others, ...ringTensors)) as Float32Array[];
    const rings = rest.slice(others.length);
    const given = others.length > 0 ? rest[0] : theta;
    const finite = theta.every(Number.isFinite);
    const lostAfter = losses.lostAfter(rings, from, to);
    if (lostAfter !== undefined) {
      const lost = { iteration: lostAfter, loss: losses.meanAfter(rings, lostAfter) };
      return { given, loss: lost.loss, finite, lost };
    }
    const mean = losses.meanAfter(rings, to) + options.penalty(theta);
    const sound = !isEnd || (finite && losses.isInRange(mean));
    return { given, loss: mean, finite, ...(!sound && { lost: { iteration: to, loss: mean } }) };
  };

  /** Copies out what the steps since the last report have left. */
  const lookAt = async (from: number, to: number): Promise<Lost | undefined> => {
    const isEnd = to === last || ((options.reportEpochs || suspicious) && to % batches === 0);
    const seen = await judge(from, to, isEnd);
    // The fit has ended with an error while this was on its way: nobody wants to hear of it any more.
    if (over || seen.lost) return seen.lost;
    suspicious ||= !seen.finite;
    if (!seen.finite) return undefined;
    loss = seen.loss;
    options.keep(seen.given);
    await options.observe({ iteration: to, loss, gradientNorm: undefined, passes: passesOf(to) });
    return undefined;
  };

  const startReport = (): Promise<Lost | undefined> => {
    lastReport = performance.now();
    const from = reported;
    reported = steps.taken;
    settled = false;
    const started = lookAt(from, reported);
    // Awaited below; a failure must not count as unhandled before that.
    started
      .catch(() => undefined)
      .finally(() => {
        settled = true;
      });
    return started;
  };

  /** All reports there are to be of the steps so far. */
  const lookedAt = async (): Promise<Lost | undefined> => {
    const lost = await report;
    report = undefined;
    return lost ?? (reported < steps.taken ? startReport() : undefined);
  };

  /**
   * The end of a fit that was lost: with the weights that its best epoch began with, which are those that its losses are of; at its end
   * they may be on their way out. Nobody may have looked there, so the epochs are gone through once more, to the same bits.
   */
  const diverged = async (lost: Lost): Promise<SolverResult> => {
    const before = Math.floor((lost.iteration - 1) / batches) * batches;
    let [began, kept]: (Float32Array | undefined)[] = [];
    let best = Number.POSITIVE_INFINITY;
    let looked = 0;
    if (before > 0) {
      objective.restart();
      for (const part of Object.values(rule.memory)) engine.write(part, new Float32Array(part.rows * part.columns));
      steps.goOnFrom(0);
    }
    while (before > 0 && steps.taken < before) {
      options.throwIfStopped();
      steps.advance();
      await engine.pace();
      const { taken } = steps;
      const isEnd = taken % batches === 0;
      if (!isEnd && taken - looked < losses.mostBetween) continue;
      const seen = await judge(looked, taken, isEnd);
      looked = taken;
      if (seen.lost) {
        options.keep(kept);
        return result("diverged", seen.lost);
      }
      if (!isEnd) continue;
      if (seen.loss < best) {
        best = seen.loss;
        kept = began;
      }
      began = seen.given;
    }
    options.keep(kept);
    return result("diverged", lost);
  };

  const rings = Object.fromEntries(ringTensors.map((ring, i) => [`ring${i}`, ring]));
  const kept = { theta: parameters, ...rule.memory, ...rings };
  /** Keeps what the next steps depend on, once all before are known to be sound. */
  const save = async (to: SolverCheckpoints): Promise<Lost | undefined> => {
    const lost = await lookedAt();
    if (lost || suspicious) return lost;
    const values = (await engine.read(...Object.values(kept))) as Float32Array[];
    const { first } = losses;
    await to.save({
      numbers: { step: steps.taken, loss, ...(first !== undefined && { firstLoss: first }) },
      arrays: Object.fromEntries(Object.keys(kept).map((name, i) => [name, values[i]])),
    });
    return undefined;
  };

  const resumed = checkpoints?.resumed;
  if (resumed) {
    for (const [name, tensor] of Object.entries(kept)) engine.write(tensor, resumed.arrays[name]);
    steps.goOnFrom(resumed.numbers.step);
    reported = steps.taken;
    loss = resumed.numbers.loss;
    losses.first = resumed.numbers.firstLoss as number | undefined;
  }

  try {
    let lost: Lost | undefined;
    while (!lost && steps.taken < last) {
      options.throwIfStopped();
      // Before a step rather than after: what is due at the end of an epoch has been done by then.
      if (checkpoints?.isDue() && steps.taken > (resumed?.numbers.step ?? 0)) {
        lost = await save(checkpoints);
        if (lost) break;
      }
      steps.advance();
      await engine.pace();
      // The ring must be read before it comes round.
      const mustLook = steps.taken - reported >= losses.mostBetween;
      if (report && (settled || mustLook)) {
        lost = await report;
        report = undefined;
      }
      if (!lost && !report && (mustLook || performance.now() - lastReport >= REPORT_MS)) report = startReport();
      if (!lost && (options.reportEpochs || suspicious) && steps.taken % batches === 0) lost = await lookedAt();
    }
    lost ??= await lookedAt();
    if (lost) return await diverged(lost);
    return result("max-iterations", { iteration: steps.taken, loss });
  } finally {
    over = true;
  }
}
