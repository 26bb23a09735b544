/**
 * `P(y = j | x) = exp(xᵀW_j + b_j) / Σ_c exp(xᵀW_c + b_c)`: softmax regression, also called multinomial logistic regression.
 * The estimator: what a user fits, asks for predictions, and keeps.
 */

import { refuseIgnoredClass } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import type { Engine } from "../engine/engine.js";
import { copyEngineOptions } from "../engine/engine-options.js";
import { OptionError } from "../errors.js";
import type { ModelContent, ModelJson, SavedOptions } from "../formats/json.js";
import { readModelJson, writeModelJson } from "../formats/json.js";
import { ClassCounts } from "../metrics/class-counts.js";
import { checkEvaluateOptions, checkJudgeRowsOptions, checkModelOptions, uselessToFit } from "./check-options.js";
import { checkPredictOptions, decideRows, type PredictOptions } from "./decision.js";
import type { Evaluation } from "./evaluation.js";
import { fitModel, fitMore } from "./fit-model.js";
import { interceptOf, temperatureOf, weightsOf } from "./fitted.js";
import { judgedTargets } from "./judged-targets.js";
import type { Label, LabelsLike } from "./labels.js";
import { decodeLabels, likeliestClasses } from "./labels.js";
import type {
  Batches,
  BatchFitOptions,
  EvaluateOptions,
  Features,
  FitOptions,
  JudgeRowsOptions,
  PartialFitOptions,
  SoftmaxRegressionOptions,
} from "./model-options.js";
import { ModelState } from "./model-state.js";
import type { Prediction } from "./prediction.js";
import type { FitReport } from "./report.js";
import type { MatrixResult, RankedLabel } from "./results.js";
import { beside, optionsFrom, savedOptionsOf } from "./saved-options.js";
import type { CalibrationReport } from "./temperature.js";
import { checkCount, topClasses } from "./top-classes.js";

/** Softmax regression, `P(y | x) = softmax(xᵀW + b)`: `fit` learns W and b, `predict` and its kin use them. */
export class SoftmaxRegression {
  /** Vue's mark for objects that it must not wrap in a proxy, through which private state cannot be reached. @internal */
  readonly __v_skip: true = true;
  readonly #state: ModelState;

  /** @throws OptionError for an option that is unknown or out of its range */
  constructor(options: SoftmaxRegressionOptions = {}) {
    this.#state = new ModelState(checkModelOptions(options), copyEngineOptions(options), uselessToFit(options));
  }

