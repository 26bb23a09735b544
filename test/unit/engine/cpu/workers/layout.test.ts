import fc from "fast-check";
import { expect, test } from "vitest";
import { sharesOf } from "../../../../../src/engine/cpu/row-blocks.js";
import type { Layout } from "../../../../../src/engine/cpu/workers/layout.js";
import {
  atHome,
  covers,
  everywhere,
  piecesFor,
  sameLayout,
  within,
} from "../../../../../src/engine/cpu/workers/layout.js";

const LENGTH = 40_000;
const WORKERS = 4;
const layouts: readonly Layout[] = [
  everywhere(LENGTH, WORKERS),
  atHome(LENGTH, WORKERS),
  sharesOf(LENGTH, WORKERS),
  [
    { begin: 0, end: 100 },
    { begin: 50, end: 30_000 },
    { begin: 0, end: 0 },
    { begin: 20_000, end: LENGTH },
  ],
];

test("whatever changes hands, each worker gets all it shall have, once, from one who has it, and keeps its own", () => {
  for (const before of layouts) {
    for (const after of layouts) {
      for (let receiver = 0; receiver < WORKERS; receiver++) {
        let next = after[receiver].begin;
        for (const { sender, span } of piecesFor(receiver, before, after)) {
          expect(span.begin).toBe(next);
          expect(span.end).toBeGreaterThan(span.begin);
          expect(span.begin >= before[sender].begin && span.end <= before[sender].end).toBe(true);
          const own = before[receiver];
          if (sender !== receiver)
            expect(span.end <= own.begin || span.begin >= own.end || own.begin === own.end).toBe(true);
          next = span.end;
        }
        if (after[receiver].end > after[receiver].begin) expect(next).toBe(after[receiver].end);
      }
    }
  }
});

test("who has all covers everything, and a layout covers and equals itself", () => {
  const [all, home, shares] = layouts;
  for (const layout of layouts) {
    expect(covers(all, layout)).toBe(true);
    expect(covers(layout, layout)).toBe(true);
    expect(sameLayout(layout, layout)).toBe(true);
  }
  expect(covers(shares, home)).toBe(false);
  expect(sameLayout(home, shares)).toBe(false);
});

test("rows that nobody has are an error", () => {
  expect(() => piecesFor(1, atHome(5, 2), everywhere(9, 2))).toThrow(RangeError);
});

test("a part of a layout is what of it lies in those rows", () => {
  const rows = fc
    .tuple(fc.nat(LENGTH), fc.nat(LENGTH))
    .map(([a, b]) => ({ begin: Math.min(a, b), end: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.constantFrom(...layouts), rows, (layout, part) => {
      within(layout, part).forEach(({ begin, end }, w) => {
        const expected = Math.max(0, Math.min(layout[w].end, part.end) - Math.max(layout[w].begin, part.begin));
        expect(end - begin).toBe(expected);
        if (expected > 0) expect(begin + part.begin).toBe(Math.max(layout[w].begin, part.begin));
      });
    }),
  );
});
