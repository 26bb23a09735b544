/**
 * The form above the curves: shows the settings, hides the fields that the chosen solver does not have. A number that is out
 * of range stays as it was typed, with the browser's own word on what it may be, and holds up Train until it is put right.
 */
import { defaultSettings, settingsFrom, type TrainingSettings } from "./settings.js";

type FormControl = HTMLInputElement | HTMLSelectElement | RadioNodeList;

export class SettingsForm {
  readonly #form: HTMLFormElement;

  /** `onChange` hears every change by the user; `isSwitch` tells a switch (device, solver) from a number. */
  constructor(
    form: HTMLFormElement,
    initial: TrainingSettings,
    onChange: (settings: TrainingSettings, isSwitch: boolean) => void,
  ) {
    this.#form = form;
    this.show(initial);
    form.addEventListener("change", (event) => {
      const isSwitch = event.target instanceof HTMLInputElement && event.target.type === "radio";
      if (!isSwitch && !this.check()) return;
      const isSolver = isSwitch && (event.target as HTMLInputElement).name === "solver";
      // A learning rate that suits SGD makes Adam diverge: each solver starts from its own.
      if (isSolver) this.show({ ...this.settings, rate: defaultSettings(this.settings.solver).rate });
      else this.show(this.settings);
      onChange(this.settings, isSwitch);
    });
  }

  /** Whether every number is in range; shows where one is not. */
  check(): boolean {
    if (this.#form.checkValidity()) return true;
    // The browser cannot point at a field that is folded away.
    for (const fold of this.#form.querySelectorAll("details")) fold.open = true;
    return this.#form.reportValidity();
  }

  /** What the form says now. */
  get settings(): TrainingSettings {
    const entries = new FormData(this.#form);
    return settingsFrom((name) => {
      const entry = entries.get(name);
      return typeof entry === "string" ? entry : null;
    });
  }

  /** Fills the form in. */
  show(settings: TrainingSettings): void {
    const rows = this.#control("rows");
    if (rows instanceof HTMLSelectElement && !rowsOffered(rows, settings.rows)) {
      rows.add(new Option(settings.rows.toLocaleString("en"), String(settings.rows)));
    }
    for (const [name, value] of Object.entries(settings)) this.#control(name).value = String(value);
    for (const field of this.#form.querySelectorAll<HTMLElement>("[data-solvers]")) {
      field.hidden = !(field.dataset.solvers ?? "").split(" ").includes(settings.solver);
    }
  }

  #control(name: string): FormControl {
    const control = this.#form.elements.namedItem(name);
    const isControl =
      control instanceof HTMLInputElement || control instanceof HTMLSelectElement || control instanceof RadioNodeList;
    if (!isControl) throw new Error(`page: the settings form has no control named "${name}"`);
    return control;
  }
}

function rowsOffered(select: HTMLSelectElement, rows: number): boolean {
  return Array.from(select.options).some((option) => option.value === String(rows));
}
