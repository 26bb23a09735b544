/** Finds what `JSON.parse` passes over: a key that stands twice in one object. Imports nothing. */

/** The first key of valid JSON that its object has already, or undefined. Linear in the text, whatever its depth. */
export function duplicateKey(text: string): string | undefined {
  // One entry for each open bracket: the keys of an object so far, or undefined for an array and for an object without any.
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{" || character === "[") open.push(undefined);
    else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const start = i;
      i = endOfString(text, start);
      if (!isKey(text, i + 1)) continue;
      // Parsed, since the same key can be written in several ways: "a" and "\u0061".
      const key: string = JSON.parse(text.slice(start, i + 1));
      const keys = open[open.length - 1] ?? new Set();
      if (keys.has(key)) return key;
      open[open.length - 1] = keys.add(key);
    }
  }
  return undefined;
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i;
}

function isKey(text: string, after: number): boolean {
  let i = after;
  while (text[i] === " " || text[i] === "\n" || text[i] === "\r" || text[i] === "\t") i++;
  return text[i] === ":";
}
