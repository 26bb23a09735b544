/**
 * `P(y = j | x) = exp(xᵀW_j + b_j) / Σ_c exp(xᵀW_c + b_c)`: softmax regression, also called multinomial logistic regression.
 * The estimator: what a user fits, asks for predictions, and keeps.
 */

import { createEngine, type EngineOptions } from "../engine/create-engine.js";
import type { Engine } from "../engine/engine.js";
import { Tensor } from "../engine/tensor.js";
import { BusyError, DisposedError, LabelError, NotFittedError } from "../errors.js";
import type { ModelContent, ModelJson } from "../formats/json.js";
import { readModelJson, writeModelJson } from "../formats/json.js";
import { listClasses } from "./classes.js";
import type { Fitted } from "./fitted.js";
import { interceptOf, weightsOf } from "./fitted.js";
import type { Label, LabelsLike } from "./labels.js";
import { checkSampleWeight, decodeLabels, encodeAgainst, likeliestClasses } from "./labels.js";
import { accuracy } from "./metrics.js";
import type { Features, FitOptions, ModelOptions, SoftmaxRegressionOptions } from "./model-options.js";
import { checkFitOptions, checkModelOptions } from "./model-options.js";
import type { Prediction } from "./prediction.js";
import { predictRows, requireFeatures, storageForPrediction } from "./prediction.js";
import type { FitReport } from "./report.js";
import { checkCount, topClasses } from "./top-classes.js";
import type { CheckedData } from "./training-data.js";
import { checkData, checkFeatures } from "./training-data.js";

/** Row-major numbers with their shape, as predictions come back. */
export interface MatrixResult {
  readonly data: Float32Array;
  readonly shape: readonly [number, number];
}

export interface RankedLabel {
  readonly label: Label;
  /** 0 … 1 */
  readonly probability: number;
}

interface Question {
  readonly fitted: Fitted;
  readonly x: ReturnType<typeof checkFeatures>;
}

export class SoftmaxRegression {
  /** Vue's mark for objects that it must not wrap in a proxy, through which private state cannot be reached. @internal */
  readonly __v_skip: true = true;
  readonly #engineOptions: EngineOptions;
  readonly #options: ModelOptions;
  #engine: Promise<Engine> | undefined;
  #fitted: Fitted | undefined;
  #busy = false;
  #disposed = false;

  /** @throws OptionError for an option that is unknown or out of its range */
  constructor(options: SoftmaxRegressionOptions = {}) {
    this.#options = checkModelOptions(options);
    // A copy: what the caller does to the object afterwards must not decide on the device.
    this.#engineOptions = deviceOptions(options);
  }

