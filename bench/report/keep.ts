/** Prints a run and, where there is a folder, keeps it as Markdown and JSON. Runs in Node. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchResult } from "../measure/benchmark.js";
import type { Facts } from "./facts.js";
import { bestOf, markdownOf, ratioToBestPeer, roofMsOf } from "./markdown.js";

export function keepResult(result: BenchResult, facts: Facts, folder: string | undefined, where: string): void {
  const markdown = markdownOf(result, facts);
  console.log(`\n${markdown}`);
  if (folder === undefined) return;
  const name = `${facts.date.slice(0, 16).replace(/[:T]/g, "-")}-${where}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.md`), markdown);
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(asJson(result, facts), undefined, 1)}\n`);
  console.log(`kept as ${join(folder, name)}.md and .json`);
}

function asJson({ rows, roof, ...rest }: BenchResult, facts: Facts): object {
  return {
    ...facts,
    roof,
    ...rest,
    rows: rows.map(({ task, lanes }) => ({
      ...task,
      lanes,
      luceMs: bestOf(lanes, "Luce webgpu")?.ms,
      timesBestPeerWebgpu: ratioToBestPeer(lanes, true),
      timesBestPeerWasm: ratioToBestPeer(lanes, false),
      ...(roof && { roofMs: roofMsOf(task, roof) }),
    })),
  };
}
