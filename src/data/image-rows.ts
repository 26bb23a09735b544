/** Images as rows of bytes. Imports errors, known-options and its neighbours in this folder. */
import { DataError, LuceError, OptionError, ShapeError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { describeValue } from "./describe-value.js";
import { allocated } from "./memory.js";

/** Pixels row by row, four bytes each: red, green, blue, alpha. An ImageData is one. */
export interface ImageLike {
  /** 4 · width · height bytes. */
  readonly data: Uint8ClampedArray | Uint8Array;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** What can be drawn on, such as a canvas or an OffscreenCanvas: its pixels are read. */
export interface CanvasLike {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** Null where the canvas draws by other means. */
  getContext(kind: "2d"): { getImageData(x: number, y: number, width: number, height: number): ImageLike } | null;
}

/** What `imageRows` takes of each pixel. */
export interface ImageRowsOptions {
  /**
   * `"grey"`: 0.299·red + 0.587·green + 0.114·blue, a feature a pixel; `"rgb"`: three features a pixel; `"alpha"`: how opaque it is, for
   * drawings on a transparent canvas. Default `"grey"`.
   */
  readonly channels?: "grey" | "rgb" | "alpha";
}

/** Bytes [n×d] that stand for 0 … 1. */
export interface ImageRows {
  /** Row by row. */
  readonly data: Uint8Array;
  /** [n, d] */
  readonly shape: readonly [images: number, features: number];
  /** 1/255: what a byte counts. */
  readonly scale: number;
}

const WHERE = "imageRows";
const BYTES = { grey: 1, rgb: 3, alpha: 1 } as const;

/**
 * `X[i] = bytes of image i / 255`, a row an image, [n × width·height·channels]: for `fit` and `predict`, which keep the bytes as they are.
 * All images have one size; `drawImage` onto a canvas of that size resamples others. Where `channels` is `"grey"` or `"rgb"` alpha is not
 * looked at.
 *
 * @throws ShapeError for images of unlike sizes; DataError EMPTY_INPUT, UNSUPPORTED_TYPE for what is no image, or a canvas
 *   whose pixels come from another origin; OptionError
 */
export function imageRows(images: readonly (ImageLike | CanvasLike)[], options: ImageRowsOptions = {}): ImageRows {
  requireKnownOptions(options, ["channels"], WHERE);
  const { channels = "grey" } = options;
  if (typeof channels !== "string" || !Object.hasOwn(BYTES, channels)) {
    throw new OptionError(
      "BAD_OPTION",
      `${WHERE}: option \`channels\` cannot be used: expected "grey", "rgb" or "alpha", got ${describeValue(channels)}.`,
    );
  }
  if (!Array.isArray(images) || images.length === 0)
    throw new DataError("EMPTY_INPUT", `${WHERE}: there are no images: expected an array of one at least.`);
  const first = pixelsOf(images[0], 0);
  const features = first.width * first.height * BYTES[channels];
  const data = allocated(Uint8Array, images.length, features, WHERE);
  // A loop by index: `forEach` would pass over holes, and leave black images for them.
  for (let i = 0; i < images.length; i++) {
    const pixels = i === 0 ? first : pixelsOf(images[i], i);
    if (pixels.width !== first.width || pixels.height !== first.height) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        `${WHERE}: image ${i} has another size than the first: expected ${first.width} × ${first.height}, ` +
          `got ${pixels.width} × ${pixels.height}. Draw it onto a canvas of that size.`,
      );
    }
    take(pixels.data, channels, data.subarray(i * features, (i + 1) * features));
  }
  return { data, shape: [images.length, features], scale: 1 / 255 };
}

function pixelsOf(image: unknown, index: number): ImageLike {
  try {
    return readPixels(image, index);
  } catch (cause) {
    if (cause instanceof LuceError) throw cause;
    // The canvas was drawn on from another origin.
    const tainted = (cause as { name?: unknown } | null)?.name === "SecurityError";
    throw new DataError(
      "UNSUPPORTED_TYPE",
      tainted
        ? `${WHERE}: image ${index} cannot be read: the canvas holds pixels of another origin that did not allow it: expected one of this ` +
            'origin. Load the picture with `image.crossOrigin = "anonymous"` before its `src`, from a server that sends Access-Control-Allow-Origin.'
        : `${WHERE}: image ${index} cannot be read: expected an ImageData or a canvas, got an error from it. \`cause\` is what it threw.`,
      cause,
    );
  }
}

function readPixels(given: unknown, index: number): ImageLike {
  if (typeof given === "object" && given !== null) {
    const context = "getContext" in given ? (given as CanvasLike).getContext("2d") : undefined;
    const { width, height } = given as ImageLike;
    const pixels =
      context && width > 0 && height > 0 ? context.getImageData(0, 0, width, height) : (given as ImageLike);
    const isBytes = pixels.data instanceof Uint8ClampedArray || pixels.data instanceof Uint8Array;
    const isSize = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
    if (isBytes && isSize && pixels.data.length === 4 * width * height) return pixels;
  }
  throw new DataError(
    "UNSUPPORTED_TYPE",
    `${WHERE}: image ${index} cannot be read: expected an ImageData of 8 bits a channel, or a canvas with a 2d context, ` +
      `got ${describeValue(given)}.`,
  );
}

function take(pixels: ImageLike["data"], channels: keyof typeof BYTES, out: Uint8Array): void {
  if (channels === "rgb") {
    for (let from = 0, to = 0; from < pixels.length; from += 4) {
      out[to++] = pixels[from];
      out[to++] = pixels[from + 1];
      out[to++] = pixels[from + 2];
    }
    return;
  }
  for (let i = 0; i < out.length; i++) {
    const at = 4 * i;
    out[i] =
      channels === "alpha"
        ? pixels[at + 3]
        : Math.round(0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2]);
  }
}
