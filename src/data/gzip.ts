/** Gzip (RFC 1952), by the platform's own inflater. Imports errors and its neighbours in this folder. */
import { FormatError } from "../errors.js";
import type { ByteReader } from "./byte-reader.js";

/**
 * Compressed bytes that the inflater gets at a time. Deflate makes at most 1,032 bytes of one, and a platform may inflate
 * all it is given before anybody reads: with pieces of 16 KiB a hostile file is never more than 17 MB ahead of its reader.
 */
const PIECE_BYTES = 16 * 1024;

/** The same bytes, inflated when they begin with gzip's magic number. Reads as far as it takes to see that. */
export async function inflateIfGzip(compressed: ByteReader, where: string): Promise<ByteReader> {
  const beginning: Uint8Array[] = [];
  const magic: number[] = [];
  while (magic.length < 2) {
    const piece = await compressed.read();
    if (piece === undefined) break;
    beginning.push(piece);
    magic.push(...piece.subarray(0, 2));
  }
  const whole: ByteReader = {
    read: async () => beginning.shift() ?? compressed.read(),
    cancel: () => compressed.cancel(),
  };
  return magic[0] === 0x1f && magic[1] === 0x8b ? inflate(whole, where) : whole;
}

function inflate(compressed: ByteReader, where: string): ByteReader {
  const inflater = new DecompressionStream("gzip");
  const writer = inflater.writable.getWriter();
  const reader = inflater.readable.getReader();
  let failure: unknown;
  const readCompressed = (): Promise<Uint8Array | undefined> =>
    compressed.read().catch((cause: unknown) => {
      failure = cause;
      throw cause;
    });
  // Each write is waited for, since platforms differ in how much they queue: `pipeThrough` would let Node take it all.
  const feed = async (): Promise<void> => {
    for (let bytes = await readCompressed(); bytes !== undefined; bytes = await readCompressed()) {
      for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
        // A copy: the inflater does not read shared memory, and may take what it is given for good.
        await writer.write(new Uint8Array(bytes.subarray(start, start + PIECE_BYTES)));
      }
    }
    await writer.close();
  };
  // Whatever goes wrong here reaches the reader through the inflater.
  feed().catch((cause: unknown) => writer.abort(cause).catch(() => {}));
  let inflated = 0;
  return {
    async read() {
      try {
        const { value, done } = await reader.read();
        inflated += value?.length ?? 0;
        return done ? undefined : value;
      } catch (cause) {
        // What stopped the bytes from coming says more than the inflater's complaint that they stopped.
        if (failure !== undefined) throw failure;
        throw new FormatError(
          "TRUNCATED",
          `${where}: the gzip data is damaged or cut short, after ${inflated} inflated bytes. Get the file again.`,
          cause,
        );
      }
    },
    cancel() {
      compressed.cancel();
      // A stream that has failed refuses to be cancelled; its failure has been reported by then.
      reader.cancel().catch(() => {});
    },
  };
}
