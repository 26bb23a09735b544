/**
 * L-BFGS (Liu & Nocedal 1989) as a fixed sequence of launches. Vectors and scalars live on the device: a line search that is
 * over, or a solver that has stopped, is a number there, and later launches find it and do nothing. So iterations are recorded
 * without looking, and how far ahead changes no bit of the result.
 *
 * With an l1 penalty it is an orthant-wise method (Andrew & Gao 2007) that takes Newton's steps among the weights that are not held
 * at 0: the products of the pairs are those of the free weights, and a direction ends where its first weight becomes 0, so
 * that the line search is the same.
 */
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { chooseStep } from "../ops/choose-step.js";
import { judgePoint } from "../ops/judge-point.js";
import { nextDirection } from "../ops/next-direction.js";
import { reducedProducts } from "../ops/reduced-products.js";
import { firstState } from "../ops/solver-state.js";
import { stackProducts } from "../ops/stack-products.js";
import { twoLoop } from "../ops/two-loop.js";
import type { LineObjective } from "./objective.js";
import { type Pairs, PreconditionedPairs } from "./preconditioned-pairs.js";
import { after, type Waits } from "./waits.js";
import type { Workspace } from "./workspace.js";

export interface DescentOptions {
  /** Pairs remembered. */
  readonly memory: number;
  readonly tolerance: number;
  readonly maxIterations: number;
}

/** Records of iterations that the ring holds. */
export const RING = 256;
/** The cached logits are summed anew after so many steps, before float32 rounding adds up. */
const REFRESH_EVERY = 20;
/** Attempts before a preconditioner is made: where the solver starts, the curvature tells little of where it ends. */
const PRECONDITIONED_FROM = 8;
/** Quads that fall to a workgroup, and workgroups, of the launches over vectors like θ. */
const QUADS_PER_SLICE = 64;
const MOST_SLICES = 256;
/** Quads in a chunk of an inner product, and chunks. */
const QUADS_PER_CHUNK = 1024;
const MOST_CHUNKS = 64;

export class Descent {
  /** Max |dJ| at which points that are evaluated from now on have converged. */
  tolerance: number;
  /** `[28]`: the solver's scalars. */
  readonly state: Tensor;
  /** [256×4]: iteration, attempt, J, max |dJ|. */
  readonly ring: Tensor;
  /** [r×4]: the losses at the newest point, in parts. */
  readonly losses: Tensor;
  readonly #engine: TensorEngine;
  readonly #objective: LineObjective;
  readonly #options: DescentOptions;
  /** [p×k] */
  readonly #direction: Tensor;
  /** [(2m + 1)·p × k]: all s, all y, and g. */
  readonly #stack: Tensor;
  /** The same, with l1 and the gradient's smooth part. */
  readonly #wholeStack: Tensor;
  readonly #gram: Tensor;
  readonly #coefficients: Tensor;
  /** Sums that launches leave in parts for the next one: of trial steps, losses, gradient, inner products, direction. */
  readonly #line: Tensor;
  readonly #gradient: Tensor;
  readonly #products: Tensor;
  readonly #norms: Tensor;
  readonly #preconditioned: PreconditionedPairs | undefined;
  /** Passes after each attempt; of those before a restart nobody asks. */
  readonly #passes: number[] = [];

  constructor(workspace: Workspace, objective: LineObjective, options: DescentOptions) {
    const { engine } = workspace;
    const { rows, columns } = objective.parameters;
    const { memory } = options;
    const quads = rows * Math.ceil(columns / 4);
    const slices = Math.min(MOST_SLICES, Math.ceil(quads / QUADS_PER_SLICE));
    const chunks = Math.min(MOST_CHUNKS, Math.ceil(quads / QUADS_PER_CHUNK));
    this.#engine = engine;
    this.#objective = objective;
    this.#options = options;
    this.tolerance = options.tolerance;
    this.state = workspace.empty([1, firstState().length]);
    this.ring = workspace.zeros([RING, 4]);
    this.#direction = workspace.zeros([rows, columns]);
    const stackRows = (2 * memory + 1) * rows;
    this.#wholeStack = workspace.zeros([stackRows + (objective.l1 > 0 ? rows : 0), columns]);
    this.#stack = this.#wholeStack.slice(0, stackRows);
    this.#gram = workspace.zeros([2 * memory, memory]);
    this.#coefficients = workspace.zeros([1, 2 * memory + 1]);
    this.#line = workspace.empty([objective.slices, 4 * engine.trialSteps.perLaunch]);
    this.losses = workspace.empty([objective.slices, 4]);
    this.#gradient = workspace.empty([slices, 4]);
    this.#products = workspace.empty([objective.l1 > 0 ? 1 : chunks, 4 * (2 * memory + 1)]);
    this.#norms = workspace.empty([slices, 4]);
    const { preconditioner } = objective;
    this.#preconditioned = preconditioner && new PreconditionedPairs(workspace, objective, preconditioner);
    engine.write(this.state, firstState());
  }

