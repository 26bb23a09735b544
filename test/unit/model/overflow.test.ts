/** Scores beyond float32: no class is the largest, and `predict` says so. */
import { expect, test } from "vitest";
import { fromSklearn } from "../../../src/index.js";

test("predict names the row whose scores are no numbers", async () => {
  const coef = [
    [0, 0],
    [3e38, -3e38],
  ];
  using model = fromSklearn({ coef, intercept: [0, 0], classes: ["a", "b"] }, { device: "cpu", workers: 0 });
  expect(await model.predict([[1, 0]])).toEqual(["b"]);
  await expect(
    model.predict([
      [1, 0],
      [10, 10],
    ]),
  ).rejects.toMatchObject({ name: "DataError", code: "NON_FINITE_INPUT", message: expect.stringContaining("row 1") });
});
