/** The ten columns of W [784×10] as 28×28 pictures, one scale for all, so that they can be compared. */
import { DivergingColourMap } from "./colour-map.js";
import { digitClasses, imageSide, pixelsPerDigit } from "./dataset.js";
import { drawingContext, elementById, elementIn, newElement } from "./page-elements.js";
import { onThemeChange } from "./theme.js";

/** The scale ends where 99 % of the weights lie: a few border pixels, inked in one digit of thousands, would blacken the rest. */
const shownShare = 0.99;

export class WeightImages {
  readonly #contexts: CanvasRenderingContext2D[] = [];
  readonly #scale: HTMLElement;
  #map: DivergingColourMap = new DivergingColourMap();
  #weights: ArrayLike<number> = new Float32Array(pixelsPerDigit * digitClasses);

  constructor() {
    const list = elementById("weight-images", HTMLUListElement);
    this.#scale = elementById("weight-scale", HTMLElement);
    for (let digit = 0; digit < digitClasses; digit++) {
      const item = newElement("li");
      const canvas = newElement("canvas");
      canvas.width = imageSide;
      canvas.height = imageSide;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `Weights of the digit ${digit}`);
      item.append(canvas, newElement("span", "weight-digit", String(digit)));
      list.append(item);
      this.#contexts.push(drawingContext(canvas));
    }
    onThemeChange(() => {
      this.#map = new DivergingColourMap();
      this.#draw();
    });
    this.#draw();
  }

  /** Shows new weights [784×10], row by row. */
  show(weights: ArrayLike<number>): void {
    this.#weights = weights;
    this.#draw();
  }

  #draw(): void {
    const end = magnitudeCovering(this.#weights, shownShare);
    this.#contexts.forEach((context, digit) => {
      const image = context.createImageData(imageSide, imageSide);
      for (let pixel = 0; pixel < pixelsPerDigit; pixel++) {
        const weight = this.#weights[pixel * digitClasses + digit] ?? 0;
        this.#map.paint(image.data, pixel, end > 0 ? weight / end : 0);
      }
      context.putImageData(image, 0, 0);
    });
    this.#drawScale(end);
  }

  #drawScale(end: number): void {
    const context = drawingContext(elementIn(this.#scale, "canvas", HTMLCanvasElement));
    const { width } = context.canvas;
    const image = context.createImageData(width, 1);
    for (let i = 0; i < width; i++) this.#map.paint(image.data, i, (2 * i) / (width - 1) - 1);
    context.putImageData(image, 0, 0);
    const text = end > 0 ? ` ${end.toPrecision(2)}` : "";
    elementIn(this.#scale, ".scale-low", HTMLElement).textContent = text === "" ? "against" : `against −${text.trim()}`;
    elementIn(this.#scale, ".scale-high", HTMLElement).textContent = text === "" ? "for" : `+${text.trim()} for`;
  }
}

/** The smallest magnitude that is not exceeded by this share of the non-zero values; 0 when all are zero. */
function magnitudeCovering(values: ArrayLike<number>, share: number): number {
  const magnitudes = Float32Array.from(values, Math.abs)
    .filter((magnitude) => magnitude > 0)
    .sort();
  return magnitudes[Math.floor(share * (magnitudes.length - 1))] ?? 0;
}
