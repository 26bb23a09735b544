import { describe, expect, test } from "vitest";
import { withoutParts } from "../../scripts/op-parts-plugin.js";

const OP = `const THREADS = 64;
export const copy = {
  name: "copy",
  check({ x, out }) { same(x, out); },
  reference({ x, out }) { out.data.set(x.data); },
  plan: (args, planner) => planner.dispatch({ ...args, THREADS })
};
`;

describe("withoutParts", () => {
  test("takes parts out of an op, with their commas, and moves nothing else", () => {
    const light = withoutParts(OP, ["check", "plan"]);
    expect(light).not.toContain("same");
    expect(light).not.toContain("dispatch");
    expect(light).toHaveLength(OP.length);
    expect(light.indexOf("reference")).toBe(OP.indexOf("reference"));
    expect(light.split("\n")).toHaveLength(OP.split("\n").length);
    const { copy } = new Function(`${light.replace("export ", "")}; return { copy };`)();
    expect(Object.keys(copy)).toEqual(["name", "reference"]);
    const out = { data: new Float32Array(2) };
    copy.reference({ x: { data: [3, 4] }, out });
    expect([...out.data]).toEqual([3, 4]);
  });

  test("leaves literals alone that are no ops", () => {
    const rules =
      'export const rules = { name: "rules", plan: () => 1 };\nconst own = { reference() {}, plan() {}, name: "own" };\n';
    expect(withoutParts(rules, ["plan"])).toBe(rules);
  });
});
