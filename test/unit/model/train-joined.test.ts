/** Models that do not fit into memory together are trained in groups, and options that cannot be used are refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine, crossValidate, type Engine, fitPath } from "../../../src/index.js";
import { JoinedCourse } from "../../../src/model/joined-course.js";
import { checkJoinedOptions } from "../../../src/model/joined-options.js";
import { groupsOf, trainJoined } from "../../../src/model/train-joined.js";
import { Workspace } from "../../../src/solvers/workspace.js";
import { clusters } from "../../gpu/model/clusters.js";

const data = clusters(60, 4, 3);
let engine: Engine;

beforeAll(async () => {
  engine = await createEngine({ device: "cpu" });
});
afterAll(() => engine.dispose());

const seven = [0, 1, 2, 3, 4, 5, 6];

describe("groups", () => {
  test("are one where memory allows, else of nearly one size, at least one model each", () => {
    expect(groupsOf({ rows: 60_000, columns: 784 }, 10, Array(25).fill(0))).toHaveLength(1);
    const sizes = (rows: number): number[] => groupsOf({ rows, columns: 4 }, 3, seven).map((group) => group.length);
    // 3·16 bytes a row: 2²⁰ rows take 48 MiB, ten of which 512 MiB hold.
    expect(sizes(2 ** 20)).toEqual([7]);
    expect(sizes(2 ** 21)).toEqual([4, 3]);
    expect(sizes(2 ** 26)).toEqual(Array(7).fill(1));
    expect(groupsOf({ rows: 2 ** 22, columns: 4 }, 3, seven).flat()).toEqual(seven);
  });

  test("give the same models, and their passes add up", async () => {
    const checked = checkJoinedOptions({ engine, l2s: [1, 0.1, 0.01], tolerance: 1e-6 }, [], "test");
    const workspace = new Workspace(engine);
    const x = workspace.tensor(data.x);
    const y = { kind: "labels" as const, classes: [0, 1, 2], indices: Int32Array.from(data.y) };
    const weighting = { weights: undefined, total: 60 };
    const members = checked.l2s.map((l2) => ({ l2, weighting }));
    const train = (bytesAtOnce: number) =>
      trainJoined(workspace, {
        x,
        y,
        members,
        options: checked.model,
        course: new JoinedCourse("test", checked),
        bytesAtOnce,
      });
    const together = await train(2 ** 30);
    const apart = await train(1);
    workspace.dispose();
    together.trained.forEach(({ report, theta }, i) => {
      const other = apart.trained[i];
      // The same steps, but for the rounding of a wider product.
      expect(Math.abs(report.loss - other.report.loss)).toBeLessThanOrEqual(60 * 2 ** -24);
      expect(theta).toHaveLength(other.theta.length);
    });
    const passes = apart.trained.map(({ report }) => report.passes);
    expect(passes).toEqual(passes.toSorted((a, b) => a - b));
    // Each group: one for the means, one for the first gradient, two an iteration and a look's width at most in vain.
    const iterations = apart.trained.reduce((sum, { report }) => sum + report.iterations, 0);
    expect(apart.passes).toBeGreaterThanOrEqual(2 * iterations + 6);
    expect(apart.passes).toBeLessThanOrEqual(2 * iterations + 6 + 3 * 2 * 4);
    expect(together.passes).toBeLessThan(apart.passes);
  });
});

describe("options", () => {
  const refusals: readonly [string, object, string][] = [
    ["no penalties", {}, "`l2s` cannot be used"],
    ["an empty list", { l2s: [] }, "one at least"],
    ["a negative penalty", { l2s: [1, -1] }, "got -1"],
    ["a number", { l2s: 0.1 }, "got 0.1"],
    ["l2", { l2s: [1], l2: 1 }, "Did you mean `l2s`?"],
    ["a minibatch solver", { l2s: [1], solver: "adam" }, "unknown option `solver`"],
    ["labels smoothed away", { l2s: [1], labelSmoothing: 1 }, "`labelSmoothing`"],
    ["a signal that is none", { l2s: [1], signal: 1 }, "`signal`"],
    ["onProgress that is none", { l2s: [1], onProgress: 1 }, "`onProgress`"],
  ];
  test.each(refusals)("%s is refused by both", async (_, options, reason) => {
    for (const call of [fitPath, crossValidate]) {
      await expect(call(data.x, data.y, options as never)).rejects.toThrow(reason);
    }
  });

  const own: readonly [object, string][] = [
    [{ folds: 1 }, "`folds`"],
    [{ folds: 61 }, "fold 60 with 0"],
    [{ folds: "5" }, "`folds`"],
    [{ folds: [0, 1] }, "for each of 60 rows"],
    [{ scoring: "f1" }, "`scoring`"],
    [{ choose: "worst" }, "`choose`"],
    [{ refit: 1 }, "`refit`"],
    [{ l2s: [1, 1] }, "a penalty twice"],
  ];
  test.each(own)("%j is refused by crossValidate", async (options, reason) => {
    await expect(crossValidate(data.x, data.y, { l2s: [1], ...options } as never)).rejects.toThrow(reason);
  });

  test("a signal that is aborted already, and a callback that throws", async () => {
    const gone = AbortSignal.abort("gone");
    await expect(fitPath(data.x, data.y, { engine, l2s: [1], signal: gone })).rejects.toBe("gone");
    const onProgress = () => {
      throw new Error("mine");
    };
    await expect(fitPath(data.x, data.y, { engine, l2s: [1], onProgress })).rejects.toMatchObject({
      ...{ code: "CALLBACK_FAILED", cause: { message: "mine" } },
    });
    expect(engine.stats().buffers).toBe(0);
  });

  test("without an engine, one is made for the work, and the models answer", async () => {
    const [{ model, l2 }] = await fitPath(data.x, data.y, { device: "cpu", l2s: [0.1] });
    expect(l2).toBe(0.1);
    expect(await model.score(data.x, data.y)).toBeGreaterThan(0.5);
    model.dispose();
  });
});
