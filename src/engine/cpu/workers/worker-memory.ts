/** What one worker has of each storage, and its part of a tensor as ops take it. */
import { hostMatrix } from "../../../ops/host-matrix.js";
import type { ElementType, HostArray, HostMatrix } from "../../../ops/op.js";
import type { HostStorage } from "../host-memory.js";
import { HostMemory } from "../host-memory.js";
import type { Span } from "../row-blocks.js";
import { common, lengthOf } from "../row-blocks.js";
import { fastestBuild } from "../wasm/kernels.js";
import type { Operand } from "./protocol.js";

interface Part {
  readonly rows: number;
  readonly columns: number;
  readonly type: ElementType;
  readonly span: Span;
  /** Undefined where the span is empty. */
  readonly storage: HostStorage | undefined;
}

/** Elements of a row, or of a value of a vector. */
const unitOf = ({ rows, columns }: { readonly rows: number; readonly columns: number }): number =>
  rows === 1 ? 1 : columns;

export class WorkerMemory {
  readonly host: HostMemory = new HostMemory(fastestBuild());
  readonly #parts = new Map<number, Part>();

  /** Memory for rows `span`, of undefined content but for what the same span held before. */
  allocate(id: number, rows: number, columns: number, type: ElementType, span: Span): Part {
    const before = this.#parts.get(id);
    if (before && before.span.begin === span.begin && before.span.end === span.end) return before;
    this.release(id);
    const part = { rows, columns, type, span, storage: this.#storageFor(rows, columns, type, span) };
    this.#parts.set(id, part);
    return part;
  }

  #storageFor(rows: number, columns: number, type: ElementType, span: Span): HostStorage | undefined {
    const length = lengthOf(span);
    if (length === 0) return undefined;
    return rows === 1 ? this.host.allocate(1, length, type) : this.host.allocate(length, columns, type);
  }

  release(id: number): void {
    const storage = this.#parts.get(id)?.storage;
    if (storage) this.host.release(storage, true);
    this.#parts.delete(id);
  }

  #part(id: number): Part {
    const part = this.#parts.get(id);
    if (!part) throw new RangeError(`workers: storage ${id} is not here.`);
    return part;
  }

  fill(id: number): void {
    this.#part(id).storage?.data.fill(0);
  }

  /** Writes those of the elements from `first` on, counted in the whole storage, that are here. */
  write(id: number, first: number, data: HostArray): void {
    const part = this.#part(id);
    const unit = unitOf(part);
    const here = { begin: part.span.begin * unit, end: part.span.end * unit };
    const { begin, end } = common({ begin: first, end: first + data.length }, here);
    if (begin < end) part.storage?.data.set(data.subarray(begin - first, end - first), begin - here.begin);
  }

  /** A copy of rows `span`. */
  rowsOf(id: number, { begin, end }: Span): HostArray {
    const part = this.#part(id);
    const unit = unitOf(part);
    const { data } = part.storage as HostStorage;
    return data.slice((begin - part.span.begin) * unit, (end - part.span.begin) * unit);
  }

  /** Puts rows that came from elsewhere to where `span` begins, in memory that holds none of them yet. */
  replace(id: number, span: Span, pieces: readonly { readonly begin: number; readonly data: HostArray }[]): void {
    const { rows, columns, type } = this.#part(id);
    this.release(id);
    const storage = this.#storageFor(rows, columns, type, span);
    this.#parts.set(id, { rows, columns, type, span, storage });
    const unit = unitOf({ rows, columns });
    for (const { begin, data } of pieces) storage?.data.set(data, (begin - span.begin) * unit);
  }

  /** The rows of a tensor that are here, and their elements. */
  elementsHere(operand: Operand): HostArray {
    const part = this.#part(operand.id);
    const unit = unitOf(part);
    const first = operand.firstRow * part.columns + operand.firstColumn;
    const here = { begin: part.span.begin * unit, end: part.span.end * unit };
    const { begin, end } = common({ begin: first, end: first + operand.rows * operand.columns }, here);
    return part.storage ? part.storage.data.slice(begin - here.begin, end - here.begin) : new Float32Array(0);
  }

  /** A tensor, or its rows `share`. */
  view(operand: Operand, share: Span | undefined): HostMatrix {
    const part = this.#part(operand.id);
    const vector = operand.rows === 1;
    const rows = vector || !share ? operand.rows : lengthOf(share);
    const columns = vector && share ? lengthOf(share) : operand.columns;
    const skipped = share ? share.begin * (vector ? 1 : operand.columns) : 0;
    const first = operand.firstRow * part.columns + operand.firstColumn + skipped - part.span.begin * unitOf(part);
    const data = part.storage?.data.subarray(first, first + rows * columns) ?? new Float32Array(0);
    if (data.length < rows * columns) throw new RangeError(`workers: rows of storage ${operand.id} are not here.`);
    return hostMatrix(data, rows, columns, operand.scale, operand.offset);
  }
}
