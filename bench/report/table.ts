/** Markdown tables and the figures in their cells. */

/** A GitHub table; cells are taken as they are, but for what would break the line. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** Three significant digits and thousands apart: 0.0123, 4.56, 789, 12,300. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(3));
  if (Math.abs(rounded) >= 1000) return rounded.toLocaleString("en-US");
  return rounded === 0 ? "0" : rounded.toPrecision(3);
}
