import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { parseAst } from "vite";
import { expect, test } from "vitest";
import { builtLibrary } from "../support/built-library.js";

/** What a page pays for the whole library, shaders included. */
const LARGEST_GZIP_BYTES = 58_000;

test(`the built library is at most ${LARGEST_GZIP_BYTES} bytes of gzip`, async () => {
  const code = await readFile(await builtLibrary());
  const bytes = gzipSync(code, { level: 9 }).byteLength;
  // A bundle that lost its shaders or its door would be small as well.
  expect(code.toString()).toContain("@compute");
  expect(code.toString()).toMatch(/export\s*\{[^}]*\bSoftmaxRegression\b/);
  expect(bytes).toBeLessThanOrEqual(LARGEST_GZIP_BYTES);
});

test("the built library imports nothing", async () => {
  const code = await readFile(await builtLibrary(), "utf8");
  const sources = parseAst(code).body.flatMap((node) => ("source" in node && node.source ? [node.source.value] : []));
  expect(sources).toEqual([]);
  expect(code).not.toMatch(/\bimport\s*\(/);
});
