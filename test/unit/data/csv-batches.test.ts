import { expect, test } from "vitest";
import { type CsvBatch, type ReadCsvBatchesOptions, readCsv, readCsvBatches } from "../../../src/data/csv.js";

const ROWS = 5000;
const cell = (i: number, j: number): string => String(Math.sin(i * 7 + j).toFixed(5));
const table = `a,kind,b,c\n${Array.from({ length: ROWS }, (_, i) =>
  [cell(i, 0), i % 3, i % 11 === 5 ? "" : cell(i, 1), cell(i, 2)].join(","),
).join("\r\n")}`;

async function batchesOf(
  source: Parameters<typeof readCsvBatches>[0],
  options: Partial<ReadCsvBatchesOptions> = {},
): Promise<CsvBatch[]> {
  const found: CsvBatch[] = [];
  for await (const batch of readCsvBatches(source, { labelColumn: "kind", missing: "skip", ...options }))
    found.push(batch);
  return found;
}

const joined = (batches: readonly CsvBatch[]) => ({
  data: batches.flatMap(({ x }) => [...x.data]),
  y: batches.flatMap(({ y }) => [...y]),
});

test("all batches together are the table, of text and of bytes", async () => {
  const whole = await readCsv(table, { labelColumn: "kind", missing: "skip" });
  for (const source of [table, new TextEncoder().encode(table), new Blob([table])]) {
    const batches = await batchesOf(source, { rowsPerBatch: 600, numericLabels: true });
    expect(batches.length).toBeGreaterThan(2);
    for (const { x, y } of batches) {
      expect(x.shape).toEqual([y.length, 3]);
      expect(x.data.length).toBe(3 * y.length);
    }
    for (const { y } of batches.slice(0, -1)) expect(y.length).toBeGreaterThanOrEqual(600);
    const { data, y } = joined(batches);
    expect(data).toEqual([...whole.x.data]);
    expect(y).toEqual(whole.y);
  }
});

test("labels are texts unless asked for as numbers", async () => {
  expect((await batchesOf("kind,v\n1,2\n02,3\n"))[0].y).toEqual(["1", "02"]);
  expect((await batchesOf("kind,v\n1,2\n02,3\n", { numericLabels: true }))[0].y).toEqual([1, 2]);
  await expect(batchesOf("kind,v\n1,2\nx,3\n", { numericLabels: true })).rejects.toMatchObject({ code: "BAD_FIELD" });
});

test("faults are told when they are reached, with their place in the whole", async () => {
  const seen: CsvBatch[] = [];
  const read = async (): Promise<void> => {
    const text = `${table}\n1,2,x,4`;
    for await (const batch of readCsvBatches(text, { labelColumn: 1, rowsPerBatch: 1, missing: 0 })) seen.push(batch);
  };
  await expect(read()).rejects.toThrow(/row 5001 \(line 5002\), column "b"/);
  expect(seen.length).toBeGreaterThan(0);
  await expect(batchesOf("kind,v\n")).rejects.toMatchObject({ code: "EMPTY_INPUT" });
  await expect(batchesOf(table, { rowsPerBatch: 0 })).rejects.toMatchObject({ code: "BAD_OPTION" });
  await expect(batchesOf(table, { labelColumn: undefined as never })).rejects.toMatchObject({ code: "BAD_OPTION" });
  await expect(batchesOf(table, { numericLabels: 1 as never })).rejects.toMatchObject({ code: "BAD_OPTION" });
  await expect(batchesOf(table, { maxBytes: 10 })).rejects.toMatchObject({ code: "TOO_LARGE" });
});

test("who stops reading lets go of the source", async () => {
  let cancelled = false;
  let pieces = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(pieces++ === 0 ? "kind,v\n" : "a,1\n".repeat(100)));
    },
    cancel() {
      cancelled = true;
    },
  });
  for await (const { y } of readCsvBatches(stream, { labelColumn: "kind", rowsPerBatch: 50 })) {
    expect(y.length).toBe(100);
    break;
  }
  expect(cancelled).toBe(true);
});
