/**
 * Runs one training after the other: a new one stops the one before it. Tells the page what to show; the model of the
 * newest run answers what is drawn as soon as it has taken its first step.
 */
import {
  DeviceError,
  type Engine,
  type FitPoint,
  type FitProgress,
  type FitReport,
  KernelError,
  type SoftmaxRegression,
} from "../src/index.js";
import type { Mnist } from "./dataset.js";
import type { Engines } from "./engines.js";
import type { Run, RunPoint } from "./run.js";
import type { TrainingSettings } from "./settings.js";
import { accuracyOf, newModel, type Reading, readDigits, train } from "./training.js";

export interface SessionEvents {
  /** A run was ordered; its device is being prepared. */
  onOrder(): void;
  onStart(run: Run, engine: Engine): void;
  onProgress(run: Run, model: SoftmaxRegression, samplesPerSecond: number): void;
  /** `run` is absent when it was stopped before it started, `report` when it was stopped by hand. */
  onEnd(run: Run | undefined, report: FitReport | undefined, reading: Reading | undefined): void;
  onFailure(error: unknown): void;
}

/** Numbers arrive faster than anybody reads: the page is drawn at most this often. */
const drawEveryMs = 60;

export class TrainingSession {
  readonly #engines: Engines;
  readonly #mnist: Mnist;
  readonly #events: SessionEvents;
  #controller: AbortController = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #newestTurn = 0;
  /** The model whose weights are on the page. */
  #model: SoftmaxRegression | undefined;
  /** As last shown. */
  #samplesPerSecond = 0;

  constructor(engines: Engines, mnist: Mnist, events: SessionEvents) {
    this.#engines = engines;
    this.#mnist = mnist;
    this.#events = events;
  }

  /** Stops what is running and trains with these settings. */
  async start(settings: TrainingSettings): Promise<void> {
    const turn = ++this.#newestTurn;
    this.stop();
    await this.#running;
    // Somebody pressed again in the meantime: only the newest wish counts.
    if (turn !== this.#newestTurn) return;
    this.#controller = new AbortController();
    this.#running = this.#run(settings, this.#controller.signal);
    await this.#running;
  }

  /** Ends the run that is going on, if any; its weights so far stay in use. */
  stop(): void {
    this.#controller.abort(new DOMException("Stopped by hand", "AbortError"));
  }

  async #run(settings: TrainingSettings, signal: AbortSignal): Promise<void> {
    let model: SoftmaxRegression | undefined;
    try {
      this.#events.onOrder();
      const engine = await this.#engines.get(settings.device);
      if (signal.aborted) return this.#events.onEnd(undefined, undefined, undefined);
      const run: Run = { device: engine.device, settings, points: [], elapsedMs: 0, passes: 0 };
      this.#events.onStart(run, engine);
      model = newModel(engine, settings);
      const report = await this.#fit(model, run, signal);
      const reading = this.#model === model ? await readDigits(model, this.#mnist.test) : undefined;
      // Weights that a stop by hand has left are newer than the last report.
      if (reading !== undefined && report === undefined) this.#correctLastPoint(run, model, reading);
      if (reading !== undefined && report !== undefined) run.readings = reading.digits;
      this.#events.onEnd(run, report, reading);
    } catch (error) {
      this.#events.onFailure(error);
      // A device that failed once is not trusted again: the next run gets a new engine.
      const isDeviceFault = error instanceof DeviceError || error instanceof KernelError;
      if (isDeviceFault) await this.#engines.replace(settings.device).catch(() => undefined);
    } finally {
      // A model that never took a step is on nobody's screen.
      if (model !== undefined && this.#model !== model) model.dispose();
    }
  }

  async #fit(model: SoftmaxRegression, run: Run, signal: AbortSignal): Promise<FitReport | undefined> {
    let drawnAtMs = Number.NEGATIVE_INFINITY;
    let newest: FitProgress | undefined;
    const draw = (progress: FitProgress): void => {
      this.#adopt(model);
      drawnAtMs = performance.now();
      this.#samplesPerSecond = progress.samplesPerSecond;
      this.#events.onProgress(run, model, progress.samplesPerSecond);
    };
    const onProgress = (progress: FitProgress): void => {
      newest = progress;
      run.points.push(pointOf(progress, progress.epoch ?? progress.iteration));
      run.elapsedMs = progress.elapsedMs;
      run.passes = progress.passes;
      if (performance.now() - drawnAtMs >= drawEveryMs) draw(progress);
    };
    const report = await train(model, { mnist: this.#mnist, settings: run.settings, signal, onProgress });
    if (report !== undefined && newest !== undefined) {
      // Reports come ten times a second; the history knows every iteration in between.
      const stepsPerEpoch = newest.epoch === undefined ? 1 : newest.iteration / newest.epoch;
      run.points.splice(
        0,
        run.points.length,
        ...report.history.map((point) => pointOf(point, point.iteration / stepsPerEpoch)),
      );
      run.elapsedMs = report.elapsedMs;
    }
    if (newest !== undefined) draw(newest);
    return report;
  }

  #correctLastPoint(run: Run, model: SoftmaxRegression, reading: Reading): void {
    const last = run.points.pop();
    if (last === undefined) return;
    run.points.push({ ...last, accuracy: accuracyOf(reading, this.#mnist.test) });
    this.#events.onProgress(run, model, this.#samplesPerSecond);
  }

  /** From now on this model is the one on the page. */
  #adopt(model: SoftmaxRegression): void {
    if (this.#model === model) return;
    this.#model?.dispose();
    this.#model = model;
  }
}

function pointOf({ loss, validationLoss, validationAccuracy }: FitPoint, step: number): RunPoint {
  return { step, loss, testLoss: validationLoss ?? null, accuracy: validationAccuracy ?? null };
}
