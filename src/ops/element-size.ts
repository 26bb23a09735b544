/** Bytes that four elements of a type take in device memory. */
import type { ElementType } from "./op.js";

export const QUAD_BYTES: Readonly<Record<ElementType, number>> = { f32: 16, i32: 16, f16: 8, u8: 4 };
