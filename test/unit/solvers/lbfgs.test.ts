import { describe, expect, test } from "vitest";
import { type LbfgsOptions, minimiseLbfgs } from "../../../src/solvers/lbfgs.js";
import type { SolverProgress, SolverResult } from "../../../src/solvers/solver.js";
import { FunctionObjective, type Smooth } from "./function-objective.js";

/** Σ λᵢ (θᵢ − cᵢ)² / 2 */
function bowl(eigenvalues: readonly number[], centre: readonly number[]): Smooth {
  return {
    value: (theta) => eigenvalues.reduce((sum, a, i) => sum + (a / 2) * (theta[i] - centre[i]) ** 2, 0),
    gradient: (theta) => Float64Array.from(eigenvalues, (a, i) => a * (theta[i] - centre[i])),
  };
}

const ROWS = [-2, -1.5, -1, -0.2, 0.1, 0.4, 0.9, 1.3, 2.2, 3];
const OUTCOMES = [0, 0, 0, 1, 0, 1, 0, 1, 1, 1];
const L2 = 0.01;

/** Binary logistic regression on ten numbers: slope and intercept, both penalised. */
const logistic: Smooth = {
  value: ([w, b]) =>
    ROWS.reduce((sum, x, i) => sum + Math.log1p(Math.exp((1 - 2 * OUTCOMES[i]) * (w * x + b))), 0) / ROWS.length +
    (L2 / 2) * (w * w + b * b),
  gradient: ([w, b]) => {
    const g = Float64Array.of(L2 * w, L2 * b);
    ROWS.forEach((x, i) => {
      const error = 1 / (1 + Math.exp(-(w * x + b))) - OUTCOMES[i];
      g[0] += (error * x) / ROWS.length;
      g[1] += error / ROWS.length;
    });
    return g;
  },
};

interface Run {
  readonly result: SolverResult;
  readonly theta: readonly number[];
  readonly course: readonly SolverProgress[];
  readonly objective: FunctionObjective;
}

async function minimise(f: Smooth, start: readonly number[], options: Partial<LbfgsOptions> = {}): Promise<Run> {
  const objective = await FunctionObjective.create(f, start);
  const course: SolverProgress[] = [];
  const result = await minimiseLbfgs(objective.workspace, objective, {
    maxIterations: 200,
    tolerance: 1e-5,
    memory: 5,
    observe: async (progress) => {
      course.push(...progress);
    },
    throwIfStopped: () => {},
    ...options,
  });
  return { result, theta: await objective.theta(), course, objective };
}

