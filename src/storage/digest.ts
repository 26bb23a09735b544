/**
 * 128 bits that tell whether bytes are the same as before: four lanes of xxHash32's rounds (Collet 2014), a word of every four each.
 * Against accidents; not against somebody who wants two things to look alike.
 */

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
/** Bytes between two pauses: a few milliseconds of work. */
const SLICE_BYTES = 4 * 1024 * 1024;

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));
const round = (lane: number, word: number): number =>
  Math.imul(rotate((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);

/** Takes in whole words; all calls but the last with a multiple of four. */
function absorb(lanes: Int32Array, words: Int32Array): void {
  let [a, b, c, d] = lanes;
  const whole = words.length - (words.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a = round(a, words[i]);
    b = round(b, words[i + 1]);
    c = round(c, words[i + 2]);
    d = round(d, words[i + 3]);
  }
  lanes.set([a, b, c, d]);
  for (let i = whole; i < words.length; i++) lanes[i - whole] = round(lanes[i - whole], words[i]);
}

/** The bytes as words, a copy where they do not lie so; zeros fill up the last one. */
function wordsOf(bytes: Uint8Array): Int32Array {
  if (bytes.byteOffset % 4 === 0 && bytes.byteLength % 4 === 0 && bytes.buffer instanceof ArrayBuffer)
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
  padded.set(bytes);
  return new Int32Array(padded.buffer);
}

/** Every lane into every word of the result, so that one bit of the data changes all. */
function finish(lanes: Int32Array, bytes: number): string {
  lanes[0] = round(lanes[0], bytes | 0);
  lanes[1] = round(lanes[1], Math.floor(bytes / 2 ** 32));
  for (let turn = 0; turn < 8; turn++) {
    const lane = turn % 4;
    let word = lanes[lane] ^ rotate(lanes[(lane + 3) % 4], 7 + lane);
    word = Math.imul(word ^ (word >>> 15), PRIME_2);
    word = Math.imul(word ^ (word >>> 13), PRIME_3);
    lanes[lane] = word ^ (word >>> 16);
  }
  return Array.from(lanes, (lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}

const begin = (): Int32Array => Int32Array.of(PRIME_1, PRIME_2, PRIME_3, 0x27d4eb2f);
const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** 32 hexadecimal digits. */
export function digestOf(data: ArrayBufferView): string {
  const lanes = begin();
  absorb(lanes, wordsOf(bytesOf(data)));
  return finish(lanes, data.byteLength);
}

/** The same, of data so large that `pause` is to be awaited now and then. */
export async function digestInSlices(data: ArrayBufferView, pause: () => Promise<void>): Promise<string> {
  const bytes = bytesOf(data);
  const lanes = begin();
  for (let first = 0; first < bytes.length; first += SLICE_BYTES) {
    if (first > 0) await pause();
    absorb(lanes, wordsOf(bytes.subarray(first, first + SLICE_BYTES)));
  }
  return finish(lanes, bytes.length);
}
