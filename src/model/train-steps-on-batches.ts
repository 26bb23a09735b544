/** SGD and Adam on batches: each is brought onto the device, gone through in minibatches, and given back before the next. */
import { inTurns } from "../engine/in-turns.js";
import { Tensor } from "../engine/tensor.js";
import type { LinearProblem } from "../losses/linear-problem.js";
import { MinibatchObjective } from "../losses/minibatch-objective.js";
import { adam } from "../solvers/adam.js";
import { learningRates } from "../solvers/learning-rate.js";
import { minimiseByMinibatches } from "../solvers/minibatch.js";
import { sgd } from "../solvers/sgd.js";
import type { SolverResult } from "../solvers/solver.js";
import type { UpdateRule } from "../solvers/update-rule.js";
import { shifted } from "../solvers/update-rule.js";
import { Workspace } from "../solvers/workspace.js";
import type { BatchRequest } from "./batch-request.js";
import type { CheckedBatch } from "./batch-source.js";
import { Course } from "./course.js";
import { withIntercept } from "./fitted.js";
import { targetsFor } from "./loss-targets.js";
import type { FitReport } from "./report.js";
import { firstAveragedEpoch, LEARNING_RATE, penaltyOf } from "./train-minibatches.js";
import { evened } from "./training-data.js";
import { isCallers, publishFinite, reportOf } from "./training-outcome.js";
import { uploadRows } from "./uploaded-rows.js";
import { warmStartFrom } from "./warm-start.js";

export async function trainStepsOnBatches(
  workspace: Workspace,
  request: BatchRequest,
  solver: "sgd" | "adam",
): Promise<FitReport> {
  const training = new StepsOnBatches(workspace, request, solver);
  try {
    return await training.run();
  } catch (error) {
    if (isCallers(error, request)) await training.publishLatest();
    throw error;
  }
}

/** What exists from the first batch on. */
interface Begun {
  readonly theta: Tensor;
  readonly rule: UpdateRule;
  readonly course: Course;
}

class StepsOnBatches {
  readonly #workspace: Workspace;
  readonly #request: BatchRequest;
  readonly #solver: "sgd" | "adam";
  readonly #learningRate: NonNullable<BatchRequest["options"]["learningRate"]>;
  readonly #rate: (step: number) => number;
  #begun: Begun | undefined;
  #latest: Float32Array | undefined;
  #steps = 0;
  /** Not before its epoch begins is it known how many steps come first. */
  readonly #averaging = { after: Number.POSITIVE_INFINITY };
  #batches = 0;
  #rowsSeen = 0;
  /** Of an epoch: as many as were seen of the first one, until that is over. */
  #rows = 0;
  #stepsPerEpoch = Number.POSITIVE_INFINITY;

  constructor(workspace: Workspace, request: BatchRequest, solver: "sgd" | "adam") {
    this.#workspace = workspace;
    this.#request = request;
    this.#solver = solver;
    this.#learningRate = request.options.learningRate ?? LEARNING_RATE[solver];
    // Schedules that need the number of steps have been refused.
    this.#rate = learningRates(this.#learningRate, Number.POSITIVE_INFINITY);
  }

