import { describe, expect, test } from "vitest";
import { attachedModule, cutOps } from "../../scripts/op-parts-plugin.js";
import { OPS } from "../../src/engine/cpu/workers/op-registry.js";

const OP = `import { halves } from "./halves.js";
import { same } from "./same.js";
const THREADS = 64;
const launch = (args, planner) => planner.dispatch({ ...args, THREADS: halves(THREADS) });
export const copy = {
  name: "copy",
  check({ x, out }) { same(x, out); },
  reference({ x, out }) { out.data.set(x.data); },
  plan: launch,
};
`;

describe("cutOps", () => {
  test("takes parts out of an op, with what only they used, and moves nothing else", () => {
    const light = cutOps(OP, (key) => key !== "check" && key !== "plan");
    expect(light).not.toMatch(/same|dispatch|halves|THREADS/);
    expect(light).toHaveLength(OP.length);
    expect(light.indexOf("reference")).toBe(OP.indexOf("reference"));
    expect(light.split("\n")).toHaveLength(OP.split("\n").length);
    const { copy } = new Function(`${light.replace("export ", "")}; return { copy };`)();
    expect(Object.keys(copy)).toEqual(["name", "reference"]);
    const out = { data: new Float32Array(2) };
    copy.reference({ x: { data: [3, 4] }, out });
    expect([...out.data]).toEqual([3, 4]);
  });

  test("keeps what is left in use", () => {
    const planned = cutOps(OP, (key) => key === "plan");
    expect(planned).not.toMatch(/same|reference/);
    for (const word of ["./halves.js", "const THREADS = 64;", "const launch", "plan: launch"])
      expect(planned).toContain(word);
  });

  test("leaves literals alone that are no ops", () => {
    const rules =
      'export const rules = { name: "rules", plan: () => 1 };\nconst own = { reference() {}, plan() {}, name: "own" };\n';
    expect(cutOps(rules, () => false)).toBe(rules);
  });
});

test("every op is given its plan and its reference", async () => {
  for (const part of ["plan", "reference"]) {
    const given = [...(await attachedModule(part)).matchAll(/import \{ (\w+) as part\d+ \} from "[^"]*\?(\w+)"/g)];
    expect(given.map(([, , own]) => own)).toEqual(given.map(() => part));
    expect(given.map(([, op]) => op).sort()).toEqual([...OPS.keys()].sort());
  }
});
