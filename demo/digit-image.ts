/**
 * Strokes → the 28×28 bytes that the model knows from MNIST.
 *
 * MNIST's digits were scaled into a 20×20 box and placed with their centre of mass at pixel (14, 14) of 28×28 (LeCun,
 * Cortes & Burges 1998). The same is done here to the strokes themselves, before they become pixels, so that a small and
 * a large "3" get the same width of line. Knows nothing of the page.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The points of one line, pen down to pen up, in any unit; one point alone is a dot. */
export type Stroke = readonly Point[];

const side = 28;
const centre = 14;
const box = 20;
/** Half the width of a line, in pixels of the 28×28 image: MNIST's pens are two to three pixels wide. */
const penRadius = 1.25;
/** A dot is not blown up to the size of a digit. */
const largestEnlargement = 4;

/** The strokes, given in units of a `padSide`-wide pad, as MNIST would have them: 784 bytes, row by row, 0 is background. */
export function digitImage(strokes: readonly Stroke[], padSide: number): Uint8Array {
  const points = strokes.flat();
  if (points.length === 0) return new Uint8Array(side * side);
  const [left, right] = extent(points.map((point) => point.x));
  const [top, bottom] = extent(points.map((point) => point.y));
  const toPixels = side / padSide;
  const longest = Math.max(right - left, bottom - top) * toPixels;
  const fitted = Math.min(longest > 0 ? (box - 2 * penRadius) / longest : largestEnlargement, largestEnlargement);
  const scale = fitted * toPixels;
  const place = (toX: number, toY: number): Stroke[] =>
    strokes.map((stroke) =>
      stroke.map(({ x, y }) => ({
        x: (x - (left + right) / 2) * scale + toX,
        y: (y - (top + bottom) / 2) * scale + toY,
      })),
    );
  const mass = centreOfMass(inked(place(centre, centre)));
  return inked(place(2 * centre - mass.x, 2 * centre - mass.y));
}

/** Σ v·position / Σ v over the pixels of a 28×28 image, in pixels; the middle for an empty one. */
export function centreOfMass(image: ArrayLike<number>): Point {
  let total = 0;
  let x = 0;
  let y = 0;
  for (let i = 0; i < side * side; i++) {
    const value = image[i] ?? 0;
    total += value;
    x += value * (i % side);
    y += value * Math.floor(i / side);
  }
  return total > 0 ? { x: x / total, y: y / total } : { x: centre, y: centre };
}

/** Pixels under the pen, with a soft edge one pixel wide; where lines cross the darker counts. */
function inked(strokes: readonly Stroke[]): Uint8Array {
  const image = new Uint8Array(side * side);
  for (const stroke of strokes) {
    for (let i = 0; i < stroke.length; i++) {
      const end = stroke[i] as Point;
      inkSegment(image, stroke[i - 1] ?? end, end);
    }
  }
  return image;
}

function inkSegment(image: Uint8Array, from: Point, to: Point): void {
  const reach = penRadius + 1;
  const [left, right] = extent([from.x, to.x]);
  const [top, bottom] = extent([from.y, to.y]);
  for (let y = Math.max(0, Math.ceil(top - reach)); y <= Math.min(side - 1, bottom + reach); y++) {
    for (let x = Math.max(0, Math.ceil(left - reach)); x <= Math.min(side - 1, right + reach); x++) {
      const ink = Math.min(1, Math.max(0, penRadius + 0.5 - distanceToSegment({ x, y }, from, to)));
      const index = y * side + x;
      image[index] = Math.max(image[index] as number, Math.round(255 * ink));
    }
  }
}

function distanceToSegment(point: Point, from: Point, to: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const lengthSquared = dx * dx + dy * dy;
  const along = lengthSquared === 0 ? 0 : ((point.x - from.x) * dx + (point.y - from.y) * dy) / lengthSquared;
  const clamped = Math.min(1, Math.max(0, along));
  return Math.hypot(point.x - from.x - clamped * dx, point.y - from.y - clamped * dy);
}

function extent(values: readonly number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}
