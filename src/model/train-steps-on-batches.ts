/** SGD and Adam on batches: each is brought onto the device, gone through in minibatches, and given back before the next. */
import { Tensor } from "../engine/tensor.js";
import { batchFeaturesOf } from "../losses/batch-features-of.js";
import type { LinearProblem } from "../losses/linear-problem.js";
import { MinibatchObjective } from "../losses/minibatch-objective.js";
import { learningRates } from "../solvers/learning-rate.js";
import { minimiseByMinibatches } from "../solvers/minibatch.js";
import type { SolverResult, StopReason } from "../solvers/solver.js";
import type { SolverCheckpoints } from "../solvers/solver-checkpoints.js";
import { shifted } from "../solvers/update-rule.js";
import { Workspace } from "../solvers/workspace.js";
import type { BatchRequest } from "./batch-request.js";
import type { CheckedBatch } from "./batch-source.js";
import { type StepSurvey, surveyForSteps } from "./batch-survey.js";
import { type Beginning, beginOnBatches } from "./begin-on-batches.js";
import { Course } from "./course.js";
import { EpochsOfBatches } from "./epochs-of-batches.js";
import { targetsFor } from "./loss-targets.js";
import type { FitPoint, FitReport } from "./report.js";
import { firstAveragedEpoch, LEARNING_RATE, penaltyOf } from "./train-minibatches.js";
import { evened } from "./training-data.js";
import { concluded, isCallers, publishFinite, reportOf } from "./training-outcome.js";
import { uploadRows } from "./uploaded-rows.js";

export async function trainStepsOnBatches(
  workspace: Workspace,
  request: BatchRequest,
  solver: "sgd" | "adam",
): Promise<FitReport> {
  const training = new StepsOnBatches(workspace, request, solver, await surveyForSteps(workspace.engine, request));
  try {
    return await training.run();
  } catch (error) {
    if (isCallers(error, request)) await training.publishLatest();
    throw error;
  }
}

/** What exists from the first batch on. */
interface Begun extends Beginning {
  readonly course: Course;
  readonly checkpoints: SolverCheckpoints | undefined;
}

class StepsOnBatches {
  readonly #workspace: Workspace;
  readonly #request: BatchRequest;
  readonly #learningRate: NonNullable<BatchRequest["options"]["learningRate"]>;
  readonly #rate: (step: number) => number;
  readonly #epochs: EpochsOfBatches;
  readonly #survey: StepSurvey | undefined;
  #begun: Begun | undefined;
  #latest: Float32Array | undefined;

  constructor(workspace: Workspace, request: BatchRequest, solver: "sgd" | "adam", survey: StepSurvey | undefined) {
    this.#workspace = workspace;
    this.#request = request;
    this.#survey = survey;
    const { learningRate, averageWeights, epochs } = request.options;
    this.#epochs = new EpochsOfBatches(averageWeights && firstAveragedEpoch(averageWeights, epochs), survey);
    this.#learningRate = learningRate ?? LEARNING_RATE[solver];
    // Schedules that need the number of steps have a survey.
    this.#rate = learningRates(this.#learningRate, survey ? epochs * survey.steps : Number.POSITIVE_INFINITY);
  }

