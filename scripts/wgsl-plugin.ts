/**
 * Vite plugin for builds: shaders go into the bundle as `wgsl-minifier` shortens them, without comments, with short names.
 * In development and in tests they stay as they are written, so that compiler messages name the true lines.
 */
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { Plugin } from "vite";
import { minifyShaders } from "./wgsl-minifier.js";

const FOLDER = resolve(import.meta.dirname, "../shaders");

/** Makes `import code from "x.wgsl?raw"` give the minified shader in builds. */
export function minifiedShaders(): Plugin {
  let minified: Promise<Map<string, string>>;
  return {
    name: "luce:minified-shaders",
    apply: "build",
    enforce: "pre",
    buildStart() {
      minified = readShaders().then(minifyShaders);
    },
    async load(id) {
      if (!id.endsWith(".wgsl?raw")) return null;
      const file = relative(FOLDER, id.slice(0, -"?raw".length)).replaceAll("\\", "/");
      const code = (await minified).get(file);
      if (code === undefined) this.error(`${id}: expected a file of ${FOLDER}.`);
      return { code: `export default ${JSON.stringify(code)};`, moduleType: "js" };
    },
  };
}

/** Every file of `shaders/`, by its path in there. All take part: one map of names is for all of them. */
export async function readShaders(): Promise<Map<string, string>> {
  const names = (await readdir(FOLDER, { recursive: true })).map((name) => name.replaceAll("\\", "/"));
  const files = names.filter((name) => name.endsWith(".wgsl")).sort();
  return new Map(
    await Promise.all(files.map(async (name) => [name, await readFile(join(FOLDER, name), "utf8")] as const)),
  );
}
