/**
 * How far SGD and Adam have come on batches, of which nobody knows how many there are until the first epoch is over, unless a pass
 * before it has counted them. Then every epoch is held to that.
 */
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { SolverResult } from "../solvers/solver.js";
import type { SolverCheckpoints, SolverState } from "../solvers/solver-checkpoints.js";
import type { UpdateRule } from "../solvers/update-rule.js";
import { otherRows, type StepSurvey, stepsOf } from "./batch-survey.js";
import type { CourseOptions } from "./course.js";

export class EpochsOfBatches {
  /** Epochs, batches and steps that are over. */
  done = 0;
  batches = 0;
  steps = 0;
  #rowsSeen = 0;
  /** Of an epoch: as many as were seen of the first one, until that is over. */
  #rows = 0;
  #stepsPerEpoch = Number.POSITIVE_INFINITY;
  readonly #averagedFrom: number | undefined;
  readonly #survey: StepSurvey | undefined;
  /** The mean of weights after the steps past so many, which nobody knows before that epoch begins; undefined: none is wanted. */
  readonly average: { after: number } | undefined;

  /** @param averagedFrom the first epoch whose weights are averaged */
  constructor(averagedFrom: number | undefined, survey: StepSurvey | undefined) {
    this.#averagedFrom = averagedFrom;
    this.#survey = survey;
    if (survey) {
      this.#rows = survey.rows;
      this.#stepsPerEpoch = survey.steps;
    }
    this.average =
      averagedFrom === undefined ? undefined : { after: averagedFrom === 0 ? 0 : Number.POSITIVE_INFINITY };
  }

  /** A course's options with numbers as they are when it asks for them. */
  followed(given: Omit<CourseOptions, "rows" | "stepsPerEpoch" | "maxIterations">, epochs: number): CourseOptions {
    const now = (): { rows: number; stepsPerEpoch: number } => ({
      rows: this.#rows,
      stepsPerEpoch: this.#stepsPerEpoch,
    });
    return {
      ...given,
      get rows() {
        return now().rows;
      },
      get stepsPerEpoch() {
        return now().stepsPerEpoch;
      },
      get maxIterations() {
        return epochs * now().stepsPerEpoch;
      },
    };
  }

  /** The next batch. @throws DataError EMPTY_INPUT where it is more than the first pass had, before a step is taken */
  beginBatch(rows: number, batchSize: number): void {
    if (!this.#survey) return;
    const [rowsNow, stepsNow] = this.#ofEpoch();
    this.#hold(rowsNow + rows, stepsNow + stepsOf(rows, batchSize), (seen, all) => seen > all);
  }

  /** Rows and steps of this epoch so far. */
  #ofEpoch(): [number, number] {
    return [this.#rowsSeen - this.done * this.#rows, this.steps - this.done * this.#stepsPerEpoch];
  }

  #hold(rows: number, steps: number, differ: (seen: number, all: number) => boolean): void {
    const survey = this.#survey;
    if (!survey) return;
    if (differ(rows, survey.rows)) throw otherRows(`${survey.rows} rows`, `${rows}`);
    // However they are cut, unless the learning rate is a matter of how many steps there are.
    if (survey.counts && differ(steps, survey.steps))
      throw otherRows(`${survey.steps} minibatches, which the learning rate goes by`, `${steps}`);
  }

  /** From a result that counts the next batch's steps to one that counts all. */
  counting(rows: number, batchSize: number): (result: SolverResult) => SolverResult {
    const { steps } = this;
    return ({ iteration, ...rest }) => {
      const seen = this.#rowsSeen + Math.min(rows, iteration * batchSize);
      this.#rows = Math.max(this.#rows, this.#stepsPerEpoch === Number.POSITIVE_INFINITY ? seen : 0);
      return { ...rest, iteration: steps + iteration, passes: (2 * seen) / this.#rows };
    };
  }

  /** @param steps of all batches so far */
  endBatch(steps: number, rows: number): void {
    this.batches++;
    this.steps = steps;
    this.#rowsSeen += rows;
  }

  /** The epoch is over. @throws DataError EMPTY_INPUT where the first pass had more rows */
  end(): void {
    if (this.#survey) this.#hold(...this.#ofEpoch(), (seen, all) => seen !== all);
    if (this.done === 0) this.#stepsPerEpoch = this.steps;
    this.done++;
    if (this.average && this.done === this.#averagedFrom) this.average.after = this.steps;
  }

  /** Keeps all that the next epoch depends on, but for the batches themselves. Between two epochs. */
  async save(engine: TensorEngine, to: SolverCheckpoints, theta: Tensor, rule: UpdateRule): Promise<void> {
    const kept = Object.entries({ theta, ...rule.memory });
    const values = (await engine.read(...kept.map(([, tensor]) => tensor))) as Float32Array[];
    const { done, batches, steps, average } = this;
    // Numbers are finite.
    const after = average && Number.isFinite(average.after) ? { averagedAfter: average.after } : {};
    await to.save({
      numbers: {
        ...{ done, batches, steps, ...after },
        ...{ rowsSeen: this.#rowsSeen, rows: this.#rows, stepsPerEpoch: this.#stepsPerEpoch },
      },
      arrays: Object.fromEntries(kept.map(([name], i) => [name, values[i]])),
    });
  }

  /** What a model is given of it: θ, or the mean of its values. */
  restore(engine: TensorEngine, { numbers, arrays }: SolverState, theta: Tensor, rule: UpdateRule): Float32Array {
    for (const [name, tensor] of Object.entries({ theta, ...rule.memory })) engine.write(tensor, arrays[name]);
    this.done = numbers.done;
    this.batches = numbers.batches;
    this.steps = numbers.steps;
    this.#rowsSeen = numbers.rowsSeen;
    this.#rows = numbers.rows;
    this.#stepsPerEpoch = numbers.stepsPerEpoch;
    const { averagedAfter } = numbers as { readonly averagedAfter?: number };
    if (this.average && averagedAfter !== undefined) this.average.after = averagedAfter;
    rule.goOnFrom(this.steps);
    return rule.result === theta ? arrays.theta : arrays.average;
  }
}
