import { describe, expect, test } from "vitest";
import { findCycle, importsOf, readSources, type SourceFile } from "../support/source-tree.js";
import { importFaults, longFiles, webgpuNames } from "./import-rules.js";

const LONGEST_FILE_LINES = 300;
const sources = readSources("src", ".ts");
const shaders = readSources("shaders", ".wgsl");

describe("the house", () => {
  test("has its door and its shaders", () => {
    expect(sources.map((file) => file.path)).toContain("src/index.ts");
    expect(shaders.length).toBeGreaterThan(0);
  });

  test("imports run one way and stay inside", () => {
    expect(importFaults(sources)).toEqual([]);
  });

  test("every imported file exists", () => {
    const present = new Set([...sources, ...shaders].map((file) => file.path));
    const missing = sources.flatMap((file) => importsOf(file).filter((path) => !present.has(path)));
    expect(missing).toEqual([]);
  });

  test("no file imports itself by a detour", () => {
    expect(findCycle(sources)).toBeUndefined();
  });

  test("WebGPU is named only under src/engine/webgpu", () => {
    const faults = sources.flatMap((file) => webgpuNames(file).map((name) => `${file.path}: ${name}`));
    expect(faults).toEqual([]);
  });

  test("every shader belongs to exactly one op, and every kernel of an op has a shader", () => {
    const kernels = sources
      .filter((file) => file.path.startsWith("src/ops/"))
      .flatMap((file) => [...file.text.matchAll(/Kernel = \{\s*name: "(\w+)"/g)].map((match) => match[1]));
    const files = shaders.map((shader) => shader.path.replace(/^shaders\/(.+)\.wgsl$/, "$1"));
    expect([...kernels].sort()).toEqual(files.filter((name) => !name.includes("/")).sort());
  });

  test("every part of a shader is named once, by the op whose kernel's folder it lies in or among the shared parts", () => {
    const namedBy = (file: SourceFile): string[] =>
      [...file.text.matchAll(/"(\w+\/\w+)"/g)].map((match) => `shaders/${match[1]}.wgsl`);
    const ops = sources.filter((file) => file.path.startsWith("src/ops/"));
    const shared = ops.filter((file) => file.path === "src/ops/shader-parts.ts").flatMap(namedBy);
    const parts = shaders.map((shader) => shader.path).filter((path) => path.split("/").length > 2);
    expect(parts.length).toBeGreaterThan(0);
    expect(ops.flatMap(namedBy).sort()).toEqual([...parts].sort());
    const kernels = shaders.map((shader) => shader.path);
    const elsewhere = parts.filter((path) => !kernels.includes(path.replace(/\/\w+\.wgsl$/, ".wgsl")));
    for (const path of elsewhere) expect(shared).toContain(path);
  });

  test(`no source file is longer than ${LONGEST_FILE_LINES} lines`, () => {
    expect(longFiles(sources, LONGEST_FILE_LINES)).toEqual([]);
  });
});

describe("the rules themselves catch", () => {
  const source = (path: string, text: string) => ({ path, text });
  const faultsOf = (...files: SourceFile[]) => importFaults(files);

  test("an import against the order", () => {
    const faults = faultsOf(source("src/ops/softmax.ts", 'import type { Engine } from "../engine/engine.js";'));
    expect(faults).toEqual(["src/ops/softmax.ts: ops may not import engine (src/engine/engine.ts)"]);
  });

  test("a package, and a solver that reaches for a shader", () => {
    expect(faultsOf(source("src/model/a.ts", 'import {\n  b,\n} from "left-pad";'))).toHaveLength(1);
    expect(faultsOf(source("src/solvers/a.ts", 'import c from "../../shaders/c.wgsl?raw";'))).toHaveLength(1);
    expect(faultsOf(source("src/ops/a.ts", 'import c from "../../shaders/c.wgsl?raw";'))).toEqual([]);
  });

  test("anything of data below the engine but the door", () => {
    const engine = source("src/engine/a.ts", 'import { check } from "../data/matrix.js";');
    const door = source("src/data/matrix.ts", 'import { finite } from "./finite.js";');
    const finite = source("src/data/finite.ts", 'import { DataError } from "../errors.js";');
    expect(faultsOf(engine, door, finite)).toEqual([]);
    expect(faultsOf(source("src/engine/a.ts", 'export * from "../data/idx.js";'))).toHaveLength(1);
    expect(faultsOf(engine, door, source("src/data/finite.ts", 'import("../engine/a.js")'))).toHaveLength(1);
  });

  test("a cycle of three files, closed by a re-export", () => {
    const cycle = findCycle([
      source("src/ops/a.ts", 'import { b } from "./b.js";'),
      source("src/ops/b.ts", 'import type { C } from "./c.js";'),
      source("src/ops/c.ts", 'export { a } from "./a.js";'),
    ]);
    expect(cycle).toEqual(["src/ops/a.ts", "src/ops/b.ts", "src/ops/c.ts", "src/ops/a.ts"]);
  });

  test("WebGPU's names in code, not in comments or codes", () => {
    const text = '/** GPUDevice */ const code = "GPU_UNAVAILABLE"; // GPUBuffer\nlet d: GPUDevice = navigator.gpu;';
    expect(webgpuNames(source("src/model/a.ts", text))).toEqual(["GPUDevice", "navigator.gpu"]);
    expect(webgpuNames(source("src/engine/webgpu/a.ts", text))).toEqual([]);
  });

  test("a file of more lines than allowed", () => {
    const long = source("src/a.ts", "line\n".repeat(301));
    expect(longFiles([long], 300)).toEqual(["src/a.ts: 301 lines"]);
    expect(longFiles([long], 301)).toEqual([]);
  });
});
