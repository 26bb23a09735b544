/** Ten bars, one for each digit, and the answer in words. */

import { percentText } from "./number-text.js";
import { elementById, newElement } from "./page-elements.js";

interface Bar {
  readonly item: HTMLLIElement;
  readonly fill: HTMLElement;
  readonly text: HTMLElement;
}

export class ProbabilityBars {
  readonly #bars: readonly Bar[];
  readonly #answer: HTMLElement = elementById("answer", HTMLElement);

  constructor() {
    const list = elementById("probabilities", HTMLOListElement);
    this.#bars = Array.from({ length: 10 }, (_, digit) => {
      const item = newElement("li");
      const track = newElement("span", "bar");
      track.setAttribute("aria-hidden", "true");
      const fill = newElement("span", "bar-fill");
      track.append(fill);
      const text = newElement("span", "bar-text", "–");
      item.append(newElement("span", "bar-digit", String(digit)), track, text);
      list.append(item);
      return { item, fill, text };
    });
  }

  /** Shows ten probabilities that sum to 1. */
  show(probabilities: ArrayLike<number>): void {
    const best = indexOfLargest(probabilities);
    this.#bars.forEach((bar, digit) => {
      const probability = probabilities[digit] ?? 0;
      bar.fill.style.transform = `scaleX(${probability})`;
      bar.text.textContent = percentText(probability, 1);
      bar.item.classList.toggle("best", digit === best && probability > 0.101);
    });
    // Weights of zero know nothing: all ten are equal then.
    const learnt = (probabilities[best] ?? 0) > 0.101;
    this.#say(learnt ? `This looks like a ${best}` : "Nothing learnt yet");
  }

  /** Nothing on the pad, or no model yet. */
  clear(reason: string): void {
    for (const bar of this.#bars) {
      bar.fill.style.transform = "scaleX(0)";
      bar.text.textContent = "–";
      bar.item.classList.remove("best");
    }
    this.#say(reason);
  }

  /** A live region is read aloud at each change: it changes only when the answer does. */
  #say(text: string): void {
    if (this.#answer.textContent !== text) this.#answer.textContent = text;
  }
}

/** The first index of the largest value, as the library breaks ties. */
export function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}
