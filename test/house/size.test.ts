import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, parseAst, type Rolldown } from "vite";
import { expect, test } from "vitest";
import { builtLibrary } from "../support/built-library.js";

/** What a page of softmax regression pays before anything runs, once a bundler has left out what it does not name. */
const CORE_GZIP_BYTES = 25_100;
/** What a page without a bundler loads before anything runs: the core, and all formats and readers, which the core does not need. */
const DOOR_GZIP_BYTES = 44_800;
/** That, and what comes when it is asked for: the engine and its ops, solvers, the GPU's side with all shaders, the CPU's with its kernels, self-check, tuning. */
const ALL_GZIP_BYTES = 204_500;
/** The CPU's kernels and the references of all ops, in one module that can be hosted by itself. */
const WORKER_GZIP_BYTES = 38_400;

const index = await builtLibrary();
const folder = dirname(index);

const gzipBytes = async (path: string): Promise<number> => gzipSync(await readFile(path), { level: 9 }).byteLength;

async function importsOf(path: string): Promise<string[]> {
  const { body } = parseAst(await readFile(path, "utf8"));
  return body.flatMap((node) => ("source" in node && node.source ? [node.source.value] : []));
}

/** A file and all that it imports before it runs. */
async function closureOf(path: string, found: Set<string> = new Set()): Promise<Set<string>> {
  if (found.has(path)) return found;
  found.add(path);
  for (const imported of await importsOf(path)) await closureOf(join(folder, imported), found);
  return found;
}

/** The scripts that a page loads first when it uses these names of the library and a bundler has built it. */
async function bundled(...names: readonly string[]): Promise<string[]> {
  const page = "\0page";
  const code = `import { ${names} } from ${JSON.stringify(index)};\nglobalThis.used = [${names}];`;
  const plugin = {
    name: "page",
    resolveId: (id: string) => (id === page ? id : undefined),
    load: (id: string) => (id === page ? code : undefined),
  };
  const result = (await build({
    configFile: false,
    logLevel: "silent",
    plugins: [plugin],
    build: { write: false, minify: true, modulePreload: false, rolldownOptions: { input: page } },
  })) as Rolldown.RolldownOutput;
  const chunks = new Map(result.output.flatMap((each) => (each.type === "chunk" ? [[each.fileName, each]] : [])));
  const first = [...chunks.values()].filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName);
  for (const name of first)
    for (const other of chunks.get(name)!.imports) if (!first.includes(other)) first.push(other);
  return first.map((name) => chunks.get(name)!.code);
}

const gzipSum = (codes: readonly string[]): number =>
  codes.reduce((sum, code) => sum + gzipSync(code, { level: 9 }).byteLength, 0);

test(`a bundled page of softmax regression loads at most ${CORE_GZIP_BYTES} bytes of gzip first`, async () => {
  const codes = await bundled("SoftmaxRegression");
  // A bundle that lost the class would be small as well; formats and readers do not belong in it.
  expect(codes.join()).toContain("predictProba");
  for (const word of FOREIGN_TO_THE_CORE) expect(codes.join(), word).not.toContain(word);
  expect(gzipSum(codes)).toBeLessThanOrEqual(CORE_GZIP_BYTES);
});

/** A word of each format and reader. */
const FOREIGN_TO_THE_CORE = [
  "data_offsets",
  "Gemm",
  "fromSklearn",
  "readIdx",
  "readNpy",
  "readCsv",
  "crossValidate",
  "fitPath",
];

test("what the core does without is there for those who name it", async () => {
  const codes = await bundled(
    "SoftmaxRegression",
    "fromSafetensors",
    "toSafetensors",
    "toONNX",
    "fromSklearn",
    "readIdx",
    "readNpy",
    "readCsv",
    "crossValidate",
    "fitPath",
  );
  for (const word of FOREIGN_TO_THE_CORE) expect(codes.join()).toContain(word);
});

test(`a page without a bundler loads at most ${DOOR_GZIP_BYTES} bytes of gzip before it asks for more`, async () => {
  let bytes = 0;
  let code = "";
  for (const path of await closureOf(index)) {
    bytes += await gzipBytes(path);
    code += await readFile(path, "utf8");
  }
  // A core that lost its door would be small as well; shaders, the CPU's kernels and solvers do not belong in it.
  expect(await readFile(index, "utf8")).toMatch(/export\s*\{[^}]*\bSoftmaxRegression\b/);
  expect(code).not.toContain("@compute");
  expect(code).not.toContain("WebAssembly");
  expect(bytes).toBeLessThanOrEqual(DOOR_GZIP_BYTES);
});

test(`the whole library is at most ${ALL_GZIP_BYTES} bytes of gzip`, async () => {
  // The checks of luce/testing are for tests, and no page loads them.
  const apart = ["testing.js", "worker.js"];
  const names = (await readdir(folder)).filter((name) => name.endsWith(".js") && !apart.includes(name));
  let bytes = 0;
  let shaders = 0;
  for (const name of names) {
    bytes += await gzipBytes(join(folder, name));
    shaders += (await readFile(join(folder, name), "utf8")).split("@compute").length - 1;
  }
  expect(shaders).toBe((await readdir(join(folder, "../shaders"))).filter((name) => name.endsWith(".wgsl")).length);
  expect(bytes).toBeLessThanOrEqual(ALL_GZIP_BYTES);
});

test(`the worker is one file of at most ${WORKER_GZIP_BYTES} bytes of gzip`, async () => {
  const worker = join(folder, "worker.js");
  expect(await importsOf(worker)).toEqual([]);
  const code = await readFile(worker, "utf8");
  expect(code).toContain("WebAssembly");
  expect(code).not.toContain("@compute");
  // Plans for GPUs are none of its business.
  expect(code.match(/dispatch\(|bindings/g)).toBeNull();
  expect(await gzipBytes(worker)).toBeLessThanOrEqual(WORKER_GZIP_BYTES);
});

test("the library names the worker's file as bundlers look for it", async () => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".js"));
  const code = (await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")))).join("\n");
  expect(code).toMatch(/new Worker\(new URL\([`"']\.\/worker\.js[`"'],\s*import\.meta\.url\)/);
});

test("the built library imports nothing but its own files", async () => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".js"));
  for (const name of names) {
    const code = await readFile(join(folder, name), "utf8");
    const asked = [...code.matchAll(/\bimport\s*\(\s*["'`]([^"'`]*)["'`]/g)].map((match) => match[1]);
    // Every import() names its file, or it could not be checked.
    expect(asked).toHaveLength([...code.matchAll(/\bimport\s*\(/g)].length);
    for (const imported of [...(await importsOf(join(folder, name))), ...asked]) {
      expect(
        names.map((file) => `./${file}`),
        `${name} imports ${imported}`,
      ).toContain(imported);
    }
  }
});

test("luce/testing shares nothing with the library", async () => {
  const path = join(folder, "testing.js");
  expect(await importsOf(path)).toEqual([]);
  expect(await readFile(path, "utf8")).toMatch(/export\s*\{[^}]*\bcheckClassifier\b/);
});
