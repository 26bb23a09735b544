import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LuceContestant, luce } from "../../../bench/contestants/luce.js";
import { checkFor } from "../../../bench/tasks/checks.js";
import { tasksFor } from "../../../bench/tasks/list.js";
import type { Digits, Task } from "../../../bench/tasks/task.js";
import { randomMatrix, workFor } from "../../../bench/tasks/work.js";

/** Small tasks of every kind, in the shape of the real ones. */
function small(task: Task): Task {
  switch (task.kind) {
    case "matmul":
      return {
        ...task,
        m: task.digits && task.transposeA ? 784 : 9,
        inner: task.digits && !task.transposeA ? 784 : 13,
        n: 5,
      };
    case "softmax":
    case "cross-entropy":
      return { ...task, rows: 30, classes: 7 };
    case "sgd":
      return { ...task, rows: 50, batch: 16 };
    case "evaluation":
      return { ...task, rows: 40 };
    case "head":
      return { ...task, batch: 12, features: 20, classes: 15 };
  }
}

const random = randomMatrix(60, 785, 5).data;
const digits: Digits = {
  pixels: Uint8Array.from(random.subarray(0, 60 * 784), (v) => (v > 0 ? v * 510 : 0)),
  shape: [60, 784],
  labels: Uint8Array.from(random.subarray(60 * 784), (v) => Math.floor((v + 0.5) * 10)),
};
const kinds = tasksFor(true).filter((task, i, all) => {
  const same = (other: Task) => JSON.stringify([other.kind, "transposeA" in other && [other.transposeA, other.digits]]);
  return all.findIndex((other) => same(other) === same(task)) === i;
});

describe("Luce's answers and the checks", () => {
  let contestant: LuceContestant;
  beforeAll(async () => {
    contestant = await luce("cpu");
  });
  afterAll(() => contestant.engine.dispose());

  test.each(kinds.map((task) => [task.title, task] as const))("agree on %s", async (_, task) => {
    const work = workFor(small(task), digits);
    const check = checkFor(work);
    const [lane] = await contestant.lanes(work);
    await lane.run(1);
    const answer = await lane.answer();
    expect(check(answer)).toBeUndefined();
    // Any array or number off by a thousandth, or not a number, is found.
    for (const [name, value] of Object.entries(answer) as [string, number | ArrayLike<number>][]) {
      if (task.kind === "head" && !/weights|bias$/.test(name)) continue;
      const spoilt = typeof value === "number" ? value * 1.001 : Float32Array.from(value, (v) => v * 1.001);
      expect(check({ ...answer, [name]: spoilt }), name).toMatch(/expected/);
      const nan = typeof value === "number" ? Number.NaN : Float32Array.from(value, () => Number.NaN);
      expect(check({ ...answer, [name]: nan }), name).toMatch(/expected/);
    }
    lane.dispose();
  });

  test("memory comes back after every kind of work", async () => {
    const before = contestant.engine.stats().buffers;
    for (const task of kinds) {
      const [lane] = await contestant.lanes(workFor(small(task), digits));
      await lane.run(2);
      lane.dispose();
    }
    expect(contestant.engine.stats().buffers).toBe(before);
  });
});

test("there is a row for every workload", () => {
  const titles = tasksFor(true).map((task) => task.title);
  for (const size of ["512³", "1024³", "4096³", "[256×784]", "1024×1000", "60000×10", "2048→1000"]) {
    expect(
      titles.some((title) => title.includes(size)),
      size,
    ).toBe(true);
  }
  expect(new Set(titles).size).toBe(titles.length);
  expect(tasksFor(false).some((task) => task.large)).toBe(false);
});
