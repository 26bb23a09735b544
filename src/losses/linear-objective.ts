/** `J(W, b) = Σᵢ rᵢ ℓ(xᵢW + b, yᵢ) / Σᵢ rᵢ + l1·‖W‖₁ + (l2/2)·‖W‖²` over all rows, as full-batch solvers see it. */
import { Tensor } from "../engine/tensor.js";
import type { Evaluation, Preconditioner, ResumableObjective } from "../solvers/objective.js";
import { after, type Waits } from "../solvers/waits.js";
import type { Workspace } from "../solvers/workspace.js";
import { CentredColumns, type Coordinates, ScaledColumns } from "./coordinates.js";
import { type DataProducts, WholeRows } from "./data-products.js";
import type { LinearProblem } from "./linear-problem.js";
import { LogitsObjective } from "./logits-objective.js";
import { weightedMeans } from "./weighted-means.js";

export class LinearObjective extends LogitsObjective implements ResumableObjective {
  passes: number;
  /** Given to it where the problem asks for one. */
  preconditioner: Preconditioner | undefined;
  readonly #workspace: Workspace;
  readonly #products: DataProducts;
  /** θ and Z are both still zero, so Z needs no pass. */
  #untouched: boolean;

  /** Takes all memory that a fit needs. With an intercept it costs one pass, for the column means. */
  static async create(workspace: Workspace, problem: LinearProblem): Promise<LinearObjective> {
    const { x, gram, loss, l2, rowWeight } = problem;
    const objective = await LinearObjective.over(workspace, new WholeRows(workspace.engine, x), problem);
    if (gram && x instanceof Tensor) {
      const { GramPreconditioner } = await import("./gram-preconditioner.js");
      const { coordinates, logits } = objective;
      const weightsOnDevice = problem.targets.rowWeight;
      const of = { x, loss, l2, rowWeight, weightsOnDevice, coordinates, logits, always: gram === "always" };
      objective.preconditioner = new GramPreconditioner(workspace, of);
    }
    return objective;
  }

  /** The same of rows that are wherever they are. */
  static async over(
    workspace: Workspace,
    products: DataProducts,
    problem: Omit<LinearProblem, "x">,
  ): Promise<LinearObjective> {
    const { scaling, rowWeight: weights, totalWeight: total, fitIntercept, classes } = problem;
    const centred = async (): Promise<Coordinates> => {
      const means = fitIntercept ? await weightedMeans(workspace, products, [{ weights, total }]) : [];
      return new CentredColumns(workspace, means[0], products.columns, classes);
    };
    const coordinates = scaling ? new ScaledColumns(workspace, scaling, fitIntercept) : await centred();
    return new LinearObjective(workspace, products, problem, coordinates);
  }

  private constructor(
    workspace: Workspace,
    products: DataProducts,
    problem: Omit<LinearProblem, "x">,
    coordinates: Coordinates,
  ) {
    const { rows, columns } = products;
    super(workspace, { ...problem, coordinates, rows, columns });
    const { start } = problem;
    this.#workspace = workspace;
    this.#products = products;
    // That of the means, or of the moments.
    this.passes = coordinates.ones ? 1 : 0;
    this.#untouched = start === undefined;
    if (start) workspace.engine.write(this.parameters, coordinates.fromWeights(start));
  }

  restore(theta: Float32Array, passes: number): void {
    this.#workspace.engine.write(this.parameters, theta);
    this.passes = passes;
    this.#untouched = false;
  }

  refresh(): Waits {
    const waits = this.#untouched ? undefined : this.#logitsOf(this.parameters, this.logits);
    this.#untouched = false;
    return waits;
  }

  aim(direction: Tensor): Waits {
    return this.#logitsOf(direction, this.aimed);
  }

  evaluate(evaluation: Evaluation): Waits {
    this.moveLogits(evaluation.state, evaluation.losses);
    const { ones, raw } = this.coordinates;
    this.passes++;
    return after(this.#products.multiplyBack(this.dLogits, ones, raw), () => this.finish(evaluation));
  }

  /** One pass. */
  #logitsOf(t: Tensor, out: Tensor): Waits {
    const { w, shift } = this.coordinates.lay(t);
    this.passes++;
    return this.#products.multiply(w, shift, out);
  }
}
