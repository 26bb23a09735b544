import { expect, test } from "vitest";
import { minifyShaders } from "../../scripts/wgsl-minifier.js";
import { readShaders } from "../../scripts/wgsl-plugin.js";
import { tokensOf } from "../../scripts/wgsl-tokens.js";
import { isSwizzle, WGSL_WORDS } from "../../scripts/wgsl-words.js";
import { readSources } from "../support/source-tree.js";

const minified = (code: string): string => minifyShaders(new Map([["x.wgsl", code]])).get("x.wgsl") as string;

test("drops comments, nested ones too, and all blanks that divide nothing", () => {
  const code = "// head\n\nfn half(value: f32) -> f32 {\n  /* a /* b */ c */\n  return value / 2.0; // half\n}\n";
  expect(minified(code)).toBe("fn b(a:f32)->f32{return a/2.0;}");
});

test("keeps blanks between words, and between marks that would become others", () => {
  expect(minified("const a = 1; const b = a - -a; const c = a/**/- -b;")).toBe(
    "const a=1;\nconst b=a- -a;\nconst c=a- -b;",
  );
  expect(
    minified(
      "const e: vec2<f32> = vec2<f32>(1, 2); fn f() { var v = 1; let p = & v; if (v > 1 && ! (v < 2)) {} else if (v == - 1) {} }",
    ),
  ).toBe("const b:vec2<f32> =vec2<f32>(1,2);\nfn c(){var a=1;let d=&a;if(a>1&&!(a<2)){}else if(a==-1){}}");
  expect(minified("const t = 6; const q = t / /* by */ t; const n = ~ -t & & t;")).toBe(
    "const a=6;\nconst b=a/a;\nconst c=~-a& &a;",
  );
  expect(minified("const o = 1 .x; const h = 0x1.fffffep+127f - 1e-4f + 3u >> 2u;")).toBe(
    "const a=1 .x;\nconst b=0x1.fffffep+127f-1e-4f+3u>>2u;",
  );
});

test("leaves alone what is WGSL's, what TypeScript sets, and parts of vectors", () => {
  const code = `enable subgroups;
    diagnostic(off, chromium.subgroup_matrix_uniformity);
    override TILE: u32;
    override AREA = TILE * TILE;
    struct Parameters { @align(16) rows: u32, x: f32, }
    @group(0) @binding(0) var<storage, read_write> rows: array<vec4<f32>>;
    @group(0) @binding(1) var<uniform> parameters: Parameters;
    var<workgroup> x: array<f32, AREA>;
    @compute @workgroup_size(TILE)
    fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(num_workgroups) launched: vec3u) {
      let length = length(rows[workgroup_id.x].xyz);
      x[parameters.rows] = parameters.x + length * f32(launched.y);
    }`;
  const words = minified(code).match(/[A-Za-z_]\w*/g) ?? [];
  expect(minified(code).split("\n").slice(0, 5)).toEqual([
    "enable subgroups;",
    "diagnostic(off,chromium.subgroup_matrix_uniformity);",
    "override TILE:u32;",
    "override AREA=TILE*TILE;",
    "struct c{@align(16)a:u32,x:f32,}",
  ]);
  for (const word of ["main", "workgroup_id", "num_workgroups", "length", "xyz", "read_write", "x"])
    expect(words).toContain(word);
  for (const word of ["rows", "parameters", "Parameters", "launched"]) expect(words).not.toContain(word);
});

test("gives a name that several files have one short name in all of them", () => {
  const files = new Map([
    ["a.wgsl", "fn shared_sum(first: f32) -> f32 { return first; }"],
    ["b.wgsl", "const first = 1.0; fn twice() -> f32 { return 2.0 * shared_sum(first); }"],
  ]);
  const both = minifyShaders(files);
  expect(both.get("a.wgsl")).toBe("fn b(a:f32)->f32{return a;}");
  expect(both.get("b.wgsl")).toBe("const a=1.0;\nfn c()->f32{return 2.0*b(a);}");
});

test("takes no word for a short name that means something", () => {
  const many = Array.from({ length: 3000 }, (_, i) => `const name_${i} = ${i};`).join("\n");
  const names = [...minified(`override fa: u32; override a: u32;\n${many}`).matchAll(/const (\w+)/g)].map(
    (match) => match[1],
  );
  expect(new Set(names).size).toBe(3000);
  for (const name of names) expect(["a", "fa", ...WGSL_WORDS]).not.toContain(name);
});

test("refuses a word that nobody declares, and text that is no WGSL", () => {
  expect(() => minified("fn f() { undeclared(1); }")).toThrow("shaders/x.wgsl: nobody declares undeclared");
  expect(() => minified("const a = 1; é")).toThrow("cannot be read");
});

test("only renames: every shader of ours has its tokens, names one to one, and its overrides", async () => {
  const files = await readShaders();
  const short = minifyShaders(files);
  const to = new Map<string, string>();
  const back = new Map<string, string>();
  const kept = new Set<string>();
  for (const [file, code] of files) {
    const before = tokensOf(code);
    const after = tokensOf(short.get(file) as string);
    expect(after.length, file).toBe(before.length);
    before.forEach(({ kind, text }, i) => {
      expect(after[i].kind, file).toBe(kind);
      if (kind !== "word") expect(after[i].text, file).toBe(text);
      else if (before[i - 1]?.text === "." && isSwizzle(text)) expect(after[i].text, file).toBe(text);
      else if (before[i - 1]?.text === "override" || WGSL_WORDS.has(text)) {
        expect(after[i].text, file).toBe(text);
        kept.add(text);
      } else {
        expect(to.get(text) ?? after[i].text, `${file}: ${text}`).toBe(after[i].text);
        expect(back.get(after[i].text) ?? text, `${file}: ${text}`).toBe(text);
        to.set(text, after[i].text);
        back.set(after[i].text, text);
      }
    });
  }
  for (const word of kept) expect(back.get(word) ?? word, word).toBe(word);
  // What TypeScript sets by name is an override.
  const set = readSources("src/ops", ".ts").flatMap(({ text }) => text.match(/\b[A-Z][A-Z0-9_]*(?=: Number\()/g) ?? []);
  expect(set.length).toBeGreaterThan(20);
  for (const name of set) expect(kept, name).toContain(name);
});
