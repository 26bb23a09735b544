/**
 * An op's file holds formula, checks, reference and plan together, for those who read it; who loads it in a browser wants few of
 * them: a page checks, a GPU's backend plans, the CPU's runs references. Builds take the files of ops apart here.
 */
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type ESTree, type Plugin, parseAst } from "vite";

const OPS = resolve(import.meta.dirname, "../src/ops");
const OP_FILE = /[\\/]src[\\/]ops[\\/]([^\\/?]+\.ts)(?:\?(plan|reference))?$/;
const ATTACHED = "\0luce:attached-";

/** The keys of `Op` that are loaded apart, by what loads them. */
const APART = { plan: ["plan"], reference: ["reference", "slice", "sliceRows"] } as const;
type Part = keyof typeof APART;
/** How what several ops have in common gets into them. */
const SPREAD = "...";
/** What all devices look at before any work is done. */
const ON_THE_PAGE = ["name", "writes", "types", "lists", "check", "accumulate", SPREAD];

/** Whether a module's path is that of an op, or of a part of one. */
export function isOp(id: string): boolean {
  const file = OP_FILE.exec(id)?.[1];
  return file !== undefined && /^export const \w+: Op</m.test(readFileSync(join(OPS, file), "utf8"));
}

/** For a build without some of the keys of `Op`. What only they used falls away with them. */
export function withoutOpParts(parts: readonly string[]): Plugin {
  return {
    name: "luce:without-op-parts",
    enforce: "post",
    transform(code, id) {
      return OP_FILE.test(id) ? { code: cutOps(code, (key) => !parts.includes(key)), map: null } : undefined;
    },
  };
}

/**
 * For a build whose ops come with what a page looks at, and get their plans and references from modules of their own. `wantedBy`: the
 * ends of the paths of modules that give ops a part before they do anything else.
 */
export function opPartsApart(wantedBy: Readonly<Record<Part, readonly string[]>>): Plugin[] {
  const parts = Object.keys(APART) as Part[];
  const loading: Plugin = {
    name: "luce:op-parts-apart",
    enforce: "pre",
    apply: "build",
    async resolveId(source, importer, options) {
      if (source.startsWith(ATTACHED)) return source;
      // A part of an op goes on to the same part of others.
      const part = OP_FILE.exec(importer ?? "")?.[2];
      if (!part || !importer) return undefined;
      const found = await this.resolve(source, importer.replace(/\?.*/, ""), { ...options, skipSelf: true });
      return found && isOp(found.id) ? `${found.id}?${part}` : found;
    },
    load: (id) => (id.startsWith(ATTACHED) ? attachedModule(id.slice(ATTACHED.length)) : undefined),
    transform(code, id) {
      const wanted = parts.filter((part) => wantedBy[part].some((path) => id.endsWith(path)));
      if (wanted.length === 0) return undefined;
      // A call, not a mere import: bundlers drop those of a package without side effects.
      const calls = wanted.map((part) => `import { attach as ${part}s } from "${ATTACHED}${part}"; ${part}s();`);
      return { code: `${calls.join(" ")} ${code}`, map: null };
    },
  };
  const cutting: Plugin = {
    name: "luce:op-parts-cut",
    enforce: "post",
    apply: "build",
    transform(code, id) {
      const part = OP_FILE.exec(id)?.[2] as Part | undefined;
      const kept: readonly string[] = part ? APART[part] : ON_THE_PAGE;
      return isOp(id) ? { code: cutOps(code, (key) => kept.includes(key)), map: null } : undefined;
    },
  };
  return [loading, cutting];
}

/** A module whose function gives all ops one of their parts. */
export async function attachedModule(part: string): Promise<string> {
  const files = (await readdir(OPS)).map((name) => join(OPS, name)).filter(isOp);
  const lines = files.map((path, i) => {
    const [, op] = /^export const (\w+): Op</m.exec(readFileSync(path, "utf8")) as RegExpExecArray;
    const [whole, own] = [path, `${path}?${part}`].map((id) => JSON.stringify(id));
    return {
      imports: `import { ${op} as op${i} } from ${whole}; import { ${op} as part${i} } from ${own};`,
      assigns: `Object.assign(op${i}, part${i});`,
    };
  });
  const assigns = lines.map((line) => line.assigns).join("\n");
  return `${lines.map((line) => line.imports).join("\n")}\nexport function attach() {\n${assigns}\n}\n`;
}

/**
 * The same module, JavaScript, whose ops have only those of their keys that `stays` says, without what was there for the others:
 * blanks stand for it, so nothing else moves.
 */
export function cutOps(code: string, stays: (key: string) => boolean): string {
  let kept = code;
  const blank = (start: number, end: number): void => {
    kept = kept.slice(0, start) + kept.slice(start, end).replace(/[^\n]/g, " ") + kept.slice(end);
  };
  const properties = opProperties(parseAst(code)).filter((property) => !stays(nameOf(property)));
  if (properties.length === 0) return code;
  for (const { start, end } of properties) blank(start, end + (/^\s*,/.exec(kept.slice(end))?.[0].length ?? 0));
  for (const { start, end } of unusedStatements(parseAst(kept))) blank(start, end);
  return kept;
}

/** Imports, functions and constants of a module that nothing it exports needs. A bundler would follow the imports. */
function unusedStatements({ body }: ESTree.Program): ESTree.Program["body"] {
  const optional = body.filter(({ type }) => /^(Import|Function|Variable|Class)\w*Declaration$/.test(type));
  const used = new Set(body.filter((node) => !optional.includes(node)).flatMap(identifiersIn));
  let unused = optional;
  for (;;) {
    const found = unused.filter((node) => declaredBy(node).some((name) => used.has(name)));
    if (found.length === 0) return unused;
    for (const name of found.flatMap(identifiersIn)) used.add(name);
    unused = unused.filter((node) => !found.includes(node));
  }
}

function declaredBy(node: ESTree.Program["body"][number]): string[] {
  if (node.type === "ImportDeclaration") return node.specifiers.map(({ local }) => local.name);
  if (node.type === "VariableDeclaration") return node.declarations.flatMap(({ id }) => identifiersIn(id));
  return "id" in node ? identifiersIn(node.id) : [];
}

/** The names in a part of a syntax tree, whatever they stand for. */
function identifiersIn(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  const { type, name } = node as { type?: string; name?: unknown };
  return type === "Identifier" ? [name as string] : Object.values(node).flatMap(identifiersIn);
}

type Properties = ESTree.ObjectExpression["properties"];

/** Of the exported literals that have both a reference and a plan. */
function opProperties({ body }: ESTree.Program): Properties {
  const isOpLiteral = (properties: Properties): boolean =>
    ["name", "reference", "plan"].every((key) => properties.some((each) => nameOf(each) === key));
  return body
    .flatMap((node) => (node.type === "ExportNamedDeclaration" && node.declaration ? [node.declaration] : []))
    .flatMap((node) => (node.type === "VariableDeclaration" ? node.declarations : []))
    .flatMap(({ init }) => (init?.type === "ObjectExpression" ? [init.properties] : []))
    .filter(isOpLiteral)
    .flat();
}

function nameOf(property: Properties[number]): string {
  if (property.type === "SpreadElement") return SPREAD;
  return property.key.type === "Identifier" ? property.key.name : "";
}