  /**
   * Learns W and b from X [n×d] and y: the minimum of mean cross-entropy + (l2/2)·‖W‖². Resolves with a report when the solver
   * has converged or used up its iterations. Inputs are copied at once and never changed.
   *
   * @throws ShapeError, DataError, LabelError, OptionError before anything has changed; BusyError during another fit;
   *   DeviceError, KernelError from the device; CallbackError; the signal's reason when it is aborted
   */
  async fit(x: Features, y: LabelsLike, options: FitOptions = {}): Promise<FitReport> {
    this.#requireAlive("fit");
    if (this.#busy)
      throw new BusyError(
        "BUSY",
        "fit: this model is being fitted already. Wait for that fit, abort it, or use another model.",
      );
    const checked = checkFitOptions(options);
    const { signal } = checked;
    const data = checkData(x, y, checked, this.#options);
    const start = this.#startFrom(data);
    if (signal?.aborted) throw signal.reason;
    this.#busy = true;
    try {
      const engine = await this.#openEngine();
      this.#requireAlive("fit");
      if (signal?.aborted) throw signal.reason;
      // Before the first weights are published: a tensor that cannot be used changes nothing.
      for (const each of [data.x, data.validation?.x]) if (each instanceof Tensor) engine.requireOwn("fit", each);
      const { classes } = data.y;
      const features = data.x.columns;
      // Loaded here: a page that only predicts needs no solver.
      const { train } = await import("./training.js");
      return await train(engine, {
        data,
        options: this.#options,
        fit: checked,
        start,
        publish: (theta) => {
          this.#fitted = { classes, features, theta };
        },
        isDisposed: () => this.#disposed,
      });
    } catch (error) {
      // The engine may have failed first; what ended the fit is that the model was given up.
      if (this.#disposed)
        throw new DisposedError("DISPOSED", "fit: the model was disposed of while it was being fitted.", error);
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  #startFrom(data: CheckedData): Float32Array | undefined {
    const last = this.#fitted;
    if (!this.#options.warmStart || !last) return undefined;
    requireFeatures("fit", data.x, last.features);
    const { classes } = data.y;
    if (classes.length !== last.classes.length || classes.some((label, i) => label !== last.classes[i])) {
      throw new LabelError(
        "BAD_LABEL",
        `fit: a warm start needs the classes of the last fit: expected ${listClasses(last.classes)}, got ${listClasses(classes)}. ` +
          "Declare `classes` when the rows may lack some, or use a new model.",
      );
    }
    return last.theta;
  }

  /** The most probable label of each row, as the labels were given; of equally probable ones the first. */
  async predict(x: Features): Promise<Label[]> {
    const question = this.#question("predict", x);
    return decodeLabels(question.fitted.classes, await this.#answer(question, "classes"));
  }

  /** Probabilities [n×k] in the order of `classes`; each row adds up to 1. */
  predictProba(x: Features): Promise<MatrixResult> {
    return this.#matrix("predictProba", x, "probabilities");
  }

  /** Natural logarithms of the probabilities [n×k], exact where a probability itself rounds to 0. */
  predictLogProba(x: Features): Promise<MatrixResult> {
    return this.#matrix("predictLogProba", x, "log-probabilities");
  }

  /** Scores (logits) XW + b [n×k]. */
  decisionFunction(x: Features): Promise<MatrixResult> {
    return this.#matrix("decisionFunction", x, "scores");
  }

  /** The `count` most probable labels of each row, most probable first; all k when there are fewer. */
  async predictTopK(x: Features, count: number): Promise<RankedLabel[][]> {
    const question = this.#question("predictTopK", x);
    checkCount(count);
    const { classes } = question.fitted;
    const data = (await this.#answer(question, "probabilities")) as Float32Array;
    return topClasses(data, [question.x.rows, classes.length], count, classes);
  }

  /** Accuracy: the (weighted) share of rows whose label is predicted right, 0 … 1. */
  async score(x: Features, y: LabelsLike, sampleWeight?: FitOptions["sampleWeight"]): Promise<number> {
    const question = this.#question("score", x);
    const { rows } = question.x;
    const expected = encodeAgainst(question.fitted.classes, y, rows, "score");
    const weights = sampleWeight && checkSampleWeight(sampleWeight, rows, "score");
    return accuracy(await this.#answer(question, "classes"), likeliestClasses(expected), weights);
  }

  async #matrix(where: string, x: Features, wanted: Prediction): Promise<MatrixResult> {
    const question = this.#question(where, x);
    const data = (await this.#answer(question, wanted)) as Float32Array;
    return { data, shape: [question.x.rows, question.fitted.classes.length] };
  }

  /** Checked rows and the weights to judge them by, taken once: a fit may publish new ones while the answer is awaited. */
  #question(where: string, x: Features): Question {
    this.#requireAlive(where);
    const fitted = this.#requireFitted(where);
    const checked = checkFeatures(x, where, "X", storageForPrediction(this.#options.features));
    requireFeatures(where, checked, fitted.features);
    return { fitted, x: checked };
  }

  async #answer({ fitted, x }: Question, wanted: Prediction): Promise<Float32Array | Int32Array> {
    return predictRows(await this.#openEngine(), fitted, x, wanted);
  }

  /** W [d×k], a copy. @throws NotFittedError */
  get coef(): MatrixResult {
    const fitted = this.#requireFitted("coef");
    return { data: weightsOf(fitted).slice(), shape: [fitted.features, fitted.classes.length] };
  }

  /** b [k], a copy; zeros without an intercept. @throws NotFittedError */
  get intercept(): Float32Array {
    return interceptOf(this.#requireFitted("intercept")).slice();
  }

  /** The labels in the order of all columns of k: sorted. @throws NotFittedError */
  get classes(): readonly Label[] {
    return [...this.#requireFitted("classes").classes];
  }

  /** The engine that fits and predicts; made by the first call that needs it. */
  get engine(): Promise<Engine> {
    return this.#openEngine();
  }

  /** The fitted model as an object for `JSON.stringify`. @throws NotFittedError */
  toJSON(): ModelJson {
    return writeModelJson(this.#requireFitted("toJSON"));
  }

  /** A model from what `toJSON` gave, as an object or as text. @throws FormatError; OptionError */
  static fromJSON(json: unknown, options: SoftmaxRegressionOptions = {}): SoftmaxRegression {
    return SoftmaxRegression.fromContent(readModelJson(json), options);
  }

  /** A fitted model of what a file held; of checked content only. @internal */
  static fromContent(fitted: ModelContent, options: SoftmaxRegressionOptions = {}): SoftmaxRegression {
    const model = new SoftmaxRegression(options);
    model.#fitted = fitted;
    return model;
  }

  /**
   * Ends a fit in progress (it rejects with DisposedError) and frees the engine, unless it was given. What lies on the host can
   * still be read: coef, intercept, classes, toJSON. A second call does nothing.
   */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (!this.#options.engine)
      void this.#engine?.then(
        (engine) => engine.dispose(),
        () => undefined,
      );
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #openEngine(): Promise<Engine> {
    this.#requireAlive("model");
    if (this.#options.engine) return Promise.resolve(this.#options.engine);
    this.#engine ??= createEngine(this.#engineOptions).catch((error: unknown) => {
      // The next call may try again.
      this.#engine = undefined;
      throw error;
    });
    return this.#engine;
  }

  #requireFitted(where: string): Fitted {
    if (this.#fitted) return this.#fitted;
    throw new NotFittedError(
      "NOT_FITTED",
      `${where}: the model has not been fitted. Call fit(x, y) first, or load one with fromJSON.`,
    );
  }

  #requireAlive(where: string): void {
    if (this.#disposed)
      throw new DisposedError("DISPOSED", `${where}: the model was used after dispose(). Create a new one.`);
  }
}

/** What of a model's options is for its engine. */
function deviceOptions({ device, gpuDevice, gpu, powerPreference }: SoftmaxRegressionOptions): EngineOptions {
  return {
    ...(device && { device }),
    ...(gpuDevice && { gpuDevice }),
    ...(gpu && { gpu }),
    ...(powerPreference && { powerPreference }),
  };
}