  /**
   * What the iterations to come depend on, at a {@link isRefreshing} point. All else is written before it is read: the logits too,
   * which are summed anew there, from θ alone.
   */
  get kept(): Readonly<Record<string, Tensor>> {
    const { state } = this;
    return {
      ...{ state, theta: this.#objective.parameters, direction: this.#direction },
      ...{ stack: this.#wholeStack, gram: this.#gram, norms: this.#norms },
      ...this.#preconditioned?.kept,
    };
  }

  /**
   * Goes on from what `kept` held after so many attempts and passes, as the objective does; `aim` is to follow.
   * @param preconditioned what `isPreconditioned` was
   */
  restore(
    arrays: Readonly<Record<string, Float32Array>>,
    attempts: number,
    passes: number,
    preconditioned: boolean,
  ): void {
    for (const [name, tensor] of Object.entries(this.kept)) this.#engine.write(tensor, arrays[name]);
    this.#preconditioned?.restore(preconditioned);
    this.#passes.length = 0;
    for (let attempt = 0; attempt <= attempts; attempt++) this.#passes.push(passes);
  }

  /** Whether the next `aim` sums the cached logits anew: between attempts, a fit can be taken up there and nowhere else. */
  get isRefreshing(): boolean {
    return (this.attempts + 1) % REFRESH_EVERY === 0;
  }

  /** Whether `precondition` is to be called before the next `aim`, when the device has been looked at. */
  get awaitsPreconditioner(): boolean {
    return this.#preconditioned !== undefined && this.attempts === PRECONDITIONED_FROM;
  }

  get isPreconditioned(): boolean {
    return this.#preconditioned?.active ?? false;
  }

  /** Makes the preconditioner of what the point now tells, where it pays. */
  async precondition(throwIfStopped: () => void): Promise<void> {
    await this.#preconditioned?.begin(this.#pairs, throwIfStopped);
  }

  /** Passes over the data so far. */
  get passes(): number {
    return this.#objective.passes;
  }

  /** Line searches recorded. */
  get attempts(): number {
    return this.#passes.length - 1;
  }

  /** Passes over the data until the end of an attempt. */
  passesAt(attempt: number): number {
    return this.#passes[attempt];
  }

  /** The first point: loss, gradient, and the first direction. */
  begin(): Waits {
    return after(this.#objective.refresh(), () => this.evaluate());
  }

  /** The direction's logits; now and then also θ's anew. */
  aim(): Waits {
    const refreshed = this.isRefreshing ? this.#objective.refresh() : undefined;
    return after(refreshed, () => this.#objective.aim(this.#direction));
  }

  /** One launch of trial steps, and what follows from it. */
  search(): void {
    const { scale, l1, l2, byValue = false } = this.#objective;
    this.#objective.tryStep(this.state, this.#line);
    const { state } = this;
    this.#engine.run(chooseStep, { line: this.#line, norms: this.#norms, state, scale, l1, l2, byValue });
  }

  /** The point that the search found: loss, gradient, whether to go on, and the next direction. */
  evaluate(): Waits {
    const { state } = this;
    const direction = this.#direction;
    const apart = this.isPreconditioned ? this.#preconditioned : undefined;
    const into = apart ? { stack: apart.newest, pairs: 1 } : { stack: this.#wholeStack, pairs: this.#options.memory };
    const sums = { losses: this.losses, gradient: this.#gradient };
    return after(this.#objective.evaluate({ state, direction, ...into, ...sums }), () => {
      apart?.finish(this.#pairs);
      this.#judge(apart);
    });
  }

  get #pairs(): Pairs {
    const { state } = this;
    return { state, direction: this.#direction, stack: this.#stack, pairs: this.#options.memory, gram: this.#gram };
  }

  /** @param apart where g and the newest pair are, if the stack is of others made of them */
  #judge(apart: PreconditionedPairs | undefined): void {
    const { parameters, scale, l1, l2, penalisedRows } = this.#objective;
    const { memory: pairs, maxIterations } = this.#options;
    const { tolerance } = this;
    const engine = this.#engine;
    const state = this.state;
    const stack = this.#stack;
    const direction = this.#direction;
    const attempt = this.#passes.length;
    const gram = this.#gram;
    if (l1 > 0) engine.run(reducedProducts, { stack, pairs, state, gram, out: this.#products });
    else engine.run(stackProducts, { stack, newest: apart?.newest, pairs, state, out: this.#products });
    engine.run(judgePoint, {
      ...{ losses: this.losses, gradient: this.#gradient, state, ring: this.ring },
      ...{ scale, l1, l2, tolerance, maxIterations, attempt },
    });
    const { perLaunch: trials } = engine.trialSteps;
    const coefficients = this.#coefficients;
    engine.run(twoLoop, { products: this.#products, trials, gram, state, coefficients });
    engine.run(nextDirection, {
      ...{
        state,
        stack,
        gradient: apart?.gradient,
        coefficients,
        theta: parameters,
        direction,
        penalisedRows,
        l1,
        l2,
        out: this.#norms,
      },
    });
    this.#passes.push(this.#objective.passes);
  }
}
