/** A run as Markdown: contestants side by side, L-BFGS, and how near to the roof. */
import type { BenchResult, RowResult } from "../measure/benchmark.js";
import type { Roof } from "../measure/copy-bandwidth.js";
import type { LaneResult } from "../measure/race.js";
import { GAPS } from "../tasks/list.js";
import type { Facts } from "./facts.js";
import { figure, table } from "./table.js";

const COLUMNS: readonly string[] = [
  "Luce webgpu",
  "Luce cpu",
  "Luce cpu, 1 worker",
  "TF.js webgpu",
  "TF.js wasm",
  "jax-js webgpu",
  "jax-js wasm",
];

const CHECK_WORDS: ReadonlyMap<boolean | undefined, string> = new Map([
  [true, "passed"],
  [false, "FAILED"],
  [undefined, "not done"],
]);

export function markdownOf(result: BenchResult, facts: Facts): string {
  const { roof } = result;
  const packages = Object.entries(facts.versions).map(([name, version]) => `${name} ${version}`);
  const parts = [
    `${facts.date}, commit ${facts.commit}, ${facts.runtime}, ${facts.cores} × ${facts.cpu}, ${facts.memoryGiB} GiB.`,
    `Adapter: ${roof?.adapter ?? "none"}${roof?.software ? " (software)" : ""}. Packages: ${packages.join(", ")}.`,
    `Self-check of Luce's device: ${CHECK_WORDS.get(result.selfCheckPassed)}.`,
    ...result.notes.map((note) => `Note: ${note}.`),
    "",
    "Medians of interleaved repetitions. The last two columns: how many times as fast as the best peer Luce is, on the same kind of device.",
    "",
    contestantsTable(result.rows),
  ];
  if (result.fits.length > 0) parts.push("", fitsTable(result));
  const onGpu = result.rows.some(({ lanes }) => lanes.some(({ device }) => device === "webgpu"));
  if (roof && onGpu) parts.push("", ...roofLines(roof), "", roofTable(result.rows, roof));
  return `${parts.join("\n")}\n`;
}

/** The fastest way that a contestant found, or what went wrong. */
export function bestOf(lanes: readonly LaneResult[], contestant: string): LaneResult | undefined {
  const own = lanes.filter((lane) => lane.contestant === contestant);
  return own.reduce<LaneResult | undefined>(
    (best, lane) => (best === undefined || (lane.ms ?? Infinity) < (best.ms ?? Infinity) ? lane : best),
    undefined,
  );
}

/** Best peer's time over Luce's: above 1 Luce is the faster. Undefined where either has no time. */
export function ratioToBestPeer(lanes: readonly LaneResult[], onGpu: boolean): number | undefined {
  const side = lanes.filter((lane) => (lane.device === "webgpu") === onGpu && lane.ms !== undefined);
  const [own, peers] = [
    side.filter((lane) => lane.contestant.startsWith("Luce")),
    side.filter((lane) => !lane.contestant.startsWith("Luce")),
  ];
  if (own.length === 0 || peers.length === 0) return undefined;
  const fastest = (of: readonly LaneResult[]): number => Math.min(...of.map((lane) => lane.ms as number));
  return fastest(peers) / fastest(own);
}

function contestantsTable(rows: readonly RowResult[]): string {
  const times = (ratio: number | undefined): string => (ratio === undefined ? "–" : `${ratio.toPrecision(2)}×`);
  const columns = COLUMNS.filter((name) =>
    rows.some(({ lanes }) => lanes.some(({ contestant }) => contestant === name)),
  );
  return table(
    ["row", "unit", ...columns, "webgpu", "cpu and wasm"],
    rows.map(({ task, lanes }) => [
      task.title,
      task.samples === undefined ? "ms" : "samples/s",
      ...columns.map((name) => cell(bestOf(lanes, name), task.samples)),
      times(ratioToBestPeer(lanes, true)),
      times(ratioToBestPeer(lanes, false)),
    ]),
  );
}

function cell(lane: LaneResult | undefined, samples: number | undefined): string {
  if (lane === undefined) return "–";
  if (lane.ms === undefined) return lane.note ?? "–";
  const value = figure(samples === undefined ? lane.ms : samples / (lane.ms / 1000));
  const remarks = [lane.variant, lane.note].filter(Boolean);
  return remarks.length === 0 ? value : `${value} (${remarks.join("; ")})`;
}

function fitsTable({ fits }: BenchResult): string {
  const rows = fits.flatMap(({ task, results }) =>
    results.flatMap((fit) =>
      fit.gaps.map(({ gap, seconds, passes }, i) => [
        `${task.l2}`,
        gap.toExponential(0),
        fit.contestant,
        seconds === undefined ? "not reached" : figure(seconds),
        passes === undefined ? "–" : passes.toFixed(0),
        `${task.scipyPasses[i]}`,
        `${task.scikitLearnSeconds}`,
        fit.seconds === undefined ? "–" : `${figure(fit.seconds)} s, ${fit.iterations} iterations`,
        fit.objective?.toFixed(7) ?? "–",
        fit.testAccuracy?.toFixed(4) ?? "–",
        fit.note ?? "",
      ]),
    ),
  );
  const head = ["l2", "gap", "by", "seconds", "passes over X", "SciPy's passes", "scikit-learn's fit, s"];
  return [
    `MNIST by L-BFGS, to a relative gap of ${GAPS.join(" and ")} of the optimum. No peer has a solver; the two columns of SciPy and scikit-learn are figures of bench/scipy_passes.py on two cores of an AMD EPYC.`,
    "",
    table([...head, "whole fit", "objective", "test accuracy", "remark"], rows),
  ].join("\n");
}

function roofLines({ copyBytesPerSecond, peakFlops }: Roof): string[] {
  const peak = peakFlops === undefined ? "unknown (give it with --peak)" : `${(peakFlops / 1e12).toFixed(1)} TFLOP/s`;
  return [
    `Roofline of Luce webgpu: copies ${figure(copyBytesPerSecond / 1e9)} GB/s (measured, bytes read and written), float32 peak ${peak}.`,
    "The roof is the longer of bytes ÷ copies and flops ÷ peak; the last two columns are the share of it that was reached.",
  ];
}

function roofTable(rows: readonly RowResult[], roof: Roof): string {
  const head = ["row", "Gflop", "MB", "roof, ms", "ms", "ms on the GPU", "GFLOP/s", "GB/s", "reached", "on the GPU"];
  const share = (part: number | undefined): string => (part === undefined ? "–" : `${(100 * part).toPrecision(2)} %`);
  return table(
    head,
    rows.flatMap(({ task, lanes }) => {
      const lane = bestOf(lanes, "Luce webgpu");
      if (lane?.ms === undefined) return [];
      const roofMs = roofMsOf(task, roof);
      const { ms, gpuMs } = lane;
      return [
        [
          task.title,
          figure(task.flops / 1e9),
          figure(task.bytes / 1e6),
          figure(roofMs),
          figure(ms),
          gpuMs === undefined ? "–" : figure(gpuMs),
          figure(task.flops / ms / 1e6),
          figure(task.bytes / ms / 1e6),
          share(roofMs / ms),
          share(gpuMs === undefined ? undefined : roofMs / gpuMs),
        ],
      ];
    }),
  );
}

/** Milliseconds below which no device of this bandwidth and peak can be. */
export function roofMsOf({ flops, bytes }: { readonly flops: number; readonly bytes: number }, roof: Roof): number {
  return 1000 * Math.max(bytes / roof.copyBytesPerSecond, roof.peakFlops === undefined ? 0 : flops / roof.peakFlops);
}