  async run(): Promise<FitReport> {
    const { reader, options, publish } = this.#request;
    let last: SolverResult | undefined;
    let stopReason: StopReason | undefined;
    while (!stopReason) {
      for await (const batch of reader.pass()) {
        this.#begun ??= await this.#begin(batch);
        last = await this.#go(batch, this.#begun);
        if (last.stopReason === "diverged") break;
      }
      const ended = last as SolverResult;
      stopReason = ended.stopReason === "diverged" ? "diverged" : await this.#endEpoch(ended, this.#begun as Begun);
    }
    const { course, company } = this.#begun as Begun;
    const result: SolverResult = { ...(last as SolverResult), stopReason };
    if (stopReason === "diverged") publish(this.#latest as Float32Array);
    else await course.observe(result, true);
    const report = reportOf(this.#workspace.engine, options, course, result, this.#learningRate);
    return concluded(report, company, publish);
  }

  async publishLatest(): Promise<void> {
    if (!this.#begun) return;
    const { rule, known } = this.#begun;
    if (this.#latest) this.#request.publish(this.#latest);
    await publishFinite(this.#request, async () => {
      const [now] = await this.#workspace.engine.read(rule.result);
      return known(now as Float32Array);
    });
  }

  async #begin(batch: CheckedBatch): Promise<Begun> {
    const { options, fit, publish, isDisposed, stops } = this.#request;
    const epochs = this.#epochs;
    const beginning = await beginOnBatches(this.#workspace, this.#request, batch, epochs, this.#survey);
    const { validation, bestWeights, checkpoint } = beginning.company;
    this.#latest = beginning.first;
    const before = checkpoint?.resumed;
    // Validation is judged between epochs, whose number of steps may differ.
    const followed = { ...fit, validation, publish, isDisposed, stops, before, bestWeights: undefined };
    const theta = async (): Promise<Float32Array> => this.#latest as Float32Array;
    const course = new Course(epochs.followed({ ...followed, theta }, options.epochs));
    return { ...beginning, course, checkpoints: checkpoint?.following(course, bestWeights) };
  }

  /** Why it was the last one: all are done, or validation has got no better for long enough. */
  async #endEpoch(last: SolverResult, { course, company, ...begun }: Begun): Promise<StopReason | undefined> {
    const epochs = this.#epochs;
    epochs.end();
    const { bestWeights } = company;
    if (bestWeights) {
      await course.observe(last, true);
      const point = course.history.at(-1) as FitPoint;
      if (bestWeights.check(point, this.#latest as Float32Array)) return "early-stop";
    }
    if (epochs.done === this.#request.options.epochs) return "max-iterations";
    const { checkpoints, theta, rule } = begun;
    if (checkpoints?.isDue()) await epochs.save(this.#workspace.engine, checkpoints, theta, rule);
    return undefined;
  }

  /** The steps of one batch. */
  async #go(batch: CheckedBatch, begun: Begun): Promise<SolverResult> {
    if (batch.x instanceof Tensor) this.#workspace.engine.requireOwn("fit", batch.x);
    const { theta, rule, course, scaling, known } = begun;
    const { options, classes, loss } = this.#request;
    const { engine } = this.#workspace;
    const epochs = this.#epochs;
    const { x, weights } = batch;
    epochs.beginBatch(x.rows, options.batchSize);
    const y = targetsFor(options.loss, batch.y, "fit");
    const { l1, l2 } = options;
    const own = new Workspace(engine);
    try {
      const even = weights && evened(weights);
      const rows = { x, y, weights: even };
      const uploaded = await uploadRows(own, rows, options.labelSmoothing, this.#request.throwIfStopped);
      const problem: LinearProblem = {
        ...{ x: uploaded.x, targets: uploaded.targets, rowWeight: even, totalWeight: x.rows },
        ...{ classes: classes.length, loss, l1, l2, fitIntercept: options.fitIntercept },
        ...{ start: undefined, scaling },
      };
      const { batchSize, clipNorm } = options;
      const features = await batchFeaturesOf(uploaded.x);
      const way = { batchSize, features, parameters: theta, byGradient: clipNorm !== undefined };
      const objective = new MinibatchObjective(own, problem, way);
      const before = epochs.steps;
      const first = this.#latest as Float32Array;
      const total = epochs.counting(x.rows, objective.batchSize);
      const result = await minimiseByMinibatches(engine, objective, shifted(rule, before), {
        ...{ rows: x.rows, epochs: 1, reportEpochs: false, shuffle: options.shuffle },
        // Another order for each batch, and for the same one in the next epoch.
        seed: options.seed + epochs.batches,
        learningRate: (step) => this.#rate(before + step),
        penalty: (now) => penaltyOf(now.subarray(0, x.columns * classes.length), l1, l2),
        keep: (now) => {
          this.#latest = now ? known(now) : first;
        },
        observe: (progress) => course.observe(total({ ...progress, stopReason: "max-iterations" })),
        throwIfStopped: () => course.throwIfStopped(),
      });
      const ended = total(result);
      epochs.endBatch(ended.iteration, x.rows);
      return ended;
    } finally {
      own.dispose();
    }
  }
}
