/** A whole file in memory, as a caller hands it over. Imports errors and its neighbours in this folder. */
import { DataError } from "../errors.js";
import { describeValue } from "./describe-value.js";
import { refuseDetached } from "./numeric-array.js";

/** The bytes of a file that has been read. */
export type FileBytes = Uint8Array | ArrayBuffer;

/** The bytes, sharing memory. Throws DataError UNSUPPORTED_TYPE or DETACHED_BUFFER. */
export function fileBytes(file: FileBytes, where: string): Uint8Array {
  const given: unknown = file;
  const isView = ArrayBuffer.isView(given);
  if (!isView && !/^\[object (?:Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(given))) {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: this is no file: expected a Uint8Array or an ArrayBuffer, got ${describeValue(given)}. ` +
        "Of a Response or a Blob, pass what its arrayBuffer() resolves with.",
    );
  }
  const memory = given as ArrayBuffer | ArrayBufferView;
  refuseDetached(memory, { where, name: "the file" });
  return ArrayBuffer.isView(memory)
    ? new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)
    : new Uint8Array(memory);
}
