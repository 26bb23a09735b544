/**
 * Several linear models over the same rows, W_h of each beside the others: `Z = X·[W_1 … W_H]` and `Xᵀ·[dZ_1 … dZ_H]` are one
 * product each, so a pass over X serves them all. All else each model has of its own, as `LinearObjective` has it: penalty, row
 * weights and with them means and deviations, logits, and the solver's state. Arithmetic grows with the models, reading X does not.
 */
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { copyColumns } from "../ops/copy-columns.js";
import type { JoinedObjective as Joined, LineObjectives } from "../solvers/line-objectives.js";
import type { Workspace } from "../solvers/workspace.js";
import type { Standardization } from "./column-scaling.js";
import { CentredColumns, type Coordinates, ScaledColumns } from "./coordinates.js";
import { type DataProducts, WholeRows } from "./data-products.js";
import type { JoinedProblem, RowWeighting } from "./joined-problem.js";
import type { TrainingTargets } from "./loss.js";
import { MemberObjective, type SharedPart } from "./member-objective.js";
import { weightedMeans } from "./weighted-means.js";

/** The stack is made narrower when no more than this share of it is in use. */
const SHARE_IN_USE = 0.75;

/** What stands beside each other. */
interface Stack {
  /** [d × places·k], [1 × places·k]: weights and what is added to the logits. */
  readonly weights: Tensor;
  readonly shifts: Tensor | undefined;
  /** [n × places·k]: logits, or their gradients. */
  readonly logits: Tensor;
  /** [p × places·k]: Xᵀ·dZ. */
  readonly gradients: Tensor;
  readonly places: number;
}

/** What members of one weighting have together. */
interface SharedWeighting {
  readonly weighting: RowWeighting;
  readonly targets: TrainingTargets;
  readonly coordinates: Coordinates;
}

export class JoinedObjective implements LineObjectives {
  members: readonly MemberObjective[] = [];
  passes: number;
  readonly #workspace: Workspace;
  readonly #engine: TensorEngine;
  readonly #problem: JoinedProblem;
  readonly #products: WholeRows;
  /** X is multiplied by a column of ones too, for an intercept or for scaled columns. */
  readonly #ones: boolean;
  /** [n×k], one member's at a time. */
  readonly #dLogits: Tensor;
  #stack: Stack;

  /**
   * Takes all memory that the members need but their solvers'. With an intercept it costs one pass, for the column means; with
   * scaled columns one for each weighting, for the moments.
   */
  static async create(workspace: Workspace, problem: JoinedProblem): Promise<JoinedObjective> {
    const products = new WholeRows(workspace.engine, problem.x);
    const weightings = [...new Set(problem.members.map(({ weighting }) => weighting))];
    const rowWeights = weightings.map(({ weights }) => weights && workspace.tensor(weights));
    const coordinates = problem.standardize
      ? await scaledBy(workspace, problem, problem.standardize, weightings, rowWeights)
      : await centredBy(workspace, problem, products, weightings);
    const shared = weightings.map((weighting, i) => ({
      ...{ weighting, coordinates: coordinates[i] },
      targets: { ...problem.targets, rowWeight: rowWeights[i] },
    }));
    return new JoinedObjective(workspace, problem, products, shared);
  }

  private constructor(
    workspace: Workspace,
    problem: JoinedProblem,
    products: WholeRows,
    shared: readonly SharedWeighting[],
  ) {
    const { classes, loss, l1, members } = problem;
    const { rows, columns } = products;
    const { ones } = shared[0].coordinates;
    this.#workspace = workspace;
    this.#engine = workspace.engine;
    this.#problem = problem;
    this.#products = products;
    this.#ones = ones;
    this.passes = problem.standardize ? shared.length : Number(ones);
    this.#dLogits = workspace.empty([rows, classes]);
    this.#stack = this.#newStack(members.length);
    const part: SharedPart = {
      dLogits: this.#dLogits,
      passes: () => this.passes,
      store: (member) => this.#copy(this.#dLogits, 0, this.#stack.logits, this.#placeOf(member)),
      fetch: (member, raw) => this.#copy(this.#stack.gradients, this.#placeOf(member), raw, 0),
    };
    this.members = members.map(({ weighting, l2 }) => {
      const { targets, coordinates } = shared.find((each) => each.weighting === weighting) as SharedWeighting;
      const totalWeight = weighting.total;
      const own = { rows, columns, classes, loss, l1, l2, targets, totalWeight, coordinates };
      return new MemberObjective(workspace, own, part);
    });
  }

