/** A row of digits to press: each puts its picture on the pad. */
import { DigitPicture } from "./digit-picture.js";
import { newElement } from "./page-elements.js";

export interface PickableDigit {
  readonly pixels: Uint8Array;
  /** Short text under the picture; may be empty. */
  readonly caption: string;
  /** What a screen reader says for the button. */
  readonly description: string;
}

interface Place {
  readonly button: HTMLButtonElement;
  readonly picture: DigitPicture;
  readonly caption: HTMLElement;
}

export class DigitStrip {
  readonly #places: readonly Place[];
  #digits: readonly PickableDigit[] = [];

  /** Makes `count` empty places, so that the page does not jump when the digits come. */
  constructor(container: HTMLElement, count: number, onPick: (pixels: Uint8Array) => void) {
    this.#places = Array.from({ length: count }, (_, index) => {
      const place = newPlace();
      place.button.addEventListener("click", () => {
        const digit = this.#digits[index];
        if (digit !== undefined) onPick(digit.pixels);
      });
      container.append(place.button);
      return place;
    });
  }

  /** Fills the places; those without a digit are empty and cannot be pressed. */
  show(digits: readonly PickableDigit[]): void {
    this.#digits = digits;
    this.#places.forEach(({ button, picture, caption }, index) => {
      const digit = digits[index];
      button.disabled = digit === undefined;
      button.setAttribute("aria-label", digit?.description ?? "No digit here yet");
      button.title = digit?.description ?? "";
      caption.textContent = digit?.caption ?? "";
      picture.show(digit?.pixels);
    });
  }
}

function newPlace(): Place {
  const button = newElement("button", "digit");
  button.type = "button";
  button.disabled = true;
  button.setAttribute("aria-label", "No digit here yet");
  const canvas = newElement("canvas");
  canvas.width = 28;
  canvas.height = 28;
  const caption = newElement("span", "digit-caption");
  button.append(canvas, caption);
  return { button, picture: new DigitPicture(canvas), caption };
}
