/** The first of the largest of `count` values from index `first` on, counted from there. Imports nothing. */
export function likeliest(values: ArrayLike<number>, first: number, count: number): number {
  let best = 0;
  for (let j = 1; j < count; j++) if (values[first + j] > values[first + best]) best = j;
  return best;
}
