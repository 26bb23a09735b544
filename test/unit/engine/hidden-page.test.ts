import { expect, test } from "vitest";
import { readSources, withoutComments } from "../../support/source-tree.js";

test("nothing waits for a frame: a hidden tab has none", () => {
  const files = readSources("src", ".ts").filter((file) => /requestAnimationFrame/.test(withoutComments(file.text)));
  expect(files.map((file) => file.path)).toEqual([]);
});