  /**
   * Learns from rows that come in batches `{ x, y, sampleWeight? }`, when all of X does not fit into memory. The model's `classes` must be
   * declared. SGD and Adam cut each batch into minibatches, and go over all of them `epochs` times; L-BFGS goes over them about twice an
   * iteration, and keeps labels, weights and three values a row and class on the device. What only all rows tell (`standardize`, balanced
   * classes, schedules that go by the number of steps) costs SGD and Adam one pass before the first step, which a generator does not have.
   *
   * @throws CallbackError when the batches throw; what `fit` of rows throws, where a batch is named by its place from 0 on
   */
  fit(batches: Batches, options?: BatchFitOptions): Promise<FitReport>;
  /**
   * Learns W and b from X [n×d] and y: the minimum of mean cross-entropy + l1·‖W‖₁ + (l2/2)·‖W‖². Resolves with a report when
   * the solver has converged or used up its iterations. Inputs are never changed. They are copied at once, but for a matrix of more than half a
   * million values: that is copied piece by piece, so that the page has its turns. Leave it, and what goes with it, as it is until
   * progress is reported or the fit has ended.
   *
   * @throws ShapeError, DataError, LabelError, OptionError before anything has changed; BusyError during another fit;
   *   DeviceError, KernelError from the device; CallbackError; the signal's reason when it is aborted
   */
  fit(x: Features, y: LabelsLike, options?: FitOptions): Promise<FitReport>;
  fit(x: Features | Batches, y?: LabelsLike | BatchFitOptions, options: FitOptions = {}): Promise<FitReport> {
    return fitModel(this.#state, x, y, options);
  }

  /**
   * Goes on learning from some more rows, by SGD or Adam: one pass of minibatch steps over them, in a random order if the model
   * shuffles. The first call begins from zero, or from the weights of a fitted model, and needs to know all `classes`; later ones
   * go on with momentum, moments, the mean of `averageWeights` and the learning rate's schedule where the last one ended, unless the model
   * was loaded or changed in between. Resolves with the report of this pass.
   *
   * @throws OptionError for `solver: "lbfgs"`, `standardize`, `classWeight: "balanced"` and the cosine schedule, which need all rows at once;
   *   LabelError for labels or classes that are not the model's; all else that `fit` throws
   */
  partialFit(x: Features, y: LabelsLike, options: PartialFitOptions = {}): Promise<FitReport> {
    return fitMore(this.#state, x, y, options);
  }

  /**
   * The most probable label of each row, as the labels were given; of equally probable ones the first. Options move the
   * threshold, or leave rows undecided whose class is not probable enough. Here and below X is copied at once, but for more than half a
   * million values: leave those, and what goes with them, as they are until the promise is settled, since the page has its turns.
   */
  predict(x: Features): Promise<Label[]>;
  predict(x: Features, options: Omit<PredictOptions, "reject"> & { readonly reject?: never }): Promise<Label[]>;
  predict<Rejected extends Label | null = null>(
    x: Features,
    options: PredictOptions<Rejected>,
  ): Promise<(Label | Rejected)[]>;
  async predict(x: Features, options: PredictOptions = {}): Promise<(Label | null)[]> {
    const isPlain = options.threshold === undefined && options.reject === undefined;
    const question = await this.#state.question("predict", x, ({ fitted }) =>
      checkPredictOptions(options, fitted.classes),
    );
    const { fitted, judged: decision } = question;
    if (isPlain) return decodeLabels(fitted.classes, await this.#state.answer(question, "classes"));
    return decideRows(await this.#state.openEngine(), fitted, question.x, decision);
  }

  /** Probabilities [n×k] in the order of `classes`; each row adds up to 1. */
  predictProba(x: Features): Promise<MatrixResult> {
    return this.#matrix("predictProba", x, "probabilities");
  }

  /** Natural logarithms of the probabilities [n×k], exact where a probability itself rounds to 0. */
  predictLogProba(x: Features): Promise<MatrixResult> {
    return this.#matrix("predictLogProba", x, "log-probabilities");
  }

  /** Scores (logits) XW + b [n×k], whatever the temperature. */
  decisionFunction(x: Features): Promise<MatrixResult> {
    return this.#matrix("decisionFunction", x, "scores");
  }

  /** The `count` most probable labels of each row, most probable first; all k when there are fewer. */
  async predictTopK(x: Features, count: number): Promise<RankedLabel[][]> {
    const question = await this.#state.question("predictTopK", x, () => checkCount(count));
    const { classes } = question.fitted;
    const data = (await this.#state.answer(question, "probabilities")) as Float32Array;
    return topClasses(data, [question.x.rows, classes.length], count, classes);
  }

  /** Accuracy: the (weighted) share of rows whose label is predicted right, 0 … 1. */
  async score(x: Features, y: LabelsLike, sampleWeight?: FitOptions["sampleWeight"]): Promise<number> {
    const question = await this.#judged("score", x, { y, sampleWeight });
    const { judged } = question;
    const predicted = await this.#state.answer(question, "classes");
    return ClassCounts.of(judged.y.classes.length, likeliestClasses(judged.y), predicted, judged.weights).accuracy;
  }

  /**
   * Accuracy, log loss, calibration error and all else that predictions are judged by, for rows whose labels are known: one pass over
   * X, in chunks. `rocAuc(y, await model.decisionFunction(x), { classes: model.classes })` is apart, since it sorts all scores.
   *
   * @throws NotFittedError, DisposedError, ShapeError, DataError, LabelError, OptionError
   */
  async evaluate(x: Features, y: LabelsLike, options: EvaluateOptions = {}): Promise<Evaluation> {
    const { sampleWeight, bins } = checkEvaluateOptions(options);
    const { fitted, x: checked, judged } = await this.#judged("evaluate", x, { y, sampleWeight });
    const { evaluateRows } = await import("./evaluation.js");
    return evaluateRows(await this.#state.openEngine(), fitted, checked, judged, bins);
  }

  /**
   * Temperature scaling (Guo et al. 2017): finds the T > 0 for which softmax(scores / T) has the least mean log loss on these rows,
   * which should not be those that were trained on. Labels stay what they are; probabilities and their logarithms are those of T from
   * then on, until the next fit. T is searched in 0.01 … 100.
   *
   * @throws BusyError during a fit; NotFittedError, DisposedError, ShapeError, DataError, LabelError, OptionError
   */
  async calibrate(x: Features, y: LabelsLike, options: JudgeRowsOptions = {}): Promise<CalibrationReport> {
    const { sampleWeight } = checkJudgeRowsOptions(options);
    // Rows may be checked in turns: nobody may fit the model in between, or the weights of that fit would be lost.
    return this.#state.exclusively("calibrate", async () => {
      const question = await this.#judged("calibrate", x, { y, sampleWeight });
      const { judged } = question;
      const scores = (await this.#state.answer(question, "scores")) as Float32Array;
      const { findTemperature } = await import("./temperature.js");
      const found = await findTemperature({ scores, ...judged });
      this.#state.requireAlive("calibrate");
      this.#state.fitted = { ...question.fitted, temperature: found.temperature };
      return found;
    });
  }

  /** T: probabilities are softmax(scores / T). 1 unless `calibrate` found another. @throws NotFittedError */
  get temperature(): number {
    return temperatureOf(this.#state.requireFitted("temperature"));
  }

  async #matrix(where: string, x: Features, wanted: Prediction): Promise<MatrixResult> {
    const question = await this.#state.question(where, x, () => undefined);
    const data = (await this.#state.answer(question, wanted)) as Float32Array;
    return { data, shape: [question.x.rows, question.fitted.classes.length] };
  }

  #judged(where: string, x: Features, given: Parameters<typeof judgedTargets>[3]) {
    return this.#state.question(where, x, ({ fitted, x: { rows } }) =>
      judgedTargets(where, fitted, rows, given, this.#state.options),
    );
  }

  /** W [d×k], a copy. @throws NotFittedError */
  get coef(): MatrixResult {
    const fitted = this.#state.requireFitted("coef");
    return { data: weightsOf(fitted).slice(), shape: [fitted.features, fitted.classes.length] };
  }

  /** b [k], a copy; zeros without an intercept. @throws NotFittedError */
  get intercept(): Float32Array {
    return interceptOf(this.#state.requireFitted("intercept")).slice();
  }

  /** The labels in the order of all columns of k: sorted. @throws NotFittedError */
  get classes(): readonly Label[] {
    return [...this.#state.requireFitted("classes").classes];
  }

  /** The engine that fits and predicts; made by the first call that needs it. */
  get engine(): Promise<Engine> {
    return this.#state.openEngine().then((engine) => engine.complete());
  }

  /**
   * The options that training goes by, where they are plain data and not the defaults: what `toJSON` and `toSafetensors` keep. Functions,
   * engines and devices are not among them; those are that a later version wrote into the file that the model is of, by which this one
   * cannot train. A copy; of class weights in a Map the entries.
   */
  get trainingOptions(): SavedOptions {
    return { ...savedOptionsOf(this.#state.options), ...this.#state.laterOptions };
  }

  /**
   * The fitted model as an object for `JSON.stringify`, its `trainingOptions` with it; what `partialFit` remembers of its steps is left out.
   * @throws NotFittedError
   */
  toJSON(): ModelJson {
    return writeModelJson({ ...this.#state.requireFitted("toJSON"), options: this.trainingOptions });
  }

  /** A model from what `toJSON` gave, as an object or as text. `options` go before those in the file. @throws FormatError; OptionError */
  static fromJSON(json: unknown, options: SoftmaxRegressionOptions = {}): SoftmaxRegression {
    return SoftmaxRegression.fromContent(readModelJson(json), options, "fromJSON");
  }

  /** A fitted model of what a file held; its options are checked here. @internal */
  static fromContent(
    { options: saved, ...fitted }: ModelContent,
    options: SoftmaxRegressionOptions = {},
    where = "SoftmaxRegression",
  ): SoftmaxRegression {
    checkModelOptions(options);
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    const file = optionsFrom(saved ?? {}, fitted.classes, where);
    const model = new SoftmaxRegression({ ...beside(file.options, given), ...given });
    refuseIgnoredClass(fitted.classes, model.#state.options.ignoreLabel, where);
    const isLeft = ([name]: readonly [string, unknown]): boolean => !Object.hasOwn(given, name);
    model.#state.laterOptions = Object.fromEntries(Object.entries(file.later).filter(isLeft));
    model.#state.fitted = fitted;
    return model;
  }

  /** What a model is made of, for functions that belong to models. @internal */
  static stateOf(model: SoftmaxRegression): ModelState {
    if (#state in Object(model)) return model.#state;
    throw new OptionError(
      "BAD_OPTION",
      `model is none: expected a SoftmaxRegression, got ${describeValue(model)}. Make one of JSON by SoftmaxRegression.fromJSON.`,
    );
  }

  /**
   * Ends a fit in progress (it rejects with DisposedError) and frees the engine, unless it was given. What lies on the host can
   * still be read: coef, intercept, classes, toJSON. A second call does nothing.
   */
  dispose(): void {
    this.#state.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
