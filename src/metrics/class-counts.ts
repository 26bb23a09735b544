/** How often each class was meant, predicted, and both: all that accuracy, precision and recall are made of. Imports nothing. */

export class ClassCounts {
  /** `[k]` sums of weights: rows of the class, rows predicted to be of it, and rows that are both. */
  readonly expected: Float64Array;
  readonly predicted: Float64Array;
  readonly right: Float64Array;

  constructor(classes: number) {
    this.expected = new Float64Array(classes);
    this.predicted = new Float64Array(classes);
    this.right = new Float64Array(classes);
  }

  add(expected: number, predicted: number, weight: number): void {
    this.expected[expected] += weight;
    this.predicted[predicted] += weight;
    if (expected === predicted) this.right[expected] += weight;
  }

  /** Counts rows given by their class indices. */
  static of(
    classes: number,
    expected: ArrayLike<number>,
    predicted: ArrayLike<number>,
    weights: ArrayLike<number> | undefined,
  ): ClassCounts {
    const counts = new ClassCounts(classes);
    for (let row = 0; row < expected.length; row++) counts.add(expected[row], predicted[row], weights?.[row] ?? 1);
    return counts;
  }

  /** Σ weight */
  get total(): number {
    return this.expected.reduce((sum, w) => sum + w, 0);
  }

  /** `Σᵢ wᵢ [predictedᵢ = expectedᵢ] / Σᵢ wᵢ`; NaN for no weight. */
  get accuracy(): number {
    return this.right.reduce((sum, w) => sum + w, 0) / this.total;
  }

  /** The mean recall of the classes that occur; NaN for none. */
  get balancedAccuracy(): number {
    let sum = 0;
    let occurring = 0;
    this.expected.forEach((weight, j) => {
      if (weight === 0) return;
      sum += this.right[j] / weight;
      occurring++;
    });
    return sum / occurring;
  }

  /** Classes with rows. */
  get occurring(): number {
    return this.expected.reduce((count, weight) => count + Number(weight > 0), 0);
  }
}
