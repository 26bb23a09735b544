/**
 * Seeded test data. The same seed gives the same numbers on every machine, and all values are exact in float32, so that
 * the float64 oracle and a float32 kernel start from the same place.
 */
import { toHalf } from "../../src/half-float.js";
import { Random } from "../../src/random.js";

/** `length` values, uniform in [low, high). */
export function randomValues(length: number, seed: number, low = -1, high = 1): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => low + (high - low) * random.next());
}

/** `length` bytes, uniform in 0..255, as a u8 image matrix has them. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length }, () => random.integer(256));
}

/** The bits of `length` halves near the values that {@link randomValues} gives for the same seed. */
export function randomHalves(length: number, seed: number, low = -1, high = 1): Uint16Array {
  return Uint16Array.from(randomValues(length, seed, low, high), (value) => toHalf(value));
}

/** `rows` labels in 0..classes−1; every class occurs where there are rows enough. */
export function randomLabels(rows: number, classes: number, seed: number): Uint32Array {
  const random = new Random(seed);
  const labels = Uint32Array.from({ length: rows }, (_, row) => (row < classes ? row : random.integer(classes)));
  random.shuffle(labels);
  return labels;
}

/** Soft targets [rows×columns], positive; each row sums to 1 up to float32 rounding. */
export function randomSoftTargets(rows: number, columns: number, seed: number): Float32Array {
  const random = new Random(seed);
  const targets = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const shares = Array.from({ length: columns }, () => 0.05 + random.next());
    const total = shares.reduce((sum, share) => sum + share, 0);
    for (let column = 0; column < columns; column++) {
      targets[row * columns + column] = (shares[column] as number) / total;
    }
  }
  return targets;
}

/** `length` weights in [0.25, 2), of which about one in eight is 0. */
export function randomWeights(length: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => (random.integer(8) === 0 ? 0 : 0.25 + 1.75 * random.next()));
}

/** Each kind fills one row of logits; `random` is in [0, 1). */
const EXTREME_ROWS: readonly ((column: number, random: number) => number)[] = [
  (_, random) => (random < 0.5 ? -1e4 : 1e4),
  (_, random) => 2e4 * random - 1e4,
  (column) => (column === 0 ? 1e4 : -1e4),
  (column) => (column === 0 ? 40 : 0),
  () => 1e4,
  () => -1e4,
  () => 0,
  (_, random) => 1e-38 * random,
];

const LARGEST_ROWS: readonly ((column: number, random: number) => number)[] = [
  (_, random) => (random < 0.5 ? -3e38 : 3e38),
  (column) => (column === 0 ? 3e38 : -3e38),
  (column) => (column === 0 ? -3e38 : 0),
  () => 3e38,
  () => -3e38,
];

/** Logits [rows×columns] up to ±1e4: ties, saturation, underflow. Every kind of row comes in turn. */
export function extremeLogits(rows: number, columns: number, seed: number): Float32Array {
  return rowsInTurn(EXTREME_ROWS, rows, columns, seed);
}

/** Logits [rows×columns] of ±3e38, near float32's end: the difference of two of them overflows. */
export function largestLogits(rows: number, columns: number, seed: number): Float32Array {
  return rowsInTurn(LARGEST_ROWS, rows, columns, seed);
}

function rowsInTurn(kinds: typeof EXTREME_ROWS, rows: number, columns: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: rows * columns }, (_, index) => {
    const kind = kinds[Math.floor(index / columns) % kinds.length] as (column: number, random: number) => number;
    return kind(index % columns, random.next());
  });
}
