/**
 * Vite plugin for the library build: shaders go into the bundle without comments and needless blanks.
 * In development and in tests they stay as they are written, so that compiler messages name the true lines.
 */
import { readFile } from "node:fs/promises";
import type { Plugin } from "vite";

/** Makes `import code from "x.wgsl?raw"` give the minified shader in builds. */
export function minifiedShaders(): Plugin {
  return {
    name: "luce:minified-shaders",
    apply: "build",
    enforce: "pre",
    async load(id) {
      if (!id.endsWith(".wgsl?raw")) return null;
      const code = await readFile(id.slice(0, -"?raw".length), "utf8");
      return { code: `export default ${JSON.stringify(minifyShader(code))};`, moduleType: "js" };
    },
  };
}

/**
 * The same shader, shorter: no comments, no indentation, no blank lines, no blanks round `, ; : { } ( )`.
 * Names and operators are left alone: blanks round operators can matter (`a - -b`, `a < b`).
 */
export function minifyShader(code: string): string {
  return removeComments(code)
    .split("\n")
    .map((line) =>
      line
        .replace(/\s+/g, " ")
        .replace(/ ?([,;:{}()]) ?/g, "$1")
        .trim(),
    )
    .filter((line) => line !== "")
    .join("\n");
}

/** WGSL has no strings, so a comment starts wherever its mark stands; block comments nest. */
function removeComments(code: string): string {
  let kept = "";
  let depth = 0;
  for (let i = 0; i < code.length; i++) {
    const pair = code.slice(i, i + 2);
    if (pair === "/*") {
      depth++;
      i++;
    } else if (depth > 0 && pair === "*/") {
      depth--;
      i++;
      kept += " ";
    } else if (depth === 0 && pair === "//") {
      while (i + 1 < code.length && code[i + 1] !== "\n") i++;
    } else if (depth === 0) {
      kept += code[i];
    }
  }
  return kept;
}
