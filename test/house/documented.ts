/** What the public door shows without a word of explanation, as functions of the sources. */
import { posix } from "node:path";
import type { SourceFile } from "../support/source-tree.js";

const DECLARATION = /^export (?:declare )?(?:abstract )?(?:async )?(class|function|const|interface|type) (\w+)/;
const MEMBER = /^ {2}(?:readonly |get |static |async )*(\w+)\??[:(<]/;

/** A public name that is declared in a file. */
interface Declared {
  readonly name: string;
  readonly file: SourceFile;
  /** Index of its line. */
  readonly line: number;
}

const linesOf = (file: SourceFile): string[] => file.text.split("\n");

const isDocumented = (lines: readonly string[], line: number): boolean => /\*\/\s*$/.test(lines[line - 1] ?? "");

/** Follows a name through files that only pass it on to where it is declared. */
function declarationOf(name: string, path: string, files: ReadonlyMap<string, SourceFile>): Declared | undefined {
  const file = files.get(path);
  if (!file) return undefined;
  const line = linesOf(file).findIndex((text) => DECLARATION.exec(text)?.[2] === name);
  if (line >= 0) return { name, file, line };
  for (const [next, names] of reexportsOf(file))
    if (names === "*" || names.includes(name)) {
      const found = declarationOf(name, next, files);
      if (found) return found;
    }
  return undefined;
}

/** Paths that a file passes names on from, and which names. */
function reexportsOf(file: SourceFile): (readonly [path: string, names: "*" | readonly string[]])[] {
  return [...file.text.matchAll(/^export (?:type )?(\*|\{[^}]*\}) from "(.+?)";/gm)].map(([, names, path]) => [
    posix.join(posix.dirname(file.path), path).replace(/\.js$/, ".ts"),
    names === "*" ? "*" : names.split(/[{},]/).flatMap((each) => each.trim().replace(/^type /, "") || []),
  ]);
}

/** All names that a door shows, each where it is declared; a name that cannot be found is its own fault. */
export function publicDeclarations(door: string, sources: readonly SourceFile[]): (Declared | string)[] {
  const files = new Map(sources.map((file) => [file.path, file]));
  const file = files.get(door);
  if (!file) return [`${door}: is not there`];
  return reexportsOf(file).flatMap(([path, names]) => {
    const shown =
      names === "*"
        ? linesOf(files.get(path) as SourceFile).flatMap((line) => DECLARATION.exec(line)?.[2] ?? [])
        : names;
    return shown.map((name) => declarationOf(name, path, files) ?? `${name}: is declared nowhere`);
  });
}

/** One line for each public name, and each member of a public class or interface, that no comment explains. */
export function undocumented(door: string, sources: readonly SourceFile[]): string[] {
  return publicDeclarations(door, sources).flatMap((declared) => {
    if (typeof declared === "string") return [declared];
    const { name, file, line } = declared;
    const lines = linesOf(file);
    const faults = isDocumented(lines, line) ? [] : [`${file.path}:${line + 1}: ${name}`];
    if (!/^export (?:abstract )?(?:class|interface) /.test(lines[line])) return faults;
    let last = "";
    for (let i = line + 1; i < lines.length && lines[i] !== "}"; i++) {
      const member = MEMBER.exec(lines[i])?.[1];
      // Overloads are explained once.
      if (member && member !== "constructor" && member !== last && !isDocumented(lines, i))
        faults.push(`${file.path}:${i + 1}: ${name}.${member}`);
      if (member) last = member;
    }
    return faults;
  });
}
