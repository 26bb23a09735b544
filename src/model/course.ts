/** Follows a fit: keeps its history, measures validation now and then, tells the caller, and stops when asked. */
import { CallbackError, DisposedError } from "../errors.js";
import type { SolverProgress } from "../solvers/solver.js";
import { type BestWeights, EarlyStop } from "./early-stopping.js";
import type { FitOptions } from "./model-options.js";
import type { FitPoint } from "./report.js";
import { unlessStopped } from "./unless-stopped.js";
import type { Validation } from "./validation.js";

const REPORT_MS = 100;

export interface CourseOptions extends Pick<FitOptions, "onProgress" | "signal"> {
  readonly validation: Validation | undefined;
  readonly maxIterations: number;
  readonly rows: number;
  /** Steps in an epoch; undefined for L-BFGS. */
  readonly stepsPerEpoch: number | undefined;
  /** W and b as they are now. */
  readonly theta: () => Promise<Float32Array>;
  /** Makes `theta` the model's. */
  readonly publish: (theta: Float32Array) => void;
  readonly isDisposed: () => boolean;
  /** Whatever may end the fit from outside. */
  readonly stops: readonly AbortSignal[];
  /** Judges validation at the end of each epoch, or after each iteration of L-BFGS. */
  readonly bestWeights: BestWeights | undefined;
  /** The course of the fit that goes on here. */
  readonly before?: { readonly history: readonly FitPoint[]; readonly elapsedMs: number } | undefined;
}

interface Measured {
  readonly theta: Float32Array;
  readonly validation: Awaited<ReturnType<Validation["measure"]>> | undefined;
}

export class Course {
  readonly history: FitPoint[];
  readonly #options: CourseOptions;
  readonly #begun: number;
  #lastReport = Number.NEGATIVE_INFINITY;
  /** The iteration that was reported last. */
  #reported: number | undefined;

  constructor(options: CourseOptions) {
    this.#options = options;
    this.history = [...(options.before?.history ?? [])];
    this.#begun = performance.now() - (options.before?.elapsedMs ?? 0);
  }

  get elapsedMs(): number {
    return performance.now() - this.#begun;
  }

  /** Throws the signal's reason once it is aborted, and DisposedError once the model is gone. */
  throwIfStopped(): void {
    const { signal, isDisposed } = this.#options;
    if (isDisposed()) throw new DisposedError("DISPOSED", "fit: the model was disposed of while it was being fitted.");
    if (signal?.aborted) throw signal.reason;
  }

  /** Takes note of iterations that are told together: of all but the last it is too late to tell the weights. */
  async observeAll(progress: readonly SolverProgress[]): Promise<void> {
    const since = this.history.at(-1)?.elapsedMs ?? this.elapsedMs;
    const now = this.elapsedMs;
    progress.forEach((each, i) => {
      if (i === progress.length - 1) return;
      const elapsedMs = since + ((now - since) * (i + 1)) / progress.length;
      this.history.push({ ...pointOf(each), elapsedMs });
    });
    const last = progress.at(-1);
    if (last) await this.observe(last);
  }

  /** Takes note of where the solver is; every so often, and when it is the `last` time, publishes the weights and reports. */
  async observe(progress: SolverProgress, last = false): Promise<void> {
    const { onProgress, publish, theta } = this.#options;
    const { iteration } = progress;
    this.throwIfStopped();
    if (last && this.#reported === iteration) return;
    const check = this.#options.bestWeights && this.#isCheck(iteration) ? this.#options.bestWeights : undefined;
    const due = last || check !== undefined || performance.now() - this.#lastReport >= REPORT_MS;
    const measured = due ? await this.#measure(publish, theta) : undefined;
    const point: FitPoint = { ...pointOf(progress), elapsedMs: this.elapsedMs, ...measured?.validation };
    const previous = this.history[this.history.length - 1];
    if (previous?.iteration === point.iteration) this.history.pop();
    this.history.push(point);
    if (!due) return;
    this.#reported = iteration;
    if (onProgress) await this.#tell(point, onProgress);
    this.#lastReport = performance.now();
    this.throwIfStopped();
    if (check && measured && check.check(point, measured.theta)) throw new EarlyStop();
  }

  /** Where early stopping looks: at places that depend on no clock. */
  #isCheck(iteration: number): boolean {
    const { stepsPerEpoch } = this.#options;
    return stepsPerEpoch === undefined || iteration % stepsPerEpoch === 0;
  }

  async #measure(publish: (theta: Float32Array) => void, theta: () => Promise<Float32Array>): Promise<Measured> {
    const now = await theta();
    this.throwIfStopped();
    publish(now);
    return { theta: now, validation: await this.#options.validation?.measure(now) };
  }

  async #tell(point: FitPoint, onProgress: NonNullable<FitOptions["onProgress"]>): Promise<void> {
    const { maxIterations, rows, stepsPerEpoch } = this.#options;
    const epoch = stepsPerEpoch === undefined ? undefined : point.iteration / stepsPerEpoch;
    // A coarse clock may not have moved yet.
    const samplesPerSecond = point.elapsedMs > 0 ? (rows * point.passes) / 2 / (point.elapsedMs / 1000) : 0;
    try {
      const told = onProgress({ ...point, maxIterations, epoch, samplesPerSecond });
      await unlessStopped(told, this.#options.stops);
    } catch (cause) {
      throw new CallbackError("CALLBACK_FAILED", "fit: onProgress threw; the weights so far are kept.", cause);
    }
  }
}

const pointOf = ({ iteration, loss, gradientNorm, passes }: SolverProgress): Omit<FitPoint, "elapsedMs"> => ({
  ...{ iteration, loss, gradientNorm, passes },
  ...{ validationLoss: undefined, validationAccuracy: undefined },
});
