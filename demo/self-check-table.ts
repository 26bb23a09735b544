/** The engine's self-check as a table, with a copy as text for a bug report. */
import type { Engine } from "../src/index.js";
import { durationText, smallNumberText } from "./number-text.js";
import { elementById, elementIn, newElement } from "./page-elements.js";
import { deviceName } from "./run.js";

type SelfCheck = Awaited<ReturnType<Engine["selfCheck"]>>;

export class SelfCheckTable {
  readonly #run: HTMLButtonElement = elementById("run-self-check", HTMLButtonElement);
  readonly #copy: HTMLButtonElement = elementById("copy-self-check", HTMLButtonElement);
  readonly #summary: HTMLElement = elementById("self-check-summary", HTMLElement);
  readonly #table: HTMLTableElement = elementById("self-check", HTMLTableElement);
  readonly #frame: HTMLElement = elementById("self-check-frame", HTMLElement);
  #text = "";

  /** `engine` gives the engine that the device switch has chosen. */
  constructor(engine: () => Promise<Engine>) {
    // The rows scroll inside their frame, by keys too.
    this.#frame.tabIndex = 0;
    this.#run.addEventListener("click", () => void this.#check(engine));
    this.#copy.addEventListener("click", () => void this.#copyText());
  }

  /** The button can be pressed: an engine can be had. */
  enable(): void {
    this.#run.disabled = false;
  }

  async #check(engine: () => Promise<Engine>): Promise<void> {
    this.#run.disabled = true;
    this.#summary.textContent = "Checking…";
    try {
      this.#show(await (await engine()).selfCheck());
    } catch (error) {
      this.#summary.textContent = `The self-check could not be run. ${error instanceof Error ? error.message : error}`;
    } finally {
      this.#run.disabled = false;
    }
  }

  #show(check: SelfCheck): void {
    const device = deviceName(check.device);
    const failed = check.rows.filter((row) => !row.passed).length;
    const count = check.rows.length;
    this.#summary.textContent =
      failed === 0
        ? `All ${count} checks passed on the ${device}.`
        : `${failed} of ${count} checks failed on the ${device}.`;
    const failedFirst = check.rows.toSorted((a, b) => Number(a.passed) - Number(b.passed));
    this.#text = check.text;
    this.#copy.hidden = false;
    this.#frame.hidden = false;
    elementIn(this.#table, "tbody", HTMLElement).replaceChildren(...failedFirst.map(rowOf));
  }

  async #copyText(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#text);
      this.#summary.textContent = "Copied.";
    } catch {
      this.#summary.textContent = "This browser does not let the page copy: select the table instead.";
    }
  }
}

function rowOf(row: SelfCheck["rows"][number]): HTMLTableRowElement {
  const line = newElement("tr");
  const kernel = newElement("th", "", row.kernel);
  kernel.scope = "row";
  line.append(
    kernel,
    newElement("td", "", row.shape),
    newElement("td", "number", smallNumberText(row.error)),
    newElement("td", "number", smallNumberText(row.tolerance)),
    newElement("td", "number", durationText(row.elapsedMs)),
    row.passed ? newElement("td", "passed", "passed") : newElement("td", "failed", row.fault ?? "failed"),
  );
  return line;
}
