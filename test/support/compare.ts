/**
 * Comparers of numerical results. Each is written as `abs(a − b) <= tolerance`, so that NaN fails, and asserts the length
 * first, so that a missing tail fails.
 */

/** What a result is allowed to miss the truth by. */
export interface Allowance {
  /**
   * The same computation with `Math.fround` at every operation. Its largest error is what float32 honestly costs here,
   * and a kernel may lose as much.
   */
  readonly baseline32?: ArrayLike<number>;
  /** Absolute allowance for every element, in the unit of the result. From WGSL's accuracy table, not from trial. */
  readonly floor: number;
  /** Allowance as a share of |expected|. Default 0. */
  readonly relativeFloor?: number;
  /** Opens the message: which kernel, which output, which shape. */
  readonly label?: string;
}

/** Half a unit in the last place of 1 in float32: 2⁻²⁴, the relative error of one correctly rounded operation. */
export const FLOAT32_ROUNDING: number = 2 ** -24;

/**
 * |actual − expected| ≤ max|baseline32 − expected| + floor + relativeFloor·|expected| for every element.
 * `expected64` is the float64 truth and must be finite: infinities are compared by name in the test that expects them.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected64: ArrayLike<number>,
  { baseline32, floor, relativeFloor = 0, label = "result" }: Allowance,
): void {
  assertSameLength(label, actual, expected64);
  const baselineError = baseline32 === undefined ? 0 : largestError(`${label}, baseline`, baseline32, expected64);
  let worst: Miss | undefined;
  let misses = 0;
  for (let index = 0; index < expected64.length; index++) {
    const expected = expected64[index] as number;
    const got = actual[index] as number;
    if (!Number.isFinite(expected)) {
      throw new Error(`${label}: the expected value at ${index} is ${expected}: expected a finite oracle.`);
    }
    const tolerance = baselineError + floor + relativeFloor * Math.abs(expected);
    const error = Math.abs(got - expected);
    if (error <= tolerance) continue;
    misses++;
    const ratio = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / tolerance;
    if (worst === undefined || ratio > worst.ratio) worst = { index, expected, got, tolerance, ratio };
  }
  if (worst === undefined) return;
  throw new Error(
    `${label}: ${misses} of ${expected64.length} values are too far off; the worst at ${worst.index}: ` +
      `expected ${worst.expected}, got ${worst.got}, tolerance ${worst.tolerance}, error/tolerance ${worst.ratio}.`,
  );
}

/** Every element has the same 32 bits, which also tells −0 from 0 and one NaN from another. */
export function expectSameBits(actual: Float32Array, expected: Float32Array, label = "result"): void {
  assertSameLength(label, actual, expected);
  const actualBits = new Uint32Array(actual.slice().buffer);
  const expectedBits = new Uint32Array(expected.slice().buffer);
  for (let index = 0; index < expectedBits.length; index++) {
    if (actualBits[index] === expectedBits[index]) continue;
    throw new Error(`${label}: bits differ at ${index}: expected ${expected[index]}, got ${actual[index]}.`);
  }
}

/** Every element is equal: for labels, counts and indices. */
export function expectEqualIntegers(actual: ArrayLike<number>, expected: ArrayLike<number>, label = "result"): void {
  assertSameLength(label, actual, expected);
  for (let index = 0; index < expected.length; index++) {
    if (actual[index] === expected[index]) continue;
    throw new Error(`${label}: differs at ${index}: expected ${expected[index]}, got ${actual[index]}.`);
  }
}

/** max|a − b| over all elements. Throws on NaN: a baseline that is not a number allows nothing. */
function largestError(label: string, values: ArrayLike<number>, expected: ArrayLike<number>): number {
  assertSameLength(label, values, expected);
  let largest = 0;
  for (let index = 0; index < expected.length; index++) {
    const error = Math.abs((values[index] as number) - (expected[index] as number));
    if (!(error <= Number.MAX_VALUE)) {
      throw new Error(`${label}: expected finite values, got ${values[index]} against ${expected[index]} at ${index}.`);
    }
    if (error > largest) largest = error;
  }
  return largest;
}

function assertSameLength(label: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (actual.length !== expected.length) {
    throw new Error(`${label}: expected ${expected.length} values, got ${actual.length}.`);
  }
}

interface Miss {
  readonly index: number;
  readonly expected: number;
  readonly got: number;
  readonly tolerance: number;
  /** error / tolerance; infinite for NaN. */
  readonly ratio: number;
}
