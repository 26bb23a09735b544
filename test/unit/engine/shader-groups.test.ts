import { expect, test } from "vitest";
import { loadAllShaders, loadShaders, shaderOf } from "../../../src/engine/webgpu/shaders.js";
import type { Kernel } from "../../../src/ops/op.js";
import { readSources } from "../../support/source-tree.js";

const shaders = readSources("shaders", ".wgsl").map(({ path, text }) => ({
  name: path.replace(/^shaders\/|\.wgsl$/g, ""),
  text,
}));

/** What each group has. */
const groups = Object.values(
  import.meta.glob<Readonly<Record<string, string>>>("../../../src/engine/webgpu/shader-groups/*.ts", {
    import: "files",
    eager: true,
  }),
);

const asKernel = (name: string): Kernel => ({ name, bindings: [] });

test("every shader is in one group, and none is empty", () => {
  const names = groups.flatMap((files) => Object.keys(files));
  expect(names.sort()).toEqual(shaders.map(({ name }) => `./${name}.wgsl`).sort());
  for (const files of groups) expect(Object.keys(files).length).toBeGreaterThan(0);
});

test("a shader comes with the group that it is looked for in, and once", async () => {
  const before = shaders.filter(({ name }) => loadShaders(asKernel(name)) === undefined);
  expect(before.map(({ name }) => name)).toContain("softmax");
  expect(before.length).toBeLessThan(shaders.length);
  for (const { name, text } of shaders) {
    const kernel = asKernel(name);
    await loadShaders(kernel);
    expect(shaderOf(kernel), name).toBe(text);
    expect(loadShaders(kernel), name).toBeUndefined();
  }
  await loadAllShaders();
});

test("a kernel of several files waits for all of their groups; one that no file is for is told of", async () => {
  const kernel: Kernel = { name: "several", files: ["small_batch_steps", "update/rules"], bindings: [] };
  await loadShaders(kernel);
  expect(shaderOf(kernel).split("fn main")).toHaveLength(2);
  const missing = asKernel("no_such_kernel");
  await loadShaders(missing);
  expect(() => shaderOf(missing)).toThrow("expected shaders/no_such_kernel.wgsl");
});
