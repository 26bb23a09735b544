/**
 * The shaders of a build with short names. A kernel is made of several files, and who joins them is known at run time only, so all
 * files are renamed at once and by one map: what had one name has one name, wherever it stands. Left as they are: overrides, which
 * TypeScript sets by name, the entry point, parts of vectors, and whatever is WGSL's own.
 *
 * Why the shaders mean what they meant: no two names become one, and none becomes a word that meant something. Every word is found
 * to be declared, an override or WGSL's own, or the build stops.
 */
import { type Token, textOf, tokensOf } from "./wgsl-tokens.js";
import { isSwizzle, WGSL_WORDS } from "./wgsl-words.js";

/** Every file, by name, with short names and few blanks. @throws Error for a word that nobody declares */
export function minifyShaders(files: ReadonlyMap<string, string>): Map<string, string> {
  const shaders = new Map([...files].map(([file, code]) => [file, readShader(code)]));
  const all = [...shaders.values()];
  const declared = new Set(all.flatMap((shader) => shader.declared));
  const kept = new Set([...WGSL_WORDS, ...all.flatMap((shader) => shader.kept)]);

  const uses = new Map<string, number>();
  for (const [file, { tokens, names }] of shaders) {
    for (const i of names) {
      const name = tokens[i].text;
      if (kept.has(name)) continue;
      if (!declared.has(name)) throw new Error(`shaders/${file}: nobody declares ${name}, and WGSL has no such word.`);
      uses.set(name, (uses.get(name) ?? 0) + 1);
    }
  }
  const short = shortNames(uses, kept);
  const renamed = ({ tokens, names }: Shader): Token[] => {
    const result = [...tokens];
    for (const i of names) result[i] = { ...tokens[i], text: short.get(tokens[i].text) ?? tokens[i].text };
    return result;
  };
  return new Map([...shaders].map(([file, shader]) => [file, textOf(renamed(shader))]));
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The most used get the shortest. */
function shortNames(uses: ReadonlyMap<string, number>, kept: ReadonlySet<string>): Map<string, string> {
  const fresh = freshNames(kept);
  const names = [...uses].sort(([, a], [, b]) => b - a);
  return new Map(names.map(([name]) => [name, fresh.next().value as string]));
}

function* freshNames(kept: ReadonlySet<string>): Generator<string> {
  let stems = [""];
  for (;;) {
    stems = stems.flatMap((stem) => [...LETTERS].map((letter) => stem + letter));
    yield* stems.filter((name) => !kept.has(name));
  }
}

interface Shader {
  readonly tokens: readonly Token[];
  /** Which of the tokens may be names. */
  readonly names: readonly number[];
  readonly declared: readonly string[];
  /** Names that it declares and that must stay. */
  readonly kept: readonly string[];
}

/** Attributes that are given words of WGSL's own. */
const OWN_ARGUMENTS = new Set(["builtin", "interpolate", "diagnostic"]);
const DIRECTIVES = new Set(["enable", "requires", "diagnostic"]);

function readShader(code: string): Shader {
  const tokens = tokensOf(code);
  const names: number[] = [];
  const declared: string[] = [];
  const kept: string[] = [];
  const at = (i: number): string => tokens[i]?.text ?? "";
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text } = tokens[i];
    if (text === "{") depth++;
    if (text === "}") depth--;
    if (kind !== "word") continue;
    const before = at(i - 1);
    if (before === "@") {
      if (OWN_ARGUMENTS.has(text)) while (at(i) !== ")") i++;
      continue;
    }
    if (depth === 0 && DIRECTIVES.has(text)) {
      while (at(i) !== ";") i++;
      continue;
    }
    if (before === "." && isSwizzle(text)) continue;
    // Parameters and members: what else is followed by a colon is a case, and declared by somebody.
    const isTyped = at(i + 1) === ":";
    if (declaredBy(tokens, i) === "override") kept.push(text);
    // A member of this name cannot be told from a part of a vector.
    else if (isTyped && isSwizzle(text)) kept.push(text);
    if (isTyped || declaredBy(tokens, i)) declared.push(text);
    names.push(i);
  }
  return { tokens, names, declared, kept };
}

const DECLARERS = new Set(["fn", "struct", "alias", "override", "const", "let", "var"]);

/** The word that declares the one at `i`, if it is declared there: `let name`, `var<storage, read> name`. */
function declaredBy(tokens: readonly Token[], i: number): string | undefined {
  let before = i - 1;
  if (tokens[before]?.text === ">") {
    while (before > 0 && !";{}<".includes(tokens[before].text)) before--;
    before--;
    return tokens[before]?.text === "var" ? "var" : undefined;
  }
  const word = tokens[before]?.text ?? "";
  return DECLARERS.has(word) ? word : undefined;
}
