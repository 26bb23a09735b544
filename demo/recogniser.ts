/** Asks the model what is on the pad: one question at a time, and always the newest one last. */
import type { SoftmaxRegression } from "../src/index.js";
import { pixelScale, pixelsPerDigit } from "./dataset.js";
import type { ProbabilityBars } from "./probability-bars.js";

export class Recogniser {
  readonly #bars: ProbabilityBars;
  readonly #onError: (error: unknown) => void;
  #model: SoftmaxRegression | undefined;
  #pixels: Uint8Array | undefined;
  #isAsking = false;
  #asksAgain = false;

  constructor(bars: ProbabilityBars, onError: (error: unknown) => void) {
    this.#bars = bars;
    this.#onError = onError;
  }

  /** From now on this model answers; also called when its weights have moved. */
  useModel(model: SoftmaxRegression): void {
    this.#model = model;
    void this.#ask();
  }

  /** What is on the pad now, 784 bytes, or undefined when it is empty. */
  usePixels(pixels: Uint8Array | undefined): void {
    this.#pixels = pixels;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    if (this.#pixels === undefined) return this.#bars.clear("Nothing drawn yet");
    if (this.#model === undefined) return this.#bars.clear("Not trained yet");
    this.#asksAgain = this.#isAsking;
    if (this.#isAsking) return;
    this.#isAsking = true;
    const model = this.#model;
    try {
      const { data } = await model.predictProba({ data: this.#pixels, shape: [1, pixelsPerDigit], scale: pixelScale });
      if (this.#pixels !== undefined) this.#bars.show(data);
    } catch (error) {
      // A model that was replaced while it was asked is disposed: the question goes to its successor.
      if (model === this.#model) this.#onError(error);
    } finally {
      this.#isAsking = false;
    }
    if (this.#asksAgain) void this.#ask();
  }
}
