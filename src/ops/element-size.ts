/** Bytes that four elements of a type take in device memory. */
import type { ElementType } from "./op.js";

export const QUAD_BYTES: Readonly<Record<ElementType, number>> = { f32: 16, i32: 16, f16: 8, u8: 4 };

/** What kernels call each type by, in an override. */
export const ELEMENT_FORMAT: Readonly<Record<ElementType, number>> = { f32: 0, u8: 1, f16: 2, i32: 3 };
