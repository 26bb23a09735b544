/**
 * `out[i,l] = element[i,l] · scale + offset` as f32 in rows of whole quads, zeros in the padding: features as the product's
 * kernels want them. Bytes and halves are decoded a block of rows at a time and stay compressed everywhere else.
 */
import type { ElementType } from "../../../ops/op.js";
import type { Code, FunctionSource, Local } from "./assembler.js";
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

const BYTES = { f32: 4, f16: 2, u8: 1 } as const;

/** Quads decoded in one go: the more, the less there is to do besides. */
const TOGETHER = 8;

/** Quad `q` from the address on, as f32. `bits` is a local for the halves' bits. */
function quad(type: FeatureType, from: Local, bits: Local, q: number): Code {
  if (type === "f32") return v128.load(get(from), 16 * q);
  if (type === "u8") return f32x4.fromIntegers(i32x4.fromBytes(v128.load4Bytes(get(from), 4 * q)));
  // A half's exponent and fraction, moved to a float's place, are too small by 2¹¹²; its infinities and NaN need all exponent bits.
  const magnitude = v128.and(get(bits), i32x4.constant(0x7fff));
  const scaled = f32x4.mul(i32x4.shiftLeft(magnitude, 13), f32x4.constant(2 ** 112));
  const special = v128.and(i32x4.greater(magnitude, i32x4.constant(0x7bff)), i32x4.constant(0x7f800000));
  const sign = i32x4.shiftLeft(v128.and(get(bits), i32x4.constant(0x8000)), 16);
  return [set(bits, v128.load4Halves(get(from), 8 * q)), v128.or(v128.or(scaled, special), sign)];
}

export const decode =
  (type: FeatureType): FunctionSource =>
  (writer) => {
    const [start, stride, to, rows, columns] = writer.integers(5);
    const [scale, offset] = [writer.parameter("f32"), writer.parameter("f32")];
    const [from, row, step, rest] = [0, 0, 0, 0].map(() => writer.local("i32"));
    const [scales, offsets, bits] = writer.vectors(3);
    const value = (q: number): Code => {
      const elements = quad(type, from, bits, q);
      // What f32 stands for is what it is.
      return type === "f32" ? elements : f32x4.add(f32x4.mul(elements, get(scales)), get(offsets));
    };
    const decoded = (count: number): Code => [
      Array.from({ length: count }, (_, q) => v128.store(get(to), value(q), 16 * q)),
      advance(from, 4 * BYTES[type] * count),
      advance(to, 16 * count),
    ];
    return [
      set(scales, f32x4.splat(get(scale))),
      set(offsets, f32x4.splat(get(offset))),
      set(rest, i32.remainder(get(columns), integer(4))),
      repeat(
        row,
        get(rows),
        set(from, get(start)),
        repeat(step, i32.divide(get(columns), integer(4 * TOGETHER)), decoded(TOGETHER)),
        repeat(step, i32.divide(i32.remainder(get(columns), integer(4 * TOGETHER)), integer(4)), decoded(1)),
        when(
          get(rest),
          v128.store(get(to), v128.and(value(0), i32x4.greater(i32x4.splat(get(rest)), LANES))),
          advance(to, 16),
        ),
        advance(start, get(stride)),
      ),
    ];
  };
