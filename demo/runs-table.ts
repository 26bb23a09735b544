/** The last run of each device, side by side, and how far they agree digit by digit. */
import { countText, durationText, lossText, percentText, smallNumberText } from "./number-text.js";
import { elementById, elementIn, newElement } from "./page-elements.js";
import { type DeviceKind, deviceName, type Run, stepText } from "./run.js";
import { sameTask } from "./settings.js";

const devices: readonly DeviceKind[] = ["webgpu", "cpu"];

export class RunsTable {
  readonly #body: HTMLElement = elementIn(elementById("runs", HTMLTableElement), "tbody", HTMLElement);
  readonly #agreement: HTMLElement = elementById("agreement", HTMLElement);
  readonly #runs: Map<DeviceKind, Run> = new Map();

  constructor() {
    this.#draw();
  }

  /** Keeps a run that has ended. */
  add(run: Run): void {
    this.#runs.set(run.device, run);
    this.#draw();
  }

  /** The last run of the other device, if it was given the same task. */
  comparable(run: Run): Run | undefined {
    const other = this.#runs.get(run.device === "webgpu" ? "cpu" : "webgpu");
    return other !== undefined && sameTask(other.settings, run.settings) ? other : undefined;
  }

  #draw(): void {
    this.#body.replaceChildren(...devices.map((device) => rowOf(device, this.#runs.get(device))));
    const [gpu, cpu] = devices.map((device) => this.#runs.get(device));
    if (gpu !== undefined && cpu !== undefined) this.#agreement.textContent = agreementText(gpu, cpu);
  }
}

function rowOf(device: DeviceKind, run: Run | undefined): HTMLTableRowElement {
  const row = newElement("tr");
  const name = newElement("th");
  name.scope = "row";
  name.append(newElement("span", `key-${device}`, deviceName(device)));
  const last = run?.points.at(-1);
  const texts =
    run === undefined || last === undefined
      ? ["–", "–", "–", "–", "–"]
      : [
          durationText(run.elapsedMs),
          stepText(last.step, run.settings),
          lossText(last.loss, 5),
          last.testLoss === null ? "–" : lossText(last.testLoss, 5),
          last.accuracy === null ? "–" : percentText(last.accuracy),
        ];
  row.append(name, ...texts.map((text) => newElement("td", "number", text)));
  return row;
}

function agreementText(gpu: Run, cpu: Run): string {
  if (!sameTask(gpu.settings, cpu.settings)) return "The two runs had different settings, so their numbers differ.";
  if (gpu.readings === undefined || cpu.readings === undefined)
    return "Train on both devices to the end to compare them.";
  const same = gpu.readings.reduce((count, reading, row) => count + Number(reading === cpu.readings?.[row]), 0);
  const gpuLoss = gpu.points.at(-1)?.testLoss ?? Number.NaN;
  const cpuLoss = cpu.points.at(-1)?.testLoss ?? Number.NaN;
  const total = gpu.readings.length;
  const digits = same === total ? `all ${countText(total)}` : `${countText(same)} of ${countText(total)}`;
  const apart = Math.abs(gpuLoss - cpuLoss);
  const losses = apart === 0 ? "are the same" : `differ by ${smallNumberText(apart)}`;
  return `Both read ${digits} test digits the same; their test losses ${losses}.`;
}
