/** The buttons, the progress bar, the sentence beside it and the line that says which device was taken and why. */
import type { Engine, FitReport } from "../src/index.js";
import { durationText } from "./number-text.js";
import { elementById, newElement } from "./page-elements.js";
import { deviceName, type Run, stepName, stepText } from "./run.js";

export class StatusLine {
  readonly #train: HTMLButtonElement = elementById("train", HTMLButtonElement);
  readonly #stop: HTMLButtonElement = elementById("stop", HTMLButtonElement);
  readonly #progress: HTMLProgressElement = elementById("progress", HTMLProgressElement);
  readonly #status: HTMLElement = elementById("status", HTMLElement);
  readonly #reason: HTMLElement = elementById("device-reason", HTMLElement);

  /** A state of the page: which buttons work, and a sentence. */
  show(state: "loading" | "ready" | "training" | "failed", sentence: string): void {
    // The focus must not be lost with the button that it is on.
    const hadFocus = document.activeElement === this.#stop && state !== "training";
    this.#train.disabled = state === "loading";
    this.#stop.disabled = state !== "training";
    if (hadFocus) this.#train.focus();
    this.#status.textContent = sentence;
    this.#status.classList.toggle("failure", state === "failed");
    document.body.dataset.state = state;
  }

  /** 0..1. */
  set progress(share: number) {
    this.#progress.value = Math.min(1, Math.max(0, share));
  }

  /** "CPU: no GPU here …" */
  showDevice(engine: Engine): void {
    this.#reason.replaceChildren(
      newElement("strong", `key-${engine.device}`, deviceName(engine.device)),
      // The reason may begin with the name of the device, which stands there already.
      newElement("span", "quiet", engine.reason.replace(/^(?:CPU|GPU)(?:, |: )/, "")),
    );
  }
}

/** How a run ended, in one sentence; `run` is absent when it never started, `report` when it was stopped by hand. */
export function endText(run: Run | undefined, report: FitReport | undefined): string {
  const last = run?.points.at(-1);
  // A run may diverge before it has a number to show.
  if (report?.stopReason === "diverged") return `Diverged. ${report.advice ?? ""}`;
  if (run === undefined || last === undefined) return "Stopped before the first step.";
  const where = `${stepName(run.settings)} ${stepText(last.step, run.settings)}`;
  if (report === undefined) return `Stopped at ${where}: the weights so far are in use.`;
  const time = durationText(run.elapsedMs);
  const endings: Readonly<Record<typeof report.stopReason, string>> = {
    converged: `Converged at ${where}, after ${time}.`,
    "max-iterations": `Reached ${where}, as set, after ${time}.`,
    precision: `Done at ${where}, after ${time}: float32 sees no lower loss.`,
    "early-stop": `Stopped early at ${where}: it no longer improves.`,
  };
  return endings[report.stopReason];
}
