/**
 * The bytes of a file, wherever they come from: memory, a Blob, a fetch Response or a stream. They are handed on piece
 * by piece, so that whoever reads can stop before memory is spent on all of them. Imports errors and its neighbours.
 */
import { DataError, FormatError } from "../errors.js";
import { describeValue } from "./describe-value.js";
import { refuseDetached } from "./numeric-array.js";

/** What a file can be read from. A Response or a stream is used up by it. */
export type ByteSource = Uint8Array | ArrayBuffer | Response | Blob | ReadableStream<Uint8Array>;

export interface ByteReader {
  /** The next bytes, at least one, or undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  /** Stops whatever still brings bytes. Does nothing after the end. */
  cancel(): void;
}

/**
 * A reader of the bytes as they are. It throws FormatError (a Response that did not bring the file, a stream that broke
 * off), DataError UNSUPPORTED_TYPE, and passes an abort on as it is.
 */
export function byteReader(source: ByteSource, where: string): ByteReader {
  const given: unknown = source;
  if (ArrayBuffer.isView(given) || isBuffer(given)) {
    refuseDetached(given, { where, name: "the file" });
    return memoryReader(
      ArrayBuffer.isView(given)
        ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
        : new Uint8Array(given),
    );
  }
  if (isStream(given)) return streamReader(given, where);
  if (isResponse(given)) return streamReader(bodyOf(given, where), where);
  if (isBlob(given)) return streamReader(given.stream(), where);
  throw new DataError(
    "UNSUPPORTED_TYPE",
    `${where}: this is no file: expected a Uint8Array, ArrayBuffer, Response, Blob or ReadableStream, got ${describeValue(given)}.`,
  );
}

// By what they can do rather than by `instanceof`, which fails for objects of another frame.
function has(value: unknown, ...members: readonly string[]): boolean {
  return typeof value === "object" && value !== null && members.every((member) => member in value);
}
const isBuffer = (value: unknown): value is ArrayBuffer => has(value, "byteLength", "slice");
const isStream = (value: unknown): value is ReadableStream<unknown> => has(value, "getReader", "locked");
const isResponse = (value: unknown): value is Response => has(value, "ok", "status", "body");
const isBlob = (value: unknown): value is Blob => has(value, "stream", "size");

function memoryReader(bytes: Uint8Array): ByteReader {
  let rest: Uint8Array | undefined = bytes.length > 0 ? bytes : undefined;
  return {
    async read() {
      const piece = rest;
      rest = undefined;
      return piece;
    },
    cancel() {
      rest = undefined;
    },
  };
}

/** The body of a Response that brought the file. Throws FormatError, saying whether to try again. */
function bodyOf(response: Response, where: string): ReadableStream<unknown> {
  const { status, statusText, url } = response;
  const from = url === "" ? "" : ` from ${url}`;
  if (!response.ok) {
    const mayPass = status === 408 || status === 425 || status === 429 || status >= 500;
    throw new FormatError(
      "BAD_FIELD",
      `${where}: the server did not send the file: expected status 200, got ${`${status} ${statusText}`.trim()}${from}. ` +
        (mayPass ? "Try again later." : "Trying again will not help: check the address."),
    );
  }
  if (response.body === null || response.bodyUsed) throw unreadable(where);
  return response.body;
}

function unreadable(where: string): FormatError {
  return new FormatError(
    "TRUNCATED",
    `${where}: there is nothing to read: expected a body that nobody has begun to read. Fetch the file again.`,
  );
}

function streamReader(stream: ReadableStream<unknown>, where: string): ByteReader {
  if (stream.locked) throw unreadable(where);
  const reader = stream.getReader();
  let received = 0;
  return {
    async read() {
      for (;;) {
        const { value, done } = await reader.read().catch((cause: unknown) => {
          throw brokenOff(cause, received, where);
        });
        if (done) return undefined;
        if (!isBytes(value)) {
          throw new DataError(
            "UNSUPPORTED_TYPE",
            `${where}: the stream carries no bytes: expected pieces of Uint8Array, got ${describeValue(value)}.`,
          );
        }
        received += value.length;
        if (value.length > 0) return value;
      }
    },
    cancel() {
      // A stream that has failed refuses to be cancelled; its failure has been reported by then.
      reader.cancel().catch(() => {});
    },
  };
}

const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";

/** What to throw for a stream that failed in the middle. An abort is the caller's own doing and stays what it is. */
function brokenOff(cause: unknown, received: number, where: string): unknown {
  if (has(cause, "name") && (cause as { name: unknown }).name === "AbortError") return cause;
  return new FormatError(
    "TRUNCATED",
    `${where}: the stream broke off: expected the whole file, got ${received} bytes. The connection may have failed: try again.`,
    cause,
  );
}
