/**
 * Leaves parts of all ops out of a build that has no use for them: an op's file holds formula, checks, reference and plan together,
 * for those who read it, and a worker neither checks nor plans. What only those parts called falls away with them.
 */
import { type ESTree, type Plugin, parseAst } from "vite";

const OP_FILE = /[\\/]src[\\/]ops[\\/][^\\/]+\.ts$/;

type Property = Extract<ESTree.ObjectExpression["properties"][number], { type: "Property" }>;

/** Of the keys of `Op`, those to leave out. */
export function withoutOpParts(parts: readonly string[]): Plugin {
  return {
    name: "luce:without-op-parts",
    enforce: "post",
    transform(code, id) {
      return OP_FILE.test(id) ? { code: withoutParts(code, parts), map: null } : undefined;
    },
  };
}

/** The same module, JavaScript, where no op that it exports has any of `parts`: blanks stand for them, so nothing else moves. */
export function withoutParts(code: string, parts: readonly string[]): string {
  let kept = code;
  for (const property of opProperties(parseAst(code))) {
    if (!parts.includes(nameOf(property))) continue;
    const end = property.end + (/^\s*,/.exec(kept.slice(property.end))?.[0].length ?? 0);
    kept = kept.slice(0, property.start) + kept.slice(property.start, end).replace(/[^\n]/g, " ") + kept.slice(end);
  }
  return kept;
}

/** Of the exported literals that have both a reference and a plan. */
function opProperties({ body }: ESTree.Program): Property[] {
  const literals = body
    .flatMap((node) => (node.type === "ExportNamedDeclaration" && node.declaration ? [node.declaration] : []))
    .flatMap((node) => (node.type === "VariableDeclaration" ? node.declarations : []))
    .flatMap(({ init }) => (init?.type === "ObjectExpression" ? [init] : []));
  const own = literals.map(({ properties }) => properties.filter((each): each is Property => each.type === "Property"));
  const isOp = (properties: readonly Property[]): boolean =>
    ["name", "reference", "plan"].every((key) => properties.some((each) => nameOf(each) === key));
  return own.filter(isOp).flat();
}

const nameOf = ({ key }: Property): string => (key.type === "Identifier" ? key.name : "");
