/**
 * What a model is made of: its options, its engine, what the last fit left, and whether it may be asked or changed now.
 * The estimator shows it to users; functions that belong to models, but that not every page needs, work on it too.
 */

import { describeValue } from "../data/describe-value.js";
import type { Engine } from "../engine/engine.js";
import type { EngineOptions } from "../engine/engine-options.js";
import { BusyError, DisposedError, FormatError } from "../errors.js";
import type { SavedOptions } from "../formats/json.js";
import { refuseUseless } from "./check-options.js";
import { EngineHolder } from "./engine-holder.js";
import type { Fitted } from "./fitted.js";
import { requireFitted } from "./fitted.js";
import type { Features, ModelOptions } from "./model-options.js";
import type { Prediction } from "./prediction.js";
import { predictRows, requireFeatures, storageForPrediction } from "./prediction.js";
import { checkFeatures } from "./training-data.js";

/** Checked rows and the weights to judge them by, taken once: a fit may publish new ones while the answer is awaited. */
export interface Question {
  readonly fitted: Fitted;
  readonly x: ReturnType<typeof checkFeatures>;
}

export class ModelState {
  readonly options: ModelOptions;
  /** What the last fit left; replaced whole, never changed. */
  fitted: Fitted | undefined;
  /** What the file that the model is of says of training in words that only a later version knows. */
  laterOptions: SavedOptions = {};
  /** An option that `fit` has no use for. */
  readonly #useless: string | undefined;
  readonly #engine: EngineHolder;
  readonly #disposal = new AbortController();
  #busy = false;

  constructor(options: ModelOptions, engine: EngineOptions, useless?: string) {
    this.options = options;
    this.#useless = useless;
    this.#engine = new EngineHolder(options.engine, engine);
  }

  get isDisposed(): boolean {
    return this.#disposal.signal.aborted;
  }

  /** Aborted by `dispose`. */
  get disposal(): AbortSignal {
    return this.#disposal.signal;
  }

  /** Opens the model's engine when it is first needed. */
  openEngine(): Promise<Engine> {
    this.requireAlive("model");
    return this.#engine.open();
  }

  /** Does what changes the model, and nothing else of the kind beside it. @throws BusyError, DisposedError before it begins */
  async exclusively<Result>(where: string, work: () => Promise<Result>): Promise<Result> {
    this.requireAlive(where);
    this.requireIdle(where);
    this.#busy = true;
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DisposedError) || this.isDisposed || !this.#engine.isGone) throw error;
      // It names whatever the work was about to use.
      throw new DisposedError(
        "DISPOSED",
        `${where}: the model's engine was disposed of before ${where} had ended. Create another engine, and a model that uses it.`,
        error,
      );
    } finally {
      this.#busy = false;
    }
  }

  question(where: string, x: Features): Question {
    this.requireAlive(where);
    const fitted = this.requireFitted(where);
    const checked = checkFeatures(x, where, "X", storageForPrediction(this.options.features));
    requireFeatures(where, checked, fitted.features);
    return { fitted, x: checked };
  }

  async answer({ fitted, x }: Question, wanted: Prediction): Promise<Float32Array | Int32Array> {
    return predictRows(await this.openEngine(), fitted, x, wanted);
  }

  requireFitted(where: string): Fitted {
    return requireFitted(this.fitted, where);
  }

  requireIdle(where: string): void {
    if (!this.#busy) return;
    throw new BusyError(
      "BUSY",
      `${where}: this model is being fitted already. Wait for that fit, abort it, or use another model.`,
    );
  }

  /** @throws OptionError, FormatError where training would not go by all that the model, or its file, was given */
  requireTrainable(where: string): void {
    if (where === "fit") refuseUseless(this.#useless, this.options.solver, where);
    const names = Object.keys(this.laterOptions);
    if (names.length === 0) return;
    throw new FormatError(
      "BAD_VERSION",
      `${where}: the file of this model says how to train it in words of a later version: expected options that this one knows, ` +
        `got ${describeValue(names.join(", "))}. It predicts as it is; to train it update luce, or give these options when it is loaded.`,
    );
  }

  requireAlive(where: string): void {
    if (this.isDisposed)
      throw new DisposedError("DISPOSED", `${where}: the model was used after dispose(). Create a new one.`);
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.#disposal.abort();
    this.#engine.dispose();
  }
}
