/**
 * Several linear models over the same rows, W_h of each beside the others: `Z = X·[W_1 … W_H]` and `Xᵀ·[dZ_1 … dZ_H]` are one
 * product each, so a pass over X serves them all. All else each model has of its own, as `LinearObjective` has it: penalty, row
 * weights and with them the centring, logits, and the solver's state. Arithmetic grows with the models, reading X does not.
 */
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { copyColumns } from "../ops/copy-columns.js";
import type { JoinedObjective as Joined, LineObjectives } from "../solvers/line-objectives.js";
import type { Workspace } from "../solvers/workspace.js";
import type { JoinedProblem, RowWeighting } from "./joined-problem.js";
import { MemberObjective } from "./member-objective.js";
import { weightedMeans } from "./weighted-means.js";

/** The stack is made narrower when no more than this share of it is in use. */
const SHARE_IN_USE = 0.75;

/** What stands beside each other. */
interface Stack {
  /** [d × places·k], [1 × places·k]: weights and intercepts. */
  readonly weights: Tensor;
  readonly shifts: Tensor | undefined;
  /** [n × places·k]: logits, or their gradients. */
  readonly logits: Tensor;
  /** [p × places·k]: Xᵀ·dZ. */
  readonly gradients: Tensor;
  readonly places: number;
}

export class JoinedObjective implements LineObjectives {
  members: readonly MemberObjective[] = [];
  passes = 0;
  readonly #workspace: Workspace;
  readonly #engine: TensorEngine;
  readonly #problem: JoinedProblem;
  /** [n×k] and [p×k], one member's at a time. */
  readonly #dLogits: Tensor;
  readonly #gradient: Tensor;
  #stack: Stack;

  /** Takes all memory that the members need but their solvers'. With an intercept it costs one pass, for the column means. */
  static async create(workspace: Workspace, problem: JoinedProblem): Promise<JoinedObjective> {
    const weightings = [...new Set(problem.members.map(({ weighting }) => weighting))];
    const means = problem.fitIntercept ? await weightedMeans(workspace, problem.x, weightings) : undefined;
    return new JoinedObjective(workspace, problem, weightings, means);
  }

  private constructor(
    workspace: Workspace,
    problem: JoinedProblem,
    weightings: readonly RowWeighting[],
    means: readonly Float32Array[] | undefined,
  ) {
    const { x, classes, targets, loss, l1, members } = problem;
    const rows = x.columns + (means ? 1 : 0);
    this.#workspace = workspace;
    this.#engine = workspace.engine;
    this.#problem = problem;
    this.passes = means ? 1 : 0;
    this.#dLogits = workspace.empty([x.rows, classes]);
    this.#gradient = workspace.empty([rows, classes]);
    this.#stack = this.#newStack(members.length);
    const shared = weightings.map((weighting, i) => ({
      targets: { ...targets, rowWeight: weighting.weights && workspace.tensor(weighting.weights) },
      means: means?.[i],
      meansTensor: means && workspace.tensor({ data: means[i], shape: [1, x.columns] }),
    }));
    const passes = (): number => this.passes;
    this.members = members.map(({ weighting, l2 }) => {
      const of = shared[weightings.indexOf(weighting)];
      return new MemberObjective(workspace, {
        ...{ ...of, loss, l1, l2, passes, rows, classes, samples: x.rows, scale: 1 / weighting.total },
        ...{ dLogits: this.#dLogits, raw: this.#gradient },
        store: (member) => this.#store(member),
        fetch: (member) => this.#fetch(member),
      });
    });
  }

  #newStack(places: number): Stack {
    const { x, classes, fitIntercept } = this.#problem;
    const width = places * classes;
    const workspace = this.#workspace;
    return {
      places,
      weights: workspace.zeros([x.columns, width]),
      shifts: fitIntercept ? workspace.zeros([1, width]) : undefined,
      logits: workspace.zeros([x.rows, width]),
      gradients: workspace.empty([x.columns + Number(fitIntercept), width]),
    };
  }

  #copy(x: Tensor, from: number, out: Tensor, to: number): void {
    this.#engine.run(copyColumns, { x, from, out, to, columns: this.#problem.classes });
  }

  /** Where a member's columns begin. */
  #placeOf(member: MemberObjective): number {
    return this.members.indexOf(member) * this.#problem.classes;
  }

  /** A member's dZ into the stack. */
  #store(member: MemberObjective): void {
    this.#copy(this.#dLogits, 0, this.#stack.logits, this.#placeOf(member));
  }

  /** A member's Xᵀ·dZ out of the stack. */
  #fetch(member: MemberObjective): void {
    this.#copy(this.#stack.gradients, this.#placeOf(member), this.#gradient, 0);
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
      this.#engine.matmul(this.#problem.x, weights, { ...(shifts && { bias: shifts }), out: logits });
      for (const member of wanted) this.#copy(logits, this.#placeOf(member), member.takeUp(wish), 0);
    }
  }

  multiplyBack(): void {
    const { x, fitIntercept } = this.#problem;
    const { logits, gradients } = this.#stack;
    this.passes++;
    this.#engine.matmul(x, logits, { transposeA: true, ones: fitIntercept, out: gradients });
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
