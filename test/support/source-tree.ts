/**
 * Reads the house's own source: which file imports what, and what stands in it. Runs in Node only.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const ROOT: string = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** One source file. */
export interface SourceFile {
  /** Path from the root with forward slashes: `src/ops/matmul.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Every file under `folder` (a path from the root) whose name ends in `extension`, sorted by path. */
export function readSources(folder: string, extension: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((name) => posix.join(folder, name.replaceAll("\\", "/")))
    .filter((path) => path.endsWith(extension))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** What the import finder recognises: static imports and re-exports, `import "x"`, `import("x")`, `new URL("x", …)`. */
const IMPORT_FORMS: readonly RegExp[] = [
  /^\s*(?:import|export)\s(?:[^"';]*?\sfrom\s*)?["']([^"']+)["']/gm,
  /\bimport\(\s*["']([^"']+)["']/g,
  /\bnew URL\(\s*["']([^"']+)["']\s*,\s*import\.meta\.url/g,
];

/**
 * The modules that a file imports: paths from the root, `.js` turned into the `.ts` that stands there and queries such as
 * `?raw` dropped; bare package names as they are.
 */
export function importsOf(file: SourceFile): string[] {
  const code = withoutComments(file.text);
  const found = IMPORT_FORMS.flatMap((form) => [...code.matchAll(form)].map((match) => match[1] as string));
  return [...new Set(found.map((specifier) => resolve(file.path, specifier)))];
}

function resolve(importer: string, specifier: string): string {
  const path = specifier.split("?", 1)[0] as string;
  if (!path.startsWith(".")) return path;
  return posix.join(posix.dirname(importer), path).replace(/\.js$/, ".ts");
}

/** The same text with comments blanked. Strings are kept, and what looks like a comment inside them too. */
export function withoutComments(text: string): string {
  const stringOrComment = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replace(stringOrComment, (match) => (match.startsWith("/") ? match.replace(/[^\n]/g, " ") : match));
}

/** The first import cycle among the files, as a list of paths that ends where it begins, or undefined. */
export function findCycle(files: readonly SourceFile[]): string[] | undefined {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    const start = trail.indexOf(path);
    if (start >= 0) return [...trail.slice(start), path];
    if (finished.has(path)) return undefined;
    for (const next of imports.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle) return cycle;
    }
    finished.add(path);
    return undefined;
  };
  for (const path of imports.keys()) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return undefined;
}