describe("converging", () => {
  test("to the minimum of a bowl whose curvatures differ a thousandfold", async () => {
    const eigenvalues = [1000, 300, 100, 30, 10, 3, 1];
    const centre = [1, -2, 3, -4, 5, -6, 7];
    const { result, theta } = await minimise(bowl(eigenvalues, centre), [0, 0, 0, 0, 0, 0, 0], { tolerance: 1e-3 });
    expect(result.stopReason).toBe("converged");
    expect(result.gradientNorm).toBeLessThanOrEqual(1e-3);
    // |θᵢ − cᵢ| = |gᵢ| / λᵢ
    theta.forEach((value, i) => {
      expect(Math.abs(value - centre[i])).toBeLessThanOrEqual(1e-3 / eigenvalues[i] + 1e-6);
    });
    // Exact arithmetic needs one iteration an eigenvalue; a tenth of the slope is left at each.
    expect(result.iteration).toBeLessThanOrEqual(30);
  });

  test("to the minimum of logistic regression, the loss falling all the way", async () => {
    const { result, theta, course } = await minimise(logistic, [0, 0]);
    expect(result.stopReason).toBe("converged");
    const gradient = logistic.gradient(Float64Array.from(theta));
    expect(Math.max(...gradient.map(Math.abs))).toBeLessThanOrEqual(1.01e-5);
    for (let i = 1; i < course.length; i++) expect(course[i].loss).toBeLessThan(course[i - 1].loss);
    expect(course.map((p) => p.iteration)).toEqual(course.map((_, i) => i));
  });

  test("at once from the minimum itself", async () => {
    const { result, objective } = await minimise(bowl([1, 2], [3, 4]), [3, 4]);
    expect(result).toMatchObject({ stopReason: "converged", iteration: 0, loss: 0, gradientNorm: 0 });
    expect(objective.tried).toEqual([]);
  });

  test("with one pair of memory, reused at each iteration", async () => {
    const { result } = await minimise(bowl([100, 10, 1], [1, 1, 1]), [0, 0, 0], { memory: 1, tolerance: 1e-4 });
    expect(result.stopReason).toBe("converged");
    expect(result.iteration).toBeGreaterThan(2);
  });

  test("from gradients of 1e15, whose squares' squares would leave float32", async () => {
    const { result, theta } = await minimise(bowl([1e30, 1e30], [1e-15, -1e-15]), [0, 0], { tolerance: 1e9 });
    expect(result.stopReason).toBe("converged");
    expect(theta[0]).toBeCloseTo(1e-15, 20);
  });

  test("two passes an iteration, one more every twenty", async () => {
    const eigenvalues = Array.from({ length: 30 }, (_, i) => 1.6 ** i);
    const { result, objective } = await minimise(
      bowl(
        eigenvalues,
        eigenvalues.map(() => 1),
      ),
      eigenvalues.map(() => 0),
      {
        memory: 2,
        maxIterations: 45,
        tolerance: 0,
      },
    );
    expect(result).toMatchObject({ iteration: 45, passes: 2 + 2 * 45 + 2 });
    expect(objective.tried.length).toBeGreaterThan(45);
  });
});

describe("with a preconditioner", () => {
  const eigenvalues = [1e4, 3e3, 1e3, 300, 100, 30, 10, 3, 1, 0.3, 0.1];
  const centre = eigenvalues.map((_, i) => (-1) ** i);
  const start = eigenvalues.map(() => 0);

  async function preconditioned(made: boolean | Error): Promise<Run & { readonly asked: number[] }> {
    const objective = await FunctionObjective.create(bowl(eigenvalues, centre), start);
    const { workspace } = objective;
    const p = eigenvalues.length;
    const matrix = workspace.zeros([p, p]);
    const asked: number[] = [];
    const course: SolverProgress[] = [];
    objective.preconditioner = {
      matrix,
      async make() {
        asked.push(course.length - 1);
        if (made instanceof Error) throw made;
        const inverse = new Float32Array(p * p);
        for (let i = 0; i < p; i++) inverse[i * (p + 1)] = 1 / eigenvalues[i];
        workspace.engine.write(matrix, inverse);
        return made;
      },
    };
    const result = await minimiseLbfgs(workspace, objective, {
      ...{ maxIterations: 200, tolerance: 1e-2, memory: 5, throwIfStopped: () => {} },
      observe: async (progress) => {
        course.push(...progress);
      },
    });
    return { result, theta: await objective.theta(), course, objective, asked };
  }

  test("that is the inverse Hessian, made after eight iterations: one more of the old direction, and two of the new", async () => {
    const { result, theta, asked } = await preconditioned(true);
    expect(asked).toEqual([8]);
    expect(result).toMatchObject({ stopReason: "converged" });
    expect(result.iteration).toBeLessThanOrEqual(12);
    theta.forEach((value, i) => {
      expect(Math.abs(value - centre[i])).toBeLessThanOrEqual(1e-2 / eigenvalues[i] + 1e-6);
    });
    const { result: plain } = await minimise(bowl(eigenvalues, centre), start, { tolerance: 1e-2 });
    expect(plain.iteration).toBeGreaterThan(2 * result.iteration);
  });

  test("that does not pay: to the bits of a run without", async () => {
    const { result, theta, asked } = await preconditioned(false);
    const plain = await minimise(bowl(eigenvalues, centre), start, { tolerance: 1e-2 });
    expect(asked).toEqual([8]);
    expect(result).toEqual(plain.result);
    expect(theta).toEqual(plain.theta);
  });

  test("that cannot be made: the run fails by that error", async () => {
    await expect(preconditioned(new Error("no room"))).rejects.toThrow("no room");
  });
});

