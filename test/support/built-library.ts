/**
 * The built library for the tests that look at it: dist/index.js and the files beside it, built anew where the sources are
 * newer. Node only.
 */
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { ROOT } from "./source-tree.js";

const INPUTS = ["src", "shaders", "scripts", "vite.config.ts"];

/** The path of an up-to-date dist/index.js. */
export async function builtLibrary(): Promise<string> {
  const path = join(ROOT, "dist/index.js");
  const builtMs = newest(path);
  if (INPUTS.some((input) => newest(join(ROOT, input)) > builtMs)) {
    // emptyOutDir would take away the type declarations, which another step writes; scripts of an older build go.
    for (const name of builtScripts()) rmSync(join(ROOT, "dist", name));
    const keepDeclarations = { emptyOutDir: false };
    await build({ root: ROOT, configFile: join(ROOT, "vite.config.ts"), logLevel: "warn", build: keepDeclarations });
  }
  return path;
}

const builtScripts = (): string[] =>
  (existsSync(join(ROOT, "dist")) ? readdirSync(join(ROOT, "dist"), { withFileTypes: true }) : [])
    .filter((entry) => entry.isFile() && /\.js(?:\.map)?$/.test(entry.name))
    .map((entry) => entry.name);

/** When the newest file at or under `path` was written, in milliseconds; minus infinity where there is none. */
function newest(path: string): number {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return Number.NEGATIVE_INFINITY;
  if (!status.isDirectory()) return status.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0);
}
