import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, parseAst, type Rolldown } from "vite";
import { expect, test } from "vitest";
import { builtLibrary } from "../support/built-library.js";

/** What every page pays before anything runs: models, labels, predictions, the door. */
const CORE_GZIP_BYTES = 33_000;
/** What a page without a bundler pays, metrics included. */
const DOOR_GZIP_BYTES = 39_000;
/** That, and what comes when it is asked for: solvers, the GPU's side with all shaders, the CPU's with its kernels, self-check, tuning. */
const ALL_GZIP_BYTES = 102_000;

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

/** What a bundler makes of a page that imports these names only: the scripts that load before anything runs. */
async function bundled(names: string): Promise<string[]> {
  const entry = "virtual:page";
  const page = {
    name: "page",
    resolveId: (id: string) => (id === entry ? id : undefined),
    load: (id: string) => (id === entry ? `export { ${names} } from ${JSON.stringify(index)};` : undefined),
  };
  const output = { entryFileNames: "page.js", chunkFileNames: "[name].js" };
  const made = await build({
    ...{ configFile: false, logLevel: "error", plugins: [page] },
    build: {
      ...{ write: false, target: "es2022", modulePreload: false },
      rolldownOptions: { input: entry, output, preserveEntrySignatures: "exports-only" },
    },
  });
  const chunks = new Map(
    (made as Rolldown.RolldownOutput).output.flatMap((file) => (file.type === "chunk" ? [[file.fileName, file]] : [])),
  );
  const initial = new Set(["page.js"]);
  for (const name of initial) for (const imported of chunks.get(name)?.imports ?? []) initial.add(imported);
  return [...initial].map((name) => chunks.get(name)?.code ?? "");
}

test(`a bundled page pays at most ${CORE_GZIP_BYTES} bytes of gzip for SoftmaxRegression before it asks for more`, async () => {
  const page = await bundled("SoftmaxRegression");
  const code = page.join("");
  expect(code).toContain("SoftmaxRegression");
  // Metrics come only with those who import them.
  expect(code).not.toContain("calibrationError");
  expect((await bundled("SoftmaxRegression, calibrationError")).join("")).toContain("calibrationError");
  expect(page.reduce((bytes, script) => bytes + gzipSync(script, { level: 9 }).byteLength, 0)).toBeLessThanOrEqual(
    CORE_GZIP_BYTES,
  );
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
  const names = (await readdir(folder)).filter((name) => name.endsWith(".js"));
  let bytes = 0;
  let shaders = 0;
  for (const name of names) {
    bytes += await gzipBytes(join(folder, name));
    shaders += (await readFile(join(folder, name), "utf8")).split("@compute").length - 1;
  }
  expect(shaders).toBe((await readdir(join(folder, "../shaders"))).filter((name) => name.endsWith(".wgsl")).length);
  expect(bytes).toBeLessThanOrEqual(ALL_GZIP_BYTES);
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
