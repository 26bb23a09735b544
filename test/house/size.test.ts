import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { parseAst } from "vite";
import { expect, test } from "vitest";
import { builtLibrary } from "../support/built-library.js";

/** What every page pays before anything runs: models, labels, predictions, the door. */
const CORE_GZIP_BYTES = 31_500;
/** That, and what comes when it is asked for: solvers, the GPU's side with all shaders, the CPU's with its kernels, self-check, tuning. */
const ALL_GZIP_BYTES = 96_000;

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

test(`a page loads at most ${CORE_GZIP_BYTES} bytes of gzip before it asks for more`, async () => {
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
  expect(bytes).toBeLessThanOrEqual(CORE_GZIP_BYTES);
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
