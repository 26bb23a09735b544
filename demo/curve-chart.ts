/** One chart (uPlot), made anew when its lines or the theme's colours change, else only fed with new numbers. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { elementIn, newElement } from "./page-elements.js";
import { type DeviceKind, deviceName, type Run, type RunPoint, stepName } from "./run.js";
import { onThemeChange, themeValue } from "./theme.js";

export interface CurveColumn {
  readonly device: DeviceKind;
  readonly isCurrent: boolean;
  readonly isDashed: boolean;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
}

export interface CurveAxis {
  readonly isLogarithmic: boolean;
  /** Lowest and highest value shown, from the lowest and highest value there is. */
  readonly range: (low: number, high: number) => [number, number];
  readonly marks: readonly number[];
  readonly markText: (value: number) => string;
  /** One point in words. */
  readonly reading: (point: RunPoint, run: Run) => string;
}

const fewestSteps = 5;
/** So many measured points at most are marked on a line. */
const markedPoints = 25;

export class CurveChart {
  readonly #frame: HTMLElement;
  readonly #key: HTMLElement;
  readonly #reading: HTMLElement;
  readonly #axis: CurveAxis;
  #plot: uPlot | undefined;
  #look = "";
  #columns: readonly CurveColumn[] = [];
  #run: Run | undefined;

  /** `figure` holds a caption with the key and the reading, and the element that the plot goes into. */
  constructor(figure: HTMLElement, axis: CurveAxis) {
    this.#frame = elementIn(figure, ".plot", HTMLElement);
    this.#frame.setAttribute("aria-hidden", "true");
    this.#key = elementIn(figure, ".curve-key", HTMLElement);
    this.#reading = elementIn(figure, ".curve-reading", HTMLElement);
    this.#axis = axis;
    onThemeChange(() => this.#rebuild());
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#frame);
    this.#rebuild();
  }

  /** Shows these lines; the caption reads the last point of `run`. */
  show(columns: readonly CurveColumn[], run: Run): void {
    this.#columns = columns;
    this.#run = run;
    const lines = columns.map(({ device, isCurrent, isDashed }) => `${device} ${isCurrent} ${isDashed}`);
    const look = [stepName(run.settings), ...lines].join();
    if (look === this.#look) this.#plot?.setData(this.#data());
    else this.#rebuild();
    this.#look = look;
    this.#read(run.points.length - 1);
  }

  #rebuild(): void {
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(), this.#data(), this.#frame);
    const devices = [...new Set(this.#columns.map((column) => column.device))].sort();
    this.#key.replaceChildren(...devices.map((device) => newElement("span", `key-${device}`, deviceName(device))));
  }

  #data(): uPlot.AlignedData {
    if (this.#columns.length === 0) return [[0]];
    return uPlot.join(this.#columns.map(({ steps, values }) => [[...steps], [...values]]));
  }

  #read(index: number): void {
    const point = this.#run?.points[index];
    if (point !== undefined && this.#run !== undefined)
      this.#reading.textContent = this.#axis.reading(point, this.#run);
  }

  #options(): uPlot.Options {
    const { isLogarithmic, range, marks, markText } = this.#axis;
    const lines = { stroke: themeValue("--line"), width: 1 };
    const axis = {
      stroke: themeValue("--ink-quiet"),
      font: `11px ${themeValue("--font")}`,
      grid: lines,
      ticks: { show: false },
    };
    return {
      ...this.#size(),
      legend: { show: false },
      padding: [8, 14, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: "luce" }, points: { size: 7 } },
      scales: {
        x: { time: false, range: (_plot, _low, high) => [0, Math.max(fewestSteps, high ?? 0)] },
        y: { distr: isLogarithmic ? 3 : 1, range: (_plot, low, high) => range(low ?? 1, high ?? 0) },
      },
      axes: [
        {
          ...axis,
          size: 24,
          gap: 4,
          space: 60,
          label: this.#stepName(),
          labelSize: 16,
          labelGap: 0,
          labelFont: axis.font,
        },
        {
          ...axis,
          size: 48,
          gap: 6,
          splits: (_plot, _axis, low, high) => marks.filter((mark) => mark >= low && mark <= high),
          values: (_plot, values) => values.map(markText),
          filter: (_plot, splits) => splits,
        },
      ],
      series: [{}, ...this.#columns.map(lineOf)],
      hooks: {
        setCursor: [
          (plot) => {
            const last = (this.#run?.points.length ?? 0) - 1;
            const step = plot.data[0][plot.cursor.idx ?? -1];
            const at = step === undefined ? -1 : (this.#run?.points.findIndex((point) => point.step >= step) ?? -1);
            this.#read(at >= 0 ? at : last);
          },
        ],
      },
    };
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(this.#frame.clientWidth, 100), height: Math.max(this.#frame.clientHeight, 100) };
  }

  #stepName(): string {
    return this.#run === undefined ? "iteration" : stepName(this.#run.settings);
  }
}

function lineOf({ device, isCurrent, isDashed }: CurveColumn): uPlot.Series {
  const series: uPlot.Series = {
    stroke: themeValue(isCurrent ? `--device-${device}` : `--device-${device}-pale`),
    width: isCurrent ? 1.75 : 6,
    // Where few points were measured the line between them is a guess: they are marked.
    points: { show: (plot, index) => isCurrent && measuredIn(plot.data[index]) <= markedPoints, size: 4 },
    spanGaps: true,
  };
  return isDashed ? { ...series, dash: [5, 4], width: isCurrent ? 1.25 : 4 } : series;
}

function measuredIn(values: ArrayLike<number | null | undefined> | undefined): number {
  return Array.from(values ?? []).filter((value) => value !== null && value !== undefined).length;
}
