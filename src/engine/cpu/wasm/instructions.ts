/** WebAssembly's instructions as expressions: each returns the bytes that leave its value on the stack, or that do its work. */
import type { Code, Local } from "./assembler.js";
import { signed, unsigned } from "./assembler.js";

export const get = (local: Local): Code => [0x20, unsigned(local.index)];
export const set = (local: Local, value: Code): Code => [value, 0x21, unsigned(local.index)];

export const integer = (value: number): Code => [0x41, signed(value)];
const bytesOf = (array: Float32Array): number[] => [...new Uint8Array(array.buffer)];

/** An address is a multiple of nothing in particular; `offset` is a constant, in bytes. */
const memory = (opcode: Code, offset: number): Code => [opcode, 0, unsigned(offset)];

export const i32 = {
  add: (a: Code, b: Code): Code => [a, b, 0x6a],
  sub: (a: Code, b: Code): Code => [a, b, 0x6b],
  mul: (a: Code, b: Code): Code => [a, b, 0x6c],
  and: (a: Code, b: Code): Code => [a, b, 0x71],
  or: (a: Code, b: Code): Code => [a, b, 0x72],
  shiftLeft: (a: Code, bits: number): Code => [a, integer(bits), 0x74],
  unequal: (a: Code, b: Code): Code => [a, b, 0x47],
  /** How many bits are ones. */
  ones: (a: Code): Code => [a, 0x69],
  /** a < b, signed. */
  less: (a: Code, b: Code): Code => [a, b, 0x48],
  divide: (a: Code, b: Code): Code => [a, b, 0x6e],
  remainder: (a: Code, b: Code): Code => [a, b, 0x70],
  load: (address: Code, offset = 0): Code => [address, memory([0x28], offset)],
  loadByte: (address: Code, offset = 0): Code => [address, memory([0x2d], offset)],
  /** 16 bits, the others 0. */
  loadShort: (address: Code, offset = 0): Code => [address, memory([0x2f], offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, memory([0x36], offset)],
  /** The low 16 bits. */
  storeShort: (address: Code, value: Code, offset = 0): Code => [address, value, memory([0x3b], offset)],
  /** a where the condition holds, else b. */
  select: (condition: Code, a: Code, b: Code): Code => [a, b, condition, 0x1b],
} as const;

export const f32 = {
  add: (a: Code, b: Code): Code => [a, b, 0x92],
  mul: (a: Code, b: Code): Code => [a, b, 0x94],
  load: (address: Code, offset = 0): Code => [address, memory([0x2a], offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, memory([0x38], offset)],
  lane: (vector: Code, lane: number): Code => [vector, simd(0x1f), lane],
} as const;

export const f64 = {
  add: (a: Code, b: Code): Code => [a, b, 0xa0],
  mul: (a: Code, b: Code): Code => [a, b, 0xa2],
  load: (address: Code, offset = 0): Code => [address, memory([0x2b], offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, memory([0x39], offset)],
  promoted: (value: Code): Code => [value, 0xbb],
  demoted: (value: Code): Code => [value, 0xb6],
  lane: (vector: Code, lane: number): Code => [vector, simd(0x21), lane],
} as const;

/** The bytes of a vector instruction. */
const simd = (opcode: number): Code => [0xfd, unsigned(opcode)];

/** 128 bits as they are. */
export const v128 = {
  load: (address: Code, offset = 0): Code => [address, memory(simd(0x00), offset)],
  /** One f32 or i32 of memory in all four lanes. */
  loadSplat: (address: Code, offset = 0): Code => [address, memory(simd(0x09), offset)],
  /** Four bytes into lane 0, zeros elsewhere. */
  load4Bytes: (address: Code, offset = 0): Code => [address, memory(simd(0x5c), offset)],
  /** Eight bytes, each widened to 16 bits. */
  load8Bytes: (address: Code, offset = 0): Code => [address, memory(simd(0x02), offset)],
  /** Four i16, widened to i32. */
  load4Halves: (address: Code, offset = 0): Code => [address, memory(simd(0x03), offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, memory(simd(0x0b), offset)],
  /** The vector with one lane from memory. */
  loadLane: (address: Code, vector: Code, lane: number, offset = 0): Code => [
    [address, vector, memory(simd(0x56), offset)],
    lane,
  ],
  storeLane: (address: Code, vector: Code, lane: number, offset = 0): Code => [
    [address, vector, memory(simd(0x5a), offset)],
    lane,
  ],
  and: (a: Code, b: Code): Code => [a, b, simd(0x4e)],
  /** a and not b. */
  andNot: (a: Code, b: Code): Code => [a, b, simd(0x4f)],
  or: (a: Code, b: Code): Code => [a, b, simd(0x50)],
  /** Bits of a where the mask has ones, else of b. */
  choose: (mask: Code, a: Code, b: Code): Code => [a, b, mask, simd(0x52)],
  zero: [simd(0x0c), new Array<number>(16).fill(0)] as Code,
  /** The low halves of two vectors, one after the other. */
  lows: (a: Code, b: Code): Code => [a, b, simd(0x0d), [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]],
  /** The high halves of two vectors, one after the other. */
  highs: (a: Code, b: Code): Code => [a, b, simd(0x0d), [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]],
  /** The first two lanes of two vectors in turns: a0 b0 a1 b1. */
  lowLanes: (a: Code, b: Code): Code => [a, b, simd(0x0d), [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23]],
  /** The last two: a2 b2 a3 b3. */
  highLanes: (a: Code, b: Code): Code => [
    [a, b, simd(0x0d)],
    [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31],
  ],
  /** A vector that begins with its byte `by`, and ends with those before. */
  rotated: (a: Code, by: number): Code => [a, a, simd(0x0d), Array.from({ length: 16 }, (_, i) => (i + by) % 16)],
  /** The high halves of a vector in its low ones. */
  high: (a: Code): Code => [a, a, simd(0x0d), [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]],
} as const;

/** Four 32-bit integers. */
export const i32x4 = {
  splat: (a: Code): Code => [a, simd(0x11)],
  constant: (value: number): Code => [integer(value), simd(0x11)],
  equal: (a: Code, b: Code): Code => [a, b, simd(0x37)],
  greater: (a: Code, b: Code): Code => [a, b, simd(0x3b)],
  add: (a: Code, b: Code): Code => [a, b, simd(0xae)],
  sub: (a: Code, b: Code): Code => [a, b, simd(0xb1)],
  shiftLeft: (a: Code, bits: number): Code => [a, integer(bits), simd(0xab)],
  shiftRight: (a: Code, bits: number): Code => [a, integer(bits), simd(0xac)],
  /** Of the four low bytes of a vector. */
  fromBytes: (a: Code): Code => [a, simd(0x89), simd(0xa9)],
  truncated: (a: Code): Code => [a, simd(0xf8)],
} as const;

/** Eight 16-bit integers. */
export const i16x8 = {
  splat: (a: Code): Code => [a, simd(0x10)],
  constant: (value: number): Code => [integer(value), simd(0x10)],
  add: (a: Code, b: Code): Code => [a, b, simd(0x8e)],
  /** Of two vectors of 32-bit integers, each the nearest that there is: no other number becomes 0. */
  narrowed: (a: Code, b: Code): Code => [a, b, simd(0x85)],
  /** The lanes' signs as an i32, lane 0 the lowest bit. */
  signs: (a: Code): Code => [a, simd(0x84)],
} as const;

/** Sixteen bytes of two vectors of 16-bit integers, as {@link i16x8.narrowed}. */
export const narrowedToBytes = (a: Code, b: Code): Code => [a, b, simd(0x65)];

/** Each lane's own number. */
export const LANES: Code = [simd(0x0c), [0, 1, 2, 3].map((lane) => [lane, 0, 0, 0])];

/** Four float32. */
export const f32x4 = {
  splat: (a: Code): Code => [a, simd(0x13)],
  constant: (value: number): Code => [simd(0x0c), [0, 0, 0, 0].map(() => bytesOf(Float32Array.of(value)))],
  equal: (a: Code, b: Code): Code => [a, b, simd(0x41)],
  less: (a: Code, b: Code): Code => [a, b, simd(0x43)],
  nearest: (a: Code): Code => [a, simd(0x6a)],
  abs: (a: Code): Code => [a, simd(0xe0)],
  add: (a: Code, b: Code): Code => [a, b, simd(0xe4)],
  sub: (a: Code, b: Code): Code => [a, b, simd(0xe5)],
  mul: (a: Code, b: Code): Code => [a, b, simd(0xe6)],
  div: (a: Code, b: Code): Code => [a, b, simd(0xe7)],
  min: (a: Code, b: Code): Code => [a, b, simd(0xe8)],
  /** NaN where either is. */
  max: (a: Code, b: Code): Code => [a, b, simd(0xe9)],
  fromIntegers: (a: Code): Code => [a, simd(0xfa)],
  /** The sum of the lanes as one f32: (0 + 2) + (1 + 3). */
  sum: (vector: Local): Code =>
    f32.add(
      f32.add(f32.lane(get(vector), 0), f32.lane(get(vector), 2)),
      f32.add(f32.lane(get(vector), 1), f32.lane(get(vector), 3)),
    ),
} as const;

/** Two float64. */
export const f64x2 = {
  splat: (a: Code): Code => [a, simd(0x14)],
  add: (a: Code, b: Code): Code => [a, b, simd(0xf0)],
  sub: (a: Code, b: Code): Code => [a, b, simd(0xf1)],
  mul: (a: Code, b: Code): Code => [a, b, simd(0xf2)],
  div: (a: Code, b: Code): Code => [a, b, simd(0xf3)],
  root: (a: Code): Code => [a, simd(0xef)],
  /** The two low lanes of four f32. */
  promoted: (a: Code): Code => [a, simd(0x5f)],
  /** Two f32 in the low lanes, zeros above. */
  demoted: (a: Code): Code => [a, simd(0x5e)],
  sum: (vector: Local): Code => f64.add(f64.lane(get(vector), 0), f64.lane(get(vector), 1)),
} as const;

/** `a · b + c` on four f32, rounded once or twice as the machine likes: one instruction where it has it. */
export type MultiplyAdd = (a: Code, b: Code, c: Code) => Code;
export const relaxedMultiplyAdd: MultiplyAdd = (a, b, c) => [a, b, c, simd(0x105)];
export const plainMultiplyAdd: MultiplyAdd = (a, b, c) => f32x4.add(c, f32x4.mul(a, b));

/** Bytes to `to` from `from`. */
export const memoryCopy = (to: Code, from: Code, bytes: Code): Code => [to, from, bytes, [0xfc, 10, 0, 0]];

/** local += bytes */
export const advance = (pointer: Local, bytes: Code | number): Code =>
  set(pointer, i32.add(get(pointer), typeof bytes === "number" ? integer(bytes) : bytes));

/** The body `count` times, not at all where that is 0; `counter` is a local of the loop's own. */
export const repeat = (counter: Local, count: Code, ...body: Code[]): Code => [
  set(counter, count),
  when(get(counter), [
    0x03,
    0x40,
    body,
    set(counter, i32.sub(get(counter), integer(1))),
    get(counter),
    [0x0d, 0],
    0x0b,
  ]),
];

/** The body where the condition is not 0. */
export const when = (condition: Code, ...body: Code[]): Code => [condition, 0x04, 0x40, body, 0x0b];

/** `then` where the condition is not 0, else `otherwise`. */
export const either = (condition: Code, then: Code, otherwise: Code): Code => [
  [condition, 0x04, 0x40, then],
  [0x05, otherwise, 0x0b],
];
