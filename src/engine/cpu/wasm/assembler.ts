/**
 * Bytes of a WebAssembly module out of functions written in `instructions.ts`. A module has one memory, which it imports as
 * `host.memory`, and exports all its functions: what kernels made for the shape at hand need, and no more.
 */

/** Bytes of instructions, nested as the expressions are. */
export type Code = readonly (number | Code)[];

/** What parameters, locals and results may be, by its byte. */
export const TYPE = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof TYPE;

/** A parameter or local variable of a function. */
export interface Local {
  readonly index: number;
}

/** One exported function that is being written: its parameters first, then its other locals, then `body`. */
export class Writer {
  readonly parameters: ValueType[] = [];
  readonly locals: ValueType[] = [];

  parameter(type: ValueType): Local {
    this.parameters.push(type);
    return { index: this.parameters.length - 1 };
  }

  /** `count` parameters that are i32: addresses, strides, counts. */
  integers(count: number): Local[] {
    return Array.from({ length: count }, () => this.parameter("i32"));
  }

  /** Only after the last parameter. */
  local(type: ValueType): Local {
    this.locals.push(type);
    return { index: this.parameters.length + this.locals.length - 1 };
  }

  vectors(count: number): Local[] {
    return Array.from({ length: count }, () => this.local("v128"));
  }
}

/** Writes a function: takes its locals from the writer and returns its instructions. */
export type FunctionSource = (writer: Writer) => Code;

/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return bytes;
}

/** Signed LEB128 of 32 bits. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(done ? byte : byte | 0x80);
    if (done) return bytes;
  }
}

const flattened = (code: Code): number[] => (code as readonly unknown[]).flat(Number.POSITIVE_INFINITY) as number[];

const list = (items: readonly Code[]): Code => [unsigned(items.length), ...items];

const text = (name: string): Code => list(Array.from(name, (letter) => [letter.charCodeAt(0)]));

function sized(code: Code): number[] {
  const bytes = flattened(code);
  return [...unsigned(bytes.length), ...bytes];
}

const section = (id: number, items: readonly Code[]): Code => [id, sized(list(items))];

/** A whole module. Its functions return nothing: results go to memory. */
export function assemble(functions: Readonly<Record<string, FunctionSource>>): Uint8Array<ArrayBuffer> {
  const written = Object.entries(functions).map(([name, source]) => {
    const writer = new Writer();
    return { name, body: source(writer), ...writer };
  });
  const types = ({ parameters }: Writer): Code => [0x60, list(parameters.map((type) => [TYPE[type]])), 0];
  const bytes: Code = [
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(
      1,
      written.map((f) => types(f as unknown as Writer)),
    ),
    section(2, [[text("host"), text("memory"), 2, 0, 0]]),
    section(
      3,
      written.map((_, index) => unsigned(index)),
    ),
    section(
      7,
      written.map(({ name }, index) => [text(name), 0, unsigned(index)]),
    ),
    section(
      10,
      written.map(({ locals, body }) => sized([list(locals.map((type) => [1, TYPE[type]])), body, 0x0b])),
    ),
  ];
  return Uint8Array.from(flattened(bytes));
}
