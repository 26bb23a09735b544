/**
 * Features as kernels read them, a quad at a time: `element · scale + offset` as f32, or the element alone where the scale is
 * left to the weights. Bytes and halves stay compressed everywhere but in a core's cache.
 */
import type { ElementType } from "../../../ops/op.js";
import type { Code, FunctionSource, Local, Writer } from "./assembler.js";
import { advance, f32x4, get, i32, i32x4, integer, LANES, repeat, set, v128, when } from "./instructions.js";

/** (from, fromStride, to, rows, columns, scale, offset): stride in bytes; reads up to 15 bytes past the last row. */
export type Decode = (
  from: number,
  fromStride: number,
  to: number,
  rows: number,
  columns: number,
  scale: number,
  offset: number,
) => void;

export type FeatureType = Exclude<ElementType, "i32">;

export const ELEMENT_BYTES = { f32: 4, f16: 2, u8: 1 } as const;

/** Quads decoded in one go: the more, the less there is to do besides. */
const TOGETHER = 8;

/** How a kernel reads features. */
export interface Encoding {
  readonly type: FeatureType;
  /** Multiply by the scale and add the offset; else elements count as they are. */
  readonly affine: boolean;
}

/** Reads quads of features within one kernel. */
export class FeatureQuads {
  /** Bytes of a quad. */
  readonly bytes: number;
  readonly #encoding: Encoding;
  /** Scale and offset. */
  readonly #affine: readonly Local[];
  /** A half's bits, where they go, 2¹¹² by which that is too small, and the exponent bits of a half and of a float. */
  readonly #constants: readonly Local[];

  /** Only after the writer's last parameter. */
  constructor(writer: Writer, encoding: Encoding) {
    this.bytes = 4 * ELEMENT_BYTES[encoding.type];
    this.#encoding = encoding;
    this.#affine = writer.vectors(encoding.affine ? 2 : 0);
    this.#constants = writer.vectors(encoding.type === "f16" ? 5 : 0);
  }

  /** Before the first quad; f32 parameters. */
  prepare(scale: Local, offset: Local): Code {
    const values = [
      i32x4.constant(0x8fffe000),
      f32x4.constant(2 ** 112),
      ...[0x0f800000, 0x7f800000].map(i32x4.constant),
    ];
    return [
      this.#affine.map((local, i) => set(local, f32x4.splat(get(i === 0 ? scale : offset)))),
      this.#constants.slice(1).map((local, i) => set(local, values[i])),
    ];
  }

  /** Quad `q` from an address on. */
  at(from: Local, q: number): Code {
    const elements = this.#elements(from, q);
    const [scale, offset] = this.#affine;
    return scale && offset ? f32x4.add(f32x4.mul(elements, get(scale)), get(offset)) : elements;
  }

  #elements(from: Local, q: number): Code {
    const { type } = this.#encoding;
    if (type === "f32") return v128.load(get(from), 16 * q);
    if (type === "u8") return f32x4.fromIntegers(i32x4.fromBytes(v128.load4Bytes(get(from), 4 * q)));
    const [bits, places, power, top, infinity] = this.#constants;
    // Infinities and NaN, whose exponent bits are all ones, need a float's.
    const special = v128.and(i32x4.equal(v128.and(get(bits), get(top)), get(top)), get(infinity));
    return [
      // The sign stays in front, exponent and fraction go to a float's places.
      set(bits, v128.and(i32x4.shiftLeft(v128.load4Halves(get(from), 8 * q), 13), get(places))),
      v128.or(f32x4.mul(get(bits), get(power)), special),
    ];
  }
}

/** The lanes that a last quad of so many features has; zeros in the others. */
export const firstLanes = (vector: Code, count: Local): Code =>
  v128.and(vector, i32x4.greater(i32x4.splat(get(count)), LANES));

/** Into rows of whole quads, zeros in the padding. */
export const decode =
  (type: FeatureType): FunctionSource =>
  (writer) => {
    const [start, stride, to, rows, columns] = writer.integers(5);
    const [scale, offset] = [writer.parameter("f32"), writer.parameter("f32")];
    const [from, row, step, rest] = [0, 0, 0, 0].map(() => writer.local("i32"));
    // What f32 stands for is what it is.
    const features = new FeatureQuads(writer, { type, affine: type !== "f32" });
    const decoded = (count: number): Code => [
      Array.from({ length: count }, (_, q) => v128.store(get(to), features.at(from, q), 16 * q)),
      advance(from, features.bytes * count),
      advance(to, 16 * count),
    ];
    return [
      features.prepare(scale, offset),
      set(rest, i32.remainder(get(columns), integer(4))),
      repeat(
        row,
        get(rows),
        set(from, get(start)),
        repeat(step, i32.divide(get(columns), integer(4 * TOGETHER)), decoded(TOGETHER)),
        repeat(step, i32.divide(i32.remainder(get(columns), integer(4 * TOGETHER)), integer(4)), decoded(1)),
        when(get(rest), v128.store(get(to), firstLanes(features.at(from, 0), rest)), advance(to, 16)),
        advance(start, get(stride)),
      ),
    ];
  };
