/** Numbers as this page writes them: in English, with as many digits as mean something. */

const grouped = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** 60000 → "60,000". */
export function countText(count: number): string {
  return grouped.format(Math.round(count));
}

/** 1234567 → "1.23M", for rates. */
export function rateText(rate: number): string {
  return Number.isFinite(rate) ? compact.format(rate) : "–";
}

/** 0.92634 → "92.63 %". */
export function percentText(fraction: number, decimals = 2): string {
  return Number.isFinite(fraction) ? `${(100 * fraction).toFixed(decimals)} %` : "–";
}

/** 0.2592481 → "0.2592"; `decimals` where two numbers are to be compared. */
export function lossText(loss: number, decimals = 4): string {
  return Number.isFinite(loss) ? loss.toFixed(decimals) : "not finite";
}

/** 83 → "83 ms", 12345 → "12.3 s", 123456 → "2 min 3 s". */
export function durationText(elapsedMs: number): string {
  if (elapsedMs < 999.5) return `${Math.round(elapsedMs)} ms`;
  if (elapsedMs < 99_950) return `${(elapsedMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(elapsedMs / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** 1.234e-7 → "1.2e-7", 0 → "0", for errors and tolerances. */
export function smallNumberText(value: number): string {
  return value === 0 ? "0" : value.toExponential(1);
}
