/**
 * `engine.selfCheck()`: runs every op on the engine's device and holds it against the op's own reference in float64, on the
 * machine of whoever reports that the numbers are wrong.
 */
import { DisposedError, LuceError } from "../errors.js";
import { fromHalf } from "../half-float.js";
import type { ElementType, HostArray, HostMatrix } from "../ops/op.js";
import type { SelfCheckCase } from "./self-check-cases.js";
import { selfCheckCases } from "./self-check-cases.js";
import type { Tensor } from "./tensor.js";
import type { TensorEngine } from "./tensor-engine.js";

/** One op at one shape. */
export interface SelfCheckRow {
  readonly kernel: string;
  readonly shape: string;
  /** |got − expected| where it is largest against the tolerance; NaN when something that is no number came back. */
  readonly error: number;
  /** What the error may be there, from WGSL's accuracy table and the number of float32 roundings. */
  readonly tolerance: number;
  readonly passed: boolean;
  /** From recording to result, the compilation of the shader included. */
  readonly elapsedMs: number;
  /** What the device said, where it refused the work. */
  readonly fault: string | undefined;
}

/** What `selfCheck` found, a row for each kernel and shape. */
export interface SelfCheckReport {
  /** Every row passed. */
  readonly passed: boolean;
  /** The device that was checked. */
  readonly device: "webgpu" | "cpu";
  /** Why that device was chosen, as `engine.reason` says. */
  readonly reason: string;
  /** Each with its largest error and the bound that it was held against. */
  readonly rows: readonly SelfCheckRow[];
  /** All of it as Markdown, for a bug report. */
  readonly text: string;
}

/** One float32 rounding, as a share. */
const ROUNDING = 2 ** -24;

const isMatrix = (value: unknown): value is HostMatrix =>
  typeof value === "object" && value !== null && "data" in value;

function typeOf({ data }: HostMatrix): ElementType {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Uint16Array) return "f16";
  return data instanceof Uint8Array ? "u8" : "i32";
}

/** Halves by their values; the elements of all other types are numbers. */
const numbersOf = (elements: HostArray): HostArray =>
  elements instanceof Uint16Array ? Float32Array.from(elements, fromHalf) : elements;

/** Memory comes back whatever happens; errors of the device become part of the report. @throws DisposedError */
export async function selfCheckOn(engine: TensorEngine): Promise<SelfCheckReport> {
  const rows: SelfCheckRow[] = [];
  for (const each of selfCheckCases()) rows.push(await checked(engine, each));
  const passed = rows.every((row) => row.passed);
  const { device, reason } = engine;
  return { passed, device, reason, rows, text: asMarkdown(engine, rows) };
}

async function checked(
  engine: TensorEngine,
  { op, shape, args, roundings, sum }: SelfCheckCase,
): Promise<SelfCheckRow> {
  const begun = performance.now();
  const tensors = new Map<string, Tensor>();
  let worst = { error: Number.NaN, tolerance: 0, passed: false };
  let fault: string | undefined;
  try {
    for (const [name, value] of Object.entries(args)) {
      if (!isMatrix(value)) continue;
      const t = engine.empty([value.rows, value.columns], typeOf(value), value.scale, value.offset);
      tensors.set(name, t);
      engine.write(t, value.data);
    }
    engine.run(op, { ...args, ...Object.fromEntries(tensors) });
    const written = op.writes ?? ["out"];
    const results = await engine.read(...written.map((name) => tensors.get(name) as Tensor));
    const expected = referenceOf(op, args, written, (value) => value);
    const magnitudes = sum ? referenceOf(op, args, written, Math.abs) : expected.map(largest);
    worst = worstOf(results.map(numbersOf), expected, magnitudes, roundings * ROUNDING);
  } catch (error) {
    if (!(error instanceof LuceError) || error instanceof DisposedError) throw error;
    fault = error.message;
  } finally {
    for (const t of tensors.values()) t.dispose();
  }
  return { kernel: op.name, shape, ...worst, elapsedMs: performance.now() - begun, fault };
}

/** What the op's reference writes in float64, with `map` applied to every number that goes in. */
function referenceOf(
  op: SelfCheckCase["op"],
  args: SelfCheckCase["args"],
  written: readonly string[],
  map: (value: number) => number,
): Float64Array[] {
  const mapped: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(args)) {
    if (isMatrix(value)) {
      const [scale, offset] = [map(value.scale), map(value.offset)];
      mapped[name] = { ...value, scale, offset, data: Float64Array.from(numbersOf(value.data), map) };
    } else {
      mapped[name] = typeof value === "number" ? map(value) : value;
    }
  }
  op.reference(mapped);
  return written.map((name) => (mapped[name] as { data: Float64Array }).data);
}

const largest = (values: Float64Array): Float64Array =>
  values.slice().fill(values.reduce((most, value) => Math.max(most, Math.abs(value)), 0));

function worstOf(
  results: readonly ArrayLike<number>[],
  expected: readonly Float64Array[],
  magnitudes: readonly Float64Array[],
  share: number,
): Pick<SelfCheckRow, "error" | "tolerance" | "passed"> {
  let worst = { error: 0, tolerance: 0, passed: true };
  let most = -1;
  expected.forEach((values, r) => {
    values.forEach((value, i) => {
      const error = Math.abs(results[r][i] - value);
      const tolerance = share * magnitudes[r][i];
      const ratio = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / Math.max(tolerance, Number.MIN_VALUE);
      if (ratio <= most) return;
      most = ratio;
      // Written so that NaN fails.
      worst = { error, tolerance, passed: error <= tolerance };
    });
  });
  return worst;
}

function asMarkdown({ device, reason }: TensorEngine, rows: readonly SelfCheckRow[]): string {
  const right = rows.filter((row) => row.passed).length;
  const { userAgent = "no browser" } = (globalThis.navigator as Navigator | undefined) ?? {};
  const lines = rows.map(({ kernel, shape, error, tolerance, passed, elapsedMs, fault }) => {
    const cells = [kernel, shape, error.toExponential(1), tolerance.toExponential(1), elapsedMs.toFixed(0)];
    return `| ${cells.join(" | ")} | ${passed ? "ok" : `**wrong** ${fault ?? ""}`} |`;
  });
  return [
    `Luce self-check: ${right} of ${rows.length} checks agree with float64.`,
    `Device: ${device} (${reason}). ${userAgent}`,
    "",
    "| kernel | shape | error | tolerance | ms | result |",
    "|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