  async run(): Promise<FitReport> {
    const { reader, options } = this.#request;
    let last: SolverResult | undefined;
    const { epochs, averageWeights } = options;
    for (let epoch = 0; epoch < epochs && last?.stopReason !== "diverged"; epoch++) {
      if (averageWeights && epoch === firstAveragedEpoch(averageWeights, epochs)) this.#averaging.after = this.#steps;
      for await (const batch of reader.pass()) {
        last = await this.#go(batch);
        if (last.stopReason === "diverged") break;
      }
      if (epoch === 0) this.#stepsPerEpoch = this.#steps;
    }
    const { course } = this.#begun as Begun;
    const result = last as SolverResult;
    if (result.stopReason === "diverged") this.#request.publish(this.#latest as Float32Array);
    else await course.observe(result, true);
    return reportOf(this.#workspace.engine, options, course, result, this.#learningRate);
  }

  async publishLatest(): Promise<void> {
    if (!this.#begun) return;
    const { rule } = this.#begun;
    if (this.#latest) this.#request.publish(this.#latest);
    await publishFinite(this.#request, async () => {
      const [now] = await this.#workspace.engine.read(rule.result);
      return this.#known(now as Float32Array);
    });
  }

  #known(theta: Float32Array): Float32Array {
    const k = this.#request.classes.length;
    const { fitIntercept } = this.#request.options;
    return withIntercept(theta, theta.length / k - Number(fitIntercept), k);
  }

  /** θ, its memory of steps and the course, of as many features as the first batch has. */
  async #begin({ x, y }: CheckedBatch): Promise<Begun> {
    const { options, fit, classes, last, validationOn, publish, isDisposed, stops } = this.#request;
    const { engine } = this.#workspace;
    const rows = x.columns + Number(options.fitIntercept);
    const start = last && warmStartFrom(last, { x, y, weights: undefined, validation: undefined });
    const validation = await validationOn(this.#workspace, x.columns);
    const theta = this.#workspace.zeros([rows, classes.length]);
    if (start) engine.write(theta, start.subarray(0, rows * classes.length));
    this.#latest = start ?? this.#known(new Float32Array(rows * classes.length));
    const { l1, l2, weightDecay, clipNorm } = options;
    const target = {
      ...{ weights: theta, l1, l2, weightDecay, penalisedRows: x.columns, clipNorm, many: false },
      average: options.averageWeights && this.#averaging,
    };
    const rule = this.#solver === "adam" ? adam(this.#workspace, target) : sgd(this.#workspace, target, options);
    const now = (): { rows: number; stepsPerEpoch: number } => ({
      rows: this.#rows,
      stepsPerEpoch: this.#stepsPerEpoch,
    });
    const course = new Course({
      ...{ ...fit, validation, publish, isDisposed, stops, bestWeights: undefined },
      theta: async () => this.#latest as Float32Array,
      get rows() {
        return now().rows;
      },
      get stepsPerEpoch() {
        return now().stepsPerEpoch;
      },
      get maxIterations() {
        return options.epochs * now().stepsPerEpoch;
      },
    });
    return { theta, rule, course };
  }

  /** The steps of one batch. */
  async #go(batch: CheckedBatch): Promise<SolverResult> {
    if (batch.x instanceof Tensor) this.#workspace.engine.requireOwn("fit", batch.x);
    this.#begun ??= await this.#begin(batch);
    const { theta, rule, course } = this.#begun;
    const { options, classes, loss } = this.#request;
    const { engine } = this.#workspace;
    const { x, weights } = batch;
    const y = targetsFor(options.loss, batch.y, "fit");
    const { l1, l2 } = options;
    const own = new Workspace(engine);
    try {
      const even = weights && evened(weights);
      const rows = { x, y, weights: even };
      const uploaded = await inTurns(uploadRows(own, rows, options.labelSmoothing), this.#request.throwIfStopped);
      const problem: LinearProblem = {
        ...{ x: uploaded.x, targets: uploaded.targets, rowWeight: even, totalWeight: x.rows },
        ...{ classes: classes.length, loss, l1, l2, fitIntercept: options.fitIntercept },
        start: undefined,
      };
      const { batchSize, clipNorm } = options;
      const way = { batchSize, parameters: theta, byGradient: clipNorm !== undefined };
      const objective = new MinibatchObjective(own, problem, way);
      const before = { steps: this.#steps, rows: this.#rowsSeen };
      const inAll = (step: number): number => before.steps + step;
      const total = ({ iteration, ...rest }: SolverResult): SolverResult => {
        const seen = before.rows + Math.min(x.rows, iteration * objective.batchSize);
        this.#rows = Math.max(this.#rows, this.#stepsPerEpoch === Number.POSITIVE_INFINITY ? seen : 0);
        return { ...rest, iteration: inAll(iteration), passes: (2 * seen) / this.#rows };
      };
      const result = await minimiseByMinibatches(engine, objective, shifted(rule, before.steps), {
        ...{ rows: x.rows, epochs: 1, reportEpochs: false, shuffle: options.shuffle },
        // Another order for each batch, and for the same one in the next epoch.
        seed: options.seed + this.#batches++,
        learningRate: (step) => this.#rate(inAll(step)),
        penalty: (now) => penaltyOf(now.subarray(0, x.columns * classes.length), l1, l2),
        keep: (now) => {
          this.#latest = this.#known(now);
        },
        observe: (progress) => course.observe(total({ ...progress, stopReason: "max-iterations" })),
        throwIfStopped: () => course.throwIfStopped(),
      });
      const ended = total(result);
      this.#steps = ended.iteration;
      this.#rowsSeen += x.rows;
      return ended;
    } finally {
      own.dispose();
    }
  }
}