  #newStack(places: number): Stack {
    const { classes } = this.#problem;
    const { rows, columns } = this.#products;
    const width = places * classes;
    const workspace = this.#workspace;
    return {
      places,
      weights: workspace.zeros([columns, width]),
      shifts: this.#ones ? workspace.zeros([1, width]) : undefined,
      logits: workspace.zeros([rows, width]),
      gradients: workspace.empty([columns + Number(this.#ones), width]),
    };
  }

  #copy(x: Tensor, from: number, out: Tensor, to: number): void {
    this.#engine.run(copyColumns, { x, from, out, to, columns: this.#problem.classes });
  }

  /** Where a member's columns begin. */
  #placeOf(member: MemberObjective): number {
    return this.members.indexOf(member) * this.#problem.classes;
  }

  multiply(): void {
    for (const wish of ["refreshing", "aiming"] as const) {
      const wanted = this.members.filter((member) => member[wish]);
      if (wanted.length === 0) continue;
      const { weights, shifts, logits } = this.#stack;
      for (const member of wanted) {
        const { w, shift } = member.layDown(wish);
        this.#copy(w, 0, weights, this.#placeOf(member));
        if (shift && shifts) this.#copy(shift, 0, shifts, this.#placeOf(member));
      }
      this.passes++;
      this.#products.multiply(weights, shifts, logits);
      for (const member of wanted) this.#copy(logits, this.#placeOf(member), member.takeUp(wish), 0);
    }
  }

  multiplyBack(): void {
    const { logits, gradients } = this.#stack;
    this.passes++;
    this.#products.multiplyBack(logits, this.#ones, gradients);
  }

  retain(members: readonly Joined[]): void {
    this.members = this.members.filter((member) => members.includes(member));
    const { length } = this.members;
    if (length === 0 || length > SHARE_IN_USE * this.#stack.places) return;
    const { weights, shifts, logits, gradients } = this.#stack;
    this.#workspace.free(weights, logits, gradients, ...(shifts ? [shifts] : []));
    this.#stack = this.#newStack(length);
  }
}

/** By the means of each weighting: one pass for all. */
async function centredBy(
  workspace: Workspace,
  { fitIntercept, classes }: JoinedProblem,
  products: DataProducts,
  weightings: readonly RowWeighting[],
): Promise<Coordinates[]> {
  const means = fitIntercept ? await weightedMeans(workspace, products, weightings) : [];
  return weightings.map((_, i) => new CentredColumns(workspace, means[i], products.columns, classes));
}

/** By the moments of each weighting's own rows: those that it leaves out, as a fold does, have no say in them. */
async function scaledBy(
  workspace: Workspace,
  { x, fitIntercept, classes }: JoinedProblem,
  standardize: Standardization,
  weightings: readonly RowWeighting[],
  rowWeights: readonly (Tensor | undefined)[],
): Promise<Coordinates[]> {
  // Loaded where it is asked for: most fits leave columns as they are.
  const { ColumnScaling } = await import("./column-scaling.js");
  const coordinates: Coordinates[] = [];
  for (const [i, { weights: rowWeight }] of weightings.entries()) {
    const rows = { x, targets: { rowWeight: rowWeights[i] }, rowWeight, classes, fitIntercept };
    const scaling = await ColumnScaling.create(workspace, rows, standardize);
    coordinates.push(new ScaledColumns(workspace, scaling, fitIntercept));
  }
  return coordinates;
}
