/** Writes IDX files for the tests, from the format's description and not from the reader. */
import type { IdxArray } from "../../../src/data/idx.js";

export const idxTypes = {
  Uint8Array: 0x08,
  Int8Array: 0x09,
  Int16Array: 0x0b,
  Int32Array: 0x0c,
  Float32Array: 0x0d,
  Float64Array: 0x0e,
} as const;

/** Two zeros, the type, the rank, the dimensions and the elements, most significant byte first. */
export function writeIdx({ data, shape }: IdxArray): Uint8Array<ArrayBuffer> {
  const type = idxTypes[data[Symbol.toStringTag] as keyof typeof idxTypes];
  const header = 4 + 4 * shape.length;
  const file = new Uint8Array(header + data.byteLength);
  file.set([0, 0, type, shape.length]);
  const view = new DataView(file.buffer);
  shape.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  const own = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const size = data.BYTES_PER_ELEMENT;
  for (let i = 0; i < own.length; i++) {
    // The tests run on little-endian machines: each element's bytes are turned round.
    file[header + i] = own[i - (i % size) + (size - 1 - (i % size))];
  }
  return file;
}

/** A stream that hands `bytes` on in pieces of `pieceBytes`, and whether it was cancelled. */
export function streamOf(
  bytes: Uint8Array,
  pieceBytes: number,
): { stream: ReadableStream<Uint8Array>; state: { cancelled: boolean; sent: number } } {
  const state = { cancelled: false, sent: 0 };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (state.sent >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(state.sent, state.sent + pieceBytes));
        state.sent += pieceBytes;
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}
