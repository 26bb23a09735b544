/** WGSL text as tokens, and tokens as the shortest text that means the same. */

export interface Token {
  readonly kind: "word" | "number" | "mark";
  readonly text: string;
  /** Whether blanks or comments stand before it in the source. */
  readonly apart: boolean;
}

const TOKEN =
  /(?<word>[A-Za-z_]\w*)|(?<number>0[xX][\da-fA-F]*\.?[\da-fA-F]*(?:[pP][+-]?\d+)?[fhiu]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fhiu]?)|(?<blank>\s+)|(?<mark>[-+*/%&|^~!<>=.,:;(){}[\]@])/gy;

/** Marks one by one: `<<` is two that touch. @throws Error where the text is no WGSL */
export function tokensOf(code: string): Token[] {
  const tokens: Token[] = [];
  let apart = false;
  const text = removeComments(code);
  let end = 0;
  for (const { 0: found, index, groups = {} } of text.matchAll(TOKEN)) {
    end = index + found.length;
    if (groups.blank) {
      apart = true;
      continue;
    }
    const kind = groups.word ? "word" : groups.number ? "number" : "mark";
    tokens.push({ kind, text: found, apart });
    apart = false;
  }
  if (end !== text.length)
    throw new Error(`shader: cannot be read from ${JSON.stringify(text.slice(end, end + 40))} on.`);
  return tokens;
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

/** Two marks that would be read as one, or as a comment, if they touched. */
const JOINED = new Set("++ -- && || << >> <= >= == != -> += -= *= /= %= &= |= ^= // /*".split(" "));

/** Blanks are only ever left out, and only where the tokens stay what they are; each declaration of the module is a line. */
export function textOf(tokens: readonly Token[]): string {
  let text = "";
  let depth = 0;
  tokens.forEach((token, i) => {
    const last = tokens[i - 1];
    if (last && depth === 0 && (last.text === ";" || last.text === "}")) text += "\n";
    else if (last && token.apart && needsBlank(last, token)) text += " ";
    if (token.text === "{") depth++;
    if (token.text === "}") depth--;
    text += token.text;
  });
  return text;
}

function needsBlank(last: Token, next: Token): boolean {
  if (last.kind === "mark" && next.kind === "mark") return JOINED.has(last.text + next.text);
  // A number takes a point that touches it.
  if (last.kind === "mark") return last.text === "." && next.kind === "number";
  if (next.kind === "mark") return last.kind === "number" && next.text === ".";
  return true;
}
