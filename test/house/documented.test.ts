import { expect, test } from "vitest";
import { readSources, type SourceFile } from "../support/source-tree.js";
import { publicDeclarations, undocumented } from "./documented.js";

const sources = readSources("src", ".ts");

test("the doors show something", () => {
  expect(publicDeclarations("src/index.ts", sources).length).toBeGreaterThan(60);
  expect(publicDeclarations("src/testing/index.ts", sources)).not.toContain("src/testing/index.ts: is not there");
});

test("every public name and member is explained", () => {
  expect(undocumented("src/index.ts", sources)).toEqual([]);
});

test("what is not explained is found, behind a file that passes it on as well", () => {
  const files: SourceFile[] = [
    { path: "src/index.ts", text: 'export { type A, b } from "./inner.js";\nexport * from "./all.js";\n' },
    { path: "src/inner.ts", text: 'export type { A } from "./a.js";\n/** B. */\nexport const b = 1;\n' },
    {
      path: "src/a.ts",
      text: "/** A. */\nexport interface A {\n  /** One. */\n  readonly one: number;\n  readonly two: number;\n}\n",
    },
    { path: "src/all.ts", text: "export function c(): void {}\n" },
  ];
  expect(undocumented("src/index.ts", files)).toEqual(["src/a.ts:5: A.two", "src/all.ts:1: c"]);
});
