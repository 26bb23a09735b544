/** The row of numbers under the progress bar. */
import { durationText, lossText, percentText, rateText } from "./number-text.js";
import { elementById, elementIn } from "./page-elements.js";
import { type Run, stepName, stepText } from "./run.js";

export class RunFigures {
  readonly #list: HTMLElement = elementById("figures", HTMLElement);

  /** Shows where a run is; `samplesPerSecond` is the library's own figure. */
  show(run: Run, samplesPerSecond: number): void {
    const last = run.points.at(-1);
    if (last === undefined) return;
    this.#set("loss", lossText(last.loss));
    this.#set("accuracy", last.accuracy === null ? "–" : percentText(last.accuracy));
    this.#set("rate", rateText(samplesPerSecond));
    this.#set("time", durationText(run.elapsedMs));
    this.#set("step", stepText(last.step, run.settings));
    this.#set("passes", run.passes.toFixed(Number.isInteger(run.passes) ? 0 : 1));
    const name = stepName(run.settings);
    elementIn(this.#list, '[data-figure-name="step"]', HTMLElement).textContent =
      name === "epoch" ? "Epoch" : "Iteration";
  }

  /** A new run has begun: what stands there is of the one before. */
  clear(): void {
    for (const name of ["loss", "accuracy", "rate", "time", "step", "passes"]) this.#set(name, "–");
  }

  #set(name: string, text: string): void {
    elementIn(this.#list, `[data-figure="${name}"]`, HTMLElement).textContent = text;
  }
}
