/**
 * L-BFGS with an initial Hessian of its own (Nocedal & Wright 2006, section 7.2): with `H₀ = γP` a direction is made of all s, P·y and
 * P·g. So these are what the solver's stack holds, and s, y and g of the newest pair lie here: products of the one with the other are
 * the inner products that the recursion asks for, and it stays as it was.
 */
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { finishGradient } from "../ops/finish-gradient.js";
import type { LineObjective, Preconditioner } from "./objective.js";
import type { Workspace } from "./workspace.js";

/** The solver's own. */
export interface Pairs {
  readonly state: Tensor;
  readonly direction: Tensor;
  /** [(2m + 1)·p × k] */
  readonly stack: Tensor;
  /** m */
  readonly pairs: number;
  /** [2m×m]: products of the pairs. */
  readonly gram: Tensor;
}

export class PreconditionedPairs {
  /** [3p×k]: the newest s and y, and g. */
  readonly newest: Tensor;
  readonly #engine: TensorEngine;
  readonly #preconditioner: Preconditioner;
  readonly #theta: Tensor;
  /** [p×k]: P·g. */
  readonly #gradient: Tensor;
  /** Sums that nobody reads. */
  readonly #sums: Tensor;
  #active = false;

  constructor(workspace: Workspace, { parameters }: LineObjective, preconditioner: Preconditioner) {
    const { rows, columns } = parameters;
    this.#engine = workspace.engine;
    this.#preconditioner = preconditioner;
    this.#theta = parameters;
    this.newest = workspace.zeros([3 * rows, columns]);
    this.#gradient = workspace.zeros([rows, columns]);
    this.#sums = workspace.empty([1, 4]);
  }

  /** Whether the stack is of P. */
  get active(): boolean {
    return this.#active;
  }

  /** g [p×k]. */
  get gradient(): Tensor {
    const { rows } = this.#theta;
    return this.newest.slice(2 * rows, rows);
  }

  /** What the pairs to come depend on. */
  get kept(): Readonly<Record<string, Tensor>> {
    return { newest: this.newest, preconditioner: this.#preconditioner.matrix };
  }

  /** Once `kept` has been written back; `active` as it was when it was read. */
  restore(active: boolean): void {
    this.#active = active;
  }

  /** Makes P where the solver is. The pairs before are forgotten: their products are of another metric. */
  async begin({ stack, pairs, gram }: Pairs, throwIfStopped: () => void): Promise<void> {
    if (!(await this.#preconditioner.make(throwIfStopped))) return;
    const { rows } = this.#theta;
    const engine = this.#engine;
    const last = stack.slice(2 * pairs * rows, rows);
    engine.addScaled(this.gradient, 1, last, { keep: 0 });
    this.#applyTo(last);
    engine.write(gram, new Float32Array(gram.rows * gram.columns));
    this.#active = true;
  }

  /** Takes P·g and P·y into the stack, after g, s and y have come into `newest`. */
  finish({ state, direction, stack, pairs }: Pairs): void {
    const raw = this.#applyTo(this.#gradient);
    const theta = this.#theta;
    const of = { raw, theta, direction, means: undefined, state, l2: 0 };
    this.#engine.run(finishGradient, { ...of, pairs, stack, out: this.#sums });
  }

  #applyTo(out: Tensor): Tensor {
    return this.#engine.matmul(this.#preconditioner.matrix, this.gradient, { out });
  }
}
