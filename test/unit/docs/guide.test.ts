/**
 * Runs the TypeScript of the guide and of the README on the CPU. The blocks of a page of docs/guide are one program; in the README each
 * stands alone, after what an HTML comment `<!-- given: CODE -->` above it supplies. Where a line ends in `// → TEXT`, what it logs
 * must be TEXT, in which `…` stands for anything.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "node:util";
import { transformWithOxc } from "vite";
import { describe, expect, test } from "vitest";
import * as luce from "../../../src/index.js";
import * as testing from "../../../src/testing/index.js";
import { ROOT } from "../../support/source-tree.js";

const AsyncFunction = (async () => undefined).constructor as new (
  ...code: string[]
) => (...values: unknown[]) => Promise<void>;
const BLOCK = /(?:<!-- given: ([\s\S]*?) -->\n\n?)?```ts\n([\s\S]*?)```/g;

interface Block {
  readonly given: string;
  readonly code: string;
}

const blocksOf = (path: string): Block[] =>
  [...readFileSync(join(ROOT, path), "utf8").matchAll(BLOCK)].map(([, given = "", code]) => ({ given, code }));

/** The package's entries, by the names that their exports get in the code that runs. */
const ENTRIES: Readonly<Record<string, string>> = { luce: "luce", "luce/testing": "testing" };

/** Runs code as a module that imports from the package alone; what it logs, a line a call. */
async function logged(code: string): Promise<string[]> {
  const { code: plain } = await transformWithOxc(code, "example.ts", { target: "es2022" });
  const body = plain.replace(
    /import\s*\{([^}]*)\}\s*from\s*["'](luce(?:\/testing)?)["'];?/g,
    (_, names: string, entry: string) => `const {${names.replace(/ as /g, ": ")}} = ${ENTRIES[entry]};`,
  );
  expect(body).not.toMatch(/^(?:import|export)\s/m);
  const lines: string[] = [];
  const console = { log: (...values: unknown[]) => lines.push(format(...values)) };
  await new AsyncFunction("luce", "testing", "console", body)(luce, testing, console);
  return lines;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

describe("the guide runs and logs what it says", () => {
  const pages = readdirSync(join(ROOT, "docs/guide")).filter((name) => blocksOf(`docs/guide/${name}`).length > 0);

  test("has pages", () => {
    expect(pages.length).toBeGreaterThanOrEqual(7);
  });

  test.each(pages)("%s", async (name) => {
    const code = blocksOf(`docs/guide/${name}`)
      .map((block) => block.code)
      .join("\n");
    const expected = [...code.matchAll(/console\.log\([^\n]*\/\/ → ([^\n]*)/g)].map((match) => match[1].trim());
    // A page that promises nothing proves nothing; and every line logged is promised.
    expect(expected.length).toBeGreaterThan(0);
    const lines = await logged(code);
    expect(lines).toHaveLength(expected.length);
    lines.forEach((line, i) => {
      const pattern = expected[i].split("…").map(escaped).join(".*");
      expect(line.replace(/\s+/g, " ").trim()).toMatch(new RegExp(`^${pattern}$`));
    });
  });
});

describe("the README runs", () => {
  test.each(blocksOf("README.md").map((block, i) => [i + 1, block] as const))(
    "block %i",
    async (_, { given, code }) => {
      await logged(`${given}\n${code}`);
    },
  );
});
