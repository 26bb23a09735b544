/** How an unexpected value is named in an error message. Imports nothing. */

const LONGEST_TEXT = 40;

/** `null`, `the string "abc"`, `NaN`, `a BigInt64Array of length 3`, `an array of length 2`, `a Date`, … Never throws. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string": {
      const shown = value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
      return `the string ${JSON.stringify(shown)}`;
    }
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `the bigint ${value}n`;
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    case "object":
      try {
        return value === null ? "null" : describeObject(value);
      } catch {
        // A revoked proxy, or a tag that throws.
        return "an object that cannot be looked into";
      }
    default:
      return String(value);
  }
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return `an array of length ${value.length}`;
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  const kind = /^[AEIO]/.test(tag) ? `an ${tag}` : `a ${tag}`;
  const length = ArrayBuffer.isView(value) && "length" in value ? ` of length ${String(value.length)}` : "";
  return tag === "Object" ? "an object" : kind + length;
}