describe("stopping before", () => {
  test.each([1, 2, 7])("after %i iterations when no more are allowed", async (maxIterations) => {
    const { result, course } = await minimise(logistic, [0, 0], { maxIterations, tolerance: 0 });
    expect(result).toMatchObject({ stopReason: "max-iterations", iteration: maxIterations });
    expect(course).toHaveLength(maxIterations + 1);
    expect(course.at(-1)).toMatchObject({ iteration: maxIterations, loss: result.loss });
  });

  test("where float32 sees no lower loss: precision, at the best point there is", async () => {
    const third = 1 / 3;
    const { result, theta } = await minimise(bowl([1, 1], [third, third]), [0, 0], { tolerance: 0 });
    expect(result.stopReason).toBe("precision");
    expect(theta[0]).toBe(Math.fround(third));
  });

  test("what observe throws ends it", async () => {
    const reason = new Error("enough");
    const observe = async (progress: readonly SolverProgress[]) => {
      if (progress.some(({ iteration }) => iteration === 2)) throw reason;
    };
    await expect(minimise(logistic, [0, 0], { observe })).rejects.toBe(reason);
  });

  test("what throwIfStopped throws ends it, also between direction, line search and gradient", async () => {
    for (const ask of [1, 2, 3, 4, 5, 6]) {
      const reason = new Error("stop");
      let asked = 0;
      const throwIfStopped = () => {
        if (++asked === ask) throw reason;
      };
      await expect(minimise(bend, [0], { throwIfStopped })).rejects.toBe(reason);
      expect(asked).toBe(ask);
    }
  });
});

/** A curve that is straight outside, so that a line takes several trials. */
const bend: Smooth = {
  value: ([u]) => Math.log(Math.cosh(u - 9)),
  gradient: ([u]) => Float64Array.of(Math.tanh(u - 9)),
};

describe("diverging", () => {
  test("at the start: nothing is observed", async () => {
    const { result, course } = await minimise({ value: () => Number.NaN, gradient: () => Float64Array.of(1) }, [0]);
    expect(result.stopReason).toBe("diverged");
    expect(course).toEqual([]);
  });

  test("a squared gradient beyond float32 is told, not searched along", async () => {
    const { result, objective } = await minimise(bowl([1e20], [1]), [0]);
    expect(result.stopReason).toBe("diverged");
    expect(objective.tried).toEqual([]);
  });

  test("later: at the last finite point, bit by bit, which is what is reported", async () => {
    // The gradient breaks when it is evaluated at a third point; the line before it looks sound.
    const sound = bowl([1, 4], [5, 5]);
    const broken: Smooth = {
      value: sound.value,
      gradient: (theta) => (objective.evaluated === 3 ? Float64Array.of(Number.NaN, 0) : sound.gradient(theta)),
    };
    const objective: FunctionObjective = await FunctionObjective.create(broken, [0, 0]);
    const told: { progress: SolverProgress; theta: Float32Array }[] = [];
    const result = await minimiseLbfgs(objective.workspace, objective, {
      maxIterations: 50,
      tolerance: 1e-6,
      memory: 5,
      observe: async (progress, theta) => {
        told.push({ progress: progress.at(-1) as SolverProgress, theta });
      },
      throwIfStopped: () => {},
    });
    const last = told.at(-1);
    expect(result).toMatchObject({ stopReason: "diverged", iteration: 1, loss: last?.progress.loss });
    expect(Float32Array.from(await objective.theta())).toEqual(last?.theta);
    expect(sound.value(Float64Array.from(await objective.theta()))).toBeCloseTo(result.loss, 4);
  });
});
