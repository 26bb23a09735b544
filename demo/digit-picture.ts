/** One 28×28 digit on a canvas of that size, in the ink of the theme; CSS makes it larger. */
import { imageSide, pixelsPerDigit } from "./dataset.js";
import { drawingContext } from "./page-elements.js";
import { onThemeChange, themeColour } from "./theme.js";

export class DigitPicture {
  readonly canvas: HTMLCanvasElement;
  #pixels: Uint8Array | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    onThemeChange(() => this.show(this.#pixels));
  }

  /** Draws 784 bytes as ink of that opacity; nothing for undefined. */
  show(pixels: Uint8Array | undefined): void {
    this.#pixels = pixels;
    const context = drawingContext(this.canvas);
    const image = context.createImageData(imageSide, imageSide);
    const ink = themeColour("--ink");
    for (let pixel = 0; pixels !== undefined && pixel < pixelsPerDigit; pixel++) {
      image.data.set([...ink, pixels[pixel] as number], 4 * pixel);
    }
    context.putImageData(image, 0, 0);
  }
}
