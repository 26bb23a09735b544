import { describe, expect, test } from "vitest";
import { minifyShader } from "../../scripts/wgsl-plugin.js";
import { readSources } from "../support/source-tree.js";

describe("minifyShader", () => {
  test("drops comments, nested ones too, indentation and blank lines", () => {
    const code = "// head\n\nfn f() -> f32 {\n  /* a /* b */ c */\n  return x / y; // half\n}\n";
    expect(minifyShader(code)).toBe("fn f()-> f32{\nreturn x / y;\n}");
  });

  test("keeps blanks round operators and between words", () => {
    expect(minifyShader("let a = b - -c;  let d = e < f && g > h;")).toBe("let a = b - -c;let d = e < f && g > h;");
    expect(minifyShader("else if a/**/b")).toBe("else if a b");
  });

  test("keeps every word of every shader of ours", () => {
    const words = (code: string) => code.match(/\w+/g);
    for (const { path, text } of readSources("shaders", ".wgsl")) {
      // None of our shaders has a block comment, so dropping line comments is all a second opinion needs.
      expect(text, path).not.toContain("/*");
      expect(words(minifyShader(text)), path).toEqual(words(text.replace(/\/\/.*/g, "")));
    }
  });
});
