/** Writes safetensors files for tests, sound ones and others, apart from the library's own writer. */

export interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: ArrayBufferView;
}

/** A sound file of these tensors, one after the other. */
export function compose(tensors: Readonly<Record<string, Entry>>): Uint8Array {
  const parts: Uint8Array[] = [];
  let end = 0;
  const header = Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, values }]) => {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      parts.push(bytes);
      const begin = end;
      end += bytes.length;
      return [name, { dtype, shape, data_offsets: [begin, end] }];
    }),
  );
  return fileOf(JSON.stringify(header), Buffer.concat(parts));
}

/** A file with this header, and these bytes or as many zeros after it. `length` is what the file says of the header's length. */
export function fileOf(header: string | Uint8Array, data: Uint8Array | number = 0, length?: bigint): Uint8Array {
  const text = Buffer.from(header as string);
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  return Uint8Array.from(Buffer.concat([prefix, text, typeof data === "number" ? new Uint8Array(data) : data]));
}
