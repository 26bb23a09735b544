/** A storage as the page's thread knows it: what it holds, and which workers have it. */
import type { ElementType, HostArray } from "../../../ops/op.js";
import type { Storage } from "../../backend.js";
import type { Layout } from "./layout.js";

/**
 * `undefined`: nothing yet. `zeros`, `given`: what workers will be told when an op asks for it, since only then it is known who
 * needs it. `placed`: workers have it.
 */
export type Content =
  | { readonly kind: "undefined" }
  | { readonly kind: "zeros" }
  | { readonly kind: "given"; readonly data: HostArray }
  | { readonly kind: "placed"; readonly layout: Layout };

const ARRAY = { f32: Float32Array, f16: Uint16Array, u8: Uint8Array, i32: Int32Array } as const;

export class PlacedStorage implements Storage {
  readonly id: number;
  readonly rows: number;
  readonly columns: number;
  readonly type: ElementType;
  content: Content = { kind: "undefined" };
  /** Workers have memory for it, whatever its content. */
  known = false;
  /** What it holds came from the caller, who may use it again: worth being shared out. */
  fromCaller = false;
  /** How often its rows have come back to one worker. */
  timesGathered = 0;

  constructor(id: number, rows: number, columns: number, type: ElementType) {
    this.id = id;
    this.rows = rows;
    this.columns = columns;
    this.type = type;
  }

  /** What layouts count: rows of a matrix, values of a vector. */
  get length(): number {
    return this.rows === 1 ? this.columns : this.rows;
  }

  /** Elements of each of those. */
  get unit(): number {
    return this.rows === 1 ? 1 : this.columns;
  }

  get elements(): number {
    return this.rows * this.columns;
  }

  get bytes(): number {
    return this.elements * ARRAY[this.type].BYTES_PER_ELEMENT;
  }

  /** An array of its own element type; zeros, or a copy. */
  array(values?: HostArray): HostArray {
    return values ? new ARRAY[this.type](values) : new ARRAY[this.type](this.elements);
  }
}
